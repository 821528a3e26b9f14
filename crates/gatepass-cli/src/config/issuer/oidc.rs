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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table::Reader;

    fn read(text: &str) -> Result<Option<OidcConfig>, Vec<String>> {
        let document = toml::de::DeTable::parse(text).unwrap();
        let reader = Reader::default();
        let mut root = Table::root(&reader, &document);
        let secret = |value: Value<'_>| {
            let mut table = value.table();
            let text = table.required("env", "a name").and_then(|value| value.text());
            table.finish();
            text.map(|text| Zeroizing::new(format!("{text}\n").into_bytes()))
        };
        let config = oidc(root.table("oidc"), &secret);
        root.finish();
        let mistakes: Vec<_> =
            reader.mistakes.into_inner().into_iter().map(|(_, problem)| problem).collect();
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
    }

    #[test]
    fn a_table_that_is_not_there_is_no_login() {
        assert!(read("").unwrap().is_none());
    }

    #[test]
    fn everything_that_can_be_said_is_read() {
        let config = read(
            r#"[oidc]
            issuer = "https://id.example.com"
            client-id = "gatepass"
            client-secret = { env = "SECRET" }
            client-authentication = "post"
            scopes = ["groups"]
            claims = ["groups", "plan"]
            groups-claim = "/realm_access/roles"
            groups-separator = ","
            algorithms = ["ES256", "HS256"]
            prompt = "login"
            max-age-seconds = 60
            clock-skew-seconds = 5
            end-session = true
            label = "Example"
            "#,
        );
        let config = config.unwrap().unwrap();
        assert_eq!((&*config.issuer, &*config.client_id), ("https://id.example.com", "gatepass"));
        assert_eq!(&**config.client_secret.unwrap().0, "SECRET");
        assert_eq!(config.authentication, Some(ClientAuthentication::Post));
        assert_eq!((config.scopes.len(), config.claims.len()), (1, 2));
        assert_eq!(
            (&*config.groups_claim, config.groups_separator),
            ("/realm_access/roles", Some(','))
        );
        assert_eq!(config.algorithms.len(), 2);
        assert_eq!(config.prompt.as_deref(), Some("login"));
        assert_eq!(config.max_age, Some(Duration::from_mins(1)));
        assert_eq!(config.skew, Duration::from_secs(5));
        assert_eq!((config.end_session, config.label.as_deref()), (true, Some("Example")));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let told = |lines: &str| {
            let text = format!("[oidc]\nissuer = \"https://e.com\"\nclient-id = \"a\"\n{lines}");
            read(&text).unwrap_err().join("; ")
        };
        for (lines, word) in [
            ("issuer-url = \"x\"", "issuer-url"),
            ("algorithms = [\"none\"]", "none"),
            ("algorithms = [\"HS256\"]", "client-secret"),
            ("groups-separator = \"\"", "one character"),
            ("groups-separator = \", \"", "one character"),
            ("client-authentication = \"jwt\"", "jwt"),
            ("clock-skew-seconds = 301", "300"),
            ("scopes = [\"a b\"]", "a b"),
            ("end-session = 1", "true or false"),
        ] {
            assert!(told(lines).contains(word), "{lines}: {}", told(lines));
        }
        let issuer = read("[oidc]\nissuer = \"http://id.example.com\"\nclient-id = \"a\"");
        assert!(issuer.unwrap_err()[0].contains("https"));
        assert!(read("[oidc]\nissuer = \"https://e.com\"").unwrap_err()[0].contains("client-id"));
    }
}
