//! Origins behind a socket, played byte by byte.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod addresses;
mod answers;
mod pooling;
mod requests;
mod script;
mod tls;
mod waiting;
