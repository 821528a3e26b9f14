//! What of a viewer's request may go any further: to the cache key, and to the origin.
//!
//! # Invariants
//!
//! - Key and origin request read through here, both. What one of them sees of a parameter, a
//!   cookie or a header the other sees too, so that an answer can't depend on something that
//!   its key has left out.
//! - Nothing of a pass comes through: not its cookies, whatever they are named after, not its
//!   parameters in the query of a guarded behavior, nor those in `Referer`.
//! - Of what belongs to one connection, or pretends to come from an edge, nothing comes through.

mod encodings;
mod referer;

use std::fmt::Write as _;

use gatepass::{CookieName, is_reserved};
use gatepass_distribution::{OriginRequestPolicy, Selection};
use http::header::{CONNECTION, COOKIE};
use http::{Method, Version};

use crate::asked::Asked;
use crate::renew;

pub(crate) use encodings::Encodings;

/// The segments of the query whose parameters are covered, in order, as they were sent.
pub(crate) fn parameters<'a>(
    asked: &'a Asked<'_>,
    covers: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = &'a str> {
    let asks_for_a_pass = asked.behavior.gate().trust().is_some();
    let segments = asked.url.query().into_iter().flat_map(|query| query.split('&'));
    segments.filter(move |segment| {
        let name = segment.split('=').next().unwrap_or_default();
        !(asks_for_a_pass && is_reserved(name)) && covers(name)
    })
}

/// The cookies that are covered, as `name=value`, in order. A pass's own never are.
///
/// What has no `=` is no cookie, and neither is what has a name that is not UTF-8.
pub(crate) fn cookies<'a>(
    asked: &'a Asked<'_>,
    covers: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = &'a [u8]> {
    let lines = asked.headers.get_all(COOKIE).iter();
    let cookies = lines.flat_map(|line| split(line.as_bytes(), b';'));
    cookies.map(<[u8]>::trim_ascii).filter(move |cookie| {
        let name = memchr::memchr(b'=', cookie).map(|end| &cookie[..end]);
        // An origin may be laxer than the gate about a space before the equals sign.
        let name = name.filter(|name| !is_ours(name.trim_ascii_end()));
        name.and_then(|name| std::str::from_utf8(name).ok()).is_some_and(&covers)
    })
}

/// Says whether a cookie is between the viewer and the edge alone.
fn is_ours(name: &[u8]) -> bool {
    CookieName::recognize(name).is_some() || name == renew::MARKER.as_bytes()
}

/// The stretches between separators. Most of a line of cookies is long values.
fn split(line: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let end = memchr::memchr(separator, line);
        rest = end.map(|end| &line[end + 1..]);
        Some(&line[..end.unwrap_or(line.len())])
    })
}

/// Every value of a header, in order. The name is in lower case.
pub(crate) fn each_value(asked: &Asked<'_>, name: &str, mut take: impl FnMut(&[u8])) {
    let values = || asked.headers.get_all(name).iter();
    match name {
        "host" => take(host(asked).as_bytes()),
        _ if is_told_by_the_edge(name) => {
            if let Some(told) = told(asked, name) {
                take(told.as_bytes());
            }
        }
        _ if !goes_further(asked, name) => {}
        "referer" => values().for_each(|value| take(&referer::without_pass(value.as_bytes()))),
        _ => values().for_each(|value| take(value.as_bytes())),
    }
}

/// The host that the viewer asked, in lower case: hosts are the same in any.
pub(crate) fn host(asked: &Asked<'_>) -> String {
    asked.url.host().to_ascii_lowercase()
}

/// Whether a header is one of those that CloudFront adds. A viewer's own counts for nothing.
pub(crate) fn is_told_by_the_edge(name: &str) -> bool {
    name.starts_with("cloudfront-")
}

/// Whether a viewer's header may be sent on at all, were it chosen.
pub(crate) fn goes_further(asked: &Asked<'_>, name: &str) -> bool {
    let is_kept_back = match name {
        "authorization" => !sends_authorization(asked),
        "if-match"
        | "if-modified-since"
        | "if-none-match"
        | "if-range"
        | "if-unmodified-since"
        | "range"
        | "request-range" => is_for_the_cache(asked),
        _ => belongs_to_the_hop(name) || is_told_by_the_edge(name),
    };
    !is_kept_back && !is_named_by_connection(asked, name)
}

