//! Medians, and running two things in turn so that a drifting machine is fair to both.

use std::time::{Duration, Instant};

/// The middle one of some figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Nanoseconds for one call, over calls for about `time`.
pub(crate) fn nanoseconds(time: Duration, mut call: impl FnMut()) -> f64 {
    let mut batch = 1_u32;
    let begun = Instant::now();
    let mut calls = 0_u64;
    while begun.elapsed() < time {
        for _ in 0..batch {
            call();
        }
        calls += u64::from(batch);
        batch = (batch * 2).min(1_024);
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let calls = calls as f64;
    begun.elapsed().as_secs_f64() * 1e9 / calls
}
