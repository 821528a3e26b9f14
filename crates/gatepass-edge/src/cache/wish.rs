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
        // A reload asks for 0, and means that the origin is to be asked.
        let is_too_old = control.max_age.is_some_and(|most| most == 0 || lifetime.age(now) > most);
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

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::CACHE_CONTROL;

    use super::*;
    use crate::asked::sample::get;
    use Freshness::{Fresh, Stale, StaleIfError};

    const fn kept(must_revalidate: bool, stored: EpochTime) -> Lifetime {
        Lifetime {
            stored,
            initial_age: 10,
            fresh_for: 100,
            stale_while_revalidate: 0,
            stale_if_error: 50,
            must_revalidate,
        }
    }

    fn at(seconds: u64) -> EpochTime {
        EpochTime::new(seconds).unwrap()
    }

    fn wish(line: &str, is_honoured: bool) -> Wish {
        let mut sample = get("https://e.com/");
        sample.headers.insert(CACHE_CONTROL, HeaderValue::from_str(line).unwrap());
        sample.conduct.honour_viewer_cache_control = is_honoured;
        sample.ask(Wish::of)
    }

    #[track_caller]
    fn check(line: &str, age: u64, freshness: Freshness) {
        let (kept, now) = (kept(false, at(1_000)), at(990 + age));
        assert_eq!(wish(line, true).freshness(&kept, now), freshness, "{line} at {age}");
        assert_eq!(wish(line, false).freshness(&kept, now), kept.freshness(now));
    }

    #[test]
    fn a_viewer_may_want_it_fresher_than_it_is() {
        check("x", 20, Fresh);
        check("no-cache", 20, Stale);
        check("max-age=0", 10, Stale);
        check("max-age=20", 20, Fresh);
        check("max-age=19", 20, Stale);
        check("min-fresh=80", 20, Fresh);
        check("min-fresh=81", 20, Stale);
        check("min-fresh=x", 20, Stale);
    }

    #[test]
    fn a_viewer_may_take_it_staler_than_it_should_be() {
        check("x", 110, StaleIfError);
        check("x", 200, Stale);
        check("max-stale", 200, Fresh);
        check("max-stale=100", 200, Fresh);
        check("max-stale=99", 200, Stale);
        check("max-stale=x", 200, Stale);
        check("max-stale, max-age=50", 200, Stale);
        check("max-stale, no-cache", 200, Stale);
        let strict = kept(true, at(1_000));
        assert_eq!(wish("max-stale", true).freshness(&strict, at(1_190)), Stale);
    }

    #[test]
    fn a_viewer_counts_only_where_the_operator_lets_it() {
        let wanted = wish("no-store, only-if-cached", true);
        assert!(wanted.no_store && wanted.only_if_cached);
        let unheard = wish("no-store, only-if-cached", false);
        assert!(!unheard.no_store && !unheard.only_if_cached);
    }
}
