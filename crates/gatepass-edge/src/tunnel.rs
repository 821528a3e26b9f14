//! Web sockets: one check at the start, then bytes in both directions.
//!
//! The gate has judged the request that began it (§12, D28 of our compatibility page). A
//! tunnel through which nothing comes for ten minutes, either way, is closed, as CloudFront
//! does.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderValue};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};

const IDLE: Duration = Duration::from_mins(10);

/// Carries bytes between the two once both have switched, on the viewer's own thread.
pub(crate) fn join(viewer: OnUpgrade, origin: OnUpgrade) {
    tokio::task::spawn_local(async move {
        let Ok((viewer, origin)) = tokio::try_join!(viewer, origin) else { return };
        let last = Rc::new(Cell::new(Instant::now()));
        let mut viewer = Watched { stream: TokioIo::new(viewer), last: Rc::clone(&last) };
        let mut origin = Watched { stream: TokioIo::new(origin), last: Rc::clone(&last) };
        tokio::select! {
            // However it ends, both ends are closed by being dropped.
            _ = tokio::io::copy_bidirectional(&mut viewer, &mut origin) => {}
            () = silence(&last) => {}
        }
    });
}

/// The headers that a switch needs and that no other answer may carry.
pub(crate) fn switch(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

async fn silence(last: &Cell<Instant>) {
    while last.get().elapsed() < IDLE {
        sleep_until(last.get() + IDLE).await;
    }
}

struct Watched {
    stream: TokioIo<Upgraded>,
    last: Rc<Cell<Instant>>,
}

impl Watched {
    fn note<T>(&self, polled: Poll<T>) -> Poll<T> {
        if polled.is_ready() {
            self.last.set(Instant::now());
        }
        polled
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let watched = self.get_mut();
        let polled = Pin::new(&mut watched.stream).poll_read(context, buffer);
        watched.note(polled)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let watched = self.get_mut();
        let polled = Pin::new(&mut watched.stream).poll_write(context, bytes);
        watched.note(polled)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
