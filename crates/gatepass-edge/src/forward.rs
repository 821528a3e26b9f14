//! What an origin is sent of a viewer's request.
//!
//! What the cache policy puts into the key is sent, and what the origin request policy adds.
//! Besides, an origin is told who asks on whose behalf, and nothing more.

use gatepass_distribution::{OriginRequestPolicy, Selection};
use http::header::{
    ACCEPT_ENCODING, CONNECTION, COOKIE, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, IF_UNMODIFIED_SINCE, RANGE, UPGRADE, USER_AGENT, VIA,
};
use http::{HeaderMap, HeaderValue};

use crate::asked::Asked;
use crate::chosen::{self, Encodings};
use crate::origin::request::{OriginRequest, RequestBody};
use crate::{request_id, respond};

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
    if !chosen::is_for_the_cache(asked.method) {
        for name in BESIDE_A_BODY {
            add_once(&mut headers, asked, name);
        }
    }
    add_cookies(&mut headers, asked);
    add_encodings(&mut headers, asked);
    introduce(&mut headers, asked);
    if chosen::is_websocket(asked) {
        switch_to_websocket(&mut headers, asked.headers);
    }
    OriginRequest {
        method: asked.method.clone(),
        path: asked.path.as_ref().into(),
        query: query(asked),
        headers,
        body,
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

/// Gives a request to an origin the ID that the viewer and the log are told.
pub(crate) fn identify(request: &mut OriginRequest, id: &str) {
    request.headers.insert(X_AMZ_CF_ID.clone(), header(id.as_bytes()));
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

/// The choice of both policies. Either may add to the other, but two that name what is left
/// out leave all of it out.
fn either<'p>(
    asked: &'p Asked<'_>,
    of_cache: &'p Selection,
    of_origin: impl Fn(&OriginRequestPolicy) -> &Selection + 'p,
) -> impl Fn(&str) -> bool + 'p {
    let of_origin = asked.behavior.origin_request_policy().map(of_origin);
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
    let covers = either(asked, of_cache, |policy| &policy.query_strings);
    let mut segments = chosen::parameters(asked, covers);
    let first = segments.next()?;
    let joined = segments.fold(first.to_owned(), |mut query, segment| {
        query.push('&');
        query.push_str(segment);
        query
    });
    Some(joined.into())
}

fn add_chosen(headers: &mut HeaderMap, asked: &Asked<'_>) {
    if let Selection::Only(names) = &asked.behavior.cache_policy().headers {
        names.iter().for_each(|name| add_once(headers, asked, name));
    }
    let Some(policy) = asked.behavior.origin_request_policy() else {
        return;
    };
    policy.cloudfront_headers.iter().for_each(|name| add_once(headers, asked, name));
    match &policy.headers {
        Selection::None => {}
        Selection::Only(names) => names.iter().for_each(|name| add_once(headers, asked, name)),
        selection @ (Selection::AllExcept(_) | Selection::All) => {
            let names = asked.headers.keys().map(HeaderName::as_str).chain(["host"]);
            let viewers = names.filter(|name| !chosen::is_told_by_the_edge(name));
            let covered = viewers.filter(|name| selection.covers(name));
            covered.for_each(|name| add_once(headers, asked, name));
        }
    }
}

/// Adds every value of a header, unless it is there already.
fn add_once(headers: &mut HeaderMap, asked: &Asked<'_>, name: &str) {
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
        return;
    };
    if headers.contains_key(&name) {
        return;
    }
    chosen::each_value(asked, name.as_str(), |value| {
        headers.append(name.clone(), header(value));
    });
}

fn add_cookies(headers: &mut HeaderMap, asked: &Asked<'_>) {
    let of_cache = &asked.behavior.cache_policy().cookies;
    let covers = either(asked, of_cache, |policy| &policy.cookies);
    let cookies: Vec<&[u8]> = chosen::cookies(asked, covers).collect();
    if !cookies.is_empty() {
        headers.insert(COOKIE, header(&cookies.join(&b"; "[..])));
    }
}

/// It is normalized, as it is in the key. Or it was chosen, and is as the viewer sent it. Or
/// the answer must not depend on it.
fn add_encodings(headers: &mut HeaderMap, asked: &Asked<'_>) {
    let policy = asked.behavior.cache_policy();
    let offered = Encodings { gzip: policy.gzip, brotli: policy.brotli };
    let covers = either(asked, &policy.headers, |policy| &policy.headers);
    if offered != Encodings::default() || !covers(ACCEPT_ENCODING.as_str()) {
        let accepted = offered.and(Encodings::accepted(asked.headers));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted.as_str()));
    }
}

/// Says who asks: the viewer's address behind those that it names itself, and the edge.
fn introduce(headers: &mut HeaderMap, asked: &Asked<'_>) {
    let viewers_agent =
        either(asked, &asked.behavior.cache_policy().headers, |policy| &policy.headers);
    if !viewers_agent(USER_AGENT.as_str()) {
        headers.insert(USER_AGENT, HeaderValue::from_static("Amazon CloudFront"));
    }
    let peer = asked.peer.ip().to_canonical().to_string();
    headers.insert(X_FORWARDED_FOR.clone(), behind(asked, &X_FORWARDED_FOR, &peer));
    let edge = format!("{} {}", chosen::version(asked.version), respond::received_by());
    headers.insert(VIA, behind(asked, &VIA, &edge));
    headers.insert(X_AMZ_CF_ID.clone(), header(request_id::next().as_bytes()));
}

/// A list as the viewer sent it, and one more at its end.
fn behind(asked: &Asked<'_>, name: &HeaderName, last: &str) -> HeaderValue {
    let mut list = Vec::new();
    chosen::each_value(asked, name.as_str(), |line| {
        if !line.is_empty() {
            list.extend_from_slice(line);
            list.extend_from_slice(b", ");
        }
    });
    list.extend_from_slice(last.as_bytes());
    header(&list)
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
