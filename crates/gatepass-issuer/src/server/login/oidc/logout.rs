//! Logging out at the provider, and being logged out by it.

use form_urlencoded::Serializer;
use serde_json::Value;

use super::token::{Believed, TokenError};

/// Whose sessions end, by word of the provider (OpenID Connect Back-Channel Logout 1.0).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ended {
    /// The person, if all their sessions end.
    pub subject: Option<Box<str>>,
    /// The provider's name for one session: the claim `sid` of who logged in by it.
    pub session: Option<Box<str>>,
}

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

/// Reads a logout token whose signature is good, and that is for us.
pub(super) fn read(believed: &Believed) -> Result<Ended, TokenError> {
    const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
    let claims = &believed.claims;
    if !claims.get("events").and_then(|events| events.get(EVENT)).is_some_and(Value::is_object) {
        return Err(TokenError::Claim("events"));
    }
    // With a nonce it could be an ID token.
    if claims.contains_key("nonce") {
        return Err(TokenError::Claim("nonce"));
    }
    let text = |name: &'static str| match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if (1..=255).contains(&text.len()) => {
            Ok(Some(Box::from(&**text)))
        }
        Some(_) => Err(TokenError::Claim(name)),
    };
    match (text("sub")?, text("sid")?) {
        (None, None) => Err(TokenError::Claim("sub")),
        (subject, session) => Ok(Ended { subject, session }),
    }
}
