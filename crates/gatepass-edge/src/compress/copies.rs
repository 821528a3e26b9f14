//! Compressed copies that are kept: what many ask for is compressed once.
//!
//! 1. A copy is filed under the generation of what it was made from, which tells one answer of
//!    an origin, or one state of a file, from every other. What is dropped, invalidated or
//!    changed is never asked for under that name again, and its copies go as others come.
//! 2. It is made from what a viewer gets anyhow, and kept if that viewer got all of it. Nobody
//!    waits for another; who comes meanwhile is served as if nothing were kept. If a viewer is
//!    slow, another one's copy is made instead.
//! 3. What is kept is bounded by bytes, and so is what is being made. What becomes too large is
//!    remembered as such.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::Body as _;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::{Coding, Compressed};
use crate::body::Body;

/// What an answer was made from, for whoever makes something else of it: goes along with the
/// response.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Generation(pub(crate) u64);

/// A larger copy is not kept.
const LARGEST_COPY: usize = 1024 * 1024;

/// Who takes longer than this holds up the others' copy.
const PATIENCE: Duration = Duration::from_secs(5);

/// Stands for a copy that is too large. None is empty.
const TOO_LARGE: Bytes = Bytes::new();

/// The copies. Cheap to clone; clones share everything.
#[derive(Clone)]
pub(crate) struct Copies(Arc<Inner>);

struct Inner {
    kept: Cache<Place, Bytes, Weight>,
    /// Since when a copy is being made.
    making: Mutex<HashMap<Place, Instant>>,
    /// Bytes of copies in the making.
    begun: AtomicU64,
    capacity: u64,
}

type Place = (Generation, Coding);

impl Copies {
    /// Keeps about so many bytes.
    pub(crate) fn new(capacity: u64) -> Self {
        const TYPICAL_BYTES: u64 = 16 * 1024;
        let copies = usize::try_from(capacity / TYPICAL_BYTES).unwrap_or(usize::MAX);
        let kept = Cache::with_weighter(copies.max(1), capacity, Weight);
        let (making, begun) = (Mutex::default(), AtomicU64::new(0));
        Self(Arc::new(Inner { kept, making, begun, capacity }))
    }

    /// A body, compressed: the copy that is kept, or one that is made as the viewer takes it.
    pub(crate) fn compressed(
        &self,
        body: Body,
        coding: Coding,
        generation: Option<Generation>,
        headers: &mut HeaderMap,
    ) -> Body {
        let making = match generation.map(|generation| (generation, coding)) {
            None => None,
            Some(place) => match self.0.kept.get(&place) {
                Some(copy) if copy == TOO_LARGE => None,
                Some(copy) => {
                    headers.insert(CONTENT_LENGTH, copy.len().into());
                    return Body::Whole(copy);
                }
                None => body.size_hint().exact().and_then(|length| self.begin(place, length)),
            },
        };
        Body::Compressed(Box::new(Compressed::new(body, coding, making)))
    }

    /// Begins the copy of an original of so many bytes, unless that is under way.
    fn begin(&self, place: Place, length: u64) -> Option<Making> {
        if self.0.capacity == 0 {
            return None;
        }
        let now = Instant::now();
        let mut making = self.0.making.lock().unwrap_or_else(PoisonError::into_inner);
        let is_under_way = |since: &Instant| now.duration_since(*since) < PATIENCE;
        if making.get(&place).is_some_and(is_under_way) {
            return None;
        }
        making.insert(place, now);
        let (copies, bytes) = (self.clone(), Vec::new());
        Some(Making { copies, place, since: now, missing: length, bytes })
    }

    /// About how many bytes are kept.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.kept.weight()
    }
}

/// A copy in the making. If it is dropped before its end nothing is kept.
#[derive(Debug)]
pub(super) struct Making {
    copies: Copies,
    place: Place,
    since: Instant,
    /// So many bytes of the original did not come yet.
    missing: u64,
    bytes: Vec<u8>,
}

impl Making {
    /// So many bytes of the original came.
    pub(super) fn read(&mut self, count: usize) {
        // More than there are is as wrong as less.
        self.missing = self.missing.checked_sub(count as u64).unwrap_or(u64::MAX);
    }

    /// These bytes of the copy were sent. None if it became too large, or there are too many.
    pub(super) fn wrote(mut self, bytes: &Bytes) -> Option<Self> {
        if self.bytes.len() + bytes.len() > LARGEST_COPY {
            self.copies.0.kept.insert(self.place, TOO_LARGE);
            return None;
        }
        let inner = &self.copies.0;
        let begun = inner.begun.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.bytes.extend_from_slice(bytes);
        (begun + bytes.len() as u64 <= inner.capacity / 4).then_some(self)
    }

