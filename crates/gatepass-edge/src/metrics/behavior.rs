//! What is counted of one behavior: a few additions a request, into counters that were found
//! when the snapshot was installed.

use std::array;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use super::histogram::{Adding, GATE, Histogram, REQUEST, Sum};
use super::reasons::{REFUSALS, place};
use crate::access_log::{self, Finished};
use crate::outcome::CacheOutcome;

/// The classes of statuses: what is none, then 1xx to 5xx.
pub(super) const CLASSES: [&str; 6] = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];

const OUTCOMES: usize = CacheOutcome::ALL.len();

/// The first threads have a shard to themselves.
const OWN: usize = 8;

/// All others share a few, so that they seldom wait for each other.
const SHARED: usize = 4;

const SHARDS: usize = OWN + SHARED;

/// The counters of one behavior of one distribution.
#[derive(Debug)]
pub struct BehaviorMetrics {
    distribution: Box<str>,
    path_pattern: Box<str>,
    /// Both, as the log writes them; nothing for what never found a behavior.
    json: Box<str>,
    shards: [Shard; SHARDS],
    refusals: [AtomicU64; REFUSALS.len()],
    reported: [AtomicU64; REFUSALS.len()],
}

#[derive(Debug)]
#[repr(align(128))]
struct Shard {
    requests: [[AtomicU64; OUTCOMES]; CLASSES.len()],
    gate: Histogram<{ GATE.len() }>,
    request: Histogram<{ REQUEST.len() }>,
    first_byte: Histogram<{ REQUEST.len() }>,
    sent: AtomicU64,
    received: AtomicU64,
    cut_off: AtomicU64,
}

/// Which shard this thread adds to, and how.
fn place_of_this_thread() -> (usize, Adding) {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: usize = THREADS.fetch_add(1, Relaxed);
    }
    match NUMBER.try_with(|number| *number) {
        Ok(number) if number < OWN => (number, Adding::Alone),
        Ok(number) => (OWN + number % SHARED, Adding::Together),
        Err(_) => (OWN, Adding::Together),
    }
}

impl BehaviorMetrics {
    pub(super) fn new(distribution: &str, path_pattern: &str) -> Self {
        Self {
            distribution: distribution.into(),
            path_pattern: path_pattern.into(),
            json: match distribution {
                "" => Box::default(),
                _ => access_log::labels(distribution, path_pattern).into(),
            },
            shards: array::from_fn(|_| Shard::new()),
            refusals: array::from_fn(|_| AtomicU64::new(0)),
            reported: array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// The ID of the distribution; empty for requests that never found one.
    pub fn distribution(&self) -> &str {
        &self.distribution
    }

    /// The path pattern; empty for requests that never found a behavior.
    pub fn path_pattern(&self) -> &str {
        &self.path_pattern
    }

    /// Distribution and path pattern as members of a JSON object.
    pub(crate) fn as_json(&self) -> &str {
        &self.json
    }

    /// Counts a request that is over.
    pub(crate) fn finished(&self, finished: &Finished<'_>) {
        let (shard, adding) = place_of_this_thread();
        let shard = &self.shards[shard];
        let class = class(finished.status().as_u16());
        adding.add(&shard.requests[class][finished.outcome().index()], 1);
        if let Some(took) = finished.gate() {
            shard.gate.observe_by(adding, took);
        }
        shard.request.observe_by(adding, finished.took);
        shard.first_byte.observe_by(adding, finished.first_byte);
        adding.add(&shard.sent, finished.body_sent());
        adding.add(&shard.received, finished.received);
        if !finished.is_whole() {
            adding.add(&shard.cut_off, 1);
        }
        if let Some(reason) = finished.refusal() {
            self.refusals[place(&REFUSALS, reason)].fetch_add(1, Relaxed);
        }
        if let Some(reason) = finished.reported() {
            self.reported[place(&REFUSALS, reason)].fetch_add(1, Relaxed);
        }
    }

    /// How many requests ended so.
    pub(super) fn requests(&self, class: usize, outcome: CacheOutcome) -> u64 {
        self.sum(|shard| &shard.requests[class][outcome.index()])
    }

    pub(super) fn sent(&self) -> u64 {
        self.sum(|shard| &shard.sent)
    }

    pub(super) fn received(&self) -> u64 {
        self.sum(|shard| &shard.received)
    }

    pub(super) fn cut_off(&self) -> u64 {
        self.sum(|shard| &shard.cut_off)
    }

    pub(super) fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        counts(&self.refusals)
    }

    pub(super) fn reported(&self) -> impl Iterator<Item = (&'static str, u64)> {
        counts(&self.reported)
    }

    pub(super) fn gate(&self) -> Sum {
        let mut sum = Sum::default();
        self.shards.iter().for_each(|shard| shard.gate.add_to(&mut sum));
        sum
    }

    pub(super) fn request(&self) -> Sum {
        let mut sum = Sum::default();
        self.shards.iter().for_each(|shard| shard.request.add_to(&mut sum));
        sum
    }

    pub(super) fn first_byte(&self) -> Sum {
        let mut sum = Sum::default();
        self.shards.iter().for_each(|shard| shard.first_byte.add_to(&mut sum));
        sum
    }

    fn sum(&self, counter: impl Fn(&Shard) -> &AtomicU64) -> u64 {
        self.shards.iter().map(|shard| counter(shard).load(Relaxed)).sum()
    }
}

impl Shard {
    fn new() -> Self {
        Self {
            requests: array::from_fn(|_| array::from_fn(|_| AtomicU64::new(0))),
            gate: Histogram::new(&GATE),
            request: Histogram::new(&REQUEST),
            first_byte: Histogram::new(&REQUEST),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            cut_off: AtomicU64::new(0),
        }
    }
}

pub(super) fn class(status: u16) -> usize {
    match status / 100 {
        class @ 1..=5 => class.into(),
        _ => 0,
    }
}

fn counts(counters: &[AtomicU64]) -> impl Iterator<Item = (&'static str, u64)> {
    REFUSALS.into_iter().zip(counters.iter().map(|counter| counter.load(Relaxed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_threads_add_alone_to_the_same_shard() {
        let threads: Vec<_> =
            (0..3 * SHARDS).map(|_| std::thread::spawn(place_of_this_thread)).collect();
        let places: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        for (nth, (shard, adding)) in places.iter().enumerate() {
            assert_eq!(*adding == Adding::Alone, *shard < OWN);
            let others = places.iter().enumerate().filter(|(other, _)| *other != nth);
            assert!(*adding == Adding::Together || others.clone().all(|(_, it)| it.0 != *shard));
        }
        assert!(places.iter().any(|(_, adding)| *adding == Adding::Together));
    }
}
