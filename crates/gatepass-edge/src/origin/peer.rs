//! One endpoint that is asked over HTTP/1.1, and how patiently.
//!
//! # Invariants
//!
//! - Every wait has an end: for a turn, a connection, the head, each part of the body.
//! - A request is sent twice only if the first time can have had no effect: it never left, or
//!   it is a GET, HEAD or OPTIONS without a body, on a connection that had been idle and was
//!   closed without a byte in answer.
//! - Requests run on the runtime that drives the connections. The one that asked may end; if
//!   it loses interest, the connection is closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatepass_distribution::{Endpoint, Patience};
use http::header::CONTENT_LENGTH;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use crate::origin::dial::Dialer;
use crate::origin::head;
use crate::origin::pool::{Connection, Pool};
use crate::origin::remote_body::{Lease, RemoteBody, cause, sentence};
use crate::origin::request::RequestBody;
use crate::origin::surroundings::Surroundings;
use crate::origin::trouble::Trouble;
use crate::origin::upload::{Progress, Standing, Turn, Upload};

/// The longest head of an answer, in bytes and in headers.
const MAX_HEAD: usize = 64 << 10;
const MAX_HEADERS: usize = 256;

/// How many interim answers (1xx) may come before the final one.
const MAX_INTERIM: usize = 16;

/// An endpoint, and the connections to it.
#[derive(Debug)]
pub(crate) struct Peer {
    endpoint: Endpoint,
    dialer: Dialer,
    pool: Arc<Pool>,
    patience: Patience,
    turns: Arc<Semaphore>,
    runtime: Handle,
}

/// A request in the peer's terms, complete but for what belongs to the connection.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) target: PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
}

/// Why there is no answer, and the request if it may be sent once more.
struct Failed {
    trouble: Trouble,
    again: Option<Request<Upload>>,
}

impl Peer {
    pub(crate) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) const fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(crate) fn new(
        endpoint: &Endpoint,
        patience: Patience,
        allow_private_addresses: bool,
        surroundings: &Surroundings,
    ) -> Result<Self, Trouble> {
        let runtime = surroundings.runtime().clone();
        Ok(Self {
            endpoint: endpoint.clone(),
            dialer: Dialer::new(endpoint, surroundings, allow_private_addresses)?,
            pool: Pool::new(patience.keep_alive, runtime.clone()),
            patience,
            turns: Arc::new(Semaphore::new(patience.connections.clamp(1, Semaphore::MAX_PERMITS))),
            runtime,
        })
    }

    /// Runs on the runtime that drives the connections.
    pub(crate) async fn exchange(
        &self,
        outgoing: Outgoing,
    ) -> Result<Response<RemoteBody>, Trouble> {
        let permit = self.turn().await?;
        let (mut request, progress) = compose(outgoing);
        let mut attempt = 1;
        let mut is_anew = false;
        loop {
            let is_last = attempt >= self.patience.attempts;
            attempt += 1;
            let connection = match self.connection(is_anew).await {
                Ok(connection) => connection,
                Err(Trouble::Unreachable(_) | Trouble::Late(_)) if !is_last => continue,
                Err(trouble) => return Err(trouble),
            };
            match self.send(connection, request, progress.as_deref()).await {
                Ok((head, connection)) => {
                    return Ok(self.answer(head, connection, permit, progress));
                }
                Err(Failed { again: Some(again), .. }) if !is_last => {
                    request = again;
                    // Others that were idle will have been closed, too.
                    is_anew = true;
                }
                Err(Failed { trouble, .. }) => return Err(trouble),
            }
        }
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Trouble> {
        let turn = timeout(self.patience.connect, Arc::clone(&self.turns).acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or(Trouble::Busy(self.patience.connections))
    }

    async fn connection(&self, is_anew: bool) -> Result<Connection, Trouble> {
        if !is_anew && let Some(idle) = self.pool.take().await {
            return Ok(idle);
        }
        let socket = self.dialer.dial(self.patience.connect).await?;
        let (received, tenant) = (socket.received(), Arc::clone(&socket.tenant));
        let (sender, driver) = http1::Builder::new()
            .max_headers(MAX_HEADERS)
            .max_header_size(MAX_HEAD)
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(socket))
            .await
            .map_err(|error| Trouble::Unreachable(sentence(&error)))?;
        let mut drivers = JoinSet::new();
        // Whoever waits for an answer is told what went wrong; here there is nobody to tell.
        drivers.spawn_on(async move { drop(driver.with_upgrades().await) }, &self.runtime);
        Ok(Connection::new(sender, drivers, received, tenant))
    }

    async fn send(
        &self,
        mut connection: Connection,
        request: Request<Upload>,
        progress: Option<&Progress>,
    ) -> Result<(Response<Incoming>, Connection), Failed> {
        let is_upgrade = request.headers().contains_key(http::header::UPGRADE);
        let spare = (connection.is_reused && is_repeatable(&request)).then(|| copy(&request));
        let before = connection.received();
        let (request, flooded) = count_interim(request);
        let trouble = tokio::select! {
            sent = connection.sender.try_send_request(request) => match sent {
                Ok(head) => match check(&head, is_upgrade) {
                    Ok(()) => return Ok((head, connection)),
                    Err(trouble) => trouble,
                },
                Err(mut error) => {
                    let unsent = error.take_message();
                    let untouched = spare.filter(|_| connection.received() == before);
                    let trouble = troubled(error.error());
                    return Err(Failed { trouble, again: unsent.or(untouched) });
                }
            },
            () = flooded.notified() => {
                Trouble::Unreadable(format!("more than {MAX_INTERIM} interim answers").into())
            }
            trouble = self.lateness(progress) => trouble,
        };
        Err(Failed { trouble, again: None })
    }

    /// Ends when the origin, or the viewer, has done nothing for too long.
    async fn lateness(&self, progress: Option<&Progress>) -> Trouble {
        let patience = self.patience.response;
        let asked = tokio::time::Instant::now();
        let standing = || {
            let begin = Standing { since: asked, whose_turn: Turn::OriginsAnswer };
            progress.map_or(begin, Progress::standing)
        };
        loop {
            let Standing { since, .. } = standing();
            sleep_until(since.max(asked) + patience).await;
            let now = standing();
            match now.whose_turn {
                _ if now.since > since => {}
                Turn::Viewer => {
                    return Trouble::Viewer(format!("nothing came for {patience:?}").into());
                }
                Turn::Origin | Turn::OriginsAnswer => return Trouble::Late(patience),
            }
        }
    }

    fn answer(
        &self,
        head: Response<Incoming>,
        connection: Connection,
        permit: OwnedSemaphorePermit,
        progress: Option<Arc<Progress>>,
    ) -> Response<RemoteBody> {
        let (mut head, incoming) = head.into_parts();
        head::strip_answer(head.status, &mut head.headers);
        let body = if head.status == StatusCode::SWITCHING_PROTOCOLS {
            connection.let_go(permit);
            RemoteBody::nothing()
        } else {
            let pool = Arc::clone(&self.pool);
            let lease = Lease { connection, pool, permit, progress };
            RemoteBody::new(incoming, self.patience.response, lease)
        };
        Response::from_parts(head, body)
    }
}

