//! How long an answer may be kept, and what may be done with it afterwards.
//!
//! CloudFront's table of TTLs, over HTTP's own rules (RFC 9111):
//!
//! | the origin says | minimum 0 | minimum above 0 |
//! |---|---|---|
//! | `s-maxage`, else `max-age`, else `Expires` | that, at most the maximum | within both |
//! | nothing | the default | the default, at least the minimum |
//! | `no-store`, `private` | not kept | the minimum |
//! | `no-cache` | kept to be asked for again, if it has a strong `ETag` | the minimum |
//!
//! # Invariants
//!
//! - What sets a cookie is never shared, whatever else it says: CloudFront would hand one
//!   viewer's cookie to all others. Nor is what answers an `Authorization` that the key
//!   doesn't hold, unless it says that it may be.
//! - With a minimum of 0 nothing is kept that says `no-store` or `private`.
//! - An error is kept for as long as the operator says, or the origin, or for ten seconds if
//!   CloudFront keeps such errors; an error that names the viewer as its reason never is.

mod age;

pub(crate) use age::{read_date, until_expiry};

use gatepass::EpochTime;
use gatepass_distribution::Ttls;
use http::header::{AUTHORIZATION, ETAG, LAST_MODIFIED, SET_COOKIE, VARY};
use http::{HeaderMap, StatusCode};

use crate::asked::Asked;
use crate::cache::cache_control::CacheControl;
use crate::chosen;

/// What an answer depends on, besides its own headers.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a question, written out by whoever asks")]
pub struct Terms {
    /// The cache policy's bounds.
    pub ttls: Ttls,
    /// Whether the origin was sent an `Authorization` that is not part of the cache key.
    pub has_authorization: bool,
    /// How long an error of this status is kept, if the operator says so.
    pub error_seconds: Option<u64>,
}

impl Terms {
    /// The terms of a request. `error_seconds` are those of the answer's status.
    pub fn of(asked: &Asked<'_>, error_seconds: Option<u64>) -> Self {
        let policy = asked.behavior.cache_policy();
        let has_authorization = asked.headers.contains_key(AUTHORIZATION)
            && chosen::sends_authorization(asked)
            && !policy.headers.covers(AUTHORIZATION.as_str());
        Self { ttls: policy.ttls, has_authorization, error_seconds }
    }
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
    pub const fn age(&self, now: EpochTime) -> u64 {
        self.initial_age.saturating_add(now.seconds_since(self.stored))
    }

    /// For how much longer it is fresh.
    pub const fn remaining(&self, now: EpochTime) -> u64 {
        self.fresh_for.saturating_sub(self.age(now))
    }

    /// For how long it has been stale, if it is.
    pub const fn staleness(&self, now: EpochTime) -> Option<u64> {
        self.age(now).checked_sub(self.fresh_for)
    }

    /// What may be done with it now.
    pub const fn freshness(&self, now: EpochTime) -> Freshness {
        match self.staleness(now) {
            None => Freshness::Fresh,
            Some(_) if self.must_revalidate => Freshness::Stale,
            Some(stale) if stale < self.stale_while_revalidate => Freshness::StaleWhileRevalidate,
            Some(stale) if stale < self.stale_if_error => Freshness::StaleIfError,
            Some(_) => Freshness::Stale,
        }
    }

    /// Whether those who waited for it may have it too: they may if it would have been served
    /// to them, had they come when it arrived. What is stale at once answers only who asked.
    pub const fn serves_followers(&self) -> bool {
        matches!(self.freshness(self.stored), Freshness::Fresh | Freshness::StaleWhileRevalidate)
    }
}

/// Says whether, and how long, an answer may be kept. It was asked for at `requested`, and its
/// headers came at `received`.
pub fn keeping(
    status: StatusCode,
    headers: &HeaderMap,
    terms: &Terms,
    requested: EpochTime,
    received: EpochTime,
) -> Keeping {
    let control = CacheControl::read(headers);
    let answer = Answer { status, headers, control, terms, received };
    if let Some(reason) = answer.is_for_one_viewer() {
        return Keeping::NotKept(reason);
    }
    let initial_age = age::initial(headers, requested, received);
    let Some(fresh_for) = answer.fresh_for(initial_age) else {
        return Keeping::NotKept("no_lifetime");
    };
    let lifetime = answer.lifetime(fresh_for, initial_age.unwrap_or(0));
    if fresh_for > 0 || answer.is_worth_asking_again(&lifetime) {
        Keeping::Kept(lifetime)
    } else {
        Keeping::NotKept("no_lifetime")
    }
}

/// An origin's answer, and what it is judged by.
struct Answer<'a> {
    status: StatusCode,
    headers: &'a HeaderMap,
    control: CacheControl,
    terms: &'a Terms,
    received: EpochTime,
}

