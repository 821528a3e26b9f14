//! From an endpoint to an open socket: names, addresses, TLS.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use gatepass_distribution::Endpoint;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::origin::address::is_public;
use crate::origin::surroundings::Surroundings;
use crate::origin::trouble::Trouble;

/// Opens sockets to one endpoint.
pub(crate) struct Dialer {
    host: Box<str>,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    may_be_private: bool,
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dialer({}:{})", self.host, self.port)
    }
}

impl Dialer {
    pub(crate) fn new(
        endpoint: &Endpoint,
        surroundings: &Surroundings,
        allow_private_addresses: bool,
    ) -> Result<Self, Trouble> {
        let host = endpoint.host.trim_start_matches('[').trim_end_matches(']');
        let is_literal = host.parse::<IpAddr>().is_ok();
        let name = || {
            ServerName::try_from(host.to_owned())
                .map_err(|_| Trouble::Unreachable(format!("{host:?} is no host name").into()))
        };
        let connector = || TlsConnector::from(surroundings.tls());
        let tls = endpoint.is_https.then(|| name().map(|name| (connector(), name)));
        Ok(Self {
            host: host.into(),
            port: endpoint.port,
            tls: tls.transpose()?,
            may_be_private: allow_private_addresses || is_literal || is_localhost(host),
        })
    }

    /// Waits for `patience` at most, TLS included.
    pub(crate) async fn dial(&self, patience: Duration) -> Result<Socket, Trouble> {
        timeout(patience, self.connect(patience)).await.map_err(|_| Trouble::Late(patience))?
    }

    async fn connect(&self, patience: Duration) -> Result<Socket, Trouble> {
        let addresses = self.addresses().await?;
        // One address that swallows what it is sent must not keep us from the next.
        let share = patience / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let mut last = Trouble::Unreachable(format!("{} has no address", self.host).into());
        for address in addresses {
            match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return self.secure(stream).await,
                Ok(Err(error)) => {
                    last = Trouble::Unreachable(format!("{address}: {error}").into());
                }
                Err(_) => last = Trouble::Late(patience),
            }
        }
        Err(last)
    }

    /// The addresses that may be connected to.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, Trouble> {
        if is_localhost(&self.host) {
            let both = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            return Ok(both.map(|address: IpAddr| (address, self.port).into()).into());
        }
        let looked_up = tokio::net::lookup_host((&*self.host, self.port)).await;
        let all = looked_up
            .map_err(|error| Trouble::Unreachable(format!("{}: {error}", self.host).into()))?;
        let (open, closed) = all.partition::<Vec<_>, _>(|address| self.permits(address.ip()));
        match (open.is_empty(), closed.first()) {
            (true, Some(private)) => Err(Trouble::PrivateAddress(private.ip())),
            _ => Ok(open),
        }
    }

    fn permits(&self, address: IpAddr) -> bool {
        self.may_be_private || is_public(address)
    }

    async fn secure(&self, stream: TcpStream) -> Result<Socket, Trouble> {
        // An answer's last packet must not wait for an acknowledgement. If it can't be set,
        // things are slower, not wrong.
        drop(stream.set_nodelay(true));
        let Some((connector, name)) = &self.tls else {
            return Ok(Socket::new(Wire::Plain(stream)));
        };
        let stream = connector.connect(name.clone(), stream).await;
        stream.map(|stream| Socket::new(Wire::Tls(Box::new(stream)))).map_err(|error| {
            Trouble::Unreachable(format!("TLS with {}: {error}", self.host).into())
        })
    }
}

/// Names of this machine, which no resolver is asked about (RFC 6761, section 6.3). A bucket's
/// name may stand before it.
fn is_localhost(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or(host);
    last.eq_ignore_ascii_case("localhost")
}

/// A connection's bytes, counted as they arrive.
#[derive(Debug)]
pub(crate) struct Socket {
    wire: Wire,
    received: Arc<AtomicU64>,
    /// Held for as long as the socket is open; see `Connection::let_go`.
    pub(crate) tenant: Tenant,
}

/// Something that lives as long as a socket.
pub(crate) type Tenant = Arc<std::sync::Mutex<Option<tokio::sync::OwnedSemaphorePermit>>>;

#[derive(Debug)]
enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Socket {
    fn new(wire: Wire) -> Self {
        Self { wire, received: Arc::default(), tenant: Arc::default() }
    }

    /// How many bytes have arrived so far.
    pub(crate) fn received(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.received)
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = match &mut this.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Wire::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        };
        this.received.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Wire::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(stream) => Pin::new(stream).poll_flush(context),
            Wire::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Wire::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Wire::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Plain(stream) => stream.is_write_vectored(),
            Wire::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
