//! Slices of an object that is not going to be kept.

use std::ops::Range;
use std::sync::Arc;

use crate::cache::Inner;
use crate::cache::key::CacheKey;
use crate::cache::store::Place;

/// Slices that nobody can find who isn't reading them already. They make room when this is
/// dropped: until they were pushed out they would take the place of others.
#[derive(Debug)]
pub(crate) struct Leftover {
    pub(crate) inner: Arc<Inner>,
    pub(crate) key: CacheKey,
    pub(crate) generation: u64,
    pub(crate) slices: Range<u64>,
    /// After the last byte.
    pub(crate) until: u64,
}

impl Drop for Leftover {
    fn drop(&mut self) {
        for number in self.slices.clone() {
            self.inner.store.make_room(&Place::slice(&self.key, self.generation, number));
        }
    }
}
