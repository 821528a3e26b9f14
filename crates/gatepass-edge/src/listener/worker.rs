//! One thread's share of the viewers: accept, handshake, HTTP, and the end of it.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use gatepass::Scheme;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::LocalSet;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::beside::Beside;
use super::certificates::ACME_TLS;
use super::counted::{Counted, Place};
use super::first_words::{Spoken, begins_tls, first_words, refuse_plain};
use super::quick::{self, Prefixed, Quick, Twins, Wire};
use super::sockets::ThreadSockets;
use super::tls::TlsParameters;
use super::{Connection, Door};
use crate::answering::Answering;
use crate::config::Limits;
use crate::incoming;
use crate::progress::{Progress, UnderWay, Watched};

/// What all connections of a thread have in common.
pub(super) struct Worker<D> {
    pub(super) door: Arc<D>,
    pub(super) limits: Limits,
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) open: Arc<AtomicUsize>,
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) twins: Arc<Twins>,
}

/// A socket whose writes fail once nothing of them was taken for the stall timeout.
type Bounded = Pin<Box<TimeoutStream<Counted>>>;

impl Wire for Bounded {
    fn socket(&self) -> Option<&TcpStream> {
        cfg!(target_os = "linux").then(|| &self.get_ref().stream)
    }
}

impl Wire for TlsStream<Bounded> {
    fn socket(&self) -> Option<&TcpStream> {
        None
    }
}

/// An idle connection is asked to end before its next headers are overdue: then it is ended
/// without a word, which over TLS looks like an attack.
const GRACE: Duration = Duration::from_millis(100);

/// A closing door waits so long for the first request of a connection that it let in: asked to
/// end before it, hyper would drop a request that is already on its way.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

