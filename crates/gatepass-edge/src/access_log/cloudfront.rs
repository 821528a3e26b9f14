//! CloudFront's standard log: the fields that programs for its logs already read.
//!
//! Differences, all on purpose: `cs(Cookie)` is never told, and `cs-uri-query` and
//! `cs(Referer)` are without what opens a gate. `cs(Host)` is the distribution's ID, for here a
//! distribution has no domain of its own.

use std::cell::Cell;
use std::time::Duration;

use gatepass::EpochTime;
use http::header::{HeaderName, HeaderValue, REFERER, USER_AGENT};
use jiff::tz::Offset;

use super::entry::Finished;
use super::redacted;
use super::text::{address, number, padded, percent, text};
use super::version;

/// What a file begins with.
pub(super) const HEADER: &str = "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end\n";

/// The edge's place, as `X-Amz-Cf-Pop` has it.
const LOCATION: &str = "GTP50-P1";

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

pub(super) fn write(out: &mut Vec<u8>, finished: &Finished<'_>) {
    let entry = finished.entry();
    date_and_time(out, entry.now, finished.took);
    text(out, LOCATION);
    out.push(b'\t');
    number(out, finished.sent());
    out.push(b'\t');
    address(out, entry.address);
    out.push(b'\t');
    field(out, finished.method().as_str().as_bytes());
    field(out, finished.behavior().distribution().as_bytes());
    pieces(out, redacted::url(finished.path().as_bytes()));
    number(out, finished.status().as_u16().into());
    out.push(b'\t');
    match finished.headers().get(REFERER) {
        Some(referer) => pieces(out, redacted::url(referer.as_bytes())),
        None => text(out, "-\t"),
    }
    field(out, header(finished, &USER_AGENT));
    match finished.raw_query() {
        Some(query) => pieces(out, redacted::query(query.as_bytes())),
        None => text(out, "-\t"),
    }
    text(out, "-\t"); // cs(Cookie)
    let outcome = finished.outcome().result_type();
    // What CloudFront does when a viewer leaves early.
    field(out, if finished.is_whole() { outcome } else { "Error" }.as_bytes());
    field(out, finished.id());
    field(out, finished.host());
    field(out, entry.scheme.map_or("-", gatepass::Scheme::as_str).as_bytes());
    number(out, finished.received);
    out.push(b'\t');
    seconds(out, finished.took);
    field(out, header(finished, &X_FORWARDED_FOR));
    field(out, entry.tls.map_or("-", |tls| tls.protocol).as_bytes());
    field(out, entry.tls.map_or("-", |tls| tls.cipher).as_bytes());
    field(out, outcome.as_bytes());
    field(out, version(finished.version()).as_bytes());
    text(out, "-\t-\t"); // fle-status, fle-encrypted-fields
    number(out, entry.peer.port().into());
    out.push(b'\t');
    seconds(out, finished.first_byte);
    field(out, detailed(finished).as_bytes());
    field(out, finished.content_type().unwrap_or_default());
    optional(out, finished.content_length());
    out.push(b'\t');
    optional(out, finished.content_range().map(|(start, _)| start));
    out.push(b'\t');
    optional(out, finished.content_range().map(|(_, end)| end));
    out.push(b'\n');
}

fn header<'f>(finished: &Finished<'f>, name: &HeaderName) -> &'f [u8] {
    finished.headers().get(name).map(HeaderValue::as_bytes).unwrap_or_default()
}

/// A field from outside, and the tab behind it.
fn field(out: &mut Vec<u8>, value: &[u8]) {
    pieces(out, [value]);
}

fn pieces<'p>(out: &mut Vec<u8>, pieces: impl IntoIterator<Item = &'p [u8]>) {
    let before = out.len();
    pieces.into_iter().for_each(|piece| percent(out, piece));
    if out.len() == before {
        out.push(b'-');
    }
    out.push(b'\t');
}

fn optional(out: &mut Vec<u8>, value: Option<u64>) {
    match value {
        Some(value) => number(out, value),
        None => out.push(b'-'),
    }
}

/// The moment at which the answer was over. Many are over in the same second.
fn date_and_time(out: &mut Vec<u8>, began: EpochTime, took: Duration) {
    thread_local! {
        static LAST: Cell<(u64, Option<[u8; 20]>)> = const { Cell::new((0, None)) };
    }
    let over = began.seconds().saturating_add(took.as_secs());
    let last = LAST.try_with(Cell::get).ok().filter(|(second, _)| *second == over);
    let stamp = last.and_then(|(_, stamp)| stamp).or_else(|| stamp(over));
    let Some(stamp) = stamp else { return text(out, "-\t-\t") };
    let _ = LAST.try_with(|last| last.set((over, Some(stamp))));
    out.extend_from_slice(&stamp);
}

/// Date, tab, time, tab. None beyond the year 9999.
fn stamp(second: u64) -> Option<[u8; 20]> {
    let stamp = jiff::Timestamp::from_second(i64::try_from(second).ok()?).ok()?;
    let utc = Offset::UTC.to_datetime(stamp);
    let (date, time) = (utc.date(), utc.time());
    format!("{date}\t{time}\t").into_bytes().try_into().ok()
}

/// Seconds with three decimals, and the tab behind them.
fn seconds(out: &mut Vec<u8>, duration: Duration) {
    number(out, duration.as_secs());
    out.push(b'.');
    padded(out, duration.subsec_millis().into(), 3);
    out.push(b'\t');
}

/// CloudFront's finer word for what happened, if it has one.
fn detailed(finished: &Finished<'_>) -> &'static str {
    let word = finished.refusal().or(finished.trouble());
    match word.unwrap_or_default() {
        "bad_request" | "too_long" | "unexpected_body" => "InvalidRequest",
        "method_not_allowed" => "InvalidRequestMethod",
        "origin_unreachable" => "OriginConnectError",
        "origin_private_address" => "OriginDnsError",
        "origin_late" => "OriginCommError",
        "origin_unreadable" => "OriginInvalidResponseError",
        "origin_broke_off" => "OriginReadError",
        "origin_no_credentials" => "OriginError",
        "viewer_broke_off" => "ClientHungUpRequest",
        _ if !finished.is_whole() => "ClientCommError",
        _ => finished.outcome().result_type(),
    }
}
