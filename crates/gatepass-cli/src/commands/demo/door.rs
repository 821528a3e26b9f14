//! The demo's own routes, before the edge: a pass for the asking, and why it is or isn't good.

use std::sync::Arc;

use bytes::Bytes;
use gatepass::{
    CookieName, HashAlgorithm, Policy, Resource, Scheme, SetCookie, Signer, Trust, TrustedKeys,
    ViewerRequest, ViewerUrl, Window,
};
use gatepass_edge::{Answering, Body, Connection, Door, Edge, Sent};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, HeaderValue, SET_COOKIE,
};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::super::report;
use crate::clock;

/// The edge, with a button for passes before it.
pub(super) struct DemoDoor {
    edge: Arc<Edge>,
    signer: Signer,
    trust: Trust,
    pass_seconds: u64,
}

const CONTENT_POLICY: &str =
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:";

impl Door for DemoDoor {
    fn answer(self: &Arc<Self>, request: Request<Sent>, connection: &Connection) -> Answering {
        let answering = match (request.method(), request.uri().path(), own_host(request.headers()))
        {
            (&Method::POST, "/demo/pass", Some(host)) => {
                Answering::ready(self.hand_out(&request, host))
            }
            (&Method::DELETE, "/demo/pass", Some(_)) => Answering::ready(take_back(&request)),
            (&Method::GET, "/demo/why", Some(host)) => {
                Answering::ready(self.why(&request, host, connection))
            }
            (&Method::GET, "/demo/lines", Some(host)) => {
                let lines = json!({ "curl": self.curl_lines(host) });
                Answering::ready(json_answer(StatusCode::OK, &lines))
            }
            _ => self.edge.handle(request, connection),
        };
        answering.map(|mut response| {
            let content_policy = HeaderValue::from_static(CONTENT_POLICY);
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, content_policy);
            response
        })
    }
}

impl DemoDoor {
    pub(super) fn new(edge: Edge, signer: Signer, keys: TrustedKeys, pass_seconds: u64) -> Self {
        Self { edge: Arc::new(edge), signer, trust: keys.into(), pass_seconds }
    }

    /// The steps of the page, for a shell.
    pub(super) fn curl_lines(&self, host: &str) -> Vec<String> {
        let private = format!("http://{host}/private/picture-1.svg");
        vec![
            "# refused: no pass".to_owned(),
            format!("curl -i '{private}'"),
            format!("# three cookies, good for {} seconds", self.pass_seconds),
            format!(
                "curl -i -c cookies.txt -X POST -H 'X-Gatepass-Demo: 1' 'http://{host}/demo/pass'"
            ),
            "# admitted, until they end".to_owned(),
            format!("curl -i -b cookies.txt '{private}'"),
            "# why, or why not".to_owned(),
            format!("curl -b cookies.txt 'http://{host}/demo/why?path=/private/picture-1.svg'"),
        ]
    }

    fn hand_out<B>(&self, request: &Request<B>, host: &str) -> Response<Body> {
        if !is_from_our_page(request.headers()) {
            return not_from_here();
        }
        let expiry = clock::now().plus(self.pass_seconds);
        let resource = format!("http://{host}/private/*");
        let policy = Policy::new([Resource::new(&*resource)], Window::until(expiry));
        let cookies = match self.signer.sign(&policy, HashAlgorithm::Sha1) {
            Ok(pass) => pass.cookies(),
            Err(error) => {
                let answer = json!({ "error": error.to_string() });
                return json_answer(StatusCode::INTERNAL_SERVER_ERROR, &answer);
            }
        };
        let names: Vec<_> = cookies.iter().map(|(name, _)| name).collect();
        let mut response = json_answer(
            StatusCode::OK,
            &json!({
                "expires": expiry.seconds(),
                "seconds": self.pass_seconds,
                "resource": resource,
                "cookies": names,
            }),
        );
        set_cookies(&mut response, SetCookie::default().lines(&cookies));
        response
    }

    fn why<B>(&self, request: &Request<B>, host: &str, connection: &Connection) -> Response<Body> {
        let query = request.uri().query().unwrap_or_default();
        let path = query.split('&').find_map(|pair| pair.strip_prefix("path="));
        let path = percent_encoding::percent_decode_str(path.unwrap_or("/")).decode_utf8_lossy();
        let path = if path.starts_with('/') { &*path } else { "/" };
        let url = ViewerUrl::new(Scheme::Http, host, path, None);
        let cookies = request.headers().get_all(COOKIE).iter().map(HeaderValue::as_bytes);
        let viewer = ViewerRequest::new(url, connection.peer.ip(), cookies);
        answer(StatusCode::OK, report::json(&viewer, &self.trust, clock::now()))
    }
}

fn take_back<B>(request: &Request<B>) -> Response<Body> {
    if !is_from_our_page(request.headers()) {
        return not_from_here();
    }
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let names = CookieName::ALL.map(CookieName::as_str);
    set_cookies(&mut response, SetCookie::default().clearing_lines(names));
    response
}

/// The host, if it is this machine's: a name that a stranger points here is not.
fn own_host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let (name, port) = host.rsplit_once(':')?;
    let is_port = port.parse::<u16>().is_ok_and(|number| number.to_string() == port);
    (is_port && ["localhost", "127.0.0.1", "[::1]"].contains(&name)).then_some(host)
}

/// Another site can't send this header without a preflight, which the demo never answers.
fn is_from_our_page(headers: &HeaderMap) -> bool {
    headers.get("x-gatepass-demo").is_some_and(|value| value == "1")
}

fn not_from_here() -> Response<Body> {
    let answer = json!({ "error": "the header X-Gatepass-Demo: 1 is missing" });
    json_answer(StatusCode::FORBIDDEN, &answer)
}

fn set_cookies(response: &mut Response<Body>, lines: Vec<String>) {
    for line in lines {
        if let Ok(line) = HeaderValue::from_str(&line) {
            response.headers_mut().append(SET_COOKIE, line);
        }
    }
}

fn json_answer(status: StatusCode, value: &Value) -> Response<Body> {
    answer(status, format!("{value:#}\n"))
}

fn answer(status: StatusCode, json: String) -> Response<Body> {
    let mut response = Response::new(Body::Whole(Bytes::from(json)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
