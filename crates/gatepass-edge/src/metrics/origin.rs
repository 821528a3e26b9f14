//! What is counted of one origin.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use http::StatusCode;

use super::behavior::{CLASSES, class};
use super::histogram::{Histogram, REQUEST, Sum};
use super::reasons::{TROUBLES, place};

/// The counters of one origin of one distribution.
#[derive(Debug)]
pub struct OriginMetrics {
    distribution: Box<str>,
    origin: Box<str>,
    answers: [AtomicU64; CLASSES.len()],
    failures: [AtomicU64; TROUBLES.len()],
    latency: Histogram<{ REQUEST.len() }>,
}

impl OriginMetrics {
    pub(super) fn new(distribution: &str, origin: &str) -> Self {
        Self {
            distribution: distribution.into(),
            origin: origin.into(),
            answers: array::from_fn(|_| AtomicU64::new(0)),
            failures: array::from_fn(|_| AtomicU64::new(0)),
            latency: Histogram::new(&REQUEST),
        }
    }

    /// It answered with this status; `took` is the time until its headers were there.
    pub fn answered(&self, status: StatusCode, took: Duration) {
        self.answers[class(status.as_u16())].fetch_add(1, Relaxed);
        self.latency.observe(took);
    }

    /// It did not, or not to the end:
    /// [`Trouble::reason`](crate::origin::trouble::Trouble::reason).
    pub fn failed(&self, reason: &str) {
        self.failures[place(&TROUBLES, reason)].fetch_add(1, Relaxed);
    }

    pub(crate) fn distribution(&self) -> &str {
        &self.distribution
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn answers(&self) -> impl Iterator<Item = (&'static str, u64)> {
        CLASSES.into_iter().zip(self.answers.iter().map(|counter| counter.load(Relaxed)))
    }

    pub(super) fn failures(&self) -> impl Iterator<Item = (&'static str, u64)> {
        TROUBLES.into_iter().zip(self.failures.iter().map(|counter| counter.load(Relaxed)))
    }

    pub(super) fn latency(&self) -> Sum {
        let mut sum = Sum::default();
        self.latency.add_to(&mut sum);
        sum
    }
}
