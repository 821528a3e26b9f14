//! `[edge] opentelemetry`: which requests are told as spans, and to whom.

use std::collections::HashSet;

use gatepass_distribution::{Endpoint, HttpOrigin};
use gatepass_edge::OpenTelemetry;
use http::{HeaderName, HeaderValue};

use super::table::{Table, Value};

pub(super) fn read(mut table: Table<'_>) -> Option<OpenTelemetry> {
    let is_there = table.is_there();
    if is_there && !OpenTelemetry::IS_BUILT_IN {
        table.mistake("", NOT_BUILT_IN);
    }
    let endpoint = table.required("endpoint", "a URL such as http://127.0.0.1:4318");
    let collector = endpoint.and_then(|url| collector(&url));
    let service_name = table.value("service-name").and_then(|value| service_name(&value));
    let sample = table.value("sample").and_then(|value| value.part());
    let follow_viewers = table.value("follow-viewers").and_then(|value| value.flag());
    let headers = table.value("headers").as_ref().map_or_else(Vec::new, headers);
    table.finish();
    let (endpoint, path) = collector?;
    let usual = OpenTelemetry::told_to(endpoint, path);
    is_there.then_some(OpenTelemetry {
        collector: HttpOrigin { headers, ..usual.collector },
        service_name: service_name.unwrap_or(usual.service_name),
        sample: sample.unwrap_or(usual.sample),
        follow_viewers: follow_viewers.unwrap_or(usual.follow_viewers),
    })
}

const NOT_BUILT_IN: &str = "this gatepass was built without OpenTelemetry: build one with \
    cargo install --path crates/gatepass-cli --features opentelemetry, or leave opentelemetry out";

fn collector(url: &Value<'_>) -> Option<(Endpoint, Box<str>)> {
    let (endpoint, path) =
        Endpoint::parse_url(url.text()?).map_err(|error| url.mistake(error.to_string())).ok()?;
    if path.ends_with("/v1/traces") {
        url.mistake("/v1/traces is added to the endpoint: leave it out");
    }
    Some((endpoint, path))
}

fn service_name(value: &Value<'_>) -> Option<Box<str>> {
    const LONGEST: usize = 255;

    let name = value.text()?;
    let is_name = (1..=LONGEST).contains(&name.len())
        && name.trim() == name
        && !name.contains(char::is_control);
    if !is_name {
        value.mistake(format!(
            "{:?} is no name of a service: expected 1 to {LONGEST} bytes of text, without line \
             breaks or spaces at its ends",
            name.chars().take(LONGEST).collect::<String>()
        ));
    }
    is_name.then(|| name.into())
}

/// Their values are secrets. No mistake repeats one.
fn headers(value: &Value<'_>) -> Vec<(Box<str>, Box<str>)> {
    const MOST: usize = 30;

    let mut seen = HashSet::new();
    let named = value.clone().named_values();
    if named.len() > MOST {
        value.mistake(format!("a collector is sent at most {MOST} headers, not {}", named.len()));
    }
    let read = |(name, value): (Box<str>, Value<'_>)| {
        let text = value.text()?;
        let known = HeaderName::try_from(&*name);
        match &known {
            Err(_) => value.mistake(format!("{name:?} is no name of a header")),
            Ok(known) if OWN.contains(&known.as_str()) => {
                value.mistake(format!("{name} can't be set: the edge sends its own, or none"));
            }
            Ok(known) if !seen.insert(known.clone()) => {
                value.mistake(format!("{name} is set twice; capitals don't count"));
            }
            Ok(_) => {}
        }
        let is_text = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !is_text
            || text.trim() != text
            || text.is_empty()
            || HeaderValue::try_from(text).is_err()
        {
            value.mistake(format!(
                "the value of {name} can't be sent: expected ASCII text that can be seen, without \
                 line breaks or spaces at its ends"
            ));
        }
        Some((name, text.into()))
    };
    named.into_iter().filter_map(read).collect()
}

