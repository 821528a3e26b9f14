//! `[issuer]`: where browsers find it, whom it believes, how long it remembers.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gatepass_distribution::Proxies;
use gatepass_issuer::{IssuerConfig, Lifetimes, Players, PublicUrl, ReturnHosts, Secret};

use super::source::Secrets;
use crate::config::edge::{listen, network};
use crate::config::table::{Table, Value};

/// Reads the table, but for the hash algorithm, which belongs to the keys.
pub(super) fn read(
    table: &mut Table<'_>,
    folder: &Path,
    secrets: &Secrets<'_>,
) -> Option<IssuerConfig> {
    let default = SocketAddr::from(([127, 0, 0, 1], 8090));
    let address = table.value("listen").and_then(|value| listen(&value)).unwrap_or(default);
    let (url, return_to) = found_at(table);
    let sealed_with = table
        .required("secret", "{ file = \"issuer.secret\" }, made by openssl rand -base64 48")
        .and_then(|value| secret(&value, secrets));
    let proxies = table.value("trusted-proxies").map_or_else(Vec::new, Value::items);
    let proxies = Proxies::new(proxies.iter().filter_map(network).collect());
    let token = table.value("application-token").and_then(|value| secret(&value, secrets));
    let state = state(table, folder);
    let players = table.value("players").and_then(|value| {
        value.choice(&[("same-site", Players::SameSite), ("cross-site", Players::CrossSite)])
    });
    let (session, numbers) = (table.table("session"), Numbers::read(table));
    let mut config = IssuerConfig::new(address, url?, sealed_with?);
    read_session(session, &mut config);
    numbers.set(&mut config);
    config.proxies = proxies;
    config.return_to = return_to;
    config.application_token = token;
    config.state = Some(state);
    config.players = players.unwrap_or_default();
    Some(config)
}

/// Where browsers find the issuer, and where it sends them.
pub(super) fn found_at(table: &mut Table<'_>) -> (Option<PublicUrl>, ReturnHosts) {
    let url = table
        .required("url", "where browsers find it, such as https://media.example.com/_gatepass")
        .and_then(|value| value.parsed());
    (url, table.value("return-to").map(|value| return_hosts(&value)).unwrap_or_default())
}

#[derive(Default)]
struct Numbers {
    renew_before: Option<u64>,
    connections: Option<u64>,
    request_timeout: Option<u64>,
    drain_timeout: Option<u64>,
}

impl Numbers {
    fn read(table: &mut Table<'_>) -> Self {
        let mut number = |field, most| table.value(field).and_then(|value| value.number(1..=most));
        Self {
            renew_before: number("renew-before-seconds", 86_400),
            connections: number("connections", 1_000_000),
            request_timeout: number("request-timeout-seconds", 3_600),
            drain_timeout: number("drain-timeout-seconds", 3_600),
        }
    }

    fn set(self, config: &mut IssuerConfig) {
        let seconds = |number: Option<u64>, usual| number.map_or(usual, Duration::from_secs);
        config.renew_before = seconds(self.renew_before, config.renew_before);
        let limits = &mut config.limits;
        limits.request_timeout = seconds(self.request_timeout, limits.request_timeout);
        limits.drain_timeout = seconds(self.drain_timeout, limits.drain_timeout);
        if let Some(connections) = self.connections {
            limits.connections = usize::try_from(connections).unwrap_or(usize::MAX);
        }
    }
}

fn read_session(mut table: Table<'_>, config: &mut IssuerConfig) {
    let idle = session_seconds(&mut table, "idle-seconds");
    let absolute = session_seconds(&mut table, "absolute-seconds");
    config.session.idle = idle.unwrap_or(config.session.idle);
    config.session.absolute = absolute.unwrap_or(config.session.absolute);
    table.finish();
}

/// For how long sessions may last, as a field says.
pub(super) fn session_seconds(table: &mut Table<'_>, field: &'static str) -> Option<Duration> {
    let bounds = 1..=Lifetimes::LONGEST.as_secs();
    table.value(field).and_then(|value| value.number(bounds)).map(Duration::from_secs)
}

/// The folder of what has to outlive a restart.
pub(super) fn state(table: &mut Table<'_>, folder: &Path) -> PathBuf {
    let state = table.value("state").and_then(|value| value.text());
    folder.join(state.unwrap_or("issuer-state"))
}

/// A secret that nobody can guess.
pub(super) fn secret(value: &Value<'_>, secrets: &Secrets<'_>) -> Option<Secret> {
    let bytes = secrets.bytes(value.clone())?;
    Secret::new(&bytes).map_err(|error| value.mistake(error.to_string())).ok()
}

fn return_hosts(value: &Value<'_>) -> ReturnHosts {
    let items = value.clone().items();
    let origins = items.iter().filter_map(Value::text);
    ReturnHosts::new(origins).map_err(|error| value.mistake(error.to_string())).unwrap_or_default()
}
