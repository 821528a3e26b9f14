//! What a viewer sends after the headers.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
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
    let begun = Instant::now();
    let bounded = Bounded {
        body,
        came,
        left: limits.body_bytes,
        patience: limits.stall_timeout,
        earned: begun + limits.stall_timeout,
        late: Box::pin(sleep_until(begun + limits.stall_timeout)),
    };
    RequestBody::Streaming(bounded.boxed_unsync())
}

struct Bounded {
    body: Incoming,
    came: Arc<AtomicU64>,
    left: u64,
    patience: Duration,
    /// Until when what came so far makes up for the time that it took.
    earned: Instant,
    late: Pin<Box<Sleep>>,
}

/// Bytes a second: who sends less, but for as long as one may be silent at first, keeps an
/// origin's connection for nothing.
const LEAST_RATE: u32 = 512;

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = Trouble;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Trouble>>> {
        let bounded = self.get_mut();
        let Poll::Ready(frame) = Pin::new(&mut bounded.body).poll_frame(context) else {
            return bounded
                .late
                .as_mut()
                .poll(context)
                .map(|()| Some(Err(Trouble::Viewer("too little came for too long".into()))));
        };
        let Some(frame) = frame else { return Poll::Ready(None) };
        let frame = frame.map_err(|error| Trouble::Viewer(error.to_string().into()))?;
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        let silent = Instant::now() + bounded.patience;
        bounded.earned += Duration::from_secs(length) / LEAST_RATE;
        bounded.late.as_mut().reset(silent.min(bounded.earned));
        bounded.came.fetch_add(length, Ordering::Relaxed);
        match bounded.left.checked_sub(length) {
            Some(left) => bounded.left = left,
            None => return Poll::Ready(Some(Err(Trouble::Viewer("it is too long".into())))),
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
