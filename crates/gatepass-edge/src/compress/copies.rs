//! Compressed copies that are kept: what many ask for is compressed once.
//!
//! 1. A copy is filed under the generation of what it was made from, which tells one answer of
//!    an origin, or one state of a file, from every other. What is dropped, invalidated or
//!    changed is never asked for under that name again, and its copies go as others come.
//! 2. It is made from what a viewer gets anyhow, and kept if that viewer got all of it. Nobody
//!    waits for another; who comes meanwhile is served as if nothing were kept.
//! 3. What is kept is bounded by bytes, and so is what is being made: one copy for each place at
//!    a time, of no more than so many places.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

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

/// So many are made at a time.
const IN_THE_MAKING: usize = 32;

/// The copies. Cheap to clone; clones share everything.
#[derive(Clone)]
pub(crate) struct Copies(Arc<Inner>);

struct Inner {
    kept: Cache<Place, Bytes, Weight>,
    making: Mutex<HashSet<Place>>,
    capacity: u64,
}

type Place = (Generation, Coding);

impl Copies {
    /// Keeps about so many bytes.
    pub(crate) fn new(capacity: u64) -> Self {
        const TYPICAL_BYTES: u64 = 16 * 1024;
        let copies = usize::try_from(capacity / TYPICAL_BYTES).unwrap_or(usize::MAX);
        let kept = Cache::with_weighter(copies.max(1), capacity, Weight);
        Self(Arc::new(Inner { kept, making: Mutex::default(), capacity }))
    }

    /// A body, compressed: the copy that is kept, or one that is made as the viewer takes it.
    pub(crate) fn compressed(
        &self,
        body: Body,
        coding: Coding,
        generation: Option<Generation>,
        headers: &mut HeaderMap,
    ) -> Body {
        if let Some(copy) = generation.and_then(|generation| self.find(generation, coding)) {
            headers.insert(CONTENT_LENGTH, copy.len().into());
            return Body::Whole(copy);
        }
        let length = body.size_hint().exact();
        let making = generation.zip(length);
        let making = making.and_then(|(generation, length)| self.begin(generation, coding, length));
        Body::Compressed(Box::new(Compressed::new(body, coding, making)))
    }

    /// All of a copy.
    fn find(&self, generation: Generation, coding: Coding) -> Option<Bytes> {
        self.0.kept.get(&(generation, coding))
    }

    /// Begins the copy of an original of so many bytes, unless that is under way, or too much is.
    fn begin(&self, generation: Generation, coding: Coding, length: u64) -> Option<Making> {
        let place = (generation, coding);
        if self.0.capacity == 0 {
            return None;
        }
        let mut making = self.0.making.lock().unwrap_or_else(PoisonError::into_inner);
        let is_begun = making.len() < IN_THE_MAKING && making.insert(place);
        is_begun.then(|| Making { copies: self.clone(), place, missing: length, bytes: Vec::new() })
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

    /// These bytes of the copy were sent. None if it becomes too large.
    pub(super) fn wrote(mut self, bytes: &Bytes) -> Option<Self> {
        self.bytes.extend_from_slice(bytes);
        (self.bytes.len() <= LARGEST_COPY).then_some(self)
    }

    /// The copy is whole: it is kept, if the original was.
    pub(super) fn keep(mut self) {
        if self.missing == 0 {
            let bytes = Bytes::from(std::mem::take(&mut self.bytes).into_boxed_slice());
            self.copies.0.kept.insert(self.place, bytes);
        }
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        let making = &self.copies.0.making;
        making.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.place);
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

    const ONE: Generation = Generation(1);

    fn made(copies: &Copies, generation: Generation, length: usize) {
        let mut copy = copies.begin(generation, Coding::Gzip, 3).unwrap();
        copy.read(3);
        if let Some(copy) = copy.wrote(&vec![b'x'; length].into()) {
            copy.keep();
        }
    }

    #[test]
    fn a_copy_is_found_by_what_it_was_made_from_and_by_its_coding() {
        let copies = Copies::new(1 << 20);
        made(&copies, ONE, 5);
        assert_eq!(copies.find(ONE, Coding::Gzip).as_deref(), Some(&b"xxxxx"[..]));
        assert_eq!(copies.find(ONE, Coding::Brotli), None);
        assert_eq!(copies.find(Generation(2), Coding::Gzip), None);
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_not_kept() {
        let copies = Copies::new(1 << 20);
        for came in [2, 4] {
            let mut copy = copies.begin(ONE, Coding::Gzip, 3).unwrap();
            copy.read(came);
            copy.wrote(&Bytes::from_static(b"x")).unwrap().keep();
            assert_eq!(copies.find(ONE, Coding::Gzip), None, "{came} bytes of 3");
        }
    }

    #[test]
    fn one_copy_of_a_place_is_made_at_a_time_and_not_too_many_of_all() {
        let copies = Copies::new(1 << 20);
        let copy = copies.begin(ONE, Coding::Gzip, 3).unwrap();
        assert!(copies.begin(ONE, Coding::Gzip, 3).is_none(), "it is under way");
        drop(copy);
        let copies_of = |number| copies.begin(Generation(number), Coding::Gzip, 3);
        let making: Vec<_> = (0..IN_THE_MAKING as u64).map(copies_of).collect();
        assert!(making.iter().all(Option::is_some));
        assert!(copies.begin(Generation(1_000), Coding::Gzip, 3).is_none(), "there are enough");
        drop(making);
        assert!(copies.begin(Generation(1_000), Coding::Gzip, 3).is_some());
    }

    #[test]
    fn what_is_kept_is_bounded_by_bytes() {
        let copies = Copies::new(1 << 20);
        for number in 0..1_000 {
            made(&copies, Generation(number), 10_000);
        }
        assert!(copies.bytes() <= 1 << 20, "{}", copies.bytes());
        assert!(copies.bytes() > 1 << 18, "{}", copies.bytes());
        made(&copies, ONE, LARGEST_COPY + 1);
        assert_eq!(copies.find(ONE, Coding::Gzip), None, "it is too large");
        let none = Copies::new(0);
        assert!(none.begin(ONE, Coding::Gzip, 3).is_none(), "without memory nothing is kept");
    }
}