    /// The copy is whole: it is kept, if the original was.
    pub(super) fn keep(self) {
        if self.missing == 0 {
            self.copies.0.kept.insert(self.place, Bytes::copy_from_slice(&self.bytes));
        }
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        let inner = &self.copies.0;
        inner.begun.fetch_sub(self.bytes.len() as u64, Ordering::Relaxed);
        let mut making = inner.making.lock().unwrap_or_else(PoisonError::into_inner);
        if making.get(&self.place) == Some(&self.since) {
            making.remove(&self.place);
        }
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<Place, Bytes> for Weight {
    fn weight(&self, _: &Place, copy: &Bytes) -> u64 {
        const OVERHEAD: u64 = 150;
        OVERHEAD + copy.len() as u64
    }
}

impl fmt::Debug for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Copies").field(&self.0.kept.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Place = (Generation(1), Coding::Gzip);

    fn made(copies: &Copies, place: Place, length: usize) {
        let mut making = copies.begin(place, 3).unwrap();
        making.read(3);
        if let Some(making) = making.wrote(&vec![b'x'; length].into()) {
            making.keep();
        }
    }

    fn found(copies: &Copies, place: Place) -> Option<Bytes> {
        copies.0.kept.get(&place)
    }

    #[test]
    fn a_copy_is_found_by_what_it_was_made_from_and_by_its_coding() {
        let copies = Copies::new(1 << 20);
        made(&copies, ONE, 5);
        assert_eq!(found(&copies, ONE).as_deref(), Some(&b"xxxxx"[..]));
        assert_eq!(found(&copies, (ONE.0, Coding::Brotli)), None);
        assert_eq!(found(&copies, (Generation(2), ONE.1)), None);
    }

    #[test]
    fn what_is_cut_off_is_not_kept() {
        let copies = Copies::new(1 << 20);
        for came in [2, 4] {
            let mut making = copies.begin(ONE, 3).unwrap();
            making.read(came);
            making.wrote(&Bytes::from_static(b"x")).unwrap().keep();
            assert_eq!(found(&copies, ONE), None, "{came} bytes of 3");
        }
    }

    #[test]
    fn what_is_too_large_is_not_made_again_and_again() {
        let copies = Copies::new(64 << 20);
        made(&copies, ONE, LARGEST_COPY + 1);
        assert_eq!(found(&copies, ONE), Some(TOO_LARGE));
        let mut headers = HeaderMap::new();
        let body = Body::Whole(Bytes::from_static(b"abc"));
        let body = copies.compressed(body, ONE.1, Some(ONE.0), &mut headers);
        assert!(matches!(body, Body::Compressed(_)), "{body:?}");
        assert!(copies.0.making.lock().unwrap().is_empty(), "none is begun");
        assert!(headers.is_empty());
    }

    #[test]
    fn one_copy_of_a_place_is_made_at_a_time_unless_its_viewer_is_slow() {
        let copies = Copies::new(1 << 20);
        let making = copies.begin(ONE, 3).unwrap();
        assert!(copies.begin(ONE, 3).is_none(), "it is under way");
        drop(making);
        let slow = copies.begin(ONE, 3).unwrap();
        let long_ago = Instant::now().checked_sub(2 * PATIENCE).unwrap();
        copies.0.making.lock().unwrap().insert(ONE, long_ago);
        let quick = copies.begin(ONE, 3).expect("nobody waits for the slow one");
        drop(slow);
        assert!(copies.begin(ONE, 3).is_none(), "the quick one is still under way");
        drop(quick);
        assert!(copies.begin(ONE, 3).is_some());
    }

    #[test]
    fn what_is_kept_and_what_is_made_is_bounded_by_bytes() {
        let copies = Copies::new(1 << 20);
        for number in 0..1_000 {
            made(&copies, (Generation(number), Coding::Gzip), 10_000);
        }
        assert!(copies.bytes() <= 1 << 20, "{}", copies.bytes());
        assert!(copies.bytes() > 1 << 18, "{}", copies.bytes());
        let begin = |number| {
            let making = copies.begin((Generation(number), Coding::Brotli), 3).unwrap();
            making.wrote(&vec![b'x'; 10_000].into())
        };
        let making: Vec<_> = (0..1_000).filter_map(begin).collect();
        assert_eq!(making.len(), (1 << 18) / 10_000);
        drop(making);
        assert!(begin(0).is_some(), "what is over counts no longer");
        assert!(Copies::new(0).begin(ONE, 3).is_none(), "without memory nothing is kept");
    }
}
