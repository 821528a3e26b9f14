//! An origin request policy: what an origin is sent that is not part of the cache key.

use crate::selection::Selection;

/// What of a viewer's request is sent to the origin, besides what the cache key holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OriginRequestPolicy {
    /// The name that behaviors use; of AWS's managed policies the name, not the UUID.
    pub id: Box<str>,
    /// Viewer headers, in lower case.
    pub headers: Selection,
    /// Headers that the edge adds, such as `cloudfront-viewer-address`, in lower case.
    pub cloudfront_headers: Vec<Box<str>>,
    /// Cookies. A pass's own are never sent.
    pub cookies: Selection,
    /// Query parameters. A pass's own are never sent.
    pub query_strings: Selection,
}
