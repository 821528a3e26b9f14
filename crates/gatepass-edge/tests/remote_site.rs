//! An edge before a web server: what the server is asked, and who gets what it says.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use gatepass_distribution::{Endpoint, HttpOrigin, Origin, OriginKind, Patience};
use support::{Site, site};

/// A web server that answers every request with its request line, and keeps them all.
struct Echo {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Echo {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let head: Vec<_> =
                    lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                let body = head.first().cloned().unwrap_or_default();
                all.lock().unwrap().push(head.join("\n"));
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nConnection: close\r\n\
                     Content-Length: {}\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn before(port: u16, path: &str) -> Site {
    let http = HttpOrigin {
        endpoint: Endpoint { is_https: false, host: "127.0.0.1".into(), port },
        path: path.into(),
        headers: Vec::new(),
        patience: Patience::default(),
        allow_private_addresses: false,
    };
    let kind = OriginKind::Http(http);
    site()
        .with(|site| site.origins = vec![Origin { id: "site".into(), kind }])
        .with(|site| site.default_root_object = None)
        .start()
}

#[test]
fn a_hit_is_as_private_as_a_miss() {
    let origin = Echo::start();
    let site = before(origin.address.port(), "");
    let cookie = site.pass_for("http://media.test/private/*");
    let first = site.get("/private/film").cookie(&cookie).answer();
    assert_eq!((first.status, first.header("X-Cache")), (200, Some("Miss from cloudfront")));
    let stranger = site.get("/private/film").answer();
    assert_eq!((stranger.status, stranger.header("Age")), (403, None));
    assert!(!stranger.body.contains("GET "), "{}", stranger.body);
    let second = site.get("/private/film").cookie(&cookie).answer();
    assert_eq!((second.status, second.header("X-Cache")), (200, Some("Hit from cloudfront")));
    assert_eq!(origin.asked().len(), 1);
}

#[test]
fn nothing_of_a_pass_reaches_the_origin() {
    let origin = Echo::start();
    let site = before(origin.address.port(), "/v1");
    let cookie = site.pass_for("http://media.test/private/*");
    let cookies = format!("{cookie}; theme=dark");
    assert_eq!(
        site.get("/private/a?b=1").cookie(&cookies).text(),
        "GET /v1/private/a?b=1 HTTP/1.1"
    );
    let signed = site.signed_url("http://media.test/private/c?d=2");
    let target = signed.strip_prefix("http://media.test").unwrap();
    assert_eq!(site.get(target).text(), "GET /v1/private/c?d=2 HTTP/1.1");
    for asked in origin.asked() {
        assert!(!asked.contains("Signature") && !asked.contains("Key-Pair-Id"), "{asked}");
    }
}

#[test]
fn parameters_that_look_like_a_pass_are_left_where_none_is_asked_for() {
    let origin = Echo::start();
    let site = before(origin.address.port(), "");
    let text = site.get("/app?Expires=1&Signature=s&x=2").text();
    assert_eq!(text, "GET /app?Expires=1&Signature=s&x=2 HTTP/1.1");
}

#[test]
fn no_dot_leads_past_the_gate_or_above_the_origins_own_path() {
    let origin = Echo::start();
    let site = before(origin.address.port(), "/v1");
    for path in [
        "/../v1/private/film",
        "/x/../../v1/private/film",
        "/private//../film",
        "/x/..;/private/film",
        "/%2e%2e/v1/private/film",
    ] {
        assert_eq!(site.get(path).status(), 400, "{path}");
    }
    assert_eq!(site.get("/x/../private/film").status(), 403);
    assert_eq!(origin.asked(), Vec::<String>::new());
}

#[test]
fn an_origin_that_is_gone_is_a_page_for_the_viewer_and_a_reason_in_the_log() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let site = before(gone.port(), "");
    let answer = site.get("/a").answer();
    assert_eq!((answer.status, answer.header("Server")), (502, Some("CloudFront")));
    assert_eq!(answer.header("X-Cache"), Some("Error from cloudfront"));
    assert!(answer.body.contains("<H1>502 ERROR</H1>"), "{}", answer.body);
    let log = site.log();
    assert!(log.contains(r#""origin_trouble":"origin_unreachable""#), "{log}");
    assert!(log.contains("can't reach the origin"), "{log}");
}
