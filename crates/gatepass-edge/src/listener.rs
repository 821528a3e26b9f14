//! Accepting viewers: one current-thread runtime and one listener for each core.
//!
//! The kernel spreads connections over the listeners (`SO_REUSEPORT`), so that threads share
//! nothing but the door. Sockets that were handed to us (systemd) can't be opened again; they
//! are shared by all threads. With certificates TLS is spoken, and HTTP/2 by its ALPN; without,
//! HTTP/1.1 and cleartext HTTP/2 are told apart by their first bytes. Requests without a body
//! go the quick way (`quick`); all others, and HTTP/2, are hyper's.
//!
//! What a stranger can hold up is bounded: the number of connections, the time until a
//! handshake is through and a request's headers are complete, the time in which nothing of an
//! answer is taken.

mod acme;
mod beside;
mod certificate;
mod certificates;
mod counted;
mod first_words;
mod quick;
mod sockets;
mod tls;
mod worker;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use gatepass::Scheme;
use http::Request;
use tokio::sync::watch;

pub use self::acme::{Acme, AcmeEvent, TellAcme};
pub use self::certificate::CertificateError;
pub use self::certificates::{CertificateWarning, Certificates};
use self::quick::Twins;
pub use self::quick::plain_head;
use self::sockets::Sockets;
pub use self::tls::TlsParameters;
use self::worker::Worker;
use crate::answering::Answering;
use crate::config::EdgeConfig;
use crate::incoming::Sent;

/// What is sent over and over is held a second time, up to so small a part of what the cache may
/// have of memory, and besides it.
const TWINS_SHARE: u64 = 16;

/// How a viewer reached us.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "tests and other listeners make one")]
pub struct Connection {
    /// The other end of the socket.
    pub peer: SocketAddr,
    /// Whether it came over TLS.
    pub scheme: Scheme,
    /// What was agreed on, if it came over TLS.
    pub tls: Option<TlsParameters>,
}

/// What stands behind a listener.
pub trait Door: Send + Sync + 'static {
    /// Answers one request, at once or in time.
    fn answer(self: &Arc<Self>, request: Request<Sent>, connection: &Connection) -> Answering;
}

/// Why nothing listens.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// An address can't be had.
    #[error("can't listen on {address}: {problem}")]
    Address {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        problem: io::Error,
    },
    /// We were handed a socket that nobody asked for.
    #[error("was handed a socket that listens on {0}, which the configuration does not name")]
    UnknownSocket(SocketAddr),
    /// Certificates can't be shown.
    #[error("{}", one_a_line(.0))]
    Certificates(Vec<CertificateError>),
    /// The library for TLS can't begin.
    #[error("can't speak TLS: {0}")]
    Tls(#[from] rustls::Error),
}

fn one_a_line(errors: &[CertificateError]) -> String {
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    errors.join("\n")
}

impl ListenError {
    /// Says whether something else listens there already.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Address { problem, .. } if problem.kind() == io::ErrorKind::AddrInUse)
    }
}

/// A door that viewers can come to.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    plain_address: Option<SocketAddr>,
    certificates: Option<Arc<Certificates>>,
    open: Arc<AtomicUsize>,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    /// The address that it listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The second address, where only plain HTTP is spoken.
    pub const fn plain_address(&self) -> Option<SocketAddr> {
        self.plain_address
    }

    /// What it shows, if it speaks TLS; reload it to show what the files hold by then.
    pub const fn certificates(&self) -> Option<&Arc<Certificates>> {
        self.certificates.as_ref()
    }

    /// What can be said of it from elsewhere, and after it was told to end.
    pub fn vitals(&self) -> Vitals {
        Vitals { open: Arc::clone(&self.open), stopped: self.stop.subscribe() }
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

/// How a listener is doing.
#[derive(Clone, Debug)]
pub struct Vitals {
    open: Arc<AtomicUsize>,
    stopped: watch::Receiver<bool>,
}

impl Vitals {
    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Whether it takes more of them.
    pub fn is_taking(&self) -> bool {
        !*self.stopped.borrow()
    }
}

/// Opens the listeners and starts their threads.
pub fn listen<D: Door>(config: &EdgeConfig, door: &Arc<D>) -> Result<Running, ListenError> {
    listen_on(config, door, Vec::new())
}

/// The same with sockets that already listen, each on one of the configuration's addresses
/// (or, if there is but one, anywhere). What is not handed in is opened.
pub fn listen_on<D: Door>(
    config: &EdgeConfig,
    door: &Arc<D>,
    given: Vec<TcpListener>,
) -> Result<Running, ListenError> {
    let certificates = match (config.tls.as_slice(), &config.acme) {
        ([], None) => None,
        (files, _) => Some(Arc::new(Certificates::open(files).map_err(ListenError::Certificates)?)),
    };
    let tls = certificates.clone().map(|shown| tls::server_config(shown, config.acme.is_some()));
    let tls = tls.transpose()?;
    let sockets = Sockets::open(config, given)?;
    let (stop, stopped) = watch::channel(false);
    let open = Arc::new(AtomicUsize::new(0));
    let twins =
        Arc::new(Twins::up_to(config.cache.memory_bytes / TWINS_SHARE, config.cache.slice_bytes));
    let Sockets { address, plain_address, threads } = sockets;
    let threads = threads.into_iter().map(|sockets| {
        let worker = Worker {
            door: Arc::clone(door),
            limits: config.limits.clone(),
            tls: tls.clone(),
            open: Arc::clone(&open),
            stopped: stopped.clone(),
            twins: Arc::clone(&twins),
        };
        std::thread::spawn(move || worker.run(sockets))
    });
    let threads = threads.collect();
    Ok(Running { address, plain_address, certificates, open, stop, threads })
}