impl Answer<'_> {
    fn is_error(&self) -> bool {
        self.status.as_u16() >= 400
    }

    fn is_for_one_viewer(&self) -> Option<&'static str> {
        let control = &self.control;
        let may_be_shared = control.public || control.s_maxage.is_some() || control.must_revalidate;
        let has_minimum = self.terms.ttls.minimum > 0 && !self.is_error();
        match () {
            () if is_about_one_request(self.status) => Some("status"),
            () if control.must_understand && !is_understood(self.status) => Some("status"),
            () if self.headers.contains_key(SET_COOKIE) => Some("set_cookie"),
            () if self.terms.has_authorization && !may_be_shared => Some("authorization"),
            () if varies_by_everything(self.headers) => Some("vary"),
            () if has_minimum => None,
            () if control.no_store => Some("no_store"),
            () if control.private => Some("private"),
            () if control.no_cache && !self.has_strong_etag() => Some("no_cache"),
            () => None,
        }
    }

    /// The age up to which it is fresh; none if nobody says so. An `Age` that can't be read is
    /// taken for the worst.
    fn fresh_for(&self, initial_age: Option<u64>) -> Option<u64> {
        let ttls = &self.terms.ttls;
        let stated = if initial_age.is_some() { self.stated() } else { Some(0) };
        let stated = stated.map(|seconds| seconds.min(ttls.maximum));
        if self.is_error() {
            return self.error_fresh_for(stated);
        }
        let at_least = match ttls.minimum {
            0 => 0,
            minimum => minimum.saturating_add(initial_age.unwrap_or(0)),
        };
        if ttls.maximum == 0 {
            return None;
        }
        if self.control.no_store || self.control.private || self.control.no_cache {
            return Some(at_least);
        }
        let default = || self.has_default().then(|| ttls.default.min(ttls.maximum));
        stated.or_else(default).map(|seconds| seconds.max(at_least))
    }

    /// Errors have a minimum of their own, and no default. What an origin says counts for more
    /// than CloudFront's ten seconds, and what the operator says for more than both.
    fn error_fresh_for(&self, stated: Option<u64>) -> Option<u64> {
        const CLOUDFRONT_S: u64 = 10;
        let ttls = &self.terms.ttls;
        if self.control.no_cache {
            return Some(0);
        }
        match (self.terms.error_seconds, stated) {
            (Some(0), None) => None,
            (Some(minimum), stated) => Some(minimum.max(stated.unwrap_or(0))),
            (None, _) if ttls.maximum == 0 => None,
            (None, Some(seconds)) => Some(seconds),
            (None, None) if is_always_kept(self.status) => Some(CLOUDFRONT_S.min(ttls.maximum)),
            (None, None) => self.control.public.then(|| ttls.default.min(ttls.maximum)),
        }
    }

    /// What the origin says, the most telling first.
    fn stated(&self) -> Option<u64> {
        let control = &self.control;
        let expires = || age::until_expiry(self.headers, self.received);
        control.s_maxage.or(control.max_age).or_else(expires)
    }

    /// Whether the default holds where the origin says nothing (RFC 9110, section 15.1; RFC
    /// 9111, section 4.2.2).
    fn has_default(&self) -> bool {
        matches!(self.status.as_u16(), 200 | 203 | 204 | 206 | 300 | 301 | 308)
            || self.control.public
    }

    fn has_strong_etag(&self) -> bool {
        self.headers.get(ETAG).is_some_and(|etag| etag.as_bytes().starts_with(b"\""))
    }

    /// Whether it is of use although it is stale at once.
    fn is_worth_asking_again(&self, lifetime: &Lifetime) -> bool {
        let says_so = self.control.stale_if_error.is_some() && lifetime.stale_if_error > 0;
        let has_validator =
            self.headers.contains_key(ETAG) || self.headers.contains_key(LAST_MODIFIED);
        let is_stated = self.stated().is_some() || self.control.no_cache;
        (is_stated && has_validator) || lifetime.stale_while_revalidate > 0 || says_so
    }

    fn lifetime(&self, fresh_for: u64, initial_age: u64) -> Lifetime {
        let control = &self.control;
        let must_revalidate = control.forbids_stale() || control.no_store || control.private;
        let is_ever_stale = !must_revalidate && !self.is_error();
        let maximum = if is_ever_stale { self.terms.ttls.maximum } else { 0 };
        Lifetime {
            stored: self.received,
            initial_age,
            fresh_for,
            stale_while_revalidate: control.stale_while_revalidate.unwrap_or(0).min(maximum),
            // CloudFront serves what it has when an origin fails, unless it is told not to.
            stale_if_error: control.stale_if_error.unwrap_or(maximum).min(maximum),
            must_revalidate,
        }
    }
}

/// Statuses that say something about one request, its viewer, or the moment, and those that
/// end nothing (RFC 9110; RFC 6585 forbids to keep its own).
fn is_about_one_request(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        100..=199 | 304 | 401 | 407 | 408 | 416 | 421 | 425 | 428 | 429 | 431 | 511
    )
}

/// Statuses whose meaning for a cache is known here.
fn is_understood(status: StatusCode) -> bool {
    status.canonical_reason().is_some()
}

/// Errors that CloudFront keeps although nobody says so. It doesn't say what it does with 410,
/// which is a 404 for good.
fn is_always_kept(status: StatusCode) -> bool {
    matches!(status.as_u16(), 404 | 410 | 414 | 500..=504)
}

fn varies_by_everything(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(VARY).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .any(|name| name.trim_ascii() == b"*")
}

#[cfg(test)]
mod tests;
