//! `[[distribution.origin]]`: a folder, a web server, a bucket, or two of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gatepass_distribution::{
    Endpoint, EndpointError, HttpOrigin, Origin, OriginGroup, OriginKind, Patience, S3Origin,
    SigningBehavior, origin_path,
};

use super::table::{Table, Value};

pub(super) fn read(mut table: Table<'_>, folder: &Path) -> Origin {
    let id = table.required("id", "a name for the origin").and_then(|id| id.text());
    let kind = kind(&mut table, folder);
    table.finish();
    Origin { id: id.unwrap_or_default().into(), kind }
}

/// What can't be read is told once, and not again by every behavior that asks this origin:
/// something of the same kind stands in for it until the configuration is refused.
fn kind(table: &mut Table<'_>, folder: &Path) -> OriginKind {
    let values = KINDS.map(|name| Some((name, table.value(name)?)));
    let mut given = values.into_iter().flatten();
    let Some((name, value)) = given.next() else {
        table.mistake("", "an origin is a directory, http, s3 or group: none of them is here");
        return OriginKind::Http(stand_in());
    };
    for (_, other) in given {
        other.mistake(format!("an origin is one place, and this one already has {name}"));
    }
    match name {
        "directory" => OriginKind::Directory(directory(&value, folder)),
        "http" => OriginKind::Http(http(table, &value)),
        "s3" => OriginKind::S3(s3(table, value.table())),
        _ => OriginKind::Group(group(value.table())),
    }
}

const KINDS: [&str; 4] = ["directory", "http", "s3", "group"];

fn directory(value: &Value<'_>, folder: &Path) -> PathBuf {
    let path = folder.join(value.text().unwrap_or_default());
    if !path.is_dir() {
        value.mistake(format!("there is no folder {}", path.display()));
    }
    path
}

fn http(table: &mut Table<'_>, url: &Value<'_>) -> HttpOrigin {
    let headers = table.value("headers").map_or_else(Vec::new, Value::named_texts);
    let (endpoint, path) = server(url);
    HttpOrigin {
        endpoint,
        path,
        headers,
        patience: patience(table),
        allow_private_addresses: allow_private_addresses(table),
    }
}

fn stand_in() -> HttpOrigin {
    HttpOrigin {
        endpoint: of_amazon("us-east-1"),
        path: Box::default(),
        headers: Vec::new(),
        patience: Patience::default(),
        allow_private_addresses: false,
    }
}

fn s3(origin: &mut Table<'_>, mut table: Table<'_>) -> S3Origin {
    let bucket = table.required("bucket", "the name of a bucket").and_then(|name| name.text());
    let region = table.required("region", "a region such as us-east-1").and_then(|it| it.text());
    let region = region.unwrap_or("us-east-1");
    let endpoint = table.value("endpoint").map(|url| service(&url));
    let path_style = table.value("path-style").and_then(|value| value.flag());
    let signing = table.value("signing").and_then(|value| {
        value.choice(&[
            ("always", SigningBehavior::Always),
            ("never", SigningBehavior::Never),
            ("no-override", SigningBehavior::NoOverride),
        ])
    });
    let path = table.value("path").and_then(|path| understood(&path, origin_path(path.text()?)));
    let profile = table.value("profile").and_then(|value| value.text()).map(Box::from);
    table.finish();
    S3Origin {
        bucket: bucket.unwrap_or("stand-in").into(),
        endpoint: endpoint.unwrap_or_else(|| of_amazon(region)),
        region: region.into(),
        is_path_style: path_style.unwrap_or(false),
        path: path.unwrap_or_default(),
        signing: signing.unwrap_or_default(),
        profile,
        patience: patience(origin),
        allow_private_addresses: allow_private_addresses(origin),
    }
}

fn service(url: &Value<'_>) -> Endpoint {
    let (endpoint, path) = server(url);
    if !path.is_empty() {
        url.mistake(format!("an endpoint has no path: write path = {path:?} beside it"));
    }
    endpoint
}

fn of_amazon(region: &str) -> Endpoint {
    let end = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Endpoint { is_https: true, host: format!("s3.{region}.{end}").into(), port: 443 }
}

fn server(url: &Value<'_>) -> (Endpoint, Box<str>) {
    let read = url.text().and_then(|text| understood(url, Endpoint::parse_url(text)));
    read.unwrap_or_else(|| (of_amazon("us-east-1"), Box::default()))
}

fn group(mut table: Table<'_>) -> OriginGroup {
    let mut member = |field| table.required(field, "the ID of an origin").and_then(|id| id.text());
    let (primary, secondary) = (member("primary"), member("secondary"));
    let statuses = table.required("statuses", "a list such as [500, 502, 503, 504]");
    let statuses = statuses.map_or_else(Vec::new, Value::items);
    let statuses = statuses.iter().filter_map(|status| status.number(100..=599));
    let statuses = statuses.filter_map(|status| u16::try_from(status).ok()).collect();
    table.finish();
    OriginGroup {
        primary: primary.unwrap_or_default().into(),
        secondary: secondary.unwrap_or_default().into(),
        statuses,
    }
}

fn patience(table: &mut Table<'_>) -> Patience {
    let usual = Patience::default();
    let mut number = |field, most| table.value(field).and_then(|value| value.number(1..=most));
    let mut seconds = |field| number(field, 3_600).map(Duration::from_secs);
    let connect = seconds("connect-timeout-seconds").unwrap_or(usual.connect);
    let response = seconds("response-timeout-seconds").unwrap_or(usual.response);
    let keep_alive = seconds("keep-alive-seconds").unwrap_or(usual.keep_alive);
    let attempts = number("attempts", 3).and_then(|count| count.try_into().ok());
    let connections = number("connections", 100_000).and_then(|count| count.try_into().ok());
    Patience {
        connect,
        response,
        keep_alive,
        attempts: attempts.unwrap_or(usual.attempts),
        connections: connections.unwrap_or(usual.connections),
    }
}

fn allow_private_addresses(table: &mut Table<'_>) -> bool {
    table.value("allow-private-addresses").and_then(|value| value.flag()).unwrap_or(false)
}

fn understood<T>(value: &Value<'_>, read: Result<T, EndpointError>) -> Option<T> {
    read.map_err(|error| value.mistake(error.to_string())).ok()
}
