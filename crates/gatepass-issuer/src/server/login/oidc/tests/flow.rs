//! From a browser that is sent away to a person, and everything in between that must not work.

use serde_json::json;

use super::provider::*;
use crate::server::login::oidc::*;
use crate::server::page::Trouble;

fn parameters(begun: &Begun) -> Vec<(String, String)> {
    let query = begun.location.split_once('?').unwrap().1;
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn parameter(begun: &Begun, name: &str) -> Option<String> {
    parameters(begun).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

#[tokio::test]
async fn somebody_logs_in_and_goes_where_they_wanted() {
    let provider = Provider::new();
    let (oidc, mut browser) = (provider.open(config()), Browser::default());
    let query = provider.log_in(&browser.begin(&oidc, "/films").await);
    let Finished { outcome, return_to, .. } = oidc.finish(&query, &browser.headers(), at(1)).await;
    let person = outcome.unwrap();
    assert_eq!((person.subject(), return_to.as_deref()), ("ada", Some("/films")));
    let late = oidc.finish(&query, &browser.headers(), at(600)).await;
    assert_eq!(late.outcome.err(), Some(OidcError::LateAttempt));
    assert_eq!(late.return_to.as_deref(), Some("/films"), "they begin again for the same place");
    assert_eq!(person.claim("email_verified"), Some(&json!(true)));
    assert_eq!(person.texts("email").next(), Some("ada@example.com"));
    assert_eq!((provider.count("/token"), provider.count("/me")), (1, 0));
}

#[tokio::test]
async fn the_provider_is_asked_for_a_code_with_all_that_binds_it() {
    let config = OidcConfig {
        prompt: Some("select_account".into()),
        max_age: Some(std::time::Duration::from_mins(1)),
        scopes: vec!["openid".into(), "groups".into()],
        ..config()
    };
    let (provider, mut browser) = (Provider::new(), Browser::default());
    let oidc = provider.open(config);
    let begun = browser.begin(&oidc, "/films").await;
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", "https://media.example.com/_gatepass/login/oidc/callback"),
        ("scope", "openid groups"),
        ("code_challenge_method", "S256"),
        ("prompt", "select_account"),
        ("max_age", "60"),
    ] {
        assert_eq!(parameter(&begun, name).as_deref(), Some(value), "{name}");
    }
    let again = browser.begin(&oidc, "/films").await;
    for name in ["state", "nonce", "code_challenge"] {
        let first = parameter(&begun, name).unwrap();
        assert_eq!(first.len(), 43, "{name}");
        assert_ne!(parameter(&again, name).unwrap(), first, "{name} is new each time");
    }
    assert!(!begun.location.contains(SECRET));
}

#[tokio::test]
async fn an_endpoint_may_have_parameters_of_its_own() {
    let provider = Provider::with(|script| {
        put(&mut script.discovery, &json!({"authorization_endpoint": format!("{ISSUER}/a?b=c")}));
    });
    let begun = Browser::default().begin(&provider.open(config()), "/").await;
    assert!(begun.location.starts_with("https://id.example.com/a?b=c&response_type=code&"));
}

#[tokio::test]
async fn the_client_proves_itself_as_the_provider_wants_it() {
    let sent = async |methods, config: OidcConfig| {
        let provider = Provider::with(|script| {
            let field = "token_endpoint_auth_methods_supported";
            put(&mut script.discovery, &json!({ field: methods }));
        });
        log_in(&provider, config).await.unwrap();
        provider.change(|script| {
            let asked = script.asked.iter().find(|(place, ..)| place == "/token").cloned();
            let (_, headers, body) = asked.unwrap();
            (headers.contains_key(header::AUTHORIZATION), body.contains("client_secret="))
        })
    };
    assert_eq!(sent(json!(["client_secret_basic"]), config()).await, (true, false));
    assert_eq!(sent(json!(["client_secret_post"]), config()).await, (false, true));
    let posting = OidcConfig { authentication: Some(ClientAuthentication::Post), ..config() };
    assert_eq!(sent(json!(null), posting).await, (false, true));
    let public = OidcConfig { client_secret: None, ..config() };
    assert_eq!(sent(json!(["none"]), public).await, (false, false));
}

#[tokio::test]
async fn a_callback_logs_in_the_browser_that_was_sent_away_and_no_other() {
    let provider = Provider::new();
    let oidc = provider.open(config());
    let (mut ada, mut eve) = (Browser::default(), Browser::default());
    ada.begin(&oidc, "/").await;
    // Eve logs in and gives her callback to Ada, who would be in Eve's account.
    let evil = provider.log_in(&eve.begin(&oidc, "/").await);
    assert_eq!(ada.finish(&oidc, &evil).await.err(), Some(OidcError::UnknownAttempt));
    let nobody = Browser::default().finish(&oidc, &evil).await;
    assert_eq!(nobody.err(), Some(OidcError::UnknownAttempt));
    assert_eq!(provider.count("/token"), 0, "the code was not even tried");
    assert!(eve.finish(&oidc, &evil).await.is_ok());
}

#[tokio::test]
async fn a_callback_counts_once() {
    let provider = Provider::new();
    let (oidc, mut browser) = (provider.open(config()), Browser::default());
    let query = provider.log_in(&browser.begin(&oidc, "/").await);
    assert!(browser.finish(&oidc, &query).await.is_ok());
    let again = browser.finish(&oidc, &query).await;
    assert_eq!(again.err(), Some(OidcError::UnknownAttempt));
    assert_eq!(provider.count("/token"), 1);
}

#[tokio::test]
async fn a_failed_callback_ends_the_attempt_too() {
    let provider = Provider::with(|script| script.claims = json!({"nonce": "other"}));
    let (oidc, mut browser) = (provider.open(config()), Browser::default());
    let query = provider.log_in(&browser.begin(&oidc, "/").await);
    let wrong = browser.finish(&oidc, &query).await;
    assert_eq!(wrong.err(), Some(OidcError::Token(TokenError::Claim("nonce"))));
    let again = browser.finish(&oidc, &query).await;
    assert_eq!(again.err(), Some(OidcError::UnknownAttempt));
}

#[tokio::test]
async fn several_tabs_log_in_side_by_side() {
    let provider = Provider::new();
    let (oidc, mut browser) = (provider.open(config()), Browser::default());
    // Both are sent away before either answer has set its cookie.
    let headers = browser.headers();
    let first = oidc.begin("/a", &headers, at(0)).await.unwrap();
    let second = oidc.begin("/b", &headers, at(0)).await.unwrap();
    browser.take(first.lines.iter().chain(&second.lines));
    for (begun, place) in [(second, "/b"), (first, "/a")] {
        let query = provider.log_in(&begun);
        let finished = oidc.finish(&query, &browser.headers(), at(1)).await;
        assert!(finished.outcome.is_ok());
        assert_eq!(finished.return_to.as_deref(), Some(place));
    }
}

#[tokio::test]
async fn the_answer_is_of_the_provider_that_was_asked() {
    let provider = Provider::new();
    let wrong = async |change: fn(String) -> String| {
        let (oidc, mut browser) = (provider.open(config()), Browser::default());
        let query = change(provider.log_in(&browser.begin(&oidc, "/").await));
        browser.finish(&oidc, &query).await.err()
    };
    assert_eq!(wrong(|query| query).await, None);
    let without = |query: String| query.split("&iss=").next().unwrap().to_owned();
    assert_eq!(wrong(without).await, Some(OidcError::OtherIssuer));
    let other = |query: String| query.replace("id.example.com", "evil.example.com");
    assert_eq!(wrong(other).await, Some(OidcError::OtherIssuer));
    provider.change(|script| {
        let field = "authorization_response_iss_parameter_supported";
        put(&mut script.discovery, &json!({ field: null }));
    });
    assert_eq!(wrong(without).await, None, "a provider need not name itself");
    assert_eq!(wrong(other).await, Some(OidcError::OtherIssuer), "but must not be another");
}

#[tokio::test]
async fn an_error_of_the_provider_logs_nobody_in() {
    let provider = Provider::new();
    let (oidc, mut browser) = (provider.open(config()), Browser::default());
    let begun = browser.begin(&oidc, "/").await;
    let state = parameter(&begun, "state").unwrap();
    let query = format!(
        "error=access_denied&error_description=%3Cscript%3E&state={state}&iss=https://id.example.com"
    );
    let error = browser.finish(&oidc, &query).await.unwrap_err();
    assert_eq!(error, OidcError::Refused(Quoted::new("access_denied")));
    assert_eq!(error.trouble(), Trouble::ProviderRefused);
    assert_eq!(provider.count("/token"), 0);
}

#[tokio::test]
async fn a_code_that_the_provider_does_not_take_logs_nobody_in() {
    let provider = Provider::new();
    let (oidc, mut browser) = (provider.open(config()), Browser::default());
    let query = provider.log_in(&browser.begin(&oidc, "/").await).replace("the-code", "stolen");
    let error = browser.finish(&oidc, &query).await.unwrap_err();
    assert_eq!(error, OidcError::NoToken { status: 400, error: Quoted::new("invalid_grant") });
    assert!(!error.to_string().contains("stolen"));
    assert_eq!((error.status(), error.fault()), (400, OidcFault::Browser));
}

#[tokio::test]
async fn userinfo_is_asked_for_what_has_to_be_there() {
    let config = OidcConfig { claims: vec!["groups".into()], ..config() };
    let said = json!({"sub": "ada", "groups": ["members"], "email": "eve@example.com"});
    let provider = Provider::with(|script| script.userinfo = said);
    let person = log_in(&provider, config.clone()).await.unwrap();
    assert_eq!(person.texts("groups").collect::<Vec<_>>(), ["members"]);
    assert_eq!(person.texts("email").next(), Some("ada@example.com"), "what is signed counts");
    let bearer = provider.change(|script| {
        let asked = script.asked.iter().find(|(place, ..)| place == "/me").cloned();
        asked.unwrap().1[header::AUTHORIZATION].clone()
    });
    assert_eq!(bearer, "Bearer access");

    provider.change(|script| script.claims = json!({"groups": []}));
    log_in(&provider, config.clone()).await.unwrap();
    assert_eq!(provider.count("/me"), 1, "an ID token that has it is enough");

    provider.change(|script| {
        script.claims = json!({});
        script.userinfo = json!({"sub": "eve", "groups": ["admins"]});
    });
    let other = log_in(&provider, config).await.err();
    assert!(matches!(other, Some(OidcError::Unusable { .. })), "{other:?}");
}
