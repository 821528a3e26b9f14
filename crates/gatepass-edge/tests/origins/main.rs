//! Origins behind a socket, played byte by byte.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod addresses;
mod answers;
mod groups;
mod pooling;
mod requests;
mod s3;
mod script;
mod signature;
mod tls;
mod waiting;
mod web_identity;
