//! How long things take: counts in fixed steps, without a lock.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The upper bounds of the steps, in nanoseconds. What is longer counts beyond the last.
pub(super) type Bounds<const N: usize> = [u64; N];

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

/// For a gate: from a remembered pass to a slow verification.
pub(super) const GATE: Bounds<10> = [
    MICRO,
    2 * MICRO,
    5 * MICRO,
    10 * MICRO,
    25 * MICRO,
    50 * MICRO,
    100 * MICRO,
    250 * MICRO,
    MILLI,
    10 * MILLI,
];

/// For requests, ours and an origin's: from memory's answers to films.
pub(super) const REQUEST: Bounds<14> = [
    100 * MICRO,
    250 * MICRO,
    MILLI,
    2 * MILLI + 500 * MICRO,
    5 * MILLI,
    10 * MILLI,
    25 * MILLI,
    50 * MILLI,
    100 * MILLI,
    250 * MILLI,
    SECOND,
    5 * SECOND,
    30 * SECOND,
    300 * SECOND,
];

/// Who adds to a counter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Adding {
    /// This thread and no other, now and for ever: no processor has to be told.
    Alone,
    /// This thread, and others.
    Together,
}

impl Adding {
    pub(super) fn add(self, counter: &AtomicU64, more: u64) {
        match self {
            Self::Alone => counter.store(counter.load(Relaxed).wrapping_add(more), Relaxed),
            Self::Together => drop(counter.fetch_add(more, Relaxed)),
        }
    }
}

/// One distribution of durations.
#[derive(Debug)]
pub(super) struct Histogram<const N: usize> {
    bounds: &'static Bounds<N>,
    counts: [AtomicU64; N],
    beyond: AtomicU64,
    nanoseconds: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    pub(super) fn new(bounds: &'static Bounds<N>) -> Self {
        Self {
            bounds,
            counts: array::from_fn(|_| AtomicU64::new(0)),
            beyond: AtomicU64::new(0),
            nanoseconds: AtomicU64::new(0),
        }
    }

    pub(super) fn observe(&self, took: Duration) {
        self.observe_by(Adding::Together, took);
    }

    pub(super) fn observe_by(&self, adding: Adding, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let at = self.bounds.partition_point(|bound| *bound < nanoseconds);
        adding.add(self.counts.get(at).unwrap_or(&self.beyond), 1);
        adding.add(&self.nanoseconds, nanoseconds);
    }

    pub(super) fn add_to(&self, sum: &mut Sum) {
        let bounds = self.bounds.iter().map(|bound| in_seconds(*bound));
        let counts = self.counts.iter().chain([&self.beyond]).map(|count| count.load(Relaxed));
        let buckets = bounds.chain([f64::INFINITY]).zip(counts);
        if sum.buckets.is_empty() {
            sum.buckets = buckets.collect();
        } else {
            sum.buckets.iter_mut().zip(buckets).for_each(|(all, (_, count))| all.1 += count);
        }
        sum.seconds += in_seconds(self.nanoseconds.load(Relaxed));
    }
}

/// What several histograms of the same bounds hold together.
#[derive(Debug, Default)]
pub(super) struct Sum {
    /// The upper bounds in seconds, and how many ended in each step.
    pub(super) buckets: Vec<(f64, u64)>,
    pub(super) seconds: f64,
}

impl Sum {
    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sum of durations needs no more")]
fn in_seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_in_the_first_step_that_it_does_not_exceed() {
        let histogram = Histogram::new(&GATE);
        for micros in [0, 1, 2, 3, 10_000, 10_001] {
            histogram.observe(Duration::from_micros(micros));
        }
        let mut sum = Sum::default();
        histogram.add_to(&mut sum);
        histogram.add_to(&mut sum);
        let counts: Vec<u64> = sum.buckets.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [4, 2, 2, 0, 0, 0, 0, 0, 0, 2, 2]);
        assert_eq!(sum.count(), 12);
        assert!((sum.seconds - 2.0 * 0.020_007).abs() < 1e-9);
        assert!(sum.buckets.iter().is_sorted_by(|one, next| one.0 < next.0));
    }
}
