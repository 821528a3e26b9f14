//! A response body that is put together from slices, wherever they are.
//!
//! 1. All its bytes are of one generation. If one is nowhere to be had, the body ends in an
//!    error and the connection is closed: never other bytes, never fewer that look like all.
//! 2. It holds one slice at a time.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::cache::Inner;
use crate::cache::fill::{End, Fill, Patience, Seat, Taken};
use crate::cache::head::Head;
use crate::cache::key::CacheKey;
use crate::cache::slices::{Continuation, Fetching, RUN};
use crate::cache::store::{Kept, Place};
use crate::origin::trouble::Trouble;

/// What a body is made of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Piece {
    /// These bytes of the object.
    Part(Range<u64>),
    /// Bytes between those.
    Text(Bytes),
}

/// An object whose bytes are wanted.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) inner: Arc<Inner>,
    pub(crate) key: CacheKey,
    pub(crate) head: Arc<Head>,
    /// The bytes that arrived with the head.
    pub(crate) fill: Option<Arc<Fill>>,
    /// How what is missing can be fetched; nothing if it can't.
    pub(crate) continuation: Option<Continuation>,
}

/// The body.
pub struct Reader {
    object: Object,
    pieces: VecDeque<Piece>,
    /// Taken before the response was begun.
    first: Option<Bytes>,
    /// Bytes to come, if that is known.
    remaining: Option<u64>,
    source: Source,
    has_fetched: bool,
}

enum Source {
    Nowhere,
    /// A slice, and the offset of its first byte.
    Held(u64, Bytes),
    Seated(Seat),
    Searching(Pin<Box<dyn Future<Output = Result<Located, Broken>> + Send>>),
}

/// Where bytes were found.
enum Located {
    Held(u64, Bytes),
    Seated(Seat),
    Fetched(Seat),
}

/// Why there are no more bytes.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("the origin has another answer by now")]
    Outdated,
    #[error("a part of the object is gone and can't be fetched")]
    Gone,
    #[error(transparent)]
    Trouble(Arc<Trouble>),
}

/// Bytes leave in frames of at most so many.
const FRAME: u64 = 256 * 1024;

impl Piece {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Part(part) => part.end - part.start,
            Self::Text(text) => text.len() as u64,
        }
    }
}

impl Object {
    /// What is here at once, without waiting for anything.
    fn locate(&self, at: u64) -> Option<Source> {
        if let Some(body) = &self.head.body {
            return holds(0, body, at).then(|| Source::Held(0, body.clone()));
        }
        let begin = at - at % self.inner.slice_bytes;
        let place = Place::slice(&self.key, self.head.generation, at / self.inner.slice_bytes);
        if let Some(Kept::Slice(bytes)) = self.inner.store.peek(&place)
            && holds(begin, &bytes, at)
        {
            return Some(Source::Held(begin, bytes));
        }
        let patience = if self.can_be_continued() { Patience::Near } else { Patience::Endless };
        if let Some(seat) = self.fill.as_ref().and_then(|fill| fill.join(at, patience)) {
            return Some(Source::Seated(seat));
        }
        self.inner.fills.with(self.head.generation, |fills| {
            fills.iter().find_map(|fill| fill.join(at, patience)).map(Source::Seated)
        })
    }

    fn can_be_continued(&self) -> bool {
        self.continuation.is_some() && self.head.can_be_continued()
    }

    /// Looks on disk, and asks the origin in the end. Bytes up to `end` are wanted.
    async fn search(self, at: u64, end: u64) -> Result<Located, Broken> {
        let number = at / self.inner.slice_bytes;
        if self.inner.store.has_disk() {
            let place = Place::slice(&self.key, self.head.generation, number);
            let begin = number * self.inner.slice_bytes;
            if let Some(Kept::Slice(bytes)) = self.inner.store.find(&place).await
                && holds(begin, &bytes, at)
            {
                return Ok(Located::Held(begin, bytes));
            }
        }
        // A small object may have arrived whole meanwhile.
        if let Some(Kept::Head(head)) = self.inner.store.find(&Place::head(&self.key)).await
            && head.generation == self.head.generation
            && let Some(body) = &head.body
            && holds(0, body, at)
        {
            return Ok(Located::Held(0, body.clone()));
        }
        self.fetch(at, end)
    }

    /// Begins a fetch, unless one is under way or has just come to its end.
    fn fetch(&self, at: u64, end: u64) -> Result<Located, Broken> {
        let size = self.inner.slice_bytes;
        let place = |number| Place::slice(&self.key, self.head.generation, number);
        self.inner.fills.with(self.head.generation, |fills| {
            if let Some(Kept::Slice(bytes)) = self.inner.store.peek(&place(at / size))
                && holds(at - at % size, &bytes, at)
            {
                return Ok(Located::Held(at - at % size, bytes));
            }
            if let Some(seat) = fills.iter().find_map(|fill| fill.join(at, Patience::Near)) {
                return Ok(Located::Seated(seat));
            }
            let continuation = self.continuation.clone().filter(|_| self.head.can_be_continued());
            let Some((continuation, length)) = continuation.zip(self.head.length) else {
                return Err(Broken::Gone);
            };
            let first = at / size;
            let last = (first + RUN).min(end.div_ceil(size));
            let is_missing = |number: &u64| !self.inner.store.may_have(&place(*number));
            let run = 1 + (first + 1..last).take_while(is_missing).count() as u64;
            let part = first * size..((first + run) * size).min(length);
            let fill = Fill::new(part.start, size, true);
            let seat = fill.join(at, Patience::Near).ok_or(Broken::Gone)?;
            fills.push(Arc::clone(&fill));
            let fetching = Fetching {
                inner: Arc::clone(&self.inner),
                continuation,
                key: self.key,
                head: Arc::clone(&self.head),
                fill,
                part,
            };
            self.inner.runtime.spawn(fetching.run());
            Ok(Located::Fetched(seat))
        })
    }
}

