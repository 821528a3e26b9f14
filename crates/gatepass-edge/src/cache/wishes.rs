//! What a viewer itself asks of the cache, where the operator lets it ask.
//!
//! CloudFront ignores it, since any viewer could make the edge fetch everything anew. Where it
//! counts, it counts as RFC 9111, section 5.2.1, has it.

use gatepass::EpochTime;
use http::HeaderMap;

use crate::cache::cache_control::CacheControl;
use crate::cache::freshness::{Freshness, Lifetime};

/// A viewer's `Cache-Control`, or `Pragma`.
#[derive(Clone, Copy, Debug)]
pub struct Wishes(CacheControl);

/// What comes of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever asks has to do each of them")]
pub enum Granted {
    /// It is dealt with as something of this freshness. What the cache lacks is stale.
    As(Freshness),
    /// It would have to be fetched, which the viewer doesn't want: 504.
    GatewayTimeout,
}

impl Wishes {
    /// Reads a viewer's headers.
    pub fn read(headers: &HeaderMap) -> Self {
        Self(CacheControl::read(headers))
    }

    /// Whether the answer may be kept, as far as the viewer is concerned.
    pub const fn allow_keeping(&self) -> bool {
        !self.0.no_store
    }

    /// Says how what was kept, if anything was, is to be dealt with.
    pub fn granted(&self, kept: Option<&Lifetime>, now: EpochTime) -> Granted {
        let freshness = kept.map_or(Freshness::Stale, |kept| self.freshness(kept, now));
        let is_served = matches!(freshness, Freshness::Fresh | Freshness::StaleWhileRevalidate);
        if self.0.only_if_cached && !is_served {
            Granted::GatewayTimeout
        } else {
            Granted::As(freshness)
        }
    }

    fn freshness(&self, kept: &Lifetime, now: EpochTime) -> Freshness {
        let Self(wanted) = self;
        let age = kept.age(now);
        // A reload asks for 0, and means that the origin is to be asked.
        let is_too_old = wanted.max_age.is_some_and(|most| age > most || most == 0);
        let is_too_late = wanted.min_fresh.is_some_and(|least| kept.remaining(now) < least);
        let is_stale_enough = |stale| wanted.max_stale.is_some_and(|most| stale <= most);
        match kept.freshness(now) {
            _ if wanted.no_cache || wanted.no_store => Freshness::Stale,
            Freshness::Stale if kept.must_revalidate => Freshness::Stale,
            Freshness::Stale if is_too_old || is_too_late => Freshness::Stale,
            _ if (is_too_old || is_too_late) && kept.must_revalidate => Freshness::Stale,
            _ if is_too_old || is_too_late => Freshness::StaleIfError,
            _ if kept.staleness(now).is_some_and(is_stale_enough) => Freshness::Fresh,
            own => own,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{CACHE_CONTROL, PRAGMA};

    use super::*;
    use Freshness::{Fresh, Stale, StaleIfError, StaleWhileRevalidate};

    fn kept() -> Lifetime {
        Lifetime {
            stored: EpochTime::new(1_000).unwrap(),
            initial_age: 10,
            fresh_for: 100,
            stale_while_revalidate: 0,
            stale_if_error: 50,
            must_revalidate: false,
        }
    }

    fn granted(line: &str, kept: Option<&Lifetime>, age: u64) -> Granted {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_str(line).unwrap());
        Wishes::read(&headers).granted(kept, EpochTime::new(990 + age).unwrap())
    }

    #[track_caller]
    fn check(line: &str, age: u64, freshness: Freshness) {
        assert_eq!(granted(line, Some(&kept()), age), Granted::As(freshness), "{line} at {age}");
    }

    #[test]
    fn a_viewer_may_want_it_fresher_than_it_is() {
        check("x", 20, Fresh);
        check("no-cache", 20, Stale);
        check("no-store", 20, Stale);
        check("max-age=0", 10, StaleIfError);
        check("max-age=20", 20, Fresh);
        check("max-age=19", 20, StaleIfError);
        check("min-fresh=80", 20, Fresh);
        check("min-fresh=81", 20, StaleIfError);
        check("min-fresh=x", 20, StaleIfError);
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
        let strict = Lifetime { must_revalidate: true, ..kept() };
        assert_eq!(granted("max-stale", Some(&strict), 200), Granted::As(Stale));
        assert_eq!(granted("max-age=1", Some(&strict), 20), Granted::As(Stale));
    }

    #[test]
    fn only_if_cached_never_waits_for_the_origin() {
        let swr = Lifetime { stale_while_revalidate: 50, ..kept() };
        assert_eq!(granted("only-if-cached", None, 20), Granted::GatewayTimeout);
        assert_eq!(granted("only-if-cached", Some(&kept()), 110), Granted::GatewayTimeout);
        assert_eq!(granted("only-if-cached", Some(&kept()), 20), Granted::As(Fresh));
        assert_eq!(granted("only-if-cached", Some(&swr), 110), Granted::As(StaleWhileRevalidate));
        assert_eq!(granted("x", None, 20), Granted::As(Stale));
    }

    #[test]
    fn pragma_is_the_old_word_for_no_cache() {
        let mut headers = HeaderMap::new();
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        let wishes = Wishes::read(&headers);
        assert_eq!(wishes.granted(Some(&kept()), kept().stored), Granted::As(Stale));
        assert!(wishes.allow_keeping());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        assert!(!Wishes::read(&headers).allow_keeping());
    }
}