impl<D: Door> Worker<D> {
    pub(super) fn run(self, sockets: ThreadSockets) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let local = LocalSet::new();
        let drain = self.limits.drain_timeout;
        let worker = Arc::new(self);
        local.block_on(&runtime, async {
            let viewers = worker.accept(sockets.viewers, worker.tls.as_ref());
            match sockets.plain {
                Some(plain) => drop(tokio::join!(viewers, worker.accept(plain, None))),
                None => viewers.await,
            }
        });
        drop(worker);
        // What was accepted goes on; the set is done when all of it is.
        let _ = runtime.block_on(async { timeout(drain, local).await });
        runtime.shutdown_background();
    }

    async fn accept(self: &Arc<Self>, socket: TcpListener, tls: Option<&Arc<ServerConfig>>) {
        let listener = tokio::net::TcpListener::from_std(socket);
        let listener = listener.expect("a listener joins its runtime");
        let mut stopped = self.stopped.clone();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stopped.wait_for(|stopped| *stopped) => return,
            };
            match accepted {
                Ok((stream, peer)) => self.begin(stream, peer, tls.cloned()),
                // Out of descriptors, most likely: wait for some to come free.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    fn begin(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
    ) {
        let Some(place) = Place::take(&self.open, self.limits.connections) else { return };
        let worker = Arc::clone(self);
        tokio::task::spawn_local(async move {
            let _ = stream.set_nodelay(true);
            let stream = Counted { stream, place };
            match tls {
                Some(config) => worker.serve_tls(stream, peer, config).await,
                None => worker.serve_plain(stream, peer).await,
            }
        });
    }

    async fn serve_plain(&self, stream: Counted, peer: SocketAddr) {
        let speaks = timeout(self.limits.request_timeout, first_words(&stream.stream));
        let Ok(Some(spoken)) = speaks.await else { return };
        let connection = Connection { peer, scheme: Scheme::Http, tls: None };
        self.serve(self.bound(stream), spoken, connection).await;
    }

    async fn serve_tls(&self, mut stream: Counted, peer: SocketAddr, config: Arc<ServerConfig>) {
        // One limit for all of it: a viewer that sends a byte now and then gains nothing.
        let greeted = timeout(self.limits.handshake_timeout, async {
            match begins_tls(&stream.stream).await {
                Some(true) => TlsAcceptor::from(config).accept(self.bound(stream)).await.ok(),
                Some(false) => {
                    refuse_plain(&mut stream.stream).await;
                    None
                }
                None => None,
            }
        });
        let Ok(Some(stream)) = greeted.await else { return };
        if let Some((spoken, parameters)) = agreed(&stream) {
            let connection = Connection { peer, scheme: Scheme::Https, tls: Some(parameters) };
            self.serve(stream, spoken, connection).await;
        }
    }

    fn bound(&self, stream: Counted) -> Bounded {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.limits.stall_timeout));
        Box::pin(stream)
    }

    async fn serve<S>(&self, stream: S, spoken: Spoken, connection: Connection)
    where
        S: AsyncRead + AsyncWrite + Wire + Unpin + Send + 'static,
    {
        let progress = Rc::new(Progress::default());
        match spoken {
            Spoken::Http1 => {
                if let Some(other) = self.serve_quickly(stream, connection, &progress).await {
                    self.serve_others(other, connection, &progress).await;
                }
            }
            Spoken::Http2 => self.serve_http2(stream, connection, &progress).await,
        }
    }

    /// As far as that goes; then it is given back, with what was read of it.
    async fn serve_quickly<S>(
        &self,
        stream: S,
        connection: Connection,
        progress: &Rc<Progress>,
    ) -> Option<Prefixed<S>>
    where
        S: AsyncRead + AsyncWrite + Wire + Unpin,
    {
        let is_ending = Rc::new(Cell::new(false));
        let quick = Quick {
            stream,
            door: Arc::clone(&self.door),
            connection,
            progress: Rc::clone(progress),
            is_ending: Rc::clone(&is_ending),
            twins: Arc::clone(&self.twins),
            patience: self.limits.stall_timeout,
        };
        let mut serving = pin!(quick.serve());
        self.to_its_end(&mut serving, progress, |_| is_ending.set(true)).await?
    }

    async fn serve_others<S>(&self, stream: S, connection: Connection, progress: &Rc<Progress>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let serving = http1::Builder::new()
            // Headers are waited for below: hyper would set a timer for each request.
            .header_read_timeout(None)
            // It takes 100 headers; for more it would need room on the heap each time.
            .max_buf_size(quick::LONGEST)
            // As CloudFront writes them, which captures and scripts are compared with.
            .title_case_headers(true)
            .serve_connection(TokioIo::new(stream), self.answers(connection, progress))
            .with_upgrades();
        let mut serving = pin!(serving);
        let end = http1::UpgradeableConnection::graceful_shutdown;
        let _ = self.to_its_end(&mut serving, progress, end).await;
    }

    async fn serve_http2<S>(&self, stream: S, connection: Connection, progress: &Rc<Progress>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Limits { request_timeout, stall_timeout, .. } = self.limits;
        let serving = http2::Builder::new(LocalExecutor)
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(request_timeout))
            .keep_alive_timeout(request_timeout)
            .max_header_list_size(64 * 1024)
            .max_concurrent_streams(64)
            .serve_connection(TokioIo::new(stream), self.answers(connection, progress));
        let mut serving = pin!(serving);
        let end = http2::Connection::graceful_shutdown;
        let served = async {
            if self.until_stopped(&mut serving, progress, end).await.is_none() {
                let _ = serving.await;
            }
        };
        // Flow control lets a viewer hold back every answer: the socket never blocks.
        let stalled = progress.stalled_for(stall_timeout);
        Beside::new(stalled).of(&mut pin!(served)).await;
    }

    fn answers(&self, connection: Connection, progress: &Rc<Progress>) -> Answers<D> {
        Answers { door: Arc::clone(&self.door), connection, progress: Rc::clone(progress) }
    }

    /// Serves until the connection has ended, by itself or because it was asked to; none if it
    /// did not by the time its next headers were overdue.
    async fn to_its_end<F: Future>(
        &self,
        serving: &mut Pin<&mut F>,
        progress: &Progress,
        finish: impl FnOnce(Pin<&mut F>),
    ) -> Option<F::Output> {
        let by_itself = self.until_stopped(serving, progress, finish).await;
        if by_itself.is_some() {
            return by_itself;
        }
        let overdue = progress.overdue_for(self.limits.request_timeout + GRACE);
        Beside::new(overdue).of(serving).await
    }

    /// Serves until the connection ends by itself; asks it to end when it is idle, or when
    /// the door closes. What was begun then is still to come to its end, and nothing is returned.
    async fn until_stopped<F: Future>(
        &self,
        serving: &mut Pin<&mut F>,
        progress: &Progress,
        finish: impl FnOnce(Pin<&mut F>),
    ) -> Option<F::Output> {
        let mut stopped = self.stopped.clone();
        let closing = async {
            let _ = stopped.wait_for(|stopped| *stopped).await;
            progress.begun_within(FIRST_REQUEST).await;
        };
        let idle = progress.idle_for(self.limits.request_timeout);
        let reason = async {
            tokio::select! { () = idle => {}, () = closing => {} }
        };
        let by_itself = Beside::new(reason).of(serving).await;
        if by_itself.is_none() {
            finish(serving.as_mut());
        }
        by_itself
    }
}

/// The door as one connection sees it.
struct Answers<D> {
    door: Arc<D>,
    connection: Connection,
    progress: Rc<Progress>,
}

impl<D: Door> Service<Request<Incoming>> for Answers<D> {
    type Response = Response<Watched>;
    type Error = Infallible;
    type Future = Leaving;

    fn call(&self, request: Request<Incoming>) -> Leaving {
        let progress = Some(self.progress.asked());
        Leaving {
            answering: self.door.answer(incoming::received(request), &self.connection),
            progress,
        }
    }
}

/// An answer on its way out. Small, for hyper moves it about.
struct Leaving {
    answering: Answering,
    progress: Option<UnderWay>,
}

impl Future for Leaving {
    type Output = Result<Response<Watched>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let leaving = self.get_mut();
        let response = ready!(Pin::new(&mut leaving.answering).poll(context));
        let progress = leaving.progress.take().expect("an answer leaves once");
        Poll::Ready(Ok(response.map(|body| Watched::new(body, progress))))
    }
}

/// What a handshake led to; none if it was only an authority looking for its challenge.
fn agreed<S>(stream: &TlsStream<S>) -> Option<(Spoken, TlsParameters)> {
    let session = stream.get_ref().1;
    let spoken = match session.alpn_protocol() {
        Some(ACME_TLS) => return None,
        Some(b"h2") => Spoken::Http2,
        _ => Spoken::Http1,
    };
    Some((spoken, TlsParameters::of(session)))
}

#[derive(Clone, Copy)]
struct LocalExecutor;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor
where
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
