//! A provider that is down, slow, or says nonsense.

use serde_json::json;

use super::provider::*;
use crate::server::login::oidc::*;
use crate::server::page::Trouble;

const DISCOVERY: &str = "/.well-known/openid-configuration";

#[tokio::test]
async fn an_issuer_starts_while_the_provider_is_down_and_finds_it_later() {
    let provider = Provider::new();
    provider.breaks(DISCOVERY, None);
    let oidc = provider.open(config());
    assert_eq!(oidc.trouble(), None, "nobody was asked yet");
    let error = oidc.begin("/", &HeaderMap::default(), at(0)).await.unwrap_err();
    assert_eq!((error.status(), error.fault()), (503, OidcFault::Provider));
    assert_eq!(error.trouble(), Trouble::ProviderAway);
    assert_eq!(oidc.trouble(), Some(error));
    provider.change(|script| script.broken.clear());
    assert!(oidc.begin("/", &HeaderMap::default(), at(4)).await.is_err());
    assert_eq!(provider.count(DISCOVERY), 1, "a dead provider is not hammered");
    assert!(oidc.look(at(5)).await.is_ok());
    assert!(oidc.begin("/", &HeaderMap::default(), at(5)).await.is_ok());
    assert_eq!(oidc.trouble(), None);
}

#[tokio::test]
async fn what_the_provider_said_of_itself_counts_for_an_hour() {
    let provider = Provider::new();
    let oidc = provider.open(config());
    for seconds in [0, 3_599, 3_600, 3_601] {
        oidc.look(at(seconds)).await.unwrap();
    }
    assert_eq!(provider.count(DISCOVERY), 2);
    // Down while it is asked again: the old counts.
    provider.breaks(DISCOVERY, Some(500));
    assert!(oidc.look(at(8_000)).await.is_ok());
    assert!(oidc.trouble().is_some());
    assert!(oidc.look(at(90_000)).await.is_err());
}

#[tokio::test]
async fn whatever_place_fails_nobody_is_logged_in() {
    for (place, status) in [
        ("/token", Some(500)),
        ("/token", None),
        ("/keys", Some(404)),
        ("/keys", None),
        ("/me", Some(401)),
    ] {
        let provider = Provider::new();
        provider.breaks(place, status);
        let config = OidcConfig { claims: vec!["groups".into()], ..config() };
        let error = log_in(&provider, config).await.unwrap_err();
        assert_eq!(error.fault(), OidcFault::Provider, "{place} {status:?}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_none() {
    let provider = Provider::with(|script| {
        script.userinfo = json!({"sub": "ada", "groups": "x".repeat(MOST_BYTES)});
    });
    let config = OidcConfig { claims: vec!["groups".into()], ..config() };
    let error = log_in(&provider, config).await.unwrap_err().to_string();
    assert!(error.contains("too long"), "{error}");
}

#[tokio::test]
async fn no_error_and_no_debug_holds_what_must_stay_secret() {
    let provider = Provider::with(|script| script.claims = json!({"nonce": "other"}));
    let oidc = provider.open(config());
    let mut browser = Browser::default();
    let begun = browser.begin(&oidc, "/").await;
    let query = provider.log_in(&begun);
    let finished = oidc.finish(&query, &browser.headers(), at(1)).await;
    let said =
        format!("{oidc:?} {:?} {}", finished.outcome, finished.outcome.as_ref().unwrap_err());
    let nonce = provider.change(|script| script.request["nonce"].clone());
    for secret in [SECRET, "the-code", "access", &nonce] {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
}
