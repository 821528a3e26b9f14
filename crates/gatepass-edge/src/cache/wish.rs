//! What a viewer wants of a cache, where the behavior lets it want anything.

use gatepass::EpochTime;

use crate::asked::Asked;
use crate::cache::cache_control::CacheControl;
use crate::cache::freshness::{Freshness, Lifetime};

/// A viewer's `Cache-Control`. The default wants nothing in particular.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish {
    /// Nothing is to be kept of the answer.
    pub(crate) no_store: bool,
    /// Nothing is to be fetched.
    pub(crate) only_if_cached: bool,
    control: CacheControl,
}

impl Wish {
    pub(crate) fn of(asked: &Asked<'_>) -> Self {
        if !asked.behavior.conduct().honour_viewer_cache_control {
            return Self::default();
        }
        let control = CacheControl::read(asked.headers);
        Self { no_store: control.no_store, only_if_cached: control.only_if_cached, control }
    }

    /// What may be done with what is kept, for this viewer (RFC 9111, section 5.2.1).
    pub(crate) fn freshness(&self, lifetime: &Lifetime, now: EpochTime) -> Freshness {
        let control = &self.control;
        let is_too_old = control.max_age.is_some_and(|most| lifetime.age(now) > most);
        let is_too_brief = control.min_fresh.is_some_and(|least| lifetime.remaining(now) < least);
        if control.no_cache || is_too_old || is_too_brief {
            return Freshness::Stale;
        }
        let takes_stale = |staleness| control.max_stale.is_some_and(|most| staleness <= most);
        match lifetime.staleness(now) {
            Some(staleness) if !lifetime.must_revalidate && takes_stale(staleness) => {
                Freshness::Fresh
            }
            _ => lifetime.freshness(now),
        }
    }
}
