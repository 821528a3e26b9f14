//! The OpenTelemetry protocol, OTLP, in its JSON encoding: spans out, one number back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value as Json, json};

use super::span::{Attributes, Kind, Span, Value};

/// Where a collector takes spans, behind its own path.
pub(super) const PATH: &str = "/v1/traces";

/// Who tells: the same in every batch.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) service_name: Box<str>,
    /// Tells one edge of a fleet from another.
    pub(super) instance: String,
}

/// The body of a request with a batch of spans.
pub(super) fn body(resource: &Resource, spans: &[Span]) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let spans: Vec<Json> = spans.iter().map(span).collect();
    let body = json!({ "resourceSpans": [{
        "resource": { "attributes": [
            text("service.name", &resource.service_name),
            text("service.version", version),
            text("service.instance.id", &resource.instance),
            text("telemetry.sdk.name", "gatepass"),
            text("telemetry.sdk.language", "rust"),
            text("telemetry.sdk.version", version),
        ]},
        "scopeSpans": [{
            "scope": { "name": "gatepass-edge", "version": version },
            "spans": spans,
        }],
    }]});
    body.to_string().into_bytes()
}

/// How many spans of a batch a collector says that it did not take.
pub(super) fn rejected(answer: &[u8]) -> u64 {
    let answer: Json = serde_json::from_slice(answer).unwrap_or_default();
    // In JSON, OTLP writes 64-bit numbers as text; readers take both.
    match &answer["partialSuccess"]["rejectedSpans"] {
        Json::String(number) => number.parse().unwrap_or(0),
        number => number.as_u64().unwrap_or(0),
    }
}

fn span(span: &Span) -> Json {
    let kind = match span.kind {
        Kind::Server => 2,
        Kind::Client => 3,
    };
    let mut told = json!({
        "traceId": format!("{:032x}", span.trace),
        "spanId": format!("{:016x}", span.id),
        "name": span.name,
        "kind": kind,
        "startTimeUnixNano": nanoseconds(span.began),
        "endTimeUnixNano": nanoseconds(span.began + span.took),
        "attributes": attributes(&span.attributes),
    });
    if let Some(parent) = span.parent {
        told["parentSpanId"] = format!("{parent:016x}").into();
    }
    if span.has_failed {
        told["status"] = json!({ "code": 2 });
    }
    told
}

fn attributes(attributes: &Attributes) -> Vec<Json> {
    let each = attributes.0.iter().map(|(name, value)| match value {
        Value::Number(number) => {
            json!({ "key": name, "value": { "intValue": number.to_string() } })
        }
        Value::Text(value) => text(name, value),
        Value::True => json!({ "key": name, "value": { "boolValue": true } }),
    });
    each.collect()
}

fn text(name: &str, value: &str) -> Json {
    json!({ "key": name, "value": { "stringValue": value } })
}

fn nanoseconds(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_nanos().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_spelled_as_the_protocol_has_it() {
        let mut attributes = Attributes::default();
        attributes.number("http.response.status_code", 502);
        attributes.text("gatepass.behavior", "/*");
        attributes.flag("gatepass.cut_off");
        let span = Span {
            trace: 0xa,
            id: 0xb,
            parent: Some(0xc),
            kind: Kind::Server,
            name: "GET /*".into(),
            began: UNIX_EPOCH + Duration::new(1_767_290_000, 5),
            took: Duration::from_millis(2),
            has_failed: true,
            attributes,
        };
        let resource = Resource { service_name: "edge".into(), instance: "i".into() };
        let body: Json = serde_json::from_slice(&body(&resource, &[span])).unwrap();
        let told = &body["resourceSpans"][0];
        assert_eq!(told["resource"]["attributes"][0], text("service.name", "edge"));
        assert_eq!(
            told["scopeSpans"][0]["spans"],
            json!([{
                "traceId": "0000000000000000000000000000000a",
                "spanId": "000000000000000b",
                "parentSpanId": "000000000000000c",
                "name": "GET /*",
                "kind": 2,
                "startTimeUnixNano": "1767290000000000005",
                "endTimeUnixNano": "1767290000002000005",
                "attributes": [
                    { "key": "http.response.status_code", "value": { "intValue": "502" } },
                    { "key": "gatepass.behavior", "value": { "stringValue": "/*" } },
                    { "key": "gatepass.cut_off", "value": { "boolValue": true } },
                ],
                "status": { "code": 2 },
            }])
        );
    }

    #[test]
    fn what_a_collector_did_not_take_is_read_in_either_spelling() {
        assert_eq!(rejected(br#"{"partialSuccess":{"rejectedSpans":"3"}}"#), 3);
        assert_eq!(rejected(br#"{"partialSuccess":{"rejectedSpans":4,"errorMessage":"x"}}"#), 4);
        for nothing in [&b""[..], b"{}", b"[]", b"null", br#"{"partialSuccess":{}}"#, b"<html>"] {
            assert_eq!(rejected(nothing), 0);
        }
    }
}
