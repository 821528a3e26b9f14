//! A listener for whoever watches over the edge: `/metrics`, `/health`, `/ready`.
//!
//! It has an address, a thread and a runtime of its own, so that it answers when viewers keep
//! all others busy, and so that viewers never reach it.
//!
//! | path | answer |
//! |---|---|
//! | `/metrics` | OpenMetrics text |
//! | `/health` | 200 for as long as the process lives |
//! | `/ready` | 200 if viewers should come, 503 if not |

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutStream;

use crate::metrics::{Metrics, Observed};

/// A connection beyond this is closed at once.
const MAX_CONNECTIONS: usize = 64;

/// A request's headers must be here, and an idle connection must ask again, within this.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Whoever takes nothing of its answer for so long is cut off.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// A longer head is answered with 431, and the connection closed.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Why nobody can watch.
#[derive(Debug, thiserror::Error)]
#[error("can't tell metrics and health on {address}: {problem}")]
pub struct ObserveError {
    address: SocketAddr,
    problem: io::Error,
}

/// A listener for watchers, which ends when this is dropped.
#[derive(Debug)]
pub struct Observing {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Observing {
    /// The address that it listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Observing {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Opens the listener and starts its thread. Port 0 picks one.
pub fn observe(
    address: SocketAddr,
    metrics: Arc<Metrics>,
    observed: Arc<dyn Observed>,
) -> Result<Observing, ObserveError> {
    let failed = |problem| ObserveError { address, problem };
    let listener = StdListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(failed)?;
    let (stop, mut stopped) = watch::channel(false);
    let watched = Arc::new(Watched { metrics, observed });
    let thread = std::thread::Builder::new().name("health".to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                () = accept(listener, watched) => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        });
    });
    Ok(Observing { address: bound, stop, thread: Some(thread.map_err(failed)?) })
}

async fn accept(listener: StdListener, watched: Arc<Watched>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // No descriptors are left, perhaps; there may be some in a moment.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let watched = Arc::clone(&watched);
        tokio::spawn(async move {
            serve(stream, &watched).await;
            drop(place);
        });
    }
}

async fn serve(stream: TcpStream, watched: &Watched) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STALL_TIMEOUT));
    let answer = service_fn(|request: Request<_>| async move {
        Ok::<_, Infallible>(watched.answer(request.method(), request.uri().path()))
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(Box::pin(stream)), answer);
    // Whoever doesn't speak HTTP learns nothing here.
    let _ = served.await;
}

struct Watched {
    metrics: Arc<Metrics>,
    observed: Arc<dyn Observed>,
}

impl Watched {
    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        const PLAIN: &str = "text/plain; charset=utf-8";
        const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        if !matches!(*method, Method::GET | Method::HEAD) {
            let mut refusal = told(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "only GET and HEAD\n");
            refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refusal;
        }
        match path {
            "/metrics" => {
                let page = self.metrics.page(self.observed.status());
                told(StatusCode::OK, OPEN_METRICS, page)
            }
            "/health" => told(StatusCode::OK, PLAIN, "alive\n"),
            "/ready" if self.observed.status().is_ready => told(StatusCode::OK, PLAIN, "ready\n"),
            "/ready" => told(StatusCode::SERVICE_UNAVAILABLE, PLAIN, "not ready\n"),
            _ => told(StatusCode::NOT_FOUND, PLAIN, "here are /metrics, /health and /ready\n"),
        }
    }
}

fn told(
    status: StatusCode,
    content_type: &'static str,
    text: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
