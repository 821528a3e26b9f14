//! One object a line.

use data_encoding::HEXLOWER;
use gatepass::Scheme;
use http::HeaderMap;
use http::header::{RANGE, REFERER, USER_AGENT};

use super::entry::Finished;
use super::redacted;
use super::text::{address, json, number, text};
use super::version;

/// Fields are only ever added, and behind those that are there: programs read them.
pub(super) fn write(out: &mut Vec<u8>, finished: &Finished<'_>) {
    let entry = finished.entry();
    text(out, r#"{"time":"#);
    number(out, entry.now.seconds());
    text(out, r#","viewer":""#);
    address(out, entry.address);
    text(out, r#"","method":""#);
    // A token (RFC 9110, section 9.1): nothing in it has to be escaped.
    text(out, finished.method().as_str());
    text(out, r#"","url":""#);
    url(out, finished);
    text(out, r#"","status":"#);
    number(out, finished.status().as_u16().into());
    text(out, r#","bytes":"#);
    number(out, finished.body_sent());
    text(out, r#","microseconds":"#);
    number(out, micros(finished.took));
    if let Some(pass) = &entry.pass {
        text(out, r#","key":""#);
        text(out, pass.key_id().as_str());
        text(out, r#"","expires":"#);
        number(out, pass.expiry().seconds());
        text(out, r#","pass":""#);
        let mut digits = [0; 32];
        HEXLOWER.encode_mut(&pass.digest()[..16], &mut digits);
        out.extend_from_slice(&digits);
        out.push(b'"');
    }
    if let Some((reason, sentence)) = &entry.refusal {
        text(out, r#","reason":""#);
        text(out, reason);
        text(out, r#"","detail":""#);
        json(out, sentence.as_bytes());
        out.push(b'"');
    }
    added(out, finished);
    text(out, "}\n");
}

fn added(out: &mut Vec<u8>, finished: &Finished<'_>) {
    let entry = finished.entry();
    let behavior = finished.behavior();
    text(out, behavior.as_json());
    word(out, r#","x_cache":""#, finished.outcome().result_type());
    if let Some((reason, sentence)) = &entry.trouble {
        word(out, r#","origin_trouble":""#, reason);
        field(out, r#","origin_detail":""#, sentence.as_bytes());
    }
    for (name, found) in
        [(r#","reported":""#, entry.reported), (r#","tls":""#, entry.tls.map(|tls| tls.protocol))]
    {
        if let Some(found) = found {
            word(out, name, found);
        }
    }
    word(out, r#","http":""#, version(finished.version()));
    text(out, r#","received":"#);
    number(out, finished.received);
    text(out, r#","first_byte_microseconds":"#);
    number(out, micros(finished.first_byte));
    if !finished.is_whole() {
        text(out, r#","cut_off":true"#);
    }
    text(out, r#","id":""#);
    out.extend_from_slice(finished.id());
    out.push(b'"');
    said(out, finished.headers());
}

/// What the viewer says of itself. One look at each name costs less than three look-ups.
fn said(out: &mut Vec<u8>, headers: &HeaderMap) {
    let (mut range, mut agent, mut referer) = (None, None, None);
    for (name, value) in headers {
        let said = match *name {
            RANGE => &mut range,
            USER_AGENT => &mut agent,
            REFERER => &mut referer,
            _ => continue,
        };
        said.get_or_insert(value);
    }
    if let Some(range) = range {
        field(out, r#","range":""#, range.as_bytes());
    }
    if let Some(agent) = agent {
        field(out, r#","user_agent":""#, agent.as_bytes());
    }
    if let Some(referer) = referer {
        text(out, r#","referer":""#);
        redacted::url(referer.as_bytes()).for_each(|part| json(out, part));
        out.push(b'"');
    }
}

/// What belongs to every request of a behavior.
pub(crate) fn labels(distribution: &str, path_pattern: &str) -> String {
    let mut out = Vec::new();
    field(&mut out, r#","distribution":""#, distribution.as_bytes());
    field(&mut out, r#","behavior":""#, path_pattern.as_bytes());
    String::from_utf8(out).expect("what is escaped stays text")
}

/// A field that is ours alone.
fn word(out: &mut Vec<u8>, opening: &str, value: &'static str) {
    text(out, opening);
    text(out, value);
    out.push(b'"');
}

fn field(out: &mut Vec<u8>, opening: &str, value: &[u8]) {
    text(out, opening);
    json(out, value);
    out.push(b'"');
}

/// The URL that a pass had to cover.
fn url(out: &mut Vec<u8>, finished: &Finished<'_>) {
    let Some(scheme) = finished.entry().scheme else { return };
    let default_port: &[u8] = match scheme {
        Scheme::Http => b":80",
        Scheme::Https => b":443",
    };
    let host = finished.host();
    text(out, scheme.as_str());
    text(out, "://");
    json(out, host.strip_suffix(default_port).unwrap_or(host));
    redacted::url(finished.path().as_bytes()).for_each(|part| json(out, part));
    let query = finished.raw_query().map(|query| redacted::query(query.as_bytes()));
    for (nth, part) in query.into_iter().flatten().enumerate() {
        if nth == 0 {
            out.push(b'?');
        }
        json(out, part);
    }
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
