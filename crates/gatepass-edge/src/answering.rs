//! An answer that is there, or on its way.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;

use crate::body::Body;

/// What comes of a request: most are answered at once, others are waited for. Small, so that
/// it is cheap to hand on.
pub struct Answering(State);

enum State {
    Ready(Option<Response<Body>>),
    Waiting(Pin<Box<dyn Future<Output = Response<Body>>>>),
}

impl Answering {
    /// The answer is there.
    pub const fn ready(response: Response<Body>) -> Self {
        Self(State::Ready(Some(response)))
    }

    /// The answer comes in time.
    pub fn waiting(answer: impl Future<Output = Response<Body>> + 'static) -> Self {
        Self(State::Waiting(Box::pin(answer)))
    }

    /// The answer, if it is there; else what it is to be waited for with.
    pub(crate) fn at_once(self) -> Result<Response<Body>, Self> {
        match self.0 {
            State::Ready(Some(response)) => Ok(response),
            state => Err(Self(state)),
        }
    }

    /// The answer, with something done to it.
    #[must_use]
    pub fn map(self, change: impl FnOnce(Response<Body>) -> Response<Body> + 'static) -> Self {
        match self.0 {
            State::Ready(response) => Self(State::Ready(response.map(change))),
            State::Waiting(answer) => Self::waiting(async move { change(answer.await) }),
        }
    }
}

impl Future for Answering {
    type Output = Response<Body>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response<Body>> {
        match &mut self.get_mut().0 {
            State::Ready(response) => {
                Poll::Ready(response.take().expect("an answer is given once"))
            }
            State::Waiting(answer) => answer.as_mut().poll(context),
        }
    }
}

impl fmt::Debug for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_ready = matches!(self.0, State::Ready(_));
        f.debug_struct("Answering").field("is_ready", &is_ready).finish_non_exhaustive()
    }
}