/// Whether the viewer's `Authorization` goes to the origin: CloudFront keeps it back from what
/// may be cached, unless it is in the key, or everything is sent.
pub(crate) fn sends_authorization(asked: &Asked<'_>) -> bool {
    let is_sent_with_everything = |policy: &OriginRequestPolicy| match &policy.headers {
        Selection::All => true,
        all @ Selection::AllExcept(_) => all.covers("authorization"),
        Selection::None | Selection::Only(_) => false,
    };
    !is_for_the_cache(asked)
        || asked.behavior.cache_policy().headers.covers("authorization")
        || asked.behavior.origin_request_policy().is_some_and(is_sent_with_everything)
}

/// Whether the cache may answer such a request.
pub(crate) fn is_for_the_cache(asked: &Asked<'_>) -> bool {
    asked.behavior.conduct().cached_methods.covers(asked.method.as_str())
}

/// Whether a viewer asks to talk WebSocket (RFC 6455, section 4.1).
pub(crate) fn is_websocket(asked: &Asked<'_>) -> bool {
    let only = |name| {
        let mut values = asked.headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none()).map(http::HeaderValue::as_bytes)
    };
    asked.method == Method::GET
        && asked.version == Version::HTTP_11
        && only("upgrade").is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"))
        && only("sec-websocket-version").is_some_and(|version| version == b"13")
        && only("sec-websocket-key").is_some()
        && connection_options(asked).any(|option| option.eq_ignore_ascii_case(b"upgrade"))
}

/// What ends at each hop, and what only an edge may say. Cookies go their own way, and so does
/// what asks for WebSocket.
fn belongs_to_the_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "content-length"
            | "cookie"
            | "expect"
            | "http2-settings"
            | "keep-alive"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "x-amz-cf-id"
            | "x-forwarded-proto"
            | "x-real-ip"
    ) || name.starts_with("proxy-")
        || name.starts_with("x-edge-")
        || name.starts_with("sec-websocket-")
}

fn is_named_by_connection(asked: &Asked<'_>, name: &str) -> bool {
    connection_options(asked).any(|option| option.eq_ignore_ascii_case(name.as_bytes()))
}

fn connection_options<'a>(asked: &'a Asked<'_>) -> impl Iterator<Item = &'a [u8]> {
    let lines = asked.headers.get_all(CONNECTION).iter();
    lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

/// What the edge itself says in one of CloudFront's headers; nothing if it doesn't know.
fn told(asked: &Asked<'_>, name: &str) -> Option<String> {
    match name {
        "cloudfront-forwarded-proto" => Some(asked.url.scheme().as_str().to_owned()),
        "cloudfront-viewer-address" => Some(address_and_port(asked)),
        "cloudfront-viewer-header-count" => Some(asked.headers.len().to_string()),
        "cloudfront-viewer-http-version" => Some(version(asked.version).to_owned()),
        // Of whoever comes through a proxy nothing is known but what the proxy says.
        "cloudfront-viewer-tls" => asked.connection.tls.filter(|_| is_the_peer(asked)).map(|tls| {
            let handshake = if tls.is_resumed { "sessionResumed" } else { "fullHandshake" };
            format!("{}:{}:{handshake}", tls.protocol, tls.cipher)
        }),
        _ => None,
    }
}

fn is_the_peer(asked: &Asked<'_>) -> bool {
    asked.address.to_canonical() == asked.connection.peer.ip().to_canonical()
}

/// As CloudFront writes it: the port follows the last colon, and IPv6 has no brackets.
/// Behind a proxy the viewer's own port is not known; that of the proxy's socket stands there.
fn address_and_port(asked: &Asked<'_>) -> String {
    let mut text = asked.address.to_canonical().to_string();
    write!(text, ":{}", asked.connection.peer.port()).expect("a string takes all text");
    text
}

/// The version of HTTP that the viewer speaks.
pub(crate) fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2.0",
        Version::HTTP_3 => "3.0",
        _ => "1.1",
    }
}
