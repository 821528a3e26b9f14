//! What became of a request, in CloudFront's words: for `X-Cache`, the log and the metrics.

use http::HeaderValue;

/// How an answer came about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "CloudFront's list, which every reader tells apart")]
pub enum CacheOutcome {
    /// It was in the cache, or another viewer's fetch of it was under way.
    Hit,
    /// It was in the cache, and the origin said that it still holds (or could not say, and it
    /// was served stale).
    RefreshHit,
    /// The origin was asked, whether or not the answer is kept.
    Miss,
    /// The answer is an error: the gate's, the edge's, or the origin's (4xx, 5xx).
    Error,
    /// Plain HTTP was sent to HTTPS.
    Redirect,
    /// A limit on what a viewer may send was exceeded.
    LimitExceeded,
    /// The edge had no room to answer.
    CapacityExceeded,
}

impl CacheOutcome {
    /// Every outcome, in the order of `Self::index`.
    pub const ALL: [Self; 7] = [
        Self::Hit,
        Self::RefreshHit,
        Self::Miss,
        Self::Error,
        Self::Redirect,
        Self::LimitExceeded,
        Self::CapacityExceeded,
    ];

    /// The value of `X-Cache`.
    pub const fn x_cache(self) -> &'static str {
        match self {
            Self::Hit => "Hit from cloudfront",
            Self::RefreshHit => "RefreshHit from cloudfront",
            Self::Miss => "Miss from cloudfront",
            Self::Error => "Error from cloudfront",
            Self::Redirect => "Redirect from cloudfront",
            Self::LimitExceeded => "LimitExceeded from cloudfront",
            Self::CapacityExceeded => "CapacityExceeded from cloudfront",
        }
    }

    /// The same, checked when this was compiled.
    pub(crate) fn x_cache_value(self) -> HeaderValue {
        const fn value(outcome: CacheOutcome) -> HeaderValue {
            HeaderValue::from_static(outcome.x_cache())
        }
        static VALUES: [HeaderValue; CacheOutcome::ALL.len()] = [
            value(CacheOutcome::Hit),
            value(CacheOutcome::RefreshHit),
            value(CacheOutcome::Miss),
            value(CacheOutcome::Error),
            value(CacheOutcome::Redirect),
            value(CacheOutcome::LimitExceeded),
            value(CacheOutcome::CapacityExceeded),
        ];
        VALUES[self.index()].clone()
    }

    /// The log's `x-edge-result-type`, and the metrics' `outcome`.
    pub const fn result_type(self) -> &'static str {
        match self {
            Self::Hit => "Hit",
            Self::RefreshHit => "RefreshHit",
            Self::Miss => "Miss",
            Self::Error => "Error",
            Self::Redirect => "Redirect",
            Self::LimitExceeded => "LimitExceeded",
            Self::CapacityExceeded => "CapacityExceeded",
        }
    }

    /// Reads an `X-Cache` of our own.
    pub fn of_x_cache(value: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.x_cache().as_bytes() == value)
    }

    /// Its place in [`Self::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_is_found_where_it_says_and_by_what_it_says() {
        for (nth, outcome) in CacheOutcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome.index(), nth);
            assert_eq!(outcome.x_cache_value(), outcome.x_cache());
            assert_eq!(CacheOutcome::of_x_cache(outcome.x_cache().as_bytes()), Some(outcome));
            assert_eq!(outcome.x_cache(), format!("{} from cloudfront", outcome.result_type()));
        }
        assert_eq!(CacheOutcome::of_x_cache(b"Hit from elsewhere"), None);
    }
}
