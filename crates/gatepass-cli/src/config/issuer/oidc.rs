//! `[login.oidc]`: the provider at which people log in.

use std::time::Duration;

use gatepass_issuer::{ClientAuthentication, ClientSecret, OidcConfig, TokenAlgorithm};
use zeroize::Zeroizing;

use crate::config::table::{Table, Value};

/// Reads a secret from where a `{ file | env | credential = … }` says it is.
pub(in crate::config) type ReadSecret<'s> = &'s dyn Fn(Value<'_>) -> Option<Zeroizing<Vec<u8>>>;

/// Reads the table; nothing if it is not there, or can't be used.
pub(in crate::config) fn oidc(mut table: Table<'_>, secret: ReadSecret<'_>) -> Option<OidcConfig> {
    let is_there = table.is_there();
    let issuer = table.required("issuer", "the provider's URL, as its discovery document has it");
    let client_id = table.required("client-id", "the name that the provider knows us by");
    let texts = issuer.and_then(|value| value.text()).zip(client_id.and_then(|value| value.text()));
    let (issuer, client_id) = texts.unwrap_or_default();
    let mut config = OidcConfig::new(issuer, client_id);

    config.client_secret =
        table.value("client-secret").and_then(|value| client_secret(&value, secret));
    config.authentication = table.value("client-authentication").and_then(|value| {
        value
            .choice(&[("basic", ClientAuthentication::Basic), ("post", ClientAuthentication::Post)])
    });
    if let Some(scopes) = table.value("scopes") {
        config.scopes = scopes.texts();
    }
    if let Some(claims) = table.value("claims") {
        config.claims = claims.texts();
    }
    if let Some(place) = table.value("groups-claim").and_then(|value| value.text()) {
        config.groups_claim = place.into();
    }
    config.groups_separator = table.value("groups-separator").and_then(|value| separator(&value));
    if let Some(algorithms) = table.value("algorithms") {
        let items = algorithms.items();
        config.algorithms =
            items.iter().filter_map(|item| item.choice(&TokenAlgorithm::NAMES)).collect();
    }
    config.prompt = table.value("prompt").and_then(|value| value.text()).map(Box::from);
    let mut seconds = |field, most| {
        let number = table.value(field).and_then(|value| value.number(0..=most));
        number.map(Duration::from_secs)
    };
    config.max_age = seconds("max-age-seconds", 31_536_000);
    if let Some(skew) = seconds("clock-skew-seconds", 3_600) {
        config.skew = skew;
    }
    config.end_session =
        table.value("end-session").and_then(|value| value.flag()).unwrap_or_default();
    config.label = table.value("label").and_then(|value| value.text()).map(Box::from);
    if texts.is_some() {
        for error in config.check() {
            table.mistake(error.field, error.problem);
        }
    }
    table.finish();
    (is_there && texts.is_some()).then_some(config)
}

fn client_secret(value: &Value<'_>, read: ReadSecret<'_>) -> Option<ClientSecret> {
    let bytes = read(value.clone())?;
    if let Ok(text) = std::str::from_utf8(&bytes) {
        // A file ends in a line feed that is none of the secret.
        return Some(ClientSecret(Zeroizing::new(text.trim_end_matches(['\r', '\n']).into())));
    }
    value.mistake("the secret is no text");
    None
}

/// What stands between several values in one text.
pub(super) fn separator(value: &Value<'_>) -> Option<char> {
    let text = value.text()?;
    let mut characters = text.chars();
    if let (Some(one), None) = (characters.next(), characters.next()) {
        return Some(one);
    }
    value.mistake(format!("{text:?} separates nothing: expected one character, such as \",\""));
    None
}
