//! Accepting viewers: one current-thread runtime and one listener for each core.
//!
//! The kernel spreads connections over the listeners (`SO_REUSEPORT`), so that threads share
//! nothing but the door. HTTP/1.1 and cleartext HTTP/2 are told apart by their first bytes.
//!
//! What a stranger can hold up is bounded: the number of connections, the time until a
//! request's headers are complete, the time in which nothing of an answer is taken.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use gatepass::Scheme;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::LocalSet;
use tokio_io_timeout::TimeoutStream;

use crate::body::Body;
use crate::config::{EdgeConfig, Limits};
use crate::progress::{Progress, Watched};

/// How a viewer reached us.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "tests and other listeners make one")]
pub struct Connection {
    /// The other end of the socket.
    pub peer: SocketAddr,
    /// Whether it came over TLS.
    pub scheme: Scheme,
}

/// What stands behind a listener.
pub trait Door: Send + Sync + 'static {
    /// Answers one request.
    fn answer(
        &self,
        request: Request<Incoming>,
        connection: &Connection,
    ) -> impl Future<Output = Response<Body>>;
}

/// Why nothing listens.
#[derive(Debug, thiserror::Error)]
#[error("can't listen on {address}: {problem}")]
pub struct ListenError {
    address: SocketAddr,
    problem: io::Error,
}

impl ListenError {
    /// Says whether something else listens there already.
    pub fn is_taken(&self) -> bool {
        self.problem.kind() == io::ErrorKind::AddrInUse
    }
}

/// A door that viewers can come to.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    /// The address that it listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, lets what runs come to its end, and waits for it, at most
    /// as long as the drain timeout.
    pub fn drain(self) {
        self.stop.send_replace(true);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// Opens the listeners and starts their threads.
pub fn listen<D: Door>(config: &EdgeConfig, door: &Arc<D>) -> Result<Running, ListenError> {
    let failed = |address| move |problem| ListenError { address, problem };
    // Once without sharing the port: otherwise we would join another process's listeners.
    let probe = bind(config.listen, false).map_err(failed(config.listen))?;
    let address = probe.local_addr().map_err(failed(config.listen))?;
    drop(probe);
    let sockets = (0..config.threads.max(1)).map(|_| bind(address, true));
    let sockets = sockets.collect::<Result<Vec<_>, _>>().map_err(failed(address))?;

    let (stop, stopped) = watch::channel(false);
    let open = Arc::new(AtomicUsize::new(0));
    let threads = sockets.into_iter().map(|socket| {
        let worker = Worker {
            door: Arc::clone(door),
            limits: config.limits.clone(),
            open: Arc::clone(&open),
            stopped: stopped.clone(),
        };
        std::thread::spawn(move || worker.run(socket))
    });
    let threads = threads.collect();
    Ok(Running { address, stop, threads })
}

fn bind(address: SocketAddr, shared: bool) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if shared {
        #[cfg(unix)]
        socket.set_reuse_port(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    if shared {
        socket.listen(1024)?;
    }
    Ok(socket.into())
}

struct Worker<D> {
    door: Arc<D>,
    limits: Limits,
    open: Arc<AtomicUsize>,
    stopped: watch::Receiver<bool>,
}

impl<D: Door> Worker<D> {
    fn run(self, socket: std::net::TcpListener) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let local = LocalSet::new();
        let drain = self.limits.drain_timeout;
        local.block_on(&runtime, Arc::new(self).accept(socket));
        // What was accepted goes on; the set is done when all of it is.
        let _ = runtime.block_on(async { tokio::time::timeout(drain, local).await });
        runtime.shutdown_background();
    }

    async fn accept(self: Arc<Self>, socket: std::net::TcpListener) {
        let listener = TcpListener::from_std(socket).expect("a listener joins its runtime");
        let mut stopped = self.stopped.clone();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stopped.wait_for(|stopped| *stopped) => return,
            };
            match accepted {
                Ok((stream, peer)) => self.begin(stream, peer),
                // Out of descriptors, most likely: wait for some to come free.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    fn begin(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let place = Place(Arc::clone(&self.open));
        if self.open.fetch_add(1, Ordering::Relaxed) >= self.limits.connections {
            return;
        }
        let worker = Arc::clone(self);
        tokio::task::spawn_local(async move {
            let connection = Connection { peer, scheme: Scheme::Http };
            worker.serve(stream, connection).await;
            drop(place);
        });
    }

    async fn serve(self: Arc<Self>, stream: TcpStream, connection: Connection) {
        let _ = stream.set_nodelay(true);
        let speaks = tokio::time::timeout(self.limits.request_timeout, first_words(&stream));
        let Ok(Some(version)) = speaks.await else { return };
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.limits.stall_timeout));
        let io = TokioIo::new(Box::pin(stream));
        let door = Arc::clone(&self.door);
        let progress = Rc::new(Progress::default());
        let watched = Rc::clone(&progress);
        let service = service_fn(move |request| {
            let (door, progress) = (Arc::clone(&door), Rc::clone(&watched));
            progress.made();
            async move {
                let response = door.answer(request, &connection).await;
                Ok::<_, Infallible>(response.map(|body| Watched::new(body, progress)))
            }
        });
        match version {
            Spoken::Http1 => {
                let serving = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(self.limits.request_timeout)
                    .max_buf_size(64 * 1024)
                    .max_headers(256)
                    .title_case_headers(true)
                    .serve_connection(io, service);
                let mut serving = pin!(serving);
                let end = http1::Connection::graceful_shutdown;
                self.until_stopped(&mut serving, std::future::pending(), end).await;
            }
            Spoken::Http2 => {
                let serving = http2::Builder::new(LocalExecutor)
                    .timer(TokioTimer::new())
                    .keep_alive_interval(Some(self.limits.request_timeout))
                    .keep_alive_timeout(self.limits.request_timeout)
                    .max_header_list_size(64 * 1024)
                    .max_concurrent_streams(64)
                    .serve_connection(io, service);
                let mut serving = pin!(serving);
                let end = http2::Connection::graceful_shutdown;
                let limits = &self.limits;
                let idle = progress.idle_for(limits.request_timeout);
                tokio::select! {
                    () = self.until_stopped(&mut serving, idle, end) => {}
                    // Flow control lets a viewer hold back every answer: the socket never blocks.
                    () = progress.stalled_for(limits.stall_timeout) => {}
                }
            }
        }
    }

    /// Serves until the connection ends by itself; asks it to end when it is idle, or when
    /// the door closes. What was begun still comes to its end.
    async fn until_stopped<F: Future>(
        &self,
        serving: &mut Pin<&mut F>,
        idle: impl Future<Output = ()>,
        finish: impl FnOnce(Pin<&mut F>),
    ) {
        let mut stopped = self.stopped.clone();
        tokio::select! {
            _ = &mut *serving => return,
            () = idle => finish(serving.as_mut()),
            _ = stopped.wait_for(|stopped| *stopped) => finish(serving.as_mut()),
        }
        serving.as_mut().await;
    }
}

/// A connection's place among the counted; given back when it is dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

enum Spoken {
    Http1,
    Http2,
}

/// Looks at the first bytes without taking them; none if the viewer is gone.
async fn first_words(stream: &TcpStream) -> Option<Spoken> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut seen = [0; PREFACE.len()];
    loop {
        let length = stream.peek(&mut seen).await.ok()?;
        match &seen[..length] {
            [] => return None,
            all if all == PREFACE => return Some(Spoken::Http2),
            part if PREFACE.starts_with(part) => {
                // The rest is still on its way; peeking again at once would only spin.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            _ => return Some(Spoken::Http1),
        }
    }
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
