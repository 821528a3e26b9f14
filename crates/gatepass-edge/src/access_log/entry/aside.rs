//! What is fetched besides what the viewer asked for.

use std::ops::{Deref, DerefMut};

use crate::access_log::Entry;
use crate::outcome::CacheOutcome;

/// An entry that tells everything of a fetch but how its answer came about.
#[derive(Debug)]
pub(crate) struct Aside<'e> {
    pub(super) entry: &'e mut Entry,
    pub(super) outcome: Option<CacheOutcome>,
}

impl Deref for Aside<'_> {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        self.entry
    }
}

impl DerefMut for Aside<'_> {
    fn deref_mut(&mut self) -> &mut Entry {
        self.entry
    }
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        self.entry.outcome = self.outcome;
    }
}
