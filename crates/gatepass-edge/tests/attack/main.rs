//! What a stranger can send to do harm, and what becomes of it. Each test states its result.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod descriptors;
mod floods;
mod framing;
mod http2;
mod http2_cases;
mod slowness;
#[path = "../support/mod.rs"]
mod support;
