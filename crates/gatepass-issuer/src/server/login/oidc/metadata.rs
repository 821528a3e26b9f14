//! What a provider says of itself: its discovery document (OpenID Connect Discovery 1.0).
//!
//! # Invariants
//!
//! Its name is the one that was configured, byte by byte. Every place is asked by https, or on
//! this machine.

use serde_json::{Map, Value};

use super::config::{ClientAuthentication, is_safe_url};
use super::error::OidcError;

/// The parts of a discovery document that are used here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Metadata {
    pub(super) authorization_endpoint: Box<str>,
    pub(super) token_endpoint: Box<str>,
    pub(super) jwks_uri: Box<str>,
    pub(super) userinfo_endpoint: Option<Box<str>>,
    pub(super) end_session_endpoint: Option<Box<str>>,
    /// Whether every answer to a browser names the provider (RFC 9207).
    pub(super) names_itself: bool,
    /// How a secret is sent, unless the operator says so.
    pub(super) authentication: ClientAuthentication,
}

/// What the document is called in errors.
pub(super) const WHAT: &str = "discovery document";

/// Where the discovery document of an issuer is.
pub(super) fn place(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer))
}

impl Metadata {
    /// Reads the document of `issuer`.
    pub(super) fn read(issuer: &str, document: &Map<String, Value>) -> Result<Self, OidcError> {
        let unusable = |why: String| OidcError::Unusable { what: WHAT, why: why.into() };
        if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
            return Err(unusable(format!("its issuer is not {issuer:?}, byte by byte")));
        }
        let optional = |field: &str| match document.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(url)) if is_safe_url(url) => Ok(Some(Box::from(&**url))),
            Some(_) => Err(unusable(format!("{field} is no https URL"))),
        };
        let required =
            |field: &str| optional(field)?.ok_or_else(|| unusable(format!("{field} is missing")));
        // A list that is not there says nothing, or a default that suits us.
        let can = |field: &str, word: &str| match document.get(field).and_then(Value::as_array) {
            Some(words) => words.iter().any(|one| one.as_str() == Some(word)),
            None => true,
        };
        for (field, word) in
            [("response_types_supported", "code"), ("code_challenge_methods_supported", "S256")]
        {
            if !can(field, word) {
                return Err(unusable(format!("{field} has no {word}")));
            }
        }
        let methods = "token_endpoint_auth_methods_supported";
        let takes_basic =
            can(methods, "client_secret_basic") || !can(methods, "client_secret_post");
        Ok(Self {
            authorization_endpoint: required("authorization_endpoint")?,
            token_endpoint: required("token_endpoint")?,
            jwks_uri: required("jwks_uri")?,
            userinfo_endpoint: optional("userinfo_endpoint")?,
            end_session_endpoint: optional("end_session_endpoint")?,
            names_itself: document
                .get("authorization_response_iss_parameter_supported")
                .is_some_and(|flag| *flag == Value::Bool(true)),
            authentication: if takes_basic {
                ClientAuthentication::Basic
            } else {
                ClientAuthentication::Post
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://id.example.com/realm";

    fn document() -> Map<String, Value> {
        let document = json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.example.com/auth?tenant=a",
            "token_endpoint": "https://id.example.com/token",
            "jwks_uri": "https://keys.example.com/jwks",
            "response_types_supported": ["code", "code id_token"],
        });
        document.as_object().unwrap().clone()
    }

    fn with(field: &str, value: Value) -> Result<Metadata, OidcError> {
        let mut document = document();
        document.insert(field.to_owned(), value);
        Metadata::read(ISSUER, &document)
    }

    #[test]
    fn the_document_lies_beneath_the_issuer() {
        let end = "/.well-known/openid-configuration";
        assert_eq!(place(ISSUER), format!("{ISSUER}{end}"));
        assert_eq!(place("https://e.com/"), format!("https://e.com{end}"));
    }

    #[test]
    fn the_issuer_is_the_one_that_was_configured() {
        assert!(Metadata::read(ISSUER, &document()).is_ok());
        for other in ["https://id.example.com/realm/", "https://id.example.com", ""] {
            assert!(Metadata::read(other, &document()).is_err(), "{other}");
        }
    }

    #[test]
    fn what_is_missing_or_not_safe_is_refused() {
        for field in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            for bad in [
                json!(null),
                json!(1),
                json!("http://id.example.com/x"),
                json!("/token"),
                json!("https://e.com/\u{7f}"),
            ] {
                assert!(with(field, bad.clone()).is_err(), "{field} {bad}");
            }
        }
        for field in ["userinfo_endpoint", "end_session_endpoint"] {
            assert!(with(field, json!(null)).is_ok());
            assert!(with(field, json!("http://id.example.com/x")).is_err(), "{field}");
        }
    }

    #[test]
    fn a_provider_without_code_or_s256_is_none_for_us() {
        assert!(with("response_types_supported", json!(["id_token"])).is_err());
        assert!(with("code_challenge_methods_supported", json!(["plain"])).is_err());
        assert!(with("code_challenge_methods_supported", json!(["plain", "S256"])).is_ok());
    }

    #[test]
    fn the_secret_is_sent_as_the_provider_takes_it() {
        let sent = |methods| {
            with("token_endpoint_auth_methods_supported", methods).unwrap().authentication
        };
        assert_eq!(sent(json!(null)), ClientAuthentication::Basic);
        assert_eq!(sent(json!(["client_secret_post"])), ClientAuthentication::Post);
        let both = json!(["client_secret_post", "client_secret_basic"]);
        assert_eq!(sent(both), ClientAuthentication::Basic);
    }

    #[test]
    fn only_true_says_that_the_provider_names_itself() {
        let field = "authorization_response_iss_parameter_supported";
        assert!(with(field, json!(true)).unwrap().names_itself);
        assert!(!with(field, json!(false)).unwrap().names_itself);
        assert!(!Metadata::read(ISSUER, &document()).unwrap().names_itself);
    }
}
