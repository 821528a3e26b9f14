//! An upgraded connection (RFC 9110 §7.8), such as a WebSocket: bytes both ways, once the gate
//! has been passed.
//!
//! It keeps its place among the counted connections, ends when nobody says anything for the
//! tunnel timeout, and a draining door waits for it no longer than for anything else.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http::header::UPGRADE;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::Instant;

use super::worker::Place;

/// What a connection needs to let go of its requests and become a tunnel.
#[derive(Debug)]
pub(super) struct Upgrade(Arc<Held>);

#[derive(Debug)]
struct Held {
    _place: Place,
    stopped: watch::Receiver<bool>,
    idle: Duration,
}

/// Put into a request that asks for an upgrade.
#[derive(Clone, Debug)]
struct Offered(Arc<Held>);

impl Upgrade {
    pub(super) fn new(place: Place, stopped: watch::Receiver<bool>, idle: Duration) -> Self {
        Self(Arc::new(Held { _place: place, stopped, idle }))
    }

    /// Lets the door make a [`Tunnel`] of the connection, if the request asks for one.
    pub(super) fn offer<B>(&self, request: &mut Request<B>) {
        if request.headers().contains_key(UPGRADE) {
            request.extensions_mut().insert(Offered(Arc::clone(&self.0)));
        }
    }
}

/// The viewer's side of an upgrade that was asked for. It comes about when the request is
/// answered with 101, and with nothing else.
#[derive(Debug)]
pub struct Tunnel {
    viewer: OnUpgrade,
    held: Arc<Held>,
}

impl Tunnel {
    /// Takes it from a request; none if it asks for no upgrade or can't be upgraded.
    pub fn of<B>(request: &mut Request<B>) -> Option<Self> {
        let Offered(held) = request.extensions_mut().remove()?;
        Some(Self { viewer: hyper::upgrade::on(request), held })
    }

    /// Carries bytes between the viewer and `origin` until one side fails, both have ended,
    /// or nothing was said for the tunnel timeout. Run it beside the answer: it waits for
    /// the 101 to be sent.
    pub async fn carry<S: AsyncRead + AsyncWrite + Unpin>(self, origin: S) -> io::Result<()> {
        let Self { viewer, held } = self;
        let viewer = TokioIo::new(viewer.await.map_err(io::Error::other)?);
        let said = watch::Sender::new(Instant::now());
        let (from_viewer, to_viewer) = tokio::io::split(viewer);
        let (from_origin, to_origin) = tokio::io::split(origin);
        let both = async {
            let there = pass_on(from_viewer, to_origin, &said);
            let back = pass_on(from_origin, to_viewer, &said);
            tokio::try_join!(there, back).map(drop)
        };
        tokio::select! {
            ended = both => ended,
            () = silence(&said, held.idle) => Ok(()),
        }
    }

    /// Says whether the door is closing: then it is better not to begin.
    pub fn is_late(&self) -> bool {
        *self.held.stopped.borrow()
    }
}

/// Reads until the end, and passes the end on, too.
async fn pass_on<R: AsyncRead, W: AsyncWrite>(
    mut from: ReadHalf<R>,
    mut to: WriteHalf<W>,
    said: &watch::Sender<Instant>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        said.send_replace(Instant::now());
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
    }
}

/// Ends once nothing was said for so long.
async fn silence(said: &watch::Sender<Instant>, idle: Duration) {
    loop {
        let until = *said.borrow() + idle;
        if until <= Instant::now() {
            return;
        }
        tokio::time::sleep_until(until).await;
    }
}
