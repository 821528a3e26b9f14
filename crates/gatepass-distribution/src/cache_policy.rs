//! A cache policy: what makes two requests the same, and for how long an answer is kept.
//!
//! Whatever is part of the cache key is also sent to the origin: an answer may depend on
//! nothing else that viewers send, or one viewer would get what was meant for another.

use crate::selection::Selection;

/// What is in the cache key besides distribution and path, and the bounds on keeping.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CachePolicy {
    /// The name that behaviors use; of AWS's managed policies the name, not the UUID.
    pub id: Box<str>,
    /// How long answers are kept.
    pub ttls: Ttls,
    /// Query parameters that are part of the key.
    pub query_strings: Selection,
    /// Viewer headers that are part of the key, in lower case. Only `None` and `Only`.
    pub headers: Selection,
    /// Cookies that are part of the key. A pass's own never are.
    pub cookies: Selection,
    /// Whether `Accept-Encoding` is normalised into the key, and offers gzip.
    pub gzip: bool,
    /// Whether `Accept-Encoding` is normalised into the key, and offers brotli.
    pub brotli: bool,
}

/// Bounds on how long an answer is kept, in seconds.
///
/// The default holds where the origin says nothing. With a minimum above zero even what the
/// origin calls private is kept for that long, as CloudFront does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "three numbers, and CloudFront has no fourth")]
pub struct Ttls {
    /// The shortest.
    pub minimum: u64,
    /// Where the origin says nothing.
    pub default: u64,
    /// The longest.
    pub maximum: u64,
}

impl CachePolicy {
    /// Says whether anything is ever kept.
    pub const fn keeps_anything(&self) -> bool {
        self.ttls.maximum > 0
    }
}
