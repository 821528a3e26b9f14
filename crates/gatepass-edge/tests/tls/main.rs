//! TLS as viewers meet it: certificates, names, protocols, and strangers that don't play along.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod certificates;
mod conduct;
mod handshake;
mod stage;
#[path = "../support/mod.rs"]
mod support;
