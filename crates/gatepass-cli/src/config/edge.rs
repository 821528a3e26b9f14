//! `[edge]`: where viewers connect, whom to believe, how much to bear, what to keep and tell.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gatepass_edge::{EdgeConfig, LogFormat, OpenTelemetry};
use ipnet::IpNet;

use super::table::{Table, Value};
use super::{ReadFile, kept, telemetry, tls};

/// Where the access log goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum LogTo {
    File(PathBuf),
    Stdout,
}

/// What `[edge]` holds.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) config: EdgeConfig,
    pub(super) log: LogTo,
    /// The folder of what operators add while an edge runs.
    pub(super) state: PathBuf,
    pub(super) opentelemetry: Option<OpenTelemetry>,
}

pub(super) fn read(mut table: Table<'_>, folder: &Path, read_file: ReadFile<'_>) -> Read {
    let address = table.value("listen").and_then(|value| listen(&value));
    let default = SocketAddr::from(([127, 0, 0, 1], 8080));
    let mut config = EdgeConfig::listening_on(address.unwrap_or(default));
    config.metrics_listen = metrics_listen(&mut table, config.listen);
    config.plain_listen = table.value("plain-listen").and_then(|value| listen(&value));
    if let Some(proxies) = table.value("trusted-proxies") {
        config.trusted_proxies = proxies.items().iter().filter_map(network).collect();
    }
    config.tls = tls::certificates(table.tables("tls"), folder, read_file);
    config.acme = tls::acme(table.table("acme"), folder);
    numbers(&mut table, &mut config);
    config.cache = kept::cache(table.table("cache"), folder);
    let (log, log_format) = log(table.table("access-log"), folder);
    config.log_format = log_format;
    let opentelemetry = telemetry::read(table.table("opentelemetry"));
    let state = table.value("state").and_then(|value| value.text());
    let state = folder.join(state.unwrap_or("gatepass-state"));
    table.finish();
    Read { config, log, state, opentelemetry }
}

fn numbers(table: &mut Table<'_>, config: &mut EdgeConfig) {
    let mut number = |field, most| table.value(field).and_then(|value| value.number(1..=most));
    if let Some(threads) = number("threads", 1_024) {
        config.threads = usize::try_from(threads).unwrap_or(1);
    }
    if let Some(mebibytes) = number("verified-passes-mib", 65_536) {
        config.verified_passes_bytes = mebibytes * 1024 * 1024;
    }
    if let Some(connections) = number("connections", 10_000_000) {
        config.limits.connections = usize::try_from(connections).unwrap_or(usize::MAX);
    }
    let mut seconds = |field| number(field, 86_400).map(Duration::from_secs);
    let limits = &mut config.limits;
    limits.request_timeout = seconds("request-timeout-seconds").unwrap_or(limits.request_timeout);
    limits.stall_timeout = seconds("stall-timeout-seconds").unwrap_or(limits.stall_timeout);
    limits.drain_timeout = seconds("drain-timeout-seconds").unwrap_or(limits.drain_timeout);
}

fn log(mut table: Table<'_>, folder: &Path) -> (LogTo, LogFormat) {
    let file = table.value("file").and_then(|value| value.text());
    let formats = [("json", LogFormat::Json), ("cloudfront", LogFormat::CloudFront)];
    let format = table.value("format").and_then(|value| value.choice(&formats));
    table.finish();
    let to = match file {
        None | Some("-") => LogTo::Stdout,
        Some(file) => LogTo::File(folder.join(file)),
    };
    (to, format.unwrap_or_default())
}

fn metrics_listen(table: &mut Table<'_>, viewers: SocketAddr) -> Option<SocketAddr> {
    let value = table.value("metrics-listen")?;
    let address = listen(&value)?;
    if address == viewers && address.port() != 0 {
        value.mistake(format!("{address} is where viewers connect: metrics need their own"));
    }
    Some(address)
}

pub(super) fn listen(value: &Value<'_>) -> Option<SocketAddr> {
    let text = value.text()?;
    let address = text.parse().ok();
    if address.is_none() {
        value.mistake(format!(
            "{text:?} is no address to listen on: expected 127.0.0.1:8080 or [::]:8080"
        ));
    }
    address
}

pub(super) fn network(value: &Value<'_>) -> Option<IpNet> {
    let text = value.text()?;
    let network = text.parse().or_else(|_| text.parse().map(|one: std::net::IpAddr| one.into()));
    if network.is_err() {
        value.mistake(format!(
            "{text:?} is no address and no network: expected 10.0.0.0/8 or 192.0.2.7"
        ));
    }
    network.ok()
}
