//! What an HTTP library lets through although two readers could differ on it.
//!
//! hyper and h2 refuse most of it themselves (`tests/attack` has the list); what is left is
//! refused here, before anything reads a request's host or path.

use http::header::{HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version};

/// Says why a request must not be read any further, if it must not.
pub(crate) fn problem<B>(request: &Request<B>) -> Option<&'static str> {
    let (uri, headers) = (request.uri(), request.headers());
    if request.method() == Method::CONNECT {
        Some("a tunnel was asked for, and this is no proxy")
    } else if !uri.path().starts_with('/') {
        Some("the target is no path")
    } else if !uri.scheme_str().is_none_or(|scheme| matches!(scheme, "http" | "https")) {
        Some("the target is no web address")
    } else if !is_one_host(uri, headers, request.version()) {
        Some("the request names no host, or more than one")
    } else if !is_framed_plainly(headers) {
        Some("the body comes in a transfer coding other than chunked")
    } else if request.version() == Version::HTTP_2 && headers.values().any(is_padded) {
        Some("a header's value begins or ends with white space")
    } else {
        None
    }
}

/// Whoever names a host in the target names the same in `Host`, where HTTP/1.1 wants one.
fn is_one_host(uri: &Uri, headers: &HeaderMap, version: Version) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (uri.authority(), hosts.next(), hosts.next()) {
        (_, _, Some(_)) => false,
        (Some(authority), Some(host), None) => {
            host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes())
        }
        (Some(_), None, None) => version != Version::HTTP_11,
        // None at all is told by whoever reads the viewer's URL.
        (None, _, None) => true,
    }
}

fn is_framed_plainly(headers: &HeaderMap) -> bool {
    // Most have none, and to look at each name costs less than to look one up.
    if !headers.keys().any(|name| *name == TRANSFER_ENCODING) {
        return true;
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(only), None) => only.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

/// HTTP/1 has no way to say such a value: an origin would read another one (RFC 9113 §8.2.1).
fn is_padded(value: &HeaderValue) -> bool {
    let is_space = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b' ' | b'\t'));
    is_space(value.as_bytes().first()) || is_space(value.as_bytes().last())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(build: http::request::Builder) -> Option<&'static str> {
        problem(&build.body(()).unwrap())
    }

    #[test]
    fn a_plain_request_has_no_problem() {
        assert_eq!(of(Request::get("/").header("host", "media.test")), None);
        assert_eq!(of(Request::get("http://media.test/").header("host", "Media.Test")), None);
        let http2 = Request::get("https://media.test/").version(Version::HTTP_2);
        assert_eq!(of(http2), None);
        let chunked = Request::post("/").header("host", "a").header("transfer-encoding", "Chunked");
        assert_eq!(of(chunked), None);
    }

    #[test]
    fn http2_may_name_its_host_twice_if_it_is_the_same() {
        let build = || Request::get("https://media.test/").version(Version::HTTP_2);
        assert_eq!(of(build().header("host", "media.test")), None);
        assert!(of(build().header("host", "other.test")).is_some());
        assert!(of(build().header("host", "media.test").header("host", "media.test")).is_some());
    }
}
