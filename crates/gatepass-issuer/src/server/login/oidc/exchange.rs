//! The token endpoint: a code and its verifier, for an ID token and an access token.

use bytes::Bytes;
use data_encoding::BASE64;
use form_urlencoded::{Serializer, byte_serialize};
use http::{HeaderValue, Request, header};
use serde_json::Value;

use super::ask::{Answered, Ask, ask};
use super::config::{ClientAuthentication, ClientSecret, OidcConfig};
use super::error::{OidcError, Quoted};
use super::metadata::Metadata;
use super::token;

/// What the provider gave for a code. Nothing of it is believed yet.
pub(super) struct Tokens {
    pub(super) id_token: String,
    pub(super) access_token: Option<String>,
}

/// What the place is called in errors.
const WHAT: &str = "token endpoint";

/// What a browser brought, and what it was sent away with.
pub(super) struct Presented<'p> {
    pub(super) code: &'p str,
    pub(super) verifier: &'p str,
    pub(super) redirect_uri: &'p str,
}

/// Exchanges a code.
pub(super) async fn exchange(
    asker: &Ask,
    config: &OidcConfig,
    metadata: &Metadata,
    presented: Presented<'_>,
) -> Result<Tokens, OidcError> {
    read(ask(asker, WHAT, request(config, metadata, &presented)).await?)
}

fn request(config: &OidcConfig, metadata: &Metadata, presented: &Presented<'_>) -> Request<Bytes> {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", presented.code)
        .append_pair("redirect_uri", presented.redirect_uri)
        .append_pair("code_verifier", presented.verifier);
    let mut authorization = None;
    let way = config.authentication.unwrap_or(metadata.authentication);
    match (&config.client_secret, way) {
        (Some(secret), ClientAuthentication::Basic) => {
            authorization = Some(basic(&config.client_id, secret));
        }
        (Some(secret), ClientAuthentication::Post) => {
            form.append_pair("client_id", &config.client_id)
                .append_pair("client_secret", &secret.0);
        }
        (None, _) => {
            form.append_pair("client_id", &config.client_id);
        }
    }
    let mut request = Request::post(&*metadata.token_endpoint)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form.finish()))
        .expect("a checked URL");
    if let Some(value) = authorization {
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    request
}

fn read(answered: Answered) -> Result<Tokens, OidcError> {
    let Answered { status, mut object } = answered;
    if status != 200 {
        let error = object.get("error").and_then(Value::as_str).unwrap_or_default();
        return Err(OidcError::NoToken { status, error: Quoted::new(error) });
    }
    let mut text = |field| match object.remove(field) {
        Some(Value::String(text)) if text.len() <= token::LONGEST => Some(text),
        _ => None,
    };
    let id_token = text("id_token").ok_or_else(|| OidcError::Unusable {
        what: WHAT,
        why: "it gives no ID token, or one that is too long: is `openid` among the scopes?".into(),
    })?;
    let is_bearer = text("token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    Ok(Tokens { id_token, access_token: text("access_token").filter(|_| is_bearer) })
}

/// Both parts are encoded as in a form (RFC 6749, 2.3.1), then joined.
fn basic(client_id: &str, secret: &ClientSecret) -> HeaderValue {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(&secret.0));
    let text = format!("Basic {}", BASE64.encode(pair.as_bytes()));
    let mut value = HeaderValue::try_from(text).expect("base64 is plain");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn a_secret_is_encoded_before_it_is_joined() {
        let secret = ClientSecret(Zeroizing::new("p:w +%".into()));
        let value = basic("a:b", &secret);
        assert_eq!(value, format!("Basic {}", BASE64.encode(b"a%3Ab:p%3Aw+%2B%25")));
        assert!(!format!("{value:?}").contains("Basic"));
    }

    #[test]
    fn no_id_token_is_no_login() {
        let read = |status, object: Value| {
            read(Answered { status, object: object.as_object().unwrap().clone() })
        };
        let error = read(400, json!({"error": "invalid_grant", "error_description": "x"})).err();
        let quoted = Quoted::new("invalid_grant");
        assert_eq!(error, Some(OidcError::NoToken { status: 400, error: quoted }));
        assert!(read(400, json!({"id_token": "a.b.c"})).is_err());
        assert!(read(200, json!({"access_token": "x", "token_type": "Bearer"})).is_err());
        assert!(read(200, json!({"id_token": "x".repeat(token::LONGEST)})).is_ok());
        assert!(read(200, json!({"id_token": "x".repeat(token::LONGEST + 1)})).is_err());
        let both = json!({"id_token": "a", "access_token": "b", "token_type": "bearer"});
        assert_eq!(read(200, both).ok().unwrap().access_token.as_deref(), Some("b"));
        let odd = json!({"id_token": "a", "access_token": "b", "token_type": "DPoP"});
        assert_eq!(read(200, odd).ok().unwrap().access_token, None);
    }
}
