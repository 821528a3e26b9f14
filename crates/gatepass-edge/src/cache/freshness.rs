//! How long an answer may be kept, and what may be done with it afterwards.
//!
//! CloudFront's table of TTLs, over HTTP's own rules (RFC 9111).

use gatepass::EpochTime;
use gatepass_distribution::Ttls;
use http::{HeaderMap, StatusCode};

/// What an answer depends on, besides its own headers.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a question, written out by whoever asks")]
pub struct Terms {
    /// The cache policy's bounds.
    pub ttls: Ttls,
    /// Whether the request carried `Authorization` that is not part of the cache key.
    pub has_authorization: bool,
    /// How long an error of this status is kept, if the operator says so.
    pub error_seconds: Option<u64>,
}

/// What to do with an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Keeping {
    /// It may be kept, and shared.
    Kept(Lifetime),
    /// It is for one viewer alone; why.
    NotKept(&'static str),
}

/// How old an answer is, and how old it may become. All in seconds.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "it is written to disk field by field")]
pub struct Lifetime {
    /// When it arrived.
    pub stored: EpochTime,
    /// How old it was then (RFC 9111, 4.2.3).
    pub initial_age: u64,
    /// The age up to which it is fresh.
    pub fresh_for: u64,
    /// How much longer it may be served while it is fetched anew.
    pub stale_while_revalidate: u64,
    /// How much longer it may be served when the origin fails.
    pub stale_if_error: u64,
    /// Whether it must never be served stale (`must-revalidate`, `proxy-revalidate`).
    pub must_revalidate: bool,
}

/// What may be done with what was kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freshness {
    /// It may be served.
    Fresh,
    /// It may be served, and is to be fetched anew meanwhile.
    StaleWhileRevalidate,
    /// It may be served if the origin fails; it must be asked first.
    StaleIfError,
    /// It may not be served without asking the origin.
    Stale,
}

impl Lifetime {
    /// How old it is now.
    pub fn age(&self, now: EpochTime) -> u64 {
        self.initial_age + now.seconds().saturating_sub(self.stored.seconds())
    }

    /// What may be done with it now.
    pub fn freshness(&self, now: EpochTime) -> Freshness {
        if self.age(now) < self.fresh_for { Freshness::Fresh } else { Freshness::Stale }
    }
}

/// Says whether, and how long, an answer may be kept.
pub fn keeping(
    status: StatusCode,
    headers: &HeaderMap,
    terms: &Terms,
    requested: EpochTime,
    received: EpochTime,
) -> Keeping {
    let _ = (status, headers, terms, requested, received);
    Keeping::NotKept("not built yet")
}
