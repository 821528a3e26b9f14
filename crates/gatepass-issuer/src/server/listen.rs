//! Where requests come in: HTTP/1.1 in plain, for the edge or another proxy stands before it.
//!
//! Connections are counted, heads and idle connections timed, so that nobody holds the door.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::Request;
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
        let permit = Arc::clone(&room).acquire_owned().await.map_err(io::Error::other)?;
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut end => break,
        };
        let Ok((stream, peer)) = accepted else {
            // No descriptors are left: some will be soon.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        let service = WithPeer { router: router.clone(), peer: Peer(peer) };
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
}

impl Service<Request<Incoming>> for WithPeer {
    type Response = <Router as Service<Request<Body>>>::Response;
    type Error = <Router as Service<Request<Body>>>::Error;
    type Future = <Router as Service<Request<Body>>>::Future;

    fn poll_ready(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Self::Error>> {
        <Router as Service<Request<Body>>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.peer);
        self.router.call(request)
    }
}
