//! Logging out at the provider, and being logged out by it.

use form_urlencoded::Serializer;
use serde_json::{Map, Value};

use super::error::OidcError;
use super::token::{Believed, TokenError};
use crate::person::Person;

/// Where a browser logs out at the provider, too (RP-Initiated Logout 1.0). The ID token is not
/// kept, so the client's name goes along in place of a hint. Providers know where browsers come
/// back to, so where the person wants to go is the state.
pub(super) fn end_session_url(
    endpoint: &str,
    client_id: &str,
    subject: &str,
    back: &str,
    return_to: &str,
) -> String {
    let mut query = Serializer::new(String::new());
    query
        .append_pair("client_id", client_id)
        .append_pair("logout_hint", subject)
        .append_pair("post_logout_redirect_uri", back)
        .append_pair("state", return_to);
    let sign = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{sign}{}", query.finish())
}

/// Reads a logout token whose signature is good, and that is for us: whose sessions end. A token
/// that ends one session alone (`sid`) ends all of that person's; one that names nobody, none.
pub(super) fn read(believed: &Believed) -> Result<Person, OidcError> {
    const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
    let claims = &believed.claims;
    let wrong = |claim| OidcError::Token(TokenError::Claim(claim));
    if !claims.get("events").and_then(|events| events.get(EVENT)).is_some_and(Value::is_object) {
        return Err(wrong("events"));
    }
    // With a nonce it could be an ID token.
    if claims.contains_key("nonce") {
        return Err(wrong("nonce"));
    }
    let subject = claims.get("sub").and_then(Value::as_str).ok_or(wrong("sub"))?;
    Ok(Person::new(subject, Map::new())?)
}
