//! What an origin is sent of a viewer's request.
//!
//! What the cache policy puts into the key is sent, and what the origin request policy adds.
//! Besides, an origin is told who asks on whose behalf, and nothing more.

use gatepass_distribution::{OriginRequestPolicy, Selection};
use http::header::{
    ACCEPT_ENCODING, CONNECTION, COOKIE, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, IF_UNMODIFIED_SINCE, RANGE, SET_COOKIE, UPGRADE, USER_AGENT, VIA,
};
use http::{HeaderMap, HeaderValue};

use crate::asked::Asked;
use crate::chosen::{self, Encodings};
use crate::origin::request::{OriginRequest, RequestBody};
use crate::respond;

static X_AMZ_CF_ID: HeaderName = HeaderName::from_static("x-amz-cf-id");
static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The request to the origin: what the cache policy and the origin request policy let through,
/// the headers that the edge adds, and no conditions or ranges, which are the cache's to ask.
///
/// A method that the cache has no part in keeps its conditions, what says how to read its
/// body, and its `Authorization`, whatever the policies say: a PUT without its `If-Match`
/// would overwrite what it must not.
pub(crate) fn origin_request(asked: &Asked<'_>, body: RequestBody) -> OriginRequest {
    let mut headers = HeaderMap::with_capacity(16);
    add_chosen(&mut headers, asked);
    if !chosen::is_for_the_cache(asked) {
        for name in BESIDE_A_BODY {
            add_once(&mut headers, asked, name);
        }
    }
    for name in [ACCEPT_ENCODING, COOKIE, USER_AGENT, VIA, X_FORWARDED_FOR.clone()] {
        add_once(&mut headers, asked, name.as_str());
    }
    headers.insert(X_AMZ_CF_ID.clone(), asked.id.header());
    if chosen::is_websocket(asked) {
        switch_to_websocket(&mut headers, asked.headers);
    }
    OriginRequest {
        method: asked.method.clone(),
        path: asked.path.as_ref().into(),
        query: query(asked),
        headers,
        body,
        trace: asked.trace.clone(),
    }
}

/// Adds what a viewer asks of the copy that it has, or of a part alone, for an origin whose
/// answer nobody keeps.
pub(crate) fn add_conditions(request: &mut OriginRequest, asked: &Asked<'_>) {
    for name in [IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE] {
        for value in asked.headers.get_all(&name) {
            request.headers.append(name.clone(), value.clone());
        }
    }
}

/// Every value that the origin is sent under a name in lower case, in order; but the request's
/// ID and what asks for WebSocket, which are no two requests' own.
pub(crate) fn each_sent(asked: &Asked<'_>, name: &str, mut take: impl FnMut(&[u8])) {
    let policy = asked.behavior.cache_policy();
    let offered = Encodings { gzip: policy.gzip, brotli: policy.brotli };
    match name {
        "accept-encoding" if offered != Encodings::default() || !is_chosen(asked, name) => {
            take(offered.and(Encodings::accepted(asked.headers)).as_str().as_bytes());
        }
        "cookie" => {
            let cookies = cookies(asked);
            if !cookies.is_empty() {
                take(&cookies);
            }
        }
        "user-agent" if !is_chosen(asked, name) => take(b"Amazon CloudFront"),
        "via" => {
            let edge = format!("{} {}", chosen::version(asked.version), respond::received_by());
            take(&behind(asked, name, &edge));
        }
        "x-forwarded-for" => {
            let peer = asked.connection.peer.ip().to_canonical().to_string();
            take(&behind(asked, name, &peer));
        }
        _ if is_chosen(asked, name) => chosen::each_value(asked, name, take),
        _ => {}
    }
}

const BESIDE_A_BODY: [&str; 8] = [
    "authorization",
    "content-encoding",
    "content-language",
    "content-type",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
];

/// Takes away what viewers don't get of an origin's headers: a cookie, where cookies are not
/// sent on. Nobody's cookies shaped the answer then, and so it may be shared.
pub(crate) fn keep_back(asked: &Asked<'_>, headers: &mut HeaderMap) {
    let policy = asked.behavior.origin_request_policy();
    let sends_cookies = !asked.behavior.cache_policy().cookies.is_none()
        || policy.is_some_and(|policy| !policy.cookies.is_none());
    if !sends_cookies {
        headers.remove(SET_COOKIE);
    }
}

