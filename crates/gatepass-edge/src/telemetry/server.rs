//! The span of a viewer's request, from the same finished fact as its line in the log.

use http::Version;
use http::header::USER_AGENT;

use super::Sampled;
use super::span::{Attributes, Kind, Span, method, named_after};
use crate::access_log::{Finished, redacted};

pub(super) fn span(sampled: &Sampled, finished: &Finished<'_>) -> Span {
    Span {
        trace: sampled.trace,
        id: sampled.span,
        parent: sampled.parent,
        kind: Kind::Server,
        name: name(finished),
        began: sampled.began,
        took: finished.took,
        has_failed: finished.status().is_server_error(),
        attributes: attributes(finished),
    }
}

/// The method and where it went: as many names as there are behaviors.
fn name(finished: &Finished<'_>) -> String {
    let method = named_after(method(finished.method()));
    match finished.behavior().path_pattern() {
        "" => method.to_owned(),
        pattern => format!("{method} {pattern}"),
    }
}

fn attributes(finished: &Finished<'_>) -> Attributes {
    let mut told = Attributes::default();
    let status = finished.status();
    told.text("http.request.method", method(finished.method()));
    // Before it was read, its URL means nothing.
    if let Some(scheme) = finished.entry().scheme {
        told.text("url.scheme", scheme.as_str());
        told.pieces("url.path", redacted::url(finished.path().as_bytes()));
        server(&mut told, finished.host());
    }
    told.number("http.response.status_code", status.as_u16().into());
    told.number("http.response.body.size", finished.body_sent());
    told.text("network.protocol.version", version(finished.version()));
    if let Some(agent) = finished.headers().get(USER_AGENT) {
        told.pieces("user_agent.original", redacted::url(agent.as_bytes()));
    }
    told.text("gatepass.distribution", finished.behavior().distribution());
    told.text("gatepass.behavior", finished.behavior().path_pattern());
    told.text("gatepass.outcome", finished.outcome().result_type());
    told.maybe("gatepass.denial", finished.refusal());
    told.maybe("gatepass.reported", finished.reported());
    told.maybe("gatepass.origin_trouble", finished.trouble());
    told.pieces("gatepass.request_id", [finished.id()]);
    if !finished.is_whole() {
        told.flag("gatepass.cut_off");
    }
    if status.is_server_error() {
        told.text("error.type", finished.trouble().unwrap_or(status.as_str()));
    }
    told
}

/// The host as sent, and its port if it names one.
fn server(told: &mut Attributes, host: &[u8]) {
    let host = String::from_utf8_lossy(host);
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
        _ => (&*host, None),
    };
    told.text("server.address", name);
    if let Some(port) = port {
        told.number("server.port", port);
    }
}

const fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}
