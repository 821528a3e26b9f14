//! From the origin's body into a fill, and slice by slice into the store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use crate::cache::Inner;
use crate::cache::fill::{AHEAD, End};
use crate::cache::flight::Lead;
use crate::cache::head::Head;
use crate::cache::inlet::Inlet;
use crate::cache::key::CacheKey;
use crate::cache::leftover::Leftover;
use crate::cache::store::{Kept, Place};
use crate::cache::upstream::UpstreamBody;
use crate::origin::trouble::Trouble;

/// One body to be poured.
pub(crate) struct Pouring {
    pub(crate) inner: Arc<Inner>,
    pub(crate) key: CacheKey,
    pub(crate) head: Arc<Head>,
    pub(crate) inlet: Inlet,
    pub(crate) keeping: Filing,
    /// Where in the object the body begins.
    pub(crate) offset: u64,
    /// Where it ends, if that is known.
    pub(crate) until: Option<u64>,
    /// The flight that brought it: it is over when the object can be found in the store.
    pub(crate) lead: Option<Lead>,
    /// How often something had been forgotten when it was asked for.
    pub(crate) forgets: u64,
    /// When the body began.
    pub(crate) began: Instant,
}

/// A body of unknown length is waited for so long although nobody reads it.
const SOON: Duration = Duration::from_secs(30);

/// What is to be found in the store afterwards.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Filing {
    /// Nothing.
    Nothing,
    /// The slices; the head is there already.
    Slices,
    /// The slices, and in the end the head.
    All,
}

impl Pouring {
    pub(crate) async fn run(mut self, body: UpstreamBody) {
        let end = match self.pour(body).await {
            Ok(()) => End::Whole,
            Err(trouble) => {
                if self.keeping == Filing::All {
                    self.keep_no_more();
                }
                End::Broken(Arc::new(trouble))
            }
        };
        self.inlet.end(end);
        drop(self.lead.take());
    }

    async fn pour(&mut self, mut body: UpstreamBody) -> Result<(), Trouble> {
        let slice_bytes = self.inner.slice_bytes;
        let mut at = self.offset;
        while let Some(frame) = body.frame().await {
            let Ok(mut bytes) = frame?.into_data() else { continue };
            if self.until.is_some_and(|until| until - at < bytes.len() as u64) {
                return Err(Trouble::Unreadable("it is longer than it said".into()));
            }
            while !bytes.is_empty() {
                let room = slice_bytes - at % slice_bytes;
                let chunk = bytes.split_to(bytes.len().min(whole(room)));
                at += chunk.len() as u64;
                self.inlet.fill.add(chunk);
                if at.is_multiple_of(slice_bytes) && !self.is_small(at) {
                    self.file(at);
                }
                self.wait_for_room(at).await?;
            }
        }
        if self.until.is_some_and(|until| at < until) {
            return Err(Trouble::BrokeOff("it is shorter than it said".into()));
        }
        self.finish(at);
        Ok(())
    }

    /// Whether `at` is the end of an object that fits in its head.
    fn is_small(&self, at: u64) -> bool {
        self.until == Some(at) && self.head.length == Some(at) && at <= self.inner.slice_bytes
    }

    /// A little is finished even if nobody wants it any longer, so that it is kept.
    async fn wait_for_room(&self, at: u64) -> Result<(), Trouble> {
        let most = AHEAD * self.inner.slice_bytes;
        let is_little = match self.until {
            Some(until) if until == at => return Ok(()),
            Some(until) => until - at <= most,
            // Nobody knows how little it is: it may be one that trickles on for weeks.
            None => at - self.offset < most && self.began.elapsed() < SOON,
        };
        let may_stop = self.keeping == Filing::Nothing || !is_little;
        self.inlet
            .fill
            .wait_for_room(may_stop)
            .await
            .map_err(|_| Trouble::Viewer("nobody waits for it any longer".into()))
    }

    /// Files the slice that ends at `at`.
    fn file(&mut self, at: u64) {
        if self.keeping != Filing::Nothing && self.is_forgotten() {
            self.keep_no_more();
        }
        if self.keeping == Filing::All && self.until.is_none() {
            if at > self.inner.store.share() {
                self.part_from_others();
                self.keep_no_more();
            } else if self.inner.was_too_long(&self.key) {
                // Another body of it showed that. Each would take a share of its own.
                self.keep_no_more();
            }
        }
        if let Some((begin, chunks)) = self.unfiled()
            && !chunks.is_empty()
        {
            let number = begin / self.inner.slice_bytes;
            let place = Place::slice(&self.key, self.head.generation, number);
            self.inner.store.keep(place, Kept::Slice(joined(&chunks)));
            self.inlet.fill.filed(at);
        }
    }

    /// Lets whoever comes from now on ask for itself, as if this were for one viewer alone.
    fn part_from_others(&mut self) {
        self.inner.store.refuse();
        self.inner.remember_as_too_long(&self.key);
        self.inner.go_alone(&self.key);
        self.inner.fills.remove(self.inlet.generation, &self.inlet.fill);
        drop(self.lead.take());
    }

    /// Keeps nothing from now on. What was filed of an object whose head is not is of use to
    /// those alone who are reading it.
    fn keep_no_more(&mut self) {
        let begin = self.unfiled().map(|(begin, _)| begin);
        let leftover = begin.filter(|_| self.keeping == Filing::All).map(|begin| Leftover {
            inner: Arc::clone(&self.inner),
            key: self.key,
            generation: self.head.generation,
            slices: self.offset / self.inner.slice_bytes..begin.div_ceil(self.inner.slice_bytes),
            until: begin,
        });
        self.keeping = Filing::Nothing;
        self.inlet.fill.file_no_more(leftover);
    }

    fn finish(&mut self, at: u64) {
        let small = self.unfiled().filter(|(begin, _)| *begin == 0 && self.offset == 0);
        let is_last = self.head.length.is_none_or(|length| length == at);
        if is_last && (small.is_none() || self.keeping == Filing::Slices) {
            self.file(at);
        }
        if self.keeping != Filing::All {
            return;
        }
        if !is_last || self.is_forgotten() || self.is_overtaken() {
            self.keep_no_more();
        } else {
            let body = small.map(|(_, chunks)| joined(&chunks));
            let head = Arc::new(self.head.completed(at, body));
            self.inner.store.keep(Place::head(&self.key), Kept::Head(head));
            // Whoever forgets says so first and clears the place then: asked once more, either
            // we see it or our head is cleared.
            if self.is_forgotten() {
                self.inner.store.keep(Place::head(&self.key), Kept::Gone);
            }
        }
    }

    /// What has come of the slice that is being poured, if it is to be kept.
    fn unfiled(&self) -> Option<(u64, Vec<Bytes>)> {
        self.inlet.fill.unfiled().filter(|_| self.keeping != Filing::Nothing)
    }

    fn is_forgotten(&self) -> bool {
        match &self.lead {
            Some(lead) if lead.is_forgotten() => true,
            Some(lead) if !lead.is_closed() => false,
            _ => self.keeping == Filing::All && self.inner.forgets() != self.forgets,
        }
    }

    /// Whether a later answer is filed already.
    fn is_overtaken(&self) -> bool {
        let kept = self.inner.store.peek(&Place::head(&self.key));
        matches!(kept, Some(Kept::Head(head)) if head.asked > self.head.asked)
    }
}

fn joined(chunks: &[Bytes]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(chunks.iter().map(Bytes::len).sum());
    for chunk in chunks {
        bytes.extend_from_slice(chunk);
    }
    bytes.freeze()
}

fn whole(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
