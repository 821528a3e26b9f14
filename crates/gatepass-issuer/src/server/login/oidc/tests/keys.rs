//! Keys come and go.

use serde_json::json;

use super::provider::*;
use crate::server::login::oidc::*;

async fn finish(oidc: &Oidc, provider: &Provider, seconds: u64) -> Result<Person, OidcError> {
    let begun = oidc.begin("/", &HeaderMap::default(), at(seconds)).await.unwrap();
    let mut browser = Browser::default();
    browser.take(&begun.lines);
    let query = provider.log_in(&begun);
    oidc.finish(&query, &browser.headers(), at(seconds)).await.outcome
}

#[tokio::test]
async fn a_new_key_is_fetched_when_it_is_first_seen() {
    let provider = Provider::new();
    let oidc = provider.open(config());
    assert!(finish(&oidc, &provider, 0).await.is_ok());
    provider.change(|script| {
        script.keys = vec![jwk(Signs::Ec(0), "k"), jwk(Signs::Rsa, "new")];
        (script.signs, script.header) = (Signs::Rsa, json!({"kid": "new"}));
    });
    assert!(finish(&oidc, &provider, 1).await.is_ok());
    assert_eq!(provider.count("/keys"), 2);
    provider.change(|script| {
        script.keys = vec![jwk(Signs::Ec(1), "newer")];
        (script.signs, script.header) = (Signs::Ec(1), json!({"kid": "newer"}));
    });
    let early = finish(&oidc, &provider, 60).await.err();
    assert_eq!(early, Some(OidcError::Token(TokenError::NoKey)));
    assert_eq!(provider.count("/keys"), 2, "not asked twice in a minute");
    assert!(finish(&oidc, &provider, 61).await.is_ok());
    assert_eq!(provider.count("/keys"), 3);
}

#[tokio::test]
async fn unknown_keys_have_the_provider_asked_once_a_minute() {
    let provider = Provider::with(|script| script.header = json!({"kid": "nobody's"}));
    let oidc = provider.open(config());
    for seconds in 0..150 {
        let found = finish(&oidc, &provider, seconds).await.err();
        assert_eq!(found, Some(OidcError::Token(TokenError::NoKey)));
    }
    // At first, and for the unknown key at the seconds 0, 60 and 120.
    assert_eq!(provider.count("/keys"), 4);
}

#[tokio::test]
async fn a_withdrawn_key_is_soon_none() {
    let provider = Provider::new();
    let oidc = provider.open(config());
    assert!(finish(&oidc, &provider, 0).await.is_ok());
    provider.change(|script| {
        script.keys = vec![jwk(Signs::Rsa, "new")];
        script.claims = json!({"iat": NOW + 590, "exp": NOW + 900});
    });
    assert!(finish(&oidc, &provider, 599).await.is_ok());
    let gone = finish(&oidc, &provider, 600).await.err();
    assert_eq!(gone, Some(OidcError::Token(TokenError::NoKey)));
}

#[tokio::test]
async fn a_token_without_a_name_for_its_key_is_of_the_only_one() {
    let provider = Provider::with(|script| script.header = json!({"kid": null}));
    assert_eq!(refusal(&provider).await, None);
    provider.change(|script| script.keys.push(jwk(Signs::Rsa, "other kind")));
    assert_eq!(refusal(&provider).await, None);
    provider.change(|script| script.keys.push(jwk(Signs::Ec(1), "same kind")));
    assert_eq!(refusal(&provider).await, Some(TokenError::AmbiguousKey));
}
