//! AWS's managed policies, by name and by UUID.
//!
//! Source: "Use managed cache policies" and "Use managed origin request policies" in the
//! Amazon CloudFront developer guide.

use crate::cache_policy::{CachePolicy, Ttls};
use crate::origin_request_policy::OriginRequestPolicy;
use crate::selection::Selection;

/// The managed cache policy of this name or UUID.
pub fn managed_cache_policy(name_or_id: &str) -> Option<CachePolicy> {
    let policy = |id: &str, ttls, query_strings| CachePolicy {
        id: id.into(),
        ttls,
        query_strings,
        headers: Selection::None,
        cookies: Selection::None,
        gzip: true,
        brotli: true,
    };
    let ttls = |minimum, default, maximum| Ttls { minimum, default, maximum };
    match name_or_id {
        "CachingOptimized" | "658327ea-f89d-4fab-a63d-7e88639e58f6" => {
            Some(policy("CachingOptimized", ttls(1, 86_400, 31_536_000), Selection::None))
        }
        _ => None,
    }
}

/// The managed origin request policy of this name or UUID.
pub fn managed_origin_request_policy(name_or_id: &str) -> Option<OriginRequestPolicy> {
    let _ = name_or_id;
    None
}
