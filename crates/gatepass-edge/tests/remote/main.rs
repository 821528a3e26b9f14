//! A viewer, an edge and an origin behind a socket: what each of them sees of the others.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod copies;
mod error_pages;
#[path = "../support/gzip.rs"]
mod gzip;
mod heads;
mod hot;
#[path = "../attack/http2.rs"]
#[expect(dead_code, reason = "only a part of it is needed here")]
mod http2;
mod methods;
mod names;
mod origin;
mod pauses;
mod revalidation;
#[path = "../support/mod.rs"]
mod support;
mod upgrades;
mod websocket;
