//! Logging out there, and from there.

use serde_json::{Value, json};

use super::provider::*;
use crate::server::login::oidc::*;

#[tokio::test]
async fn logging_out_goes_to_the_provider_only_where_that_is_wanted() {
    let provider = Provider::new();
    let url = async |end_session| {
        let oidc = provider.open(OidcConfig { end_session, ..config() });
        oidc.end_session_url("a&b", "/films?x", at(0)).await
    };
    assert_eq!(url(false).await, None);
    assert_eq!(
        url(true).await.unwrap(),
        "https://id.example.com/bye?client_id=gatepass&logout_hint=a%26b\
         &post_logout_redirect_uri=\
         https%3A%2F%2Fmedia.example.com%2F_gatepass%2Flogin%2Foidc%2Flogged-out&state=%2Ffilms%3Fx"
    );
    provider.change(|script| put(&mut script.discovery, &json!({"end_session_endpoint": null})));
    assert_eq!(url(true).await, None);
}

async fn ended(claims: Value) -> Result<String, String> {
    const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
    let mut whole = json!({
        "iss": ISSUER, "aud": CLIENT, "iat": NOW, "exp": NOW + 120, "jti": "1", "sub": "ada",
        "events": {EVENT: {}},
    });
    put(&mut whole, &claims);
    let oidc = Provider::new().open(config());
    let token = token(Signs::Ec(0), &json!({"typ": "logout+jwt"}), &whole);
    let person = oidc.read_logout(&token, at(0)).await;
    person.map(|(person, _)| person.subject().to_owned()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn the_provider_ends_sessions_by_a_token_of_its_own() {
    assert_eq!(ended(json!({})).await.as_deref(), Ok("ada"));
    assert_eq!(ended(json!({"sid": "s"})).await.as_deref(), Ok("ada"));
    for (bad, why) in [
        (json!({"sub": null}), "sub"),
        (json!({"sub": 7}), "sub"),
        (json!({"sub": ""}), "subject"),
        (json!({"sub": null, "sid": "s"}), "sub"),
        (json!({"nonce": "n"}), "nonce"),
        (json!({"events": null}), "events"),
        (json!({"events": {}}), "events"),
        (json!({"aud": "other"}), "aud"),
        (json!({"iss": "https://e.com"}), "iss"),
        (json!({"exp": NOW - 61}), "ended"),
    ] {
        let error = ended(bad.clone()).await.unwrap_err();
        assert!(error.contains(why), "{bad}: {error}");
    }
}

/// Somebody who has seen it may bring it again: who logged in meanwhile stays.
#[tokio::test]
async fn a_token_that_is_brought_again_ends_no_later_session() {
    let oidc = Provider::new().open(config());
    let claims = json!({
        "iss": ISSUER, "aud": CLIENT, "iat": NOW, "exp": NOW + 600, "jti": "1", "sub": "ada",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    let token = token(Signs::Ec(0), &json!({"typ": "logout+jwt"}), &claims);
    let until = async |seconds| oidc.read_logout(&token, at(seconds)).await.unwrap().1;
    assert_eq!(until(5).await, at(5), "the provider's clock may be behind");
    assert_eq!(until(60).await, at(60));
    assert_eq!(until(500).await, at(60));
}

#[tokio::test]
async fn an_id_token_logs_nobody_out() {
    let provider = Provider::new();
    let oidc = provider.open(config());
    let claims = json!({"iss": ISSUER, "aud": CLIENT, "iat": NOW, "exp": NOW + 9, "sub": "ada"});
    let token = token(Signs::Ec(0), &json!({}), &claims);
    assert!(oidc.read_logout(&token, at(0)).await.is_err());
}