/// The choice of both policies. Either may add to the other, but two that name what is left
/// out leave all of it out.
fn either<'p>(
    of_cache: &'p Selection,
    of_origin: Option<&'p Selection>,
) -> impl Fn(&str) -> bool + 'p {
    move |name| match (of_cache, of_origin) {
        (Selection::AllExcept(_), Some(other @ Selection::AllExcept(_))) => {
            of_cache.covers(name) && other.covers(name)
        }
        (_, Some(other)) => of_cache.covers(name) || other.covers(name),
        (_, None) => of_cache.covers(name),
    }
}

fn query(asked: &Asked<'_>) -> Option<Box<str>> {
    let of_cache = &asked.behavior.cache_policy().query_strings;
    let of_origin = asked.behavior.origin_request_policy().map(|policy| &policy.query_strings);
    let mut segments = chosen::parameters(asked, either(of_cache, of_origin));
    let first = segments.next()?;
    let joined = segments.fold(first.to_owned(), |mut query, segment| {
        query.push('&');
        query.push_str(segment);
        query
    });
    Some(joined.into())
}

fn is_chosen(asked: &Asked<'_>, name: &str) -> bool {
    let by_origin = |policy: &OriginRequestPolicy| match &policy.headers {
        // What the edge tells is chosen by name alone.
        all @ (Selection::AllExcept(_) | Selection::All) => {
            all.covers(name) && !chosen::is_told_by_the_edge(name)
        }
        other => other.covers(name),
    };
    let is_told =
        |policy: &OriginRequestPolicy| policy.cloudfront_headers.iter().any(|told| **told == *name);
    asked.behavior.cache_policy().headers.covers(name)
        || asked
            .behavior
            .origin_request_policy()
            .is_some_and(|policy| by_origin(policy) || is_told(policy))
        || (!chosen::is_for_the_cache(asked) && BESIDE_A_BODY.contains(&name))
}

fn add_chosen(headers: &mut HeaderMap, asked: &Asked<'_>) {
    let mut add = |name: &str| add_once(headers, asked, name);
    asked.behavior.cache_policy().headers.names().iter().for_each(|name| add(name));
    let Some(policy) = asked.behavior.origin_request_policy() else {
        return;
    };
    policy.cloudfront_headers.iter().for_each(|name| add(name));
    match &policy.headers {
        Selection::None => {}
        Selection::Only(names) => names.iter().for_each(|name| add(name)),
        Selection::AllExcept(_) | Selection::All => {
            asked.headers.keys().for_each(|name| add(name.as_str()));
            // HTTP/2 calls it otherwise.
            add("host");
        }
    }
}

/// Adds every value of a header that is to be sent, unless it is there already.
fn add_once(headers: &mut HeaderMap, asked: &Asked<'_>, name: &str) {
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
        return;
    };
    if !headers.contains_key(&name) {
        each_sent(asked, name.as_str(), |value| {
            headers.append(name.clone(), header(value));
        });
    }
}

fn cookies(asked: &Asked<'_>) -> Vec<u8> {
    let of_cache = &asked.behavior.cache_policy().cookies;
    let of_origin = asked.behavior.origin_request_policy().map(|policy| &policy.cookies);
    let mut joined = Vec::new();
    for cookie in chosen::cookies(asked, either(of_cache, of_origin)) {
        if !joined.is_empty() {
            joined.extend_from_slice(b"; ");
        }
        joined.extend_from_slice(cookie);
    }
    joined
}

/// A list as the viewer sent it, and one more at its end.
fn behind(asked: &Asked<'_>, name: &str, last: &str) -> Vec<u8> {
    let mut joined = Vec::new();
    chosen::each_value(asked, name, |line| {
        if !line.is_empty() {
            joined.extend_from_slice(line);
            joined.extend_from_slice(b", ");
        }
    });
    joined.extend_from_slice(last.as_bytes());
    joined
}

fn switch_to_websocket(headers: &mut HeaderMap, sent: &HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    let of_websocket = |name: &HeaderName| name.as_str().starts_with("sec-websocket-");
    for (name, value) in sent.iter().filter(|(name, _)| of_websocket(name)) {
        headers.append(name.clone(), value.clone());
    }
}

/// What came in a header, or was made of such: it fits into one again.
fn header(bytes: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(bytes).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests;
