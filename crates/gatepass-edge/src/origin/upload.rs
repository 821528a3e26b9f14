//! The body of a request on its way to an origin, and how far it has come.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use tokio::time::Instant;

use crate::origin::request::RequestBody;
use crate::origin::trouble::Trouble;

/// What hyper sends.
#[derive(Debug, Default)]
pub(crate) struct Upload(Option<Streaming>);

#[derive(Debug)]
struct Streaming {
    body: UnsyncBoxBody<Bytes, Trouble>,
    progress: Arc<Progress>,
}

/// How far an upload has come. An upload may take hours; only standing still is held against
/// the origin, or against the viewer.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<Standing>);

/// Where an upload stands, and since when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) since: Instant,
    pub(crate) whose_turn: Turn,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    /// The viewer is to send more.
    Viewer,
    /// The origin is to read, or to answer.
    Origin,
    /// All of it was sent; the origin is to answer.
    OriginsAnswer,
}

impl Upload {
    pub(crate) fn new(body: RequestBody) -> (Self, Option<Arc<Progress>>) {
        let RequestBody::Streaming(body) = body else {
            return (Self(None), None);
        };
        let turn = if body.is_end_stream() { Turn::OriginsAnswer } else { Turn::Origin };
        let standing = Standing { since: Instant::now(), whose_turn: turn };
        let progress = Arc::new(Progress(Mutex::new(standing)));
        (Self(Some(Streaming { body, progress: Arc::clone(&progress) })), Some(progress))
    }

    /// Whether there is nothing to send, so that it can be sent again.
    pub(crate) const fn is_nothing(&self) -> bool {
        self.0.is_none()
    }
}

impl Progress {
    pub(crate) fn standing(&self) -> Standing {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, whose_turn: Turn) {
        let standing = Standing { since: Instant::now(), whose_turn };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Trouble;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Trouble>>> {
        let Some(Streaming { body, progress }) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(&mut *body).poll_frame(context);
        match &polled {
            // Asked again and again while nothing comes, it still stands where it stood.
            Poll::Pending if progress.standing().whose_turn == Turn::Viewer => {}
            Poll::Pending => progress.turn(Turn::Viewer),
            Poll::Ready(Some(Ok(_))) if !body.is_end_stream() => progress.turn(Turn::Origin),
            Poll::Ready(_) => progress.turn(Turn::OriginsAnswer),
        }
        // Trailers are hop-by-hop as far as we are concerned.
        match ready!(polled) {
            Some(Ok(frame)) if frame.is_trailers() => Poll::Ready(None),
            other => Poll::Ready(other),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|streaming| streaming.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let hint = |streaming: &Streaming| streaming.body.size_hint();
        self.0.as_ref().map_or(SizeHint::with_exact(0), hint)
    }
}
