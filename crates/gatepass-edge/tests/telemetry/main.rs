//! Spans of requests, as a collector gets them.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod collectors;
mod origins;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod told;
mod viewers;