fn compose(outgoing: Outgoing) -> (Request<Upload>, Option<Arc<Progress>>) {
    let Outgoing { method, target, mut headers, body } = outgoing;
    head::prepare_request(&mut headers);
    let (upload, progress) = Upload::new(body);
    // Without a length it would not be told from a body that is yet to come.
    if upload.is_nothing() && matches!(method, Method::POST | Method::PUT | Method::PATCH) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    let mut request = Request::new(upload);
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from(target);
    *request.headers_mut() = headers;
    (request, progress)
}

/// Whether asking twice is no more than asking once.
fn is_repeatable(request: &Request<Upload>) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        && request.body().is_nothing()
}

fn copy(request: &Request<Upload>) -> Request<Upload> {
    let mut copy = Request::new(Upload::default());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

/// Interim answers mean nothing to us, and must not keep us busy.
fn count_interim(mut request: Request<Upload>) -> (Request<Upload>, Arc<Notify>) {
    let flooded = Arc::new(Notify::new());
    let (count, alarm) = (AtomicUsize::new(0), Arc::clone(&flooded));
    hyper::ext::on_informational(&mut request, move |_| {
        if count.fetch_add(1, Ordering::Relaxed) >= MAX_INTERIM {
            alarm.notify_one();
        }
    });
    (request, flooded)
}

fn check(head: &Response<Incoming>, is_upgrade: bool) -> Result<(), Trouble> {
    if head.status() == StatusCode::SWITCHING_PROTOCOLS && !is_upgrade {
        return Err(Trouble::Unreadable("it switches protocols unasked".into()));
    }
    head::check(head.headers())
}

fn troubled(error: &hyper::Error) -> Trouble {
    if let Some(trouble) = cause::<Trouble>(error) {
        // The viewer's body ended in trouble. It can't be moved out of there.
        return match trouble {
            Trouble::Viewer(what) => Trouble::Viewer(what.clone()),
            other => Trouble::Viewer(other.to_string().into()),
        };
    }
    match sentence(error) {
        text if error.is_parse() => Trouble::Unreadable(text),
        text if error.is_user() => Trouble::Viewer(text),
        text => Trouble::BrokeOff(text),
    }
}
