//! The sockets that viewers connect to: opened here, or handed in.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use super::ListenError;
use crate::config::EdgeConfig;

/// A socket for each thread, and the addresses they are bound to.
pub(super) struct Sockets {
    pub(super) address: SocketAddr,
    pub(super) plain_address: Option<SocketAddr>,
    pub(super) threads: Vec<ThreadSockets>,
}

/// What one thread accepts from.
pub(super) struct ThreadSockets {
    pub(super) viewers: TcpListener,
    pub(super) plain: Option<TcpListener>,
}

impl Sockets {
    pub(super) fn open(config: &EdgeConfig, given: Vec<TcpListener>) -> Result<Self, ListenError> {
        let mut given = Given::sort(config, given)?;
        let threads = config.threads.max(1);
        let (address, viewers) = each(config.listen, given.viewers.take(), threads)?;
        let plain = config.plain_listen.map(|plain| each(plain, given.plain.take(), threads));
        let (plain_address, mut plain) = match plain.transpose()? {
            Some((address, sockets)) => (Some(address), sockets.into_iter()),
            None => (None, Vec::new().into_iter()),
        };
        let threads = viewers.into_iter();
        let threads = threads.map(|viewers| ThreadSockets { viewers, plain: plain.next() });
        Ok(Self { address, plain_address, threads: threads.collect() })
    }
}

/// The sockets handed in, by what they are for.
#[derive(Default)]
struct Given {
    viewers: Option<TcpListener>,
    plain: Option<TcpListener>,
}

impl Given {
    fn sort(config: &EdgeConfig, sockets: Vec<TcpListener>) -> Result<Self, ListenError> {
        let mut given = Self::default();
        let is_alone = sockets.len() == 1;
        for socket in sockets {
            let failed = |problem| ListenError::Address { address: config.listen, problem };
            let address = socket.local_addr().map_err(failed)?;
            let is_plain = config.plain_listen.is_some_and(|one| one.port() == address.port());
            if is_plain && given.plain.is_none() {
                given.plain = Some(socket);
            } else if given.viewers.is_none()
                && (is_alone || config.listen.port() == address.port())
            {
                given.viewers = Some(socket);
            } else {
                return Err(ListenError::UnknownSocket(address));
            }
        }
        Ok(given)
    }
}

/// As many sockets as there are threads, all of one address.
fn each(
    address: SocketAddr,
    given: Option<TcpListener>,
    threads: usize,
) -> Result<(SocketAddr, Vec<TcpListener>), ListenError> {
    let failed = |address| move |problem| ListenError::Address { address, problem };
    let sockets = |address, one: &dyn Fn() -> io::Result<TcpListener>| {
        let sockets = (0..threads).map(|_| one()).collect::<io::Result<Vec<_>>>();
        sockets.map(|sockets| (address, sockets)).map_err(failed(address))
    };
    if let Some(socket) = given {
        let address = socket.local_addr().map_err(failed(address))?;
        socket.set_nonblocking(true).map_err(failed(address))?;
        return sockets(address, &|| socket.try_clone());
    }
    // Once without sharing the port: otherwise we would join another process's listeners.
    let probe = bind(address, false).map_err(failed(address))?;
    let address = probe.local_addr().map_err(failed(address))?;
    drop(probe);
    sockets(address, &|| bind(address, true))
}

fn bind(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
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
