//! The pouring task's end of a fill, as a `Lead` is its end of a flight.
//!
//! Whatever becomes of the task, whether it panics, is cancelled or is never run: its readers
//! learn that nothing more comes.

use std::sync::Arc;

use crate::cache::Inner;
use crate::cache::fill::{End, Fill};
use crate::origin::trouble::Trouble;

/// Where bytes go in.
#[derive(Debug)]
pub(crate) struct Inlet {
    pub(crate) inner: Arc<Inner>,
    pub(crate) generation: u64,
    pub(crate) fill: Arc<Fill>,
}

impl Inlet {
    /// Says how it ended, and that no others can find it any longer. The first word counts.
    pub(crate) fn end(&self, end: End) {
        self.fill.end(end);
        self.inner.fills.remove(self.generation, &self.fill);
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        let trouble = Trouble::BrokeOff("whoever fetched it stopped without a word".into());
        self.end(End::Broken(Arc::new(trouble)));
    }
}
