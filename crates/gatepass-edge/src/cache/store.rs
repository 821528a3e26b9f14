//! Where heads and slices lie: in memory by weight, and on disk if there is one.
//!
//! 1. Nothing here is truth. An entry that is gone, unreadable or damaged is a miss.
//! 2. What is dropped is replaced in memory by [`Kept::Gone`], besides being deleted on disk:
//!    what waits to be written meanwhile could come back otherwise.
//! 3. What is too large for the store is refused and counted, and so is what the disk is too
//!    slow for; neither is dropped in silence.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use foyer::{HybridCache, HybridCacheProperties, Location};

use crate::cache::head::Head;
use crate::cache::key::CacheKey;
use crate::cache::marker::Marker;
use crate::cache::tally::Tally;

/// The place of an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    pub(super) object: [u8; 32],
    pub(super) generation: u64,
    pub(super) slice: u64,
}

/// An entry. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Head(Arc<Head>),
    /// The object has variants, filed elsewhere.
    Marker(Arc<Marker>),
    Slice(Bytes),
    /// What was here doesn't count any longer.
    Gone,
}

/// Memory and disk.
pub(crate) struct Store {
    entries: HybridCache<Place, Kept>,
    has_disk: bool,
    largest: usize,
    capacity: u64,
    rejected: AtomicU64,
    tally: Tally,
}

impl Place {
    pub(crate) fn head(key: &CacheKey) -> Self {
        Self { object: *key.as_bytes(), generation: 0, slice: u64::MAX }
    }

    pub(crate) fn slice(key: &CacheKey, generation: u64, slice: u64) -> Self {
        Self { object: *key.as_bytes(), generation, slice }
    }
}

/// One write: the object's key is a digest already.
impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.object[..16]);
        bytes[16..24].copy_from_slice(&self.generation.to_le_bytes());
        bytes[24..].copy_from_slice(&self.slice.to_le_bytes());
        state.write(&bytes);
    }
}

impl Kept {
    pub(crate) fn weight(&self) -> usize {
        const OVERHEAD: usize = 256;
        OVERHEAD
            + match self {
                Self::Head(head) => head.weight(),
                Self::Marker(marker) => marker.weight(),
                Self::Slice(bytes) => bytes.len(),
                Self::Gone => 0,
            }
    }
}

impl Store {
    /// Takes entries of up to `largest` bytes, `capacity` bytes in all.
    pub(super) fn new(
        entries: HybridCache<Place, Kept>,
        tally: Tally,
        largest: usize,
        capacity: u64,
    ) -> Self {
        let has_disk = entries.is_hybrid();
        Self { entries, has_disk, largest, capacity, rejected: AtomicU64::new(0), tally }
    }

    /// How much of it a single object may take of which a part is of no use: an eighth.
    pub(crate) const fn share(&self) -> u64 {
        self.capacity / 8
    }

    /// What lies in memory.
    pub(crate) fn peek(&self, place: &Place) -> Option<Kept> {
        self.entries.memory().get(place).map(|entry| entry.value().clone())
    }

    /// Whether it is worth asking the disk.
    pub(crate) const fn has_disk(&self) -> bool {
        self.has_disk
    }

    /// What lies in memory or on disk.
    pub(crate) async fn find(&self, place: &Place) -> Option<Kept> {
        let kept = self.peek(place);
        if kept.is_some() || !self.has_disk || !self.entries.storage().may_contains(place) {
            return kept;
        }
        // Whatever is the matter with the disk, the origin has it too.
        let entry = Box::pin(self.entries.get(place)).await.ok().flatten();
        entry.map(|entry| entry.value().clone())
    }

    /// Whether it is probably in memory or on disk.
    pub(crate) fn may_have(&self, place: &Place) -> bool {
        self.entries.contains(place)
    }

    pub(crate) fn keep(&self, place: Place, kept: Kept) {
        if kept.weight() > self.largest {
            return self.refuse();
        }
        self.entries.insert(place, kept);
    }

    /// Counts what is too large.
    pub(crate) fn refuse(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    /// Drops what lies there.
    pub(crate) fn drop(&self, place: Place) {
        let in_memory = HybridCacheProperties::default().with_location(Location::InMem);
        self.entries.insert_with_properties(place, Kept::Gone, in_memory);
        if self.has_disk {
            self.entries.storage().delete(&place);
        }
    }

    /// Frees the memory of what nobody can find any longer. A disk is freed by the block, as
    /// it gets old.
    pub(crate) fn make_room(&self, place: &Place) {
        self.entries.memory().remove(place);
    }

    /// How much there is, in bytes and entries of memory.
    pub(crate) fn usage(&self) -> (usize, usize) {
        (self.entries.memory().usage(), self.entries.memory().entries())
    }

    pub(crate) fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    /// What it counts of itself.
    pub(crate) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Bytes written to and read from disk so far.
    pub(crate) fn disk_traffic(&self) -> (usize, usize) {
        let statistics = self.entries.statistics();
        (statistics.disk_write_bytes(), statistics.disk_read_bytes())
    }

    /// Waits until everything is written that is to be.
    #[cfg(test)]
    pub(crate) async fn written(&self) {
        self.entries.storage().wait().await;
    }

    /// Writes what waits to be written.
    pub(crate) async fn close(&self) {
        // What could not be written is missed later, and fetched again.
        let _ = self.entries.close().await;
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("has_disk", &self.has_disk).finish_non_exhaustive()
    }
}