/// Whether bytes that begin at `begin` have the one at `at`.
fn holds(begin: u64, bytes: &Bytes, at: u64) -> bool {
    (begin..begin + bytes.len() as u64).contains(&at)
}

impl Reader {
    /// Reads an object's pieces; `remaining` is how many bytes that makes, if that is known.
    pub(crate) fn new(object: Object, pieces: Vec<Piece>) -> Self {
        let is_endless = |piece: &Piece| matches!(piece, Piece::Part(part) if part.end == u64::MAX);
        let remaining =
            (!pieces.iter().any(is_endless)).then(|| pieces.iter().map(Piece::length).sum());
        Self {
            object,
            pieces: pieces.into(),
            first: None,
            remaining,
            source: Source::Nowhere,
            has_fetched: false,
        }
    }

    /// Takes the first bytes, so that what is nowhere to be had is known before the response
    /// has begun.
    pub(crate) async fn begin(&mut self) -> Result<(), Broken> {
        self.first = std::future::poll_fn(|cx| self.poll_bytes(cx)).await?;
        Ok(())
    }

    /// Whether the origin had to be asked for some of it.
    pub(crate) const fn has_fetched(&self) -> bool {
        self.has_fetched
    }

    /// The next bytes; nothing at the end.
    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Broken>> {
        loop {
            if let Some(first) = self.first.take() {
                return Poll::Ready(Ok(Some(first)));
            }
            let Some(piece) = self.pieces.front_mut() else { return Poll::Ready(Ok(None)) };
            let part = match piece {
                Piece::Text(text) => {
                    let text = std::mem::take(text);
                    self.pieces.pop_front();
                    return Poll::Ready(Ok(Some(text)));
                }
                Piece::Part(part) if part.is_empty() => {
                    self.pieces.pop_front();
                    continue;
                }
                Piece::Part(part) => part,
            };
            match &mut self.source {
                Source::Nowhere => {
                    self.source = self.object.locate(part.start).unwrap_or_else(|| {
                        let object = self.object.clone();
                        let (at, end) = (part.start, part.end);
                        Source::Searching(Box::pin(object.search(at, end)))
                    });
                }
                Source::Searching(search) => {
                    let found = ready!(search.as_mut().poll(cx));
                    self.source = match found.inspect_err(|_| self.pieces.clear())? {
                        Located::Held(begin, bytes) => Source::Held(begin, bytes),
                        Located::Seated(seat) => Source::Seated(seat),
                        Located::Fetched(seat) => {
                            self.has_fetched = true;
                            Source::Seated(seat)
                        }
                    };
                }
                Source::Held(begin, bytes) if holds(*begin, bytes, part.start) => {
                    let most = (part.end - part.start).min(FRAME);
                    let from = usize::try_from(part.start - *begin).unwrap_or(usize::MAX);
                    let most = usize::try_from(most).unwrap_or(usize::MAX);
                    let taken = bytes.slice(from..bytes.len().min(from.saturating_add(most)));
                    part.start += taken.len() as u64;
                    return Poll::Ready(Ok(Some(taken)));
                }
                Source::Held(..) => self.source = Source::Nowhere,
                Source::Seated(seat) => {
                    let most = (part.end - part.start).min(FRAME);
                    match ready!(seat.poll_take(part.start, most, cx)) {
                        Taken::Bytes(taken) => {
                            part.start += taken.len() as u64;
                            return Poll::Ready(Ok(Some(taken)));
                        }
                        Taken::Elsewhere => self.source = Source::Nowhere,
                        Taken::Ended(End::Whole) if part.end == u64::MAX => {
                            self.pieces.clear();
                        }
                        // A run of slices has ended, and this is not the last.
                        Taken::Ended(End::Whole) => self.source = Source::Nowhere,
                        Taken::Ended(End::Outdated) => {
                            return self.broken(Broken::Outdated);
                        }
                        Taken::Ended(End::Broken(trouble)) => {
                            return self.broken(Broken::Trouble(trouble));
                        }
                    }
                }
            }
        }
    }

    fn broken(&mut self, broken: Broken) -> Poll<Result<Option<Bytes>, Broken>> {
        self.pieces.clear();
        self.source = Source::Nowhere;
        Poll::Ready(Err(broken))
    }
}

impl Body for Reader {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        let reader = self.get_mut();
        if reader.is_end_stream() {
            return Poll::Ready(None);
        }
        let bytes = match ready!(reader.poll_bytes(cx)) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Poll::Ready(None),
            Err(broken) => {
                reader.remaining = None;
                return Poll::Ready(Some(Err(std::io::Error::other(broken))));
            }
        };
        reader.remaining = reader.remaining.map(|remaining| remaining - bytes.len() as u64);
        if reader.is_end_stream() {
            reader.source = Source::Nowhere;
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("remaining", &self.remaining).finish_non_exhaustive()
    }
}
