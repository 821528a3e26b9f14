//! What an origin sends, while it sends it.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};

use crate::origin::pool::{Connection, Pool};
use crate::origin::trouble::Trouble;
use crate::origin::upload::{Progress, Turn};

/// How much is read in vain, in bytes, to spare a connection.
const MAX_DISCARDED: usize = 64 << 10;

/// What an origin sends. It ends in [`Trouble`] if it stalls, or is shorter than it said.
///
/// It is read as fast as it is polled, and no faster. Read to its end, its connection goes
/// back to where it came from; dropped before, the connection is closed.
#[derive(Debug)]
pub struct RemoteBody {
    incoming: Option<Incoming>,
    /// Made on the runtime of the connections, so it outlives the one it is polled on.
    alarm: Pin<Box<Sleep>>,
    patience: Duration,
    is_waiting: bool,
    lease: Option<Lease>,
}

/// What a response holds on to while it arrives.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) connection: Connection,
    pub(crate) pool: Arc<Pool>,
    pub(crate) permit: OwnedSemaphorePermit,
    pub(crate) progress: Option<Arc<Progress>>,
}

impl Lease {
    /// Gives the connection back, if the origin has read all of the request.
    fn end(self) {
        let progress = self.progress.as_deref().map(Progress::standing);
        if progress.is_none_or(|standing| standing.whose_turn == Turn::OriginsAnswer) {
            self.pool.put(self.connection);
        }
        // The next in line finds the connection.
        drop(self.permit);
    }
}

impl RemoteBody {
    /// Called on the runtime that drives the connection.
    pub(crate) fn new(incoming: Incoming, patience: Duration, lease: Lease) -> Self {
        let alarm = Box::pin(tokio::time::sleep(patience));
        let mut body = Self {
            incoming: Some(incoming),
            alarm,
            patience,
            is_waiting: false,
            lease: Some(lease),
        };
        body.end_if_read();
        body
    }

    /// An upgraded connection's: there is nothing in it.
    pub(crate) fn nothing() -> Self {
        let alarm = Box::pin(tokio::time::sleep(Duration::ZERO));
        Self { incoming: None, alarm, patience: Duration::ZERO, is_waiting: false, lease: None }
    }

    /// Reads what nobody wants, if it is little, so that its connection can be used again.
    pub(crate) fn discard(self) {
        let Some(lease) = &self.lease else { return };
        let runtime = lease.pool.runtime().clone();
        runtime.spawn(Limited::new(self, MAX_DISCARDED).collect());
    }

    fn end_if_read(&mut self) {
        if self.incoming.as_ref().is_some_and(Body::is_end_stream) {
            self.end();
        }
    }

    fn end(&mut self) {
        self.incoming = None;
        if let Some(lease) = self.lease.take() {
            lease.end();
        }
    }

    fn fail(&mut self, trouble: Trouble) -> Poll<Option<Result<Frame<Bytes>, Trouble>>> {
        self.incoming = None;
        self.lease = None;
        Poll::Ready(Some(Err(trouble)))
    }

    /// Only time spent waiting for the origin counts, not time that nobody asked.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.is_waiting, true) {
            self.alarm.as_mut().reset(Instant::now() + self.patience);
        }
        self.alarm.as_mut().poll(context)
    }
}

impl Body for RemoteBody {
    type Data = Bytes;
    type Error = Trouble;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Trouble>>> {
        let this = &mut *self;
        loop {
            let Some(incoming) = &mut this.incoming else {
                return Poll::Ready(None);
            };
            let Poll::Ready(frame) = Pin::new(incoming).poll_frame(context) else {
                ready!(this.wait(context));
                return this.fail(Trouble::Late(this.patience));
            };
            this.is_waiting = false;
            match frame {
                // Trailers are between the origin and us.
                Some(Ok(frame)) if frame.is_trailers() => {}
                Some(Ok(frame)) => {
                    this.end_if_read();
                    return Poll::Ready(Some(Ok(frame)));
                }
                Some(Err(error)) => return this.fail(broken(&error)),
                None => {
                    this.end();
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}

fn broken(error: &hyper::Error) -> Trouble {
    let kind = cause::<io::Error>(error).map(io::Error::kind);
    match kind {
        Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => {
            Trouble::Unreadable(sentence(error))
        }
        _ => Trouble::BrokeOff(sentence(error)),
    }
}

/// The first cause of an error that is of this kind.
pub(crate) fn cause<E: Error + 'static>(error: &hyper::Error) -> Option<&E> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// An error with its causes.
pub(crate) fn sentence(error: &hyper::Error) -> Box<str> {
    causes(error).fold(error.to_string(), |text, cause| format!("{text}: {cause}")).into()
}

fn causes(error: &hyper::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |error| (*error).source())
}
