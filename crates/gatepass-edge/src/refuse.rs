//! What a viewer hears that is not let in: CloudFront's own words, and no reason.

use gatepass::{Denial, Reading, Scheme, ViewerUrl};
use gatepass_distribution::{AllowedMethods, Conduct, Cors, Gate, LoginPage, ViewerProtocol};
use http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, CONTENT_TYPE,
    HeaderValue, LOCATION, ORIGIN,
};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::ext::ReasonPhrase;

use crate::access_log::Entry;
use crate::body::Body;
use crate::config::{EdgeConfig, Limits};
use crate::origin::trouble::Trouble;
use crate::request_id::RequestId;
use crate::respond;
use crate::viewer::Viewer;

/// The gate's 403: one line of XML, in the bytes that CloudFront sends.
pub(crate) fn forbidden(denial: &Denial, gate: &Gate, method: &Method) -> Response<Body> {
    let xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Error><Code>{}</Code><Message>{}</Message></Error>"#,
        denial.code(),
        denial.message()
    );
    let mut response = respond::authored(StatusCode::FORBIDDEN, "text/xml", xml, method);
    let is_strict = matches!(gate, Gate::Guarded(trust) if trust.reading == Reading::CloudFront);
    if !is_strict {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Sends a viewer of pages to the login, along with where it wanted to go.
pub(crate) fn to_login(page: &LoginPage, asked: &ViewerUrl<'_>) -> Response<Body> {
    // With two slashes in front it would name another host to whoever goes back there.
    let path = asked.path().trim_start_matches(['/', '\\']);
    let target = match asked.query() {
        Some(query) => format!("/{path}?{query}"),
        None => format!("/{path}"),
    };
    let mut response = respond::authored(StatusCode::FOUND, "text/html", "", &Method::GET);
    let location = HeaderValue::from_str(&page.location(&target))
        .expect("a login page's location is plain ASCII");
    response.headers_mut().insert(LOCATION, location);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Says whether a person is waiting for a page, rather than a script or a player for data.
pub(crate) fn asks_for_a_page<B>(request: &Request<B>) -> bool {
    let header = |name: &str| request.headers().get(name).map(HeaderValue::as_bytes);
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    is_safe
        && match (header("sec-fetch-dest"), header("sec-fetch-mode")) {
            (Some(destination), _) => destination == b"document",
            (None, Some(mode)) => mode == b"navigate",
            (None, None) => request
                .headers()
                .get(ACCEPT)
                .and_then(|accept| accept.to_str().ok())
                .is_some_and(|accept| accept.contains("text/html")),
        }
}

/// 414 and 494, whose connections are closed.
pub(crate) fn oversized<B>(
    request: &Request<B>,
    limits: &Limits,
    entry: &mut Entry,
) -> Option<Response<Body>> {
    let target = request.uri().path_and_query().map_or(1, |target| target.as_str().len());
    let status = if target > limits.url_bytes {
        StatusCode::URI_TOO_LONG
    } else {
        let headers = request.headers().iter();
        let length: usize =
            headers.map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if target + length + 14 <= limits.request_bytes {
            return None;
        }
        StatusCode::from_u16(494).expect("494 is a status")
    };
    entry.refused("too_long", "the URL or the headers are longer than the limits allow");
    let mut response = respond::page(status, "Bad request.", request.method(), entry.id());
    if status.canonical_reason().is_none() {
        let reason = ReasonPhrase::from_static(b"Request Header Fields Too Large");
        response.extensions_mut().insert(reason);
    }
    Some(response)
}

/// 400, for what can be read in more than one way.
pub(crate) fn bad_request(problem: &str, method: &Method, entry: &mut Entry) -> Response<Body> {
    entry.refused("bad_request", problem);
    respond::page(StatusCode::BAD_REQUEST, "Bad request.", method, entry.id())
}

/// 403, for a host that no distribution has.
pub(crate) fn unknown_host(problem: &str, method: &Method, entry: &mut Entry) -> Response<Body> {
    entry.refused("unknown_host", problem);
    respond::page(StatusCode::FORBIDDEN, "Bad request.", method, entry.id())
}

/// Sends plain HTTP to HTTPS, or refuses it, where the behavior says so.
pub(crate) fn plain_http<B>(
    request: &Request<B>,
    viewer: &Viewer<'_>,
    conduct: &Conduct,
    config: &EdgeConfig,
    entry: &mut Entry,
) -> Option<Response<Body>> {
    if viewer.url().scheme() == Scheme::Https {
        return None;
    }
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    match conduct.viewer_protocol {
        ViewerProtocol::AllowAll => None,
        ViewerProtocol::RedirectToHttps if is_safe || request.version() >= Version::HTTP_11 => {
            let host = viewer.url().host();
            let name = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
            let name = name.map_or(host, |(name, _)| name);
            let port = config.https_port().filter(|port| *port != 443);
            let port = port.map_or_else(String::new, |port| format!(":{port}"));
            let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
            let status = if is_safe {
                StatusCode::MOVED_PERMANENTLY
            } else {
                StatusCode::TEMPORARY_REDIRECT
            };
            Some(respond::redirect(
                status,
                &format!("https://{name}{port}{target}"),
                request.method(),
            ))
        }
        ViewerProtocol::RedirectToHttps | ViewerProtocol::HttpsOnly => {
            entry.refused("https_only", "the behavior does not serve plain HTTP");
            Some(respond::page(StatusCode::FORBIDDEN, "Bad request.", request.method(), entry.id()))
        }
    }
}

/// 502, 503 or 504, when an origin gave no answer.
pub(crate) fn trouble(trouble: &Trouble, method: &Method, entry: &mut Entry) -> Response<Body> {
    entry.origin_trouble(trouble);
    origin_failed(trouble.status(), method, entry.id())
}

/// The page of a status that stands for an origin's failure.
pub(crate) fn origin_failed(status: StatusCode, method: &Method, id: RequestId) -> Response<Body> {
    respond::page(status, "The origin gave no answer that can be passed on.", method, id)
}

/// 502, when an origin switches to a protocol that the viewer did not ask for.
pub(crate) fn unasked_switch(method: &Method, entry: &mut Entry) -> Response<Body> {
    trouble(&Trouble::Unreadable("it switches protocols unasked".into()), method, entry)
}

/// 403, for a method that the behavior doesn't allow, and for a GET that carries a body.
pub(crate) fn method<B>(
    request: &Request<B>,
    has_body: bool,
    allowed: AllowedMethods,
    entry: &mut Entry,
) -> Option<Response<Body>> {
    const REASON: &str = "This distribution is not configured to allow the HTTP request method that was used for this request. The distribution supports only cachable requests.";
    if !allowed.covers(request.method().as_str()) {
        entry.refused("method_not_allowed", "the behavior does not allow the method");
        return Some(respond::page(StatusCode::FORBIDDEN, REASON, request.method(), entry.id()));
    }
    if has_body && matches!(*request.method(), Method::GET | Method::HEAD) {
        entry.refused("unexpected_body", "a GET or HEAD carries a body");
        return Some(respond::page(
            StatusCode::FORBIDDEN,
            "Bad request.",
            request.method(),
            entry.id(),
        ));
    }
    None
}

/// Answers a preflight without asking for a pass: browsers send none along.
pub(crate) fn preflight<B>(
    cors: &Cors,
    conduct: &Conduct,
    request: &Request<B>,
) -> Option<Response<Body>> {
    let headers = request.headers();
    let is_preflight = request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !is_preflight {
        return None;
    }
    let mut response = respond::empty(StatusCode::NO_CONTENT);
    respond::cors(&mut response, cors, headers);
    let answer = response.headers_mut();
    let methods = match conduct.allowed_methods {
        AllowedMethods::GetHead => "GET, HEAD",
        AllowedMethods::GetHeadOptions => "GET, HEAD, OPTIONS",
        AllowedMethods::All => "GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE",
    };
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    answer.insert(ACCESS_CONTROL_MAX_AGE, cors.max_age_seconds.into());
    if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    answer.remove(CONTENT_TYPE);
    Some(response)
}
