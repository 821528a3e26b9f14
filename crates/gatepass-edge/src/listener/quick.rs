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
mod prefixed;
mod read;
mod twins;
mod write;

use std::cell::Cell;
use std::fs::File;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub(super) use self::file::Wire;
pub(super) use self::prefixed::Prefixed;
use self::read::{IsLast, Read};
pub(super) use self::twins::Twins;
use self::write::Framing;
use super::{Connection, Door};
use crate::body::Body;
use crate::incoming::Sent;
use crate::progress::{Progress, UnderWay, Watched};
use crate::spare;

/// Room to read a head into: most fit.
const ROOM: usize = 8 * 1024;

/// A head that comes in more pieces, each of which has it read from its beginning, is for
/// hyper.
const MOST_PIECES: usize = 8;

/// And so is a longer one, which hyper refuses.
pub(super) const LONGEST: usize = 64 * 1024;

/// Up to so many bytes are put together before they are written: handing the kernel a list of
/// them takes it longer than copying them takes us.
const SMALL: usize = 8 * 1024;

/// What is read from the beginning of these bytes, and what is left of them; none if that is for
/// hyper, or not all there.
pub fn plain_head(sent: &[u8]) -> Option<(Request<Sent>, BytesMut)> {
    let mut unread = BytesMut::from(sent);
    match read::head(&mut unread) {
        Read::Whole(request, _) => Some((request, unread)),
        Read::Partly | Read::Other(_) => None,
    }
}

/// From so many bytes on, a file's are sent without being read.
const LARGE: u64 = 64 * 1024;

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
        let Self { stream, twins, patience, .. } = self;
        let mut outgoing =
            Outgoing { stream, unread, out, twins, patience: *patience, is_held: false };
        let is_last = is_last || self.is_ending.get();
        outgoing.send(response, is_head, is_last, progress).await
    }
}

/// What becomes of a connection after an answer.
enum Kept {
    Open,
    Ended,
}

/// An answer on its way.
struct Outgoing<'q, S> {
    stream: &'q mut S,
    unread: &'q mut BytesMut,
    /// What is yet to be written, ahead of what comes of the body next.
    out: &'q mut Vec<u8>,
    twins: &'q Twins,
    patience: Duration,
    /// The socket waits for full packets.
    is_held: bool,
}

impl<S: AsyncRead + AsyncWrite + Wire + Unpin> Outgoing<'_, S> {
    async fn send(
        &mut self,
        response: Response<Body>,
        is_head: bool,
        is_last: bool,
        progress: UnderWay,
    ) -> io::Result<Kept> {
        let (head, body) = response.into_parts();
        // It is told that the body is through, and what is logged is logged, once all is written.
        let mut body = pin!(Watched::new(body, progress));
        let is_last = is_last || write::ends_connection(&head);
        let framing = write::head(self.out, &head, &*body, is_head, is_last);
        spare::give_back(head.headers);
        match framing {
            Framing::Nothing => {}
            Framing::Length(length) => self.measured(&mut body, length).await?,
            Framing::Chunked => self.chunked(&mut body).await?,
        }
        self.flush().await?;
        Ok(if is_last { Kept::Ended } else { Kept::Open })
    }

    /// A body that is as long as its head says, or breaks off.
    async fn measured(&mut self, body: &mut Pin<&mut Watched>, length: u64) -> io::Result<()> {
        if let Some(socket) = self.stream.socket().filter(|_| length >= LARGE) {
            file::hold_back(socket, true);
            self.is_held = true;
        }
        let mut left = length;
        while left > 0 {
            if let Some(went) = self.put_from_file(body, left).await? {
                left -= went;
                continue;
            }
            let data = self.next(body).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            left = left.checked_sub(data.len() as u64).ok_or(io::ErrorKind::InvalidData)?;
            self.put(&data).await?;
        }
        Ok(())
    }

    /// Sends what comes next of a body straight from its file, if that goes.
    async fn put_from_file(
        &mut self,
        body: &mut Pin<&mut Watched>,
        left: u64,
    ) -> io::Result<Option<u64>> {
        if left < LARGE || self.stream.socket().is_none() {
            return Ok(None);
        }
        let Some((file, mut part)) = body.at_hand() else { return Ok(None) };
        part.end = part.end.min(part.start + left);
        write_all(self.stream, &mut [IoSlice::new(self.out)]).await?;
        self.out.clear();
        let Some(socket) = self.stream.socket() else { return Ok(None) };
        let went = file::send(socket, file, &part, self.patience).await?;
        body.sent(went);
        tokio::task::consume_budget().await;
        Ok(Some(went))
    }

    async fn chunked(&mut self, body: &mut Pin<&mut Watched>) -> io::Result<()> {
        while let Some(data) = self.next(body).await? {
            if !data.is_empty() {
                write::chunk_size(self.out, data.len());
                self.put(&data).await?;
                self.out.extend_from_slice(b"\r\n");
            }
        }
        self.out.extend_from_slice(b"0\r\n\r\n");
        Ok(())
    }

    /// What comes next of a body. What was put before doesn't wait for it.
    async fn next(&mut self, body: &mut Pin<&mut Watched>) -> io::Result<Option<Bytes>> {
        loop {
            let at_once = poll_fn(|context| Poll::Ready(body.as_mut().poll_frame(context))).await;
            let frame = match at_once {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    self.flush().await?;
                    unless_gone(self.stream, self.unread, body.frame()).await?
                }
            };
            let Some(frame) = frame else { return Ok(None) };
            // Trailers are between an origin and us.
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
    }

    /// Writes it, or keeps it to be written together with what follows.
    async fn put(&mut self, data: &Bytes) -> io::Result<()> {
        if self.out.len() + data.len() <= SMALL {
            self.out.extend_from_slice(data);
            return Ok(());
        }
        let twin = self.stream.socket().and_then(|_| self.twins.of(data));
        if let Some(twin) = twin {
            return self.put_twin(&twin, data.len() as u64).await;
        }
        let parts = &mut [IoSlice::new(self.out), IoSlice::new(data)][..];
        write_all(self.stream, parts).await?;
        self.out.clear();
        Ok(())
    }

    async fn put_twin(&mut self, twin: &File, length: u64) -> io::Result<()> {
        write_all(self.stream, &mut [IoSlice::new(self.out)]).await?;
        self.out.clear();
        let mut part = 0..length;
        while let Some(socket) = self.stream.socket().filter(|_| !part.is_empty()) {
            part.start += file::send(socket, twin, &part, self.patience).await?;
            tokio::task::consume_budget().await;
        }
        Ok(())
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(self.out).await?;
        self.out.clear();
        self.stream.flush().await?;
        if std::mem::take(&mut self.is_held)
            && let Some(socket) = self.stream.socket()
        {
            file::hold_back(socket, false);
        }
        Ok(())
    }
}

async fn write_all(
    stream: &mut (impl AsyncWrite + Unpin),
    mut parts: &mut [IoSlice<'_>],
) -> io::Result<()> {
    IoSlice::advance_slices(&mut parts, 0);
    while !parts.is_empty() {
        match stream.write_vectored(parts).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => IoSlice::advance_slices(&mut parts, written),
        }
    }
    Ok(())
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
