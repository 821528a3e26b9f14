//! Whom the cache asks for what it doesn't have.

use std::fmt;

use bytes::Bytes;
use gatepass_distribution::Admitted;
use http::header::{CONTENT_RANGE, RANGE};
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

use crate::asked::{Asked, Trace};
use crate::forward::origin_request;
use crate::origin::remote::Remote;
use crate::origin::request::{OriginRequest, RequestBody};
use crate::origin::trouble::Trouble;

/// An origin behind a socket; in unit tests one that follows a script.
#[derive(Clone)]
pub(crate) enum Upstream {
    Remote(Remote),
    #[cfg(test)]
    Scripted(std::sync::Arc<super::script::Script>),
}

/// What it is asked, without body, condition or range: in its terms, and as often as needed.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// GET, of which HEAD is a part, or OPTIONS.
    method: Method,
    path: Box<str>,
    query: Option<Box<str>>,
    pub(crate) headers: HeaderMap,
    /// That of the viewer who asked first.
    trace: Trace,
}

impl Question {
    /// What a viewer's request comes to.
    pub(crate) fn of(asked: &Asked<'_>) -> Self {
        let OriginRequest { path, query, headers, trace, .. } =
            origin_request(asked, RequestBody::Empty);
        let method = if *asked.method == Method::OPTIONS { Method::OPTIONS } else { Method::GET };
        Self { method, path, query, headers, trace }
    }

    /// The request whose answer may be kept.
    pub(crate) fn keepable(&self) -> OriginRequest {
        self.request(self.method.clone())
    }

    /// The request, by another method.
    pub(crate) fn request(&self, method: Method) -> OriginRequest {
        OriginRequest {
            method,
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            body: RequestBody::Empty,
            trace: self.trace.clone(),
        }
    }
}

/// What comes from it.
pub(crate) type UpstreamBody = UnsyncBoxBody<Bytes, Trouble>;

impl Upstream {
    pub(crate) async fn fetch(
        &self,
        asked: Admitted<OriginRequest>,
    ) -> Result<Response<UpstreamBody>, Trouble> {
        let is_ranged = asked.request().headers.contains_key(RANGE);
        let mut response = match self {
            Self::Remote(remote) => remote.fetch(asked).await?.map(BodyExt::boxed_unsync),
            #[cfg(test)]
            Self::Scripted(script) => script.fetch(asked.into_request()).await?,
        };
        if is_ranged && is_part(&response) {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        Ok(response)
    }
}

/// Whether an answer is a part, whatever its status says.
///
/// `rclone serve s3` answers 200 to a range. Taken at its word, a slice would be the object.
fn is_part<B>(response: &Response<B>) -> bool {
    response.status() == StatusCode::OK
        && response.headers().get(CONTENT_RANGE).is_some_and(|range| {
            range.as_bytes().strip_prefix(b"bytes ").is_some_and(|range| range.contains(&b'-'))
        })
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upstream")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_one_even_if_its_status_says_otherwise() {
        let answer = |status, range: &str| {
            is_part(
                &Response::builder().status(status).header(CONTENT_RANGE, range).body(()).unwrap(),
            )
        };
        assert!(answer(200, "bytes 0-4/10"));
        assert!(!answer(200, "bytes */10"));
        assert!(!answer(200, "whatever"));
        assert!(!answer(206, "bytes 0-4/10"), "its status says so already");
        assert!(!is_part(&Response::new(())));
    }
}