/// What frames a message, and what the edge says of a batch.
const OWN: [&str; 11] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "traceparent",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::{Config, Mistakes, read};

    const REST: &str = "[[distribution]]\nid = \"E1\"\naliases = [\"*\"]\n\
        [[distribution.origin]]\nid = \"app\"\nhttp = \"http://127.0.0.1:8000\"\n\
        [distribution.default-behavior]\norigin = \"app\"\n";

    fn edge(opentelemetry: &str) -> Result<Config, Mistakes> {
        let text = format!("[edge]\nopentelemetry = {opentelemetry}\n{REST}");
        read(&text, Path::new("conf"), &|_: &Path| Ok(Vec::new()))
    }

    fn told(opentelemetry: &str) -> Vec<String> {
        let mistakes = edge(opentelemetry).unwrap_err().lines(&"gatepass.toml");
        let lines = mistakes.lines().filter(|line| !line.contains(super::NOT_BUILT_IN));
        lines.map(ToOwned::to_owned).collect()
    }

    #[cfg(feature = "opentelemetry")]
    #[test]
    fn spans_are_told_as_the_table_says() {
        let read = |text| edge(text).unwrap().opentelemetry.unwrap();
        let usual = read(r#"{ endpoint = "http://127.0.0.1:4318" }"#);
        assert_eq!(usual.collector.endpoint.to_string(), "http://127.0.0.1:4318");
        assert_eq!((&*usual.service_name, usual.follow_viewers), ("gatepass", false));
        assert!((0.099..=0.101).contains(&usual.sample), "{}", usual.sample);
        let own = read(
            r#"{ endpoint = "https://otel.test/base/", service-name = "films", sample = 1, follow-viewers = true, headers = { X-Key = "k" } }"#,
        );
        assert_eq!(&*own.collector.path, "/base");
        assert_eq!(own.collector.headers, [("X-Key".into(), "k".into())]);
        assert_eq!((&*own.service_name, own.follow_viewers), ("films", true));
        assert!(own.sample >= 1.0, "{}", own.sample);
    }

    #[cfg(not(feature = "opentelemetry"))]
    #[test]
    fn a_build_without_spans_says_how_to_get_one_with_them() {
        let text = r#"{ endpoint = "http://127.0.0.1:4318" }"#;
        let mistakes = edge(text).unwrap_err().lines(&"gatepass.toml");
        assert!(mistakes.starts_with("gatepass.toml:2:17: this gatepass was built"), "{mistakes}");
        assert!(mistakes.contains("--features opentelemetry"), "{mistakes}");
    }

    #[test]
    fn nothing_is_told_where_nobody_asks() {
        let config = read(REST, Path::new("conf"), &|_: &Path| Ok(Vec::new()));
        assert!(config.unwrap().opentelemetry.is_none());
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let told = told(
            r#"{ endpoint = "collector:4318", service-name = "", sample = 1.5, follow-viewers = 1, headers = { Host = "a", "a b" = "b", X-A = " ", x-a = "c" }, samples = 1 }"#,
        );
        let expected = [
            r#""collector:4318" is no URL of a web server"#,
            r#""" is no name of a service: expected 1 to 255 bytes"#,
            "edge.opentelemetry.sample: expected a number from 0 to 1, such as 0.1, not 1.5",
            "edge.opentelemetry.follow-viewers: expected true or false, not 1",
            "Host can't be set",
            r#""a b" is no name of a header"#,
            "the value of X-A can't be sent",
            "x-a is set twice",
            r#"edge.opentelemetry has no field "samples"; it has endpoint, service-name, sample, follow-viewers, headers"#,
        ];
        for expected in expected {
            assert!(told.iter().any(|line| line.contains(expected)), "{expected} in {told:#?}");
        }
        assert_eq!(told.len(), expected.len(), "{told:#?}");
    }

    #[test]
    fn a_collector_is_named_by_its_url_without_what_is_added() {
        let one = |text: &str| told(text).pop().unwrap_or_default();
        assert!(one("{ sample = 0.5 }").contains("endpoint is missing"));
        let added = one(r#"{ endpoint = "http://otel.test/v1/traces" }"#);
        assert!(added.contains("/v1/traces is added"), "{added}");
        for sample in ["-0.1", "nan", "inf", "2", "\"1\""] {
            let told = one(&format!("{{ endpoint = \"http://otel.test\", sample = {sample} }}"));
            assert!(told.contains("expected a number from 0 to 1"), "{sample}: {told}");
        }
    }

    #[test]
    fn secrets_are_not_repeated() {
        for text in [
            r#"{ endpoint = "http://user:s3cret@otel.test" }"#,
            r#"{ endpoint = "http://otel.test", headers = { X-A = "s3cret\u00e9", "X B" = "s3cret" } }"#,
        ] {
            let told = told(text);
            assert!(!told.is_empty() && !told.concat().contains("s3cret"), "{told:?}");
        }
    }
}
