//! `[[cache-policy]]` and `[[origin-request-policy]]`.

use gatepass_distribution::{CachePolicy, OriginRequestPolicy, Selection, Ttls};

use super::table::{Table, Value};

pub(super) fn cache_policies(tables: Vec<Table<'_>>) -> Vec<CachePolicy> {
    tables.into_iter().filter_map(cache_policy).collect()
}

pub(super) fn origin_request_policies(tables: Vec<Table<'_>>) -> Vec<OriginRequestPolicy> {
    tables.into_iter().filter_map(origin_request_policy).collect()
}

/// One that can't be read is left out, and told once; behaviors that name it are told, too.
fn cache_policy(mut table: Table<'_>) -> Option<CachePolicy> {
    let id = table.required("id", "a name for the policy").and_then(|id| id.text());
    let ttls = ttls(table.table("ttl-seconds"));
    let mut key = table.table("key");
    let query_strings = selection(key.value("query-strings"));
    let headers = header_selection(key.value("headers"));
    let cookies = selection(key.value("cookies"));
    key.finish();
    let mut flag = |field| table.value(field).and_then(|value| value.flag()).unwrap_or(true);
    let (gzip, brotli) = (flag("gzip"), flag("brotli"));
    table.finish();
    Some(CachePolicy { id: id?.into(), ttls, query_strings, headers, cookies, gzip, brotli })
}

/// What is left out is as CloudFront has it, moved to where the others are if it must be.
fn ttls(mut table: Table<'_>) -> Ttls {
    let mut seconds = |field| table.value(field).and_then(|value| value.number(0..=MOST_SECONDS));
    let (minimum, default, maximum) =
        (seconds("minimum").unwrap_or(0), seconds("default"), seconds("maximum"));
    table.finish();
    let most = maximum.unwrap_or(u64::MAX).max(minimum);
    let default = default.unwrap_or_else(|| 86_400.clamp(minimum, most));
    Ttls { minimum, default, maximum: maximum.unwrap_or_else(|| default.max(31_536_000)) }
}

/// More than the check allows, which knows why.
const MOST_SECONDS: u64 = u32::MAX as u64;

fn origin_request_policy(mut table: Table<'_>) -> Option<OriginRequestPolicy> {
    let id = table.required("id", "a name for the policy").and_then(|id| id.text());
    let mut headers = header_selection(table.value("headers"));
    let mut cloudfront_headers =
        table.value("cloudfront-headers").map_or_else(Vec::new, |value| lower(value.texts()));
    // In a list they stand among the viewer's, as in CloudFront's own.
    if let Selection::Only(names) = &mut headers {
        cloudfront_headers.extend(names.extract_if(.., |name| name.starts_with("cloudfront-")));
    }
    let cookies = selection(table.value("cookies"));
    let query_strings = selection(table.value("query-strings"));
    table.finish();
    Some(OriginRequestPolicy {
        id: id?.into(),
        headers,
        cloudfront_headers,
        cookies,
        query_strings,
    })
}

/// `"none"`, `"all"`, a list of names, or `{ all-except = […] }`; none if it is missing.
fn selection(value: Option<Value<'_>>) -> Selection {
    let Some(value) = value else { return Selection::None };
    if value.is_list() {
        return Selection::Only(value.texts());
    }
    if value.is_text() {
        let is_all = value.choice(&[("none", false), ("all", true)]);
        return if is_all == Some(true) { Selection::All } else { Selection::None };
    }
    if !value.is_table() {
        value.expected("\"none\", \"all\", a list of names, or { all-except = [names] }");
        return Selection::None;
    }
    let mut table = value.table();
    let names = table.required("all-except", "a list of names");
    table.finish();
    Selection::AllExcept(names.map_or_else(Vec::new, Value::texts))
}

fn header_selection(value: Option<Value<'_>>) -> Selection {
    match selection(value) {
        Selection::Only(names) => Selection::Only(lower(names)),
        Selection::AllExcept(names) => Selection::AllExcept(lower(names)),
        whole => whole,
    }
}

fn lower(names: Vec<Box<str>>) -> Vec<Box<str>> {
    names.into_iter().map(|name| name.to_ascii_lowercase().into()).collect()
}
