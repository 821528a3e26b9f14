//! A folder served over HTTP semantics, with real files.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "these helpers are called by tests alone")]

mod bodies;
mod conditions;
mod kept;
mod names;
mod origin;
mod ranges;
mod responses;
