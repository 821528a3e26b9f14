//! `[[distribution.behavior]]` and `[distribution.default-behavior]`.

use gatepass::{HashAlgorithm, Reading};
use gatepass_distribution::{
    AllowedMethods, BehaviorDraft, CachedMethods, Conduct, Cors, LoginPage, PathPattern, Renewal,
    ViewerProtocol,
};

use super::table::{Table, Value};

pub(super) fn patterned(mut table: Table<'_>) -> (PathPattern, BehaviorDraft) {
    let pattern = table
        .required("path-pattern", "a path such as /private/*")
        .and_then(|pattern| pattern.parsed());
    let behavior = read(&mut table);
    table.finish();
    (pattern.unwrap_or_else(PathPattern::everything), behavior)
}

pub(super) fn read(table: &mut Table<'_>) -> BehaviorDraft {
    let origin = table.required("origin", "the ID of an origin").and_then(|origin| origin.text());
    let trusted_key_groups = table.value("trusted-key-groups").map(Value::texts);
    let is_strict = table.value("cloudfront-strict").and_then(|strict| strict.flag());
    let is_report_only = is_report_only(table, trusted_key_groups.is_some());
    let mut policy = |field| table.value(field).and_then(|id| id.text()).map(Box::from);
    BehaviorDraft {
        origin: origin.unwrap_or_default().into(),
        trusted_key_groups,
        reading: if is_strict == Some(true) { Reading::CloudFront } else { Reading::Gatepass },
        is_report_only,
        cache_policy: policy("cache-policy"),
        origin_request_policy: policy("origin-request-policy"),
        minimum_hash: minimum_hash(table),
        on_denied: on_denied(table.table("on-denied")),
        renewal: renewal(table.table("renew")),
        cors: cors(table.table("cors")),
        conduct: conduct(table),
    }
}

fn is_report_only(table: &mut Table<'_>, is_guarded: bool) -> bool {
    let Some(gate) = table.value("gate") else { return false };
    let is_report_only = gate.choice(&[("enforce", false), ("report", true)]);
    if is_report_only == Some(false) && !is_guarded {
        gate.mistake("there is nothing to enforce: the behavior has no trusted-key-groups");
    }
    is_report_only == Some(true)
}

fn minimum_hash(table: &mut Table<'_>) -> HashAlgorithm {
    let value = table.value("minimum-hash").and_then(|value| value.parsed());
    value.unwrap_or_default()
}

fn on_denied(mut table: Table<'_>) -> Option<LoginPage> {
    let is_there = table.is_there();
    let page = table.required("redirect-pages-to", "a path such as /login.html");
    let page = page.and_then(|page| page.parsed());
    table.finish();
    page.filter(|_| is_there)
}

fn renewal(mut table: Table<'_>) -> Option<Renewal> {
    let is_there = table.is_there();
    let page = table.required("pages-at", "the issuer's page, such as /_gatepass/renew");
    let page = page.and_then(|page| page.parsed());
    let before = table.value("before-seconds").and_then(|value| value.number(1..=86_400));
    table.finish();
    let before_seconds = before.and_then(|seconds| seconds.try_into().ok()).unwrap_or(60);
    page.filter(|_| is_there).map(|page| Renewal { page, before_seconds })
}

fn cors(mut table: Table<'_>) -> Option<Cors> {
    let is_there = table.is_there();
    let origins = table.required("allow-origins", "a list such as [\"https://app.example.com\"]");
    let credentials = table.value("allow-credentials").and_then(|value| value.flag());
    let max_age = table.value("max-age-seconds").and_then(|value| value.number(0..=86_400));
    table.finish();
    is_there.then(|| Cors {
        allow_origins: origins.map_or_else(Vec::new, Value::texts),
        allow_credentials: credentials.unwrap_or(false),
        max_age_seconds: max_age.and_then(|seconds| seconds.try_into().ok()).unwrap_or(600),
    })
}

fn conduct(table: &mut Table<'_>) -> Conduct {
    let viewer_protocol = table.value("viewer-protocol").and_then(|value| {
        value.choice(&[
            ("allow-all", ViewerProtocol::AllowAll),
            ("redirect-to-https", ViewerProtocol::RedirectToHttps),
            ("https-only", ViewerProtocol::HttpsOnly),
        ])
    });
    let allowed_methods = table.value("allowed-methods").and_then(|value| allowed_methods(&value));
    let cached_methods = table.value("cached-methods").and_then(|value| cached_methods(&value));
    let mut flag = |field| table.value(field).and_then(|value| value.flag()).unwrap_or(false);
    Conduct {
        viewer_protocol: viewer_protocol.unwrap_or_default(),
        allowed_methods: allowed_methods.unwrap_or_default(),
        cached_methods: cached_methods.unwrap_or_default(),
        compress: flag("compress"),
        cap_viewer_cache: flag("cap-viewer-cache"),
        honour_viewer_cache_control: flag("honour-viewer-cache-control"),
        response_headers: response_headers(table),
    }
}

fn cached_methods(value: &Value<'_>) -> Option<CachedMethods> {
    let methods = methods(value);
    let methods: Vec<_> = methods.iter().map(|method| &**method).collect();
    match methods[..] {
        ["GET", "HEAD"] => Some(CachedMethods::GetHead),
        ["GET", "HEAD", "OPTIONS"] => Some(CachedMethods::GetHeadOptions),
        _ => {
            value.mistake(
                "CloudFront keeps the answers of one of two sets: [\"GET\", \"HEAD\"], or with \"OPTIONS\"",
            );
            None
        }
    }
}

/// A set of methods: in alphabetical order, each once.
fn methods(value: &Value<'_>) -> Vec<Box<str>> {
    let mut methods = value.clone().texts();
    methods.sort_unstable();
    methods.dedup();
    methods
}

fn allowed_methods(value: &Value<'_>) -> Option<AllowedMethods> {
    let methods = methods(value);
    let methods: Vec<_> = methods.iter().map(|method| &**method).collect();
    match methods[..] {
        ["GET", "HEAD"] => Some(AllowedMethods::GetHead),
        ["GET", "HEAD", "OPTIONS"] => Some(AllowedMethods::GetHeadOptions),
        ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"] => Some(AllowedMethods::All),
        _ => {
            value.mistake("CloudFront allows one of three sets: [\"GET\", \"HEAD\"], or with \"OPTIONS\", or with \"OPTIONS\", \"PUT\", \"POST\", \"PATCH\" and \"DELETE\"");
            None
        }
    }
}

/// The operator's own, and what AWS's managed `SecurityHeadersPolicy` sets besides.
fn response_headers(table: &mut Table<'_>) -> Vec<(Box<str>, Box<str>)> {
    let mut headers = table.value("response-headers").map_or_else(Vec::new, Value::named_texts);
    if table.value("security-headers").and_then(|value| value.flag()) == Some(true) {
        for (name, value) in SECURITY_HEADERS {
            if !headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
                headers.push((name.into(), value.into()));
            }
        }
    }
    headers
}

const SECURITY_HEADERS: [(&str, &str); 5] = [
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Strict-Transport-Security", "max-age=31536000"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("X-XSS-Protection", "1; mode=block"),
];
