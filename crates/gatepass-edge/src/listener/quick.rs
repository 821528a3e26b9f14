//! The quick way: GET and HEAD over HTTP/1.1, of which nearly all that is watched consists.
//!
//! A request that has no body, and says nothing about its connection, is read, answered and
//! written here, in one piece and without more ado; the first one that is anything else goes to
//! hyper, with the rest of its connection. So what is hard to read safely (bodies, chunks,
//! upgrades, old versions) has one reader, and most requests don't pay for it. Decision 31 says
//! what that is worth.
//!
//! ```text
//! read ─► plain? ─► the door ─► write ─► read …
//!            └────► hyper, to the end of the connection
//! ```

mod file;
mod outgoing;
mod prefixed;
mod read;
mod twins;
mod write;

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, Request};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub(super) use self::file::Wire;
use self::outgoing::Outgoing;
pub(super) use self::prefixed::Prefixed;
use self::read::{IsLast, Read};
pub(super) use self::twins::Twins;
use super::{Connection, Door};
use crate::incoming::Sent;
use crate::progress::{Progress, Watched};
use crate::spare;

/// Room to read a head into: most fit.
const ROOM: usize = 8 * 1024;

/// A head that comes in more pieces, each of which has it read from its beginning, is for
/// hyper.
const MOST_PIECES: usize = 8;

/// And so is a longer one, which hyper refuses.
pub(super) const LONGEST: usize = 64 * 1024;

/// What is read from the beginning of these bytes, and what is left of them; none if that is for
/// hyper, or not all there.
pub fn plain_head(sent: &[u8]) -> Option<(Request<Sent>, BytesMut)> {
    let mut unread = BytesMut::from(sent);
    match read::head(&mut unread) {
        Read::Whole(request, _) => Some((request, unread)),
        Read::Partly | Read::Other(_) => None,
    }
}

/// A connection on the quick way.
pub(super) struct Quick<S, D> {
    pub(super) stream: S,
    pub(super) door: Arc<D>,
    pub(super) connection: Connection,
    pub(super) progress: Rc<Progress>,
    /// Answers what it is on, and no more.
    pub(super) is_ending: Rc<Cell<bool>>,
    pub(super) twins: Arc<Twins>,
    /// A viewer that takes nothing for so long is gone.
    pub(super) patience: Duration,
}

/// What a connection waits for.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once, and most are requests")]
enum Next {
    Request(Request<Sent>, IsLast),
    Other(Bytes),
    Nothing,
}

impl<S: AsyncRead + AsyncWrite + Wire + Unpin, D: Door> Quick<S, D> {
    /// Serves until the viewer is gone or was told that it ends here, or until something comes
    /// that is for hyper: then it is given back, with what was read of it.
    pub(super) async fn serve(mut self) -> Option<Prefixed<S>> {
        let mut unread = BytesMut::new();
        let mut out = Vec::new();
        loop {
            match self.next(&mut unread).await {
                Next::Request(request, is_last) => {
                    match self.answer(request, is_last, &mut unread, &mut out).await {
                        Ok(Kept::Open) => {}
                        Ok(Kept::Ended) => break,
                        // What it got must not pass for all of it.
                        Err(_) => return None,
                    }
                }
                Next::Other(read) => return Some(Prefixed::new(read, self.stream)),
                Next::Nothing => break,
            }
        }
        let _ = self.stream.shutdown().await;
        None
    }

    async fn next(&mut self, unread: &mut BytesMut) -> Next {
        for _ in 0..MOST_PIECES {
            if unread.len() > LONGEST {
                break;
            }
            if !unread.is_empty() {
                match read::head(unread) {
                    Read::Whole(request, is_last) => return Next::Request(request, is_last),
                    Read::Other(read) => return Next::Other(read),
                    Read::Partly => {}
                }
            }
            let is_idle = unread.is_empty();
            unread.reserve(ROOM);
            let mut reading = pin!(self.stream.read_buf(unread));
            let is_ending = &self.is_ending;
            let read = poll_fn(|context| match reading.as_mut().poll(context) {
                Poll::Pending if is_idle && is_ending.get() => Poll::Ready(Ok(0)),
                read => read,
            });
            if !matches!(read.await, Ok(1..)) {
                return Next::Nothing;
            }
        }
        Next::Other(unread.split().freeze())
    }

    async fn answer(
        &mut self,
        request: Request<Sent>,
        is_last: IsLast,
        unread: &mut BytesMut,
        out: &mut Vec<u8>,
    ) -> io::Result<Kept> {
        let progress = self.progress.asked();
        let is_head = *request.method() == Method::HEAD;
        let answering = self.door.answer(request, &self.connection);
        let response = match answering.at_once() {
            Ok(response) => response,
            Err(waiting) => unless_gone(&mut self.stream, unread, waiting).await?,
        };
        let (head, body) = response.into_parts();
        let body = Watched::new(body, progress);
        let is_last = is_last || self.is_ending.get() || write::ends_connection(&head);
        let framing = write::head(out, &head, &body, is_head, is_last);
        spare::give_back(head.headers);
        let Self { stream, twins, patience, .. } = self;
        Outgoing::new(stream, unread, out, body, twins, *patience).send(framing).await?;
        Ok(if is_last { Kept::Ended } else { Kept::Open })
    }
}

/// What becomes of a connection after an answer.
enum Kept {
    Open,
    Ended,
}

/// Waits for something on behalf of a viewer, unless it hangs up meanwhile. What it sends is
/// kept; once there is something, it is not looked after any longer.
async fn unless_gone<T>(
    stream: &mut (impl AsyncRead + Unpin),
    unread: &mut BytesMut,
    waiting: impl Future<Output = T>,
) -> io::Result<T> {
    let mut waiting = pin!(waiting);
    poll_fn(|context| {
        if let Poll::Ready(done) = waiting.as_mut().poll(context) {
            return Poll::Ready(Ok(done));
        }
        while unread.is_empty() {
            unread.reserve(ROOM);
            match ready!(pin!(stream.read_buf(unread)).poll(context)) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Pending
    })
    .await
}
