//! `[login.header]`: what a proxy says of people whom it logged in.

use gatepass_issuer::HeaderConfig;
use http::HeaderName;

use super::oidc::separator;
use crate::config::edge::network;
use crate::config::table::{Table, Value};

pub(in crate::config) fn header(mut table: Table<'_>) -> Option<HeaderConfig> {
    let is_there = table.is_there();
    let name = table.required("name", "a header such as X-Auth-Request-User");
    let name = name.as_ref().and_then(header_name);
    let mut claims = Vec::new();
    if let Some(value) = table.value("claims") {
        for (claim, header) in value.clone().named_texts() {
            match header.parse() {
                Ok(header) => claims.push((claim, header)),
                Err(_) => value.mistake(format!("{header:?} is no name of a header")),
            }
        }
    }
    let separator = table.value("separator").and_then(|value| separator(&value));
    let from = table
        .required("from", "the addresses of the proxy that logs people in and sets the headers");
    let from = from.map(|value| value.items().iter().filter_map(network).collect());
    table.finish();
    is_there.then_some(HeaderConfig { name: name?, claims, separator, from: from? })
}

fn header_name(value: &Value<'_>) -> Option<HeaderName> {
    let text = value.text()?;
    // What every request has, or what browsers let pages set, vouches for nobody.
    let is_usual = ["authorization", "cookie", "host", "user-agent", "x-forwarded-for"]
        .iter()
        .any(|usual| text.eq_ignore_ascii_case(usual));
    match text.parse() {
        Ok(name) if !is_usual => Some(name),
        _ => {
            value.mistake(format!(
                "{text:?} can't name people: expected a header that the proxy alone sets, such as X-Auth-Request-User"
            ));
            None
        }
    }
}
