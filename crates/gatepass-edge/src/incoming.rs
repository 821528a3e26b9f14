//! What a viewer sends after the headers.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::{EXPECT, UPGRADE};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::config::Limits;
use crate::origin::request::RequestBody;
use crate::origin::trouble::Trouble;

/// What comes after the headers of a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Sent {
    /// Nothing: it ends with them.
    Nothing,
    /// A body, of which nothing was read yet.
    #[doc(hidden)]
    Body(Unread),
    /// Whatever is spoken after a switch of protocols.
    #[doc(hidden)]
    Upgrade(OnUpgrade),
}

/// A request as hyper received it.
#[inline]
pub(crate) fn received(request: Request<Incoming>) -> Request<Sent> {
    let (mut head, body) = request.into_parts();
    let sent = match head.extensions.remove::<OnUpgrade>() {
        _ if !body.is_end_stream() => {
            // Who waits to be told to go on has sent nothing that would have to be read.
            let is_waiting = head.headers.contains_key(EXPECT);
            Sent::Body(Unread { body: Some(body), is_waiting })
        }
        Some(upgrade) if head.headers.contains_key(UPGRADE) => Sent::Upgrade(upgrade),
        _ => Sent::Nothing,
    };
    Request::from_parts(head, sent)
}

/// A body of which nothing was read yet.
///
/// If nobody wants it, a little of it is read all the same: a socket that is closed over
/// unread bytes is reset, and the refusal that is on its way is lost with it.
#[derive(Debug)]
pub struct Unread {
    body: Option<Incoming>,
    is_waiting: bool,
}

impl Unread {
    pub(crate) fn take(mut self) -> Option<Incoming> {
        self.body.take()
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        const BYTES: usize = 64 * 1024;
        const PATIENCE: Duration = Duration::from_secs(2);

        let unwanted = self.body.take().filter(|_| !self.is_waiting);
        if let (Some(mut body), Ok(runtime)) = (unwanted, Handle::try_current()) {
            runtime.spawn(timeout(PATIENCE, async move {
                let mut left = BYTES;
                while let Some(Ok(frame)) = body.frame().await {
                    let length = frame.data_ref().map_or(0, Bytes::len);
                    let Some(rest) = left.checked_sub(length) else { return };
                    left = rest;
                }
            }));
        }
    }
}

/// A body that may be neither endless nor endlessly late. What came of it is counted.
pub(crate) fn bounded(body: Incoming, limits: &Limits, came: Arc<AtomicU64>) -> RequestBody {
    RequestBody::Streaming(Bounded::new(body, limits, came).boxed_unsync())
}

struct Bounded<B> {
    body: B,
    came: Arc<AtomicU64>,
    left: u64,
    pace: Pace,
    late: Pin<Box<Sleep>>,
}

/// How long a viewer is waited for.
///
/// Only time counts in which nothing was here that could be taken: the origin may pause, and
/// then the viewer has to.
struct Pace {
    /// At a stretch.
    patience: Duration,
    /// In all: what came makes up for so much time to come.
    earned: Duration,
    waiting_since: Option<Instant>,
}

/// Bytes a second: who sends less, but for as long as one may be silent at first, keeps an
/// origin's connection for nothing.
const LEAST_RATE: u32 = 512;

impl Pace {
    /// Nothing is here; says until when there has to be something.
    fn waits(&mut self, now: Instant) -> Instant {
        *self.waiting_since.get_or_insert(now) + self.patience.min(self.earned)
    }

    fn came(&mut self, now: Instant, bytes: u64) {
        if let Some(since) = self.waiting_since.take() {
            self.earned = self.earned.saturating_sub(now - since);
        }
        self.earned += Duration::from_secs(bytes) / LEAST_RATE;
    }
}

impl<B> Bounded<B>
where
    B: http_body::Body<Data = Bytes, Error: fmt::Display> + Unpin,
{
    fn new(body: B, limits: &Limits, came: Arc<AtomicU64>) -> Self {
        let patience = limits.stall_timeout;
        let pace = Pace { patience, earned: patience, waiting_since: None };
        let late = Box::pin(sleep_until(Instant::now() + patience));
        Self { body, came, left: limits.body_bytes, pace, late }
    }

    /// The next frame, if it is here `now`.
    fn poll_at(
        &mut self,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Trouble>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            let until = self.pace.waits(now);
            if now < until {
                self.late.as_mut().reset(until);
                ready!(self.late.as_mut().poll(context));
            }
            let late = Trouble::Viewer("too little came for too long".into());
            return Poll::Ready(Some(Err(late)));
        };
        let Some(frame) = frame else { return Poll::Ready(None) };
        let frame = frame.map_err(|error| Trouble::Viewer(error.to_string().into()))?;
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        self.pace.came(now, length);
        self.came.fetch_add(length, Ordering::Relaxed);
        match self.left.checked_sub(length) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Some(Err(Trouble::Viewer("it is too long".into())))),
        }
        Poll::Ready(Some(Ok(frame)))
    }
}

impl<B> http_body::Body for Bounded<B>
where
    B: http_body::Body<Data = Bytes, Error: fmt::Display> + Unpin,
{
    type Data = Bytes;
    type Error = Trouble;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Trouble>>> {
        self.get_mut().poll_at(Instant::now(), context)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

#[cfg(test)]
mod tests;
