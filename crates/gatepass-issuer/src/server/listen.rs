//! Where requests come in: HTTP/1.1 in plain, for the edge or another proxy stands before it.
//!
//! Connections are counted, heads and idle connections timed, so that nobody holds the door.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::{HeaderMap, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower_service::Service;

use super::arrival::Peer;
use super::issuer::Issuer;

/// The longest head of a request, in bytes.
const HEAD: usize = 32 * 1024;

/// Answers until `end` comes, then lets running requests finish within the drain timeout.
pub async fn serve(
    issuer: Arc<Issuer>,
    listener: TcpListener,
    end: impl Future<Output = ()>,
) -> io::Result<()> {
    let router = issuer.router();
    let limits = issuer.config().limits;
    let room = Arc::new(Semaphore::new(limits.connections));
    let running = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.request_timeout).max_buf_size(HEAD);
    let mut end = std::pin::pin!(end);
    loop {
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            next = next => next,
            () = &mut end => break,
        };
        let permit = permit.map_err(io::Error::other)?;
        let Ok((stream, peer)) = accepted else {
            // No descriptors are left: some will be soon.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let patience = 2 * limits.request_timeout;
        let service = WithPeer { router: router.clone(), peer: Peer(peer), patience };
        let io = TokioIo::new(quick(stream));
        let connection = http.serve_connection(io, TowerToHyperService::new(service));
        let connection = running.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks is the viewer's affair.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    // What is not done by then is cut off.
    let _ = tokio::time::timeout(limits.drain_timeout, running.shutdown()).await;
    Ok(())
}

/// Whether two readers find the same end of a body, as at the edge. Of a length and chunks together
/// hyper takes the chunks, and ends the connection: nobody's request follows (RFC 9112, 6.3).
fn is_framed_plainly(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(only), None) => only.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

fn quick(stream: TcpStream) -> TcpStream {
    // Without it answers are right, only later.
    let _ = stream.set_nodelay(true);
    stream
}

/// Leaves with each request who is at the other end.
#[derive(Clone)]
struct WithPeer {
    router: Router,
    peer: Peer,
    /// For how long a request may take, its body and all.
    patience: Duration,
}

impl Service<Request<Incoming>> for WithPeer {
    type Response = <Router as Service<Request<Body>>>::Response;
    type Error = <Router as Service<Request<Body>>>::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Self::Error>> {
        <Router as Service<Request<Body>>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        if !is_framed_plainly(request.headers()) {
            let refused = (StatusCode::BAD_REQUEST, [(CONNECTION, "close")]).into_response();
            return Box::pin(std::future::ready(Ok(refused)));
        }
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.peer);
        let answer = tokio::time::timeout(self.patience, self.router.call(request));
        Box::pin(async {
            // Whoever sends a body drop by drop holds a place that others need.
            let late =
                |_| Ok((StatusCode::REQUEST_TIMEOUT, [(CONNECTION, "close")]).into_response());
            answer.await.unwrap_or_else(late)
        })
    }
}
