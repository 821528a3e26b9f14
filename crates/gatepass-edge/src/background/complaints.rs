//! What the cache's disk fails at. foyer tells `tracing` and nobody else, so its words are
//! listened to on the threads on which it runs.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// What was heard so far. Cheap to clone; clones share everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Complaints(Arc<Heard>);

#[derive(Debug, Default)]
struct Heard {
    count: AtomicU64,
    latest: Mutex<Burst>,
}

/// Complaints that follow each other: the first says why, and the rest what came of it.
#[derive(Debug, Default)]
struct Burst {
    last: Option<Instant>,
    first: Box<str>,
}

/// A silence of so long ends a burst.
const SILENCE: Duration = Duration::from_mins(1);

impl Complaints {
    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.0.count.load(Ordering::Relaxed)
    }

    /// With what the latest ones began, in one line; empty if there was none.
    pub(crate) fn reason(&self) -> Box<str> {
        self.0.latest.lock().unwrap_or_else(PoisonError::into_inner).first.clone()
    }

    /// Listens to this thread until it ends.
    pub(super) fn listen(&self) {
        std::mem::forget(tracing::subscriber::set_default(self.clone()));
    }
}

impl Subscriber for Complaints {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR && metadata.target().starts_with("foyer")
    }

    fn event(&self, event: &Event<'_>) {
        let mut latest = self.0.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.last.is_none_or(|last| last.elapsed() > SILENCE) {
            let mut reason = Reason::default();
            event.record(&mut reason);
            latest.first = reason.text.into();
        }
        latest.last = Some(Instant::now());
        self.0.count.fetch_add(1, Ordering::Relaxed);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The error among an event's fields. The others say where in the file, at length.
#[derive(Default)]
struct Reason {
    text: String,
}

impl Visit for Reason {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        const LONGEST: usize = 300;

        if field.name() != "e" {
            return;
        }
        let _ = write!(self.text, "{value:?}");
        self.text = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.text.truncate(self.text.floor_char_boundary(LONGEST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_disk_is_counted_and_the_first_reason_kept() {
        let complaints = Complaints::default();
        tracing::subscriber::with_default(complaints.clone(), || {
            tracing::error!(target: "foyer_storage::x", e = ?"no\n  room", offset = 5, "flush");
            tracing::error!(target: "foyer_storage::x", e = ?"the flusher is gone", "submit");
            tracing::warn!(target: "foyer_storage::x", e = ?"slow", "warned");
            tracing::error!(target: "another", e = ?"not ours", "failed");
        });
        assert_eq!((complaints.count(), &*complaints.reason()), (2, r#""no\n room""#));
    }
}
