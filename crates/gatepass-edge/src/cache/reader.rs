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
use crate::cache::inlet::Inlet;
use crate::cache::key::CacheKey;
use crate::cache::pour::Filing;
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
    /// Whether what is fetched may be kept, and shared.
    pub(crate) filing: Filing,
}

/// The body.
pub struct Reader {
    object: Object,
    pieces: VecDeque<Piece>,
    /// Taken before the response was begun.
    first: Option<Bytes>,
    /// Bytes to come, if that is known.
    remaining: Option<u64>,
    /// A slice, and the offset of its first byte.
    held: Option<(u64, Bytes)>,
    /// A place where the bytes arrive. It is left only when it is of no use any longer, for a
    /// fill that nobody sits at stops.
    seat: Option<Seat>,
    search: Option<Search>,
    /// The slice at which it was taken up again last.
    resumed: Option<u64>,
    has_fetched: bool,
}

type Search = Pin<Box<dyn Future<Output = Result<Located, Broken>> + Send>>;

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
    /// What lies in memory.
    fn peek(&self, at: u64) -> Option<(u64, Bytes)> {
        if let Some(body) = &self.head.body {
            return holds(0, body, at).then(|| (0, body.clone()));
        }
        let begin = at - at % self.inner.slice_bytes;
        let place = Place::slice(&self.key, self.head.generation, at / self.inner.slice_bytes);
        match self.inner.store.peek(&place) {
            Some(Kept::Slice(bytes)) if holds(begin, &bytes, at) => Some((begin, bytes)),
            _ => None,
        }
    }

    /// A seat where the byte arrives, or soon will.
    fn join(&self, at: u64) -> Option<Seat> {
        let patience = if self.can_be_continued() { Patience::Near } else { Patience::Endless };
        let seat = self.fill.as_ref().and_then(|fill| fill.join(at, patience));
        seat.or_else(|| {
            self.inner.fills.with(self.head.generation, |fills| {
                fills.iter().find_map(|fill| fill.join(at, patience))
            })
        })
    }

    /// Whether a piece that can't be fetched is lost already.
    pub(crate) fn lacks_any(&self, pieces: &[Piece]) -> bool {
        let Some(length) = self.head.length.filter(|_| self.fill.is_none()) else { return false };
        if self.can_be_continued() || self.head.body.is_some() {
            return false;
        }
        let size = self.inner.slice_bytes;
        let is_filling = self.inner.fills.with(self.head.generation, |fills| !fills.is_empty());
        let mut wanted = pieces.iter().filter_map(|piece| match piece {
            Piece::Part(part) => Some(part.start / size..part.end.min(length).div_ceil(size)),
            Piece::Text(_) => None,
        });
        let place = |number| Place::slice(&self.key, self.head.generation, number);
        !is_filling
            && wanted
                .any(|mut slices| slices.any(|number| !self.inner.store.may_have(&place(number))))
    }

    /// Whether its bytes come as the origin makes them: for one viewer alone, or nobody knows
    /// how many.
    fn is_streamed(&self) -> bool {
        self.filing == Filing::Nothing || self.head.length.is_none()
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
        let located = self.inner.fills.with(self.head.generation, |fills| {
            if let Some((begin, bytes)) = self.peek(at) {
                return Ok(Err(Located::Held(begin, bytes)));
            }
            if let Some(seat) = fills.iter().find_map(|fill| fill.join(at, Patience::Near)) {
                return Ok(Err(Located::Seated(seat)));
            }
            let (fetching, seat) = self.fetching(at, end).ok_or(Broken::Gone)?;
            if self.filing != Filing::Nothing {
                fills.push(Arc::clone(&fetching.inlet.fill));
            }
            Ok(Ok((fetching, seat)))
        })?;
        Ok(match located {
            Err(located) => located,
            // Not while the fills are locked: a runtime that is shut down drops it at once.
            Ok((fetching, seat)) => {
                self.inner.runtime.spawn(fetching.run());
                Located::Fetched(seat)
            }
        })
    }

    /// A fetch of what is missing from `at` on, and a seat at it; nothing if it can't be fetched.
    fn fetching(&self, at: u64, end: u64) -> Option<(Fetching, Seat)> {
        let size = self.inner.slice_bytes;
        let continuation = self.continuation.clone().filter(|_| self.head.can_be_continued())?;
        let length = self.head.length?;
        let first = at / size;
        let last = (first + RUN).min(end.div_ceil(size));
        let is_missing = |number: &u64| {
            let place = Place::slice(&self.key, self.head.generation, *number);
            !self.inner.store.may_have(&place)
        };
        let run = 1 + (first + 1..last).take_while(is_missing).count() as u64;
        let part = first * size..((first + run) * size).min(length);
        let fill = Fill::new(part.start, size, self.filing != Filing::Nothing);
        let seat = fill.join(at, Patience::Near)?;
        let inner = Arc::clone(&self.inner);
        let inlet = Inlet { inner: Arc::clone(&inner), generation: self.head.generation, fill };
        let (key, head, filing) = (self.key, Arc::clone(&self.head), self.filing);
        Some((Fetching { inner, continuation, key, head, inlet, part, filing }, seat))
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
        // From the start, or what comes with the head could stop for want of readers.
        let first = pieces.iter().find_map(|piece| match piece {
            Piece::Part(part) => Some(part.start),
            Piece::Text(_) => None,
        });
        let seat = first.filter(|_| object.fill.is_some()).and_then(|first| object.join(first));
        Self {
            object,
            pieces: pieces.into(),
            first: None,
            remaining,
            held: None,
            seat,
            search: None,
            resumed: None,
            has_fetched: false,
        }
    }

    /// Takes the first bytes, so that what is nowhere to be had is known before the response
    /// has begun. It begins without them where they are yet to come with the answer itself:
    /// nobody knows when, and whoever follows events waits for the head.
    pub(crate) async fn begin(&mut self) -> Result<(), Broken> {
        if self.object.lacks_any(self.pieces.make_contiguous()) {
            return Err(Broken::Gone);
        }
        let may_begin = self.object.is_streamed() && self.seat.is_some();
        self.first = std::future::poll_fn(|cx| match self.poll_bytes(cx) {
            // What is looked for may be gone.
            Poll::Pending if may_begin && self.search.is_none() => Poll::Ready(Ok(None)),
            polled => polled,
        })
        .await?;
        Ok(())
    }

    /// Whether the origin had to be asked for some of it.
    pub(crate) const fn has_fetched(&self) -> bool {
        self.has_fetched
    }

    /// The next bytes; nothing at the end.
    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Broken>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Ok(Some(first)));
        }
        loop {
            match self.pieces.front_mut() {
                None => return Poll::Ready(Ok(None)),
                Some(Piece::Part(part)) if !part.is_empty() => {
                    let part = part.clone();
                    let taken = ready!(self.poll_part(&part, cx));
                    if let Some(Piece::Part(part)) = self.pieces.front_mut()
                        && let Ok(Some(bytes)) = &taken
                    {
                        part.start += bytes.len() as u64;
                    } else {
                        self.leave();
                    }
                    return Poll::Ready(taken);
                }
                Some(_) => {
                    if let Some(Piece::Text(text)) = self.pieces.pop_front() {
                        return Poll::Ready(Ok(Some(text)));
                    }
                }
            }
        }
    }

    /// The first bytes of a part; nothing at the end of an object of unknown length.
    fn poll_part(
        &mut self,
        part: &Range<u64>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Broken>> {
        let at = part.start;
        let most = (part.end - at).min(FRAME);
        loop {
            if let Some((begin, bytes)) = &self.held {
                if holds(*begin, bytes, at) {
                    let from = usize::try_from(at - begin).unwrap_or(usize::MAX);
                    let most = usize::try_from(most).unwrap_or(usize::MAX);
                    let taken = bytes.slice(from..bytes.len().min(from.saturating_add(most)));
                    let next = at + taken.len() as u64;
                    self.seat.take_if(|seat| !seat.follow(next));
                    return Poll::Ready(Ok(Some(taken)));
                }
                self.held = None;
            }
            if let Some(search) = &mut self.search {
                let located = ready!(search.as_mut().poll(cx));
                self.search = None;
                match located? {
                    Located::Held(begin, bytes) => self.held = Some((begin, bytes)),
                    Located::Seated(seat) => self.seat = Some(seat),
                    Located::Fetched(seat) => {
                        self.seat = Some(seat);
                        self.has_fetched = true;
                    }
                }
                continue;
            }
            if let Some(seat) = &self.seat {
                match ready!(seat.poll_take(at, most, cx)) {
                    Taken::Bytes(taken) => return Poll::Ready(Ok(Some(taken))),
                    Taken::Ended(End::Whole) if part.end == u64::MAX => {
                        return Poll::Ready(Ok(None));
                    }
                    Taken::Ended(End::Outdated) => return Poll::Ready(Err(Broken::Outdated)),
                    Taken::Ended(End::Broken(trouble)) => {
                        if !self.may_resume(at, &trouble) {
                            return Poll::Ready(Err(Broken::Trouble(trouble)));
                        }
                        self.seat = None;
                    }
                    // A run of slices has ended, and the part goes on.
                    Taken::Ended(End::Whole) => self.seat = None,
                    Taken::Elsewhere => {
                        self.held = self.object.peek(at);
                        if self.held.is_some() {
                            continue;
                        }
                        // Who can't fetch it looks on disk without getting up: what arrives
                        // would stop for want of readers.
                        if !self.object.can_be_continued() {
                            self.search = Some(Box::pin(self.object.clone().search(at, part.end)));
                            continue;
                        }
                        self.seat = None;
                    }
                }
            }
            self.held = self.object.peek(at);
            if self.held.is_none() {
                self.seat = self.object.join(at);
            }
            if self.held.is_none() && self.seat.is_none() {
                self.search = Some(Box::pin(self.object.clone().search(at, part.end)));
            }
        }
    }

    /// Whether what broke off here is to be taken up from here: an origin that is still there
    /// has the same bytes, and the viewer needs not know. Not twice in one slice.
    fn may_resume(&mut self, at: u64, trouble: &Trouble) -> bool {
        let slice = at / self.object.inner.slice_bytes;
        let may = matches!(trouble, Trouble::BrokeOff(_))
            && self.object.can_be_continued()
            && self.resumed.is_none_or(|resumed| resumed < slice);
        self.resumed = Some(slice);
        may
    }

    /// Nothing more is wanted.
    fn leave(&mut self) {
        self.pieces.clear();
        (self.held, self.seat, self.search) = (None, None, None);
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
            reader.leave();
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
