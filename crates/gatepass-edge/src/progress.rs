//! Whether a connection gets on: when it last asked, or took something of an answer.
//!
//! For HTTP/1 the socket's write timeout ends a connection that takes nothing. An HTTP/2
//! connection could stay for ever, as long as it answers pings, and hold back its answers by
//! flow control, which never blocks the socket.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::body::Body;

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct Progress {
    last: Cell<Instant>,
    has_begun: Cell<bool>,
    bodies: Cell<usize>,
}

impl Default for Progress {
    fn default() -> Self {
        Self { last: Cell::new(Instant::now()), has_begun: Cell::new(false), bodies: Cell::new(0) }
    }
}

impl Progress {
    /// Something was asked, or taken.
    pub(crate) fn made(&self) {
        self.last.set(Instant::now());
        self.has_begun.set(true);
    }

    /// Ends once something was asked for the first time, or `limit` has passed.
    pub(crate) async fn begun_within(&self, limit: Duration) {
        let since = Instant::now();
        while !self.has_begun.get() && since.elapsed() < limit {
            tokio::time::sleep(TICK).await;
        }
    }

    /// Ends once nothing was asked and nothing taken for so long.
    pub(crate) async fn idle_for(&self, limit: Duration) {
        while let Some(left) = limit.checked_sub(self.last.get().elapsed()) {
            tokio::time::sleep(left + TICK).await;
        }
    }

    /// Ends once nothing was taken for so long, although there is something to take.
    pub(crate) async fn stalled_for(&self, limit: Duration) {
        loop {
            let since = self.last.get().elapsed();
            match limit.checked_sub(since) {
                Some(left) => tokio::time::sleep(left + TICK).await,
                None if self.bodies.get() > 0 => return,
                None => tokio::time::sleep(limit).await,
            }
        }
    }
}

const TICK: Duration = Duration::from_millis(10);

/// A body whose every step counts as progress.
#[derive(Debug)]
pub(crate) struct Watched {
    body: Body,
    progress: Rc<Progress>,
}

impl Watched {
    pub(crate) fn new(body: Body, progress: Rc<Progress>) -> Self {
        progress.bodies.set(progress.bodies.get() + 1);
        Self { body, progress }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.progress.bodies.set(self.progress.bodies.get() - 1);
        self.progress.made();
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let watched = self.get_mut();
        let polled = Pin::new(&mut watched.body).poll_frame(context);
        if polled.is_ready() {
            watched.progress.made();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
