//! Telling the operator that the cache's disk fails: when it begins to, and then once in a while.

use std::time::{Duration, Instant};

use gatepass_edge::Edge;

use crate::words::note;

/// A disk that goes on failing is told of so often.
const AGAIN: Duration = Duration::from_mins(10);

/// What was told of the disk.
#[derive(Debug, Default)]
pub(super) struct DiskWatch {
    errors: u64,
    told: Option<Instant>,
}

impl DiskWatch {
    /// Tells what is new.
    pub(super) fn look(&mut self, edge: &Edge) {
        let (errors, reason) = edge.disk_errors();
        let is_due = self.told.is_none_or(|told| told.elapsed() >= AGAIN);
        if errors > self.errors && is_due {
            note(&format!(
                "the cache's disk fails ({reason}): what is new is kept in memory alone; restart once it is mended"
            ));
            (self.errors, self.told) = (errors, Some(Instant::now()));
        }
    }
}
