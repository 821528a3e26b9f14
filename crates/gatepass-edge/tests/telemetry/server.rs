//! A web server that keeps what it is asked: a collector in one test, an origin in another.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gatepass_distribution::{Endpoint, HttpOrigin, Origin, OriginKind, Patience};
use gatepass_edge::OpenTelemetry;
use serde_json::Value;

use crate::support::{Site, SiteDraft, site};

/// What a server was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, it)| it).collect()
    }
}

pub(crate) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Gives these answers, one after the other, and the last one for ever.
    pub(crate) fn answering(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        std::thread::spawn(move || {
            for (nth, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                all.lock().unwrap().push(read(&stream));
                let answer = answers[nth.min(answers.len() - 1)];
                let _ = write!(stream, "HTTP/1.1 {answer}");
            }
        });
        Self { address, asked }
    }

    /// A collector that takes everything.
    pub(crate) fn collector() -> Self {
        Self::answering(&["200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"])
    }

    /// An origin whose answers may be kept, and differ by the trace that asks for them.
    pub(crate) fn origin() -> Self {
        Self::answering(&["200 OK\r\nConnection: close\r\nCache-Control: max-age=60\r\n\
             Vary: traceparent\r\nContent-Length: 2\r\n\r\nok"])
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until it was asked so often.
    #[track_caller]
    pub(crate) fn asked_times(&self, times: usize) -> Vec<Asked> {
        let began = Instant::now();
        while self.asked().len() < times {
            assert!(began.elapsed() < Duration::from_secs(30), "{:?}", self.asked());
            std::thread::sleep(Duration::from_millis(10));
        }
        self.asked()
    }

    /// The only thing that it was asked.
    #[track_caller]
    pub(crate) fn asked_once(&self) -> Asked {
        let asked = self.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked[0].clone()
    }

    /// Tells it everything.
    pub(crate) fn config(&self) -> OpenTelemetry {
        config(self.address)
    }

    /// A site whose content is here.
    pub(crate) fn site(&self) -> SiteDraft {
        before(self.address)
    }

    /// All spans that it was sent.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for Asked { body, .. } in self.asked() {
            let body: Value = serde_json::from_str(&body).unwrap();
            let told = &body["resourceSpans"][0]["scopeSpans"][0]["spans"];
            spans.extend(told.as_array().unwrap().iter().cloned().map(Span));
        }
        spans
    }
}

fn read(stream: &TcpStream) -> Asked {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).unwrap_or(0) > 2 {}
    let mut asked = Asked { head, body: String::new() };
    let length =
        asked.headers("content-length").first().map_or(0, |length| length.parse().unwrap());
    let _ = reader.take(length).read_to_string(&mut asked.body);
    asked
}

/// Tells everything to whoever is there.
pub(crate) fn config(address: SocketAddr) -> OpenTelemetry {
    let endpoint = Endpoint { is_https: false, host: "127.0.0.1".into(), port: address.port() };
    OpenTelemetry { sample: 1.0, ..OpenTelemetry::told_to(endpoint, "".into()) }
}

/// A site whose content is there.
pub(crate) fn before(address: SocketAddr) -> SiteDraft {
    let http = HttpOrigin {
        endpoint: Endpoint { is_https: false, host: "127.0.0.1".into(), port: address.port() },
        path: "/v1".into(),
        headers: Vec::new(),
        patience: Patience::default(),
        allow_private_addresses: false,
    };
    let kind = OriginKind::Http(http);
    site()
        .with(|site| site.origins = vec![Origin { id: "site".into(), kind }])
        .with(|site| site.default_root_object = None)
}

/// An address where nobody listens.
pub(crate) fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Ends the edge, so that everything it has to tell is told.
pub(crate) fn end(mut site: Site) -> Site {
    site.drain();
    site.edge().close();
    site
}

/// A span as it was sent.
#[derive(Debug)]
pub(crate) struct Span(Value);

impl Span {
    pub(crate) fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_default()
    }

    pub(crate) fn is_server(&self) -> bool {
        self.0["kind"] == 2
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.0["status"]["code"] == 2
    }

    /// An attribute's text or number; empty if it is not there.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        let all = self.0["attributes"].as_array().unwrap();
        let found = all.iter().find(|one| one["key"] == name);
        let value = found.map(|one| &one["value"]);
        let text = value.and_then(|value| value["stringValue"].as_str());
        text.or(value.and_then(|value| value["intValue"].as_str())).unwrap_or_default()
    }
}
