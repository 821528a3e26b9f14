//! No `Set-Cookie` line panics, and every lint says something.
#![no_main]

use gatepass::{EpochTime, lint};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let now = EpochTime::new(1_767_290_000).expect("a time");
    for found in lint(text.lines(), now) {
        assert!(!found.to_string().is_empty() && !found.advice().is_empty());
    }
});
