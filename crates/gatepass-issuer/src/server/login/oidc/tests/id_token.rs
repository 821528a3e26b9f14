//! Every check of an ID token: each of these fails if the check is taken away.

use serde_json::{Value, json};

use super::provider::*;
use crate::server::login::oidc::*;

fn named(name: &str) -> TokenAlgorithm {
    TokenAlgorithm::NAMES.into_iter().find(|(known, _)| *known == name).unwrap().1
}

async fn with_claims(claims: Value) -> Option<TokenError> {
    refusal(&Provider::with(|script| script.claims = claims)).await
}

#[tokio::test]
async fn the_issuer_is_the_provider() {
    for other in
        [json!("https://id.example.com/"), json!("https://e.com"), json!([ISSUER]), json!(null)]
    {
        let found = with_claims(json!({"iss": other.clone()})).await;
        assert_eq!(found, Some(TokenError::Claim("iss")), "{other}");
    }
}

#[tokio::test]
async fn the_token_is_for_us() {
    for other in [json!("other"), json!(["other"]), json!([]), json!(null), json!({"gatepass": 1})]
    {
        let found = with_claims(json!({"aud": other.clone()})).await;
        assert_eq!(found, Some(TokenError::Claim("aud")), "{other}");
    }
    assert_eq!(with_claims(json!({"aud": [CLIENT]})).await, None);
}

#[tokio::test]
async fn among_others_we_are_the_party_it_was_made_for() {
    let party = Some(TokenError::Claim("azp"));
    assert_eq!(with_claims(json!({"aud": [CLIENT, "account"]})).await, party);
    assert_eq!(with_claims(json!({"aud": [CLIENT, "account"], "azp": "account"})).await, party);
    assert_eq!(with_claims(json!({"azp": "account"})).await, party);
    assert_eq!(with_claims(json!({"azp": [CLIENT]})).await, party);
    assert_eq!(with_claims(json!({"aud": [CLIENT, "account"], "azp": CLIENT})).await, None);
}

#[tokio::test]
async fn a_token_has_its_time() {
    // The clock says NOW + 1 when it is looked at; clocks may differ by a minute.
    assert_eq!(with_claims(json!({"exp": NOW - 58})).await, None);
    assert_eq!(with_claims(json!({"exp": NOW - 59})).await, Some(TokenError::Ended(60)));
    assert_eq!(with_claims(json!({"exp": null})).await, Some(TokenError::Claim("exp")));
    assert_eq!(with_claims(json!({"exp": "tomorrow"})).await, Some(TokenError::Claim("exp")));
    assert_eq!(with_claims(json!({"exp": -1})).await, Some(TokenError::Claim("exp")));
    assert_eq!(with_claims(json!({"iat": NOW + 61})).await, None);
    assert_eq!(with_claims(json!({"iat": NOW + 62})).await, Some(TokenError::Future("iat")));
    assert_eq!(with_claims(json!({"iat": NOW - 659})).await, None);
    assert_eq!(with_claims(json!({"iat": NOW - 660})).await, Some(TokenError::Old(661)));
    assert_eq!(with_claims(json!({"iat": null})).await, Some(TokenError::Claim("iat")));
    assert_eq!(with_claims(json!({"nbf": NOW + 62})).await, Some(TokenError::Future("nbf")));
    assert_eq!(with_claims(json!({"nbf": NOW, "iat": 1_800_000_000.5})).await, None);
}

#[tokio::test]
async fn the_token_was_made_for_this_attempt() {
    for other in [json!("other"), json!(""), json!(1), json!(null)] {
        let found = with_claims(json!({"nonce": other.clone()})).await;
        assert_eq!(found, Some(TokenError::Claim("nonce")), "{other}");
    }
}

#[tokio::test]
async fn the_token_names_somebody() {
    for nobody in [json!(null), json!(7)] {
        let found = with_claims(json!({"sub": nobody.clone()})).await;
        assert_eq!(found, Some(TokenError::Claim("sub")), "{nobody}");
    }
    for nobody in ["", &"x".repeat(256)] {
        let provider = Provider::with(|script| script.claims = json!({"sub": nobody}));
        let error = log_in(&provider, config()).await.err();
        assert!(matches!(error, Some(OidcError::Person(_))), "{error:?}");
    }
}

#[tokio::test]
async fn no_signature_is_no_token() {
    let provider = Provider::with(|script| script.signs = Signs::Nothing);
    assert_eq!(refusal(&provider).await, Some(TokenError::Algorithm));
    for word in ["None", "NONE", "nOnE", ""] {
        provider.change(|script| script.header = json!({"alg": word}));
        assert_eq!(refusal(&provider).await, Some(TokenError::Algorithm), "{word}");
    }
    // Signed, and the signature cut off.
    provider.change(|script| {
        script.header = json!({"alg": "ES256"});
    });
    assert_eq!(refusal(&provider).await, Some(TokenError::Signature));
}

#[tokio::test]
async fn a_shared_secret_proves_nothing_unless_the_operator_says_so() {
    let provider = Provider::with(|script| script.signs = Signs::Hmac(SECRET));
    assert_eq!(refusal(&provider).await, Some(TokenError::Algorithm));
    let config = || OidcConfig { algorithms: vec![named("HS256")], ..config() };
    assert!(log_in(&provider, config()).await.is_ok());
    provider.change(|script| script.signs = Signs::Hmac("another secret"));
    let wrong = log_in(&provider, config()).await.err();
    assert_eq!(wrong, Some(OidcError::Token(TokenError::Signature)));
    // The old trick: what everybody knows, the public key, for a secret.
    let known: &str = Box::leak(String::from_utf8_lossy(&rsa_der()).into_owned().into());
    provider.change(|script| {
        script.keys = vec![jwk(Signs::Rsa, "k")];
        script.signs = Signs::Hmac(known);
    });
    assert!(log_in(&provider, config()).await.is_err());
    let published = Signs::Hmac("published");
    provider.change(|script| (script.keys, script.signs) = (vec![jwk(published, "k")], published));
    assert!(log_in(&provider, config()).await.is_err(), "a published secret is no key");
}

#[tokio::test]
async fn an_algorithm_that_is_not_in_the_list_is_refused() {
    let provider = Provider::new();
    let config = OidcConfig { algorithms: vec![named("RS256")], ..config() };
    let found = log_in(&provider, config.clone()).await.err();
    assert_eq!(found, Some(OidcError::Token(TokenError::Algorithm)));
    provider.change(|script| {
        (script.keys, script.signs) = (vec![jwk(Signs::Rsa, "k")], Signs::Rsa);
    });
    assert!(log_in(&provider, config).await.is_ok());
}

#[tokio::test]
async fn another_key_signs_nothing_here() {
    let provider = Provider::with(|script| script.signs = Signs::Ec(1));
    assert_eq!(refusal(&provider).await, Some(TokenError::Signature));
}

#[tokio::test]
async fn one_changed_byte_ends_a_token() {
    for place in [0, 1] {
        let provider = Provider::new();
        let (oidc, mut browser) = (provider.open(config()), Browser::default());
        let query = provider.log_in(&browser.begin(&oidc, "/").await);
        let nonce = provider.change(|script| script.request["nonce"].clone());
        let claims = json!({
            "iss": ISSUER, "sub": "ada", "aud": CLIENT, "nonce": nonce, "iat": NOW, "exp": NOW + 9,
        });
        let good = token(Signs::Ec(0), &json!({}), &claims);
        let mut parts: Vec<_> = good.split('.').map(str::to_owned).collect();
        let other = [json!({"alg": "ES256", "kid": "k", "x": 1}), {
            let mut other = claims;
            put(&mut other, &json!({"sub": "eve"}));
            other
        }];
        parts[place] = data_encoding::BASE64URL_NOPAD.encode(other[place].to_string().as_bytes());
        provider.change(|script| script.tokens = json!({"id_token": parts.join(".")}));
        let found = browser.finish(&oidc, &query).await.err();
        assert_eq!(found, Some(OidcError::Token(TokenError::Signature)), "{place}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    for (bad, why) in [
        ("", TokenError::Unreadable),
        ("a.b", TokenError::Unreadable),
        ("a.b.c.d", TokenError::Unreadable),
        ("....", TokenError::Unreadable),
        ("e30.e30.", TokenError::Algorithm),
        ("bm8.bm8.", TokenError::Algorithm),
    ] {
        let provider = Provider::with(|script| script.tokens = json!({"id_token": bad}));
        assert_eq!(refusal(&provider).await, Some(why), "{bad:?}");
    }
    let provider = Provider::with(|script| script.header = json!({"crit": ["b64"]}));
    assert_eq!(refusal(&provider).await, Some(TokenError::Critical));
    assert_eq!(token::header(&"a".repeat(32_769), &[]).err(), Some(TokenError::TooLong));
}

#[tokio::test]
async fn an_access_token_is_the_one_that_came_along() {
    // OpenID Connect Core, 3.1.3.6: the left half of the hash.
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"access");
    let half = data_encoding::BASE64URL_NOPAD.encode(&hash.as_ref()[..16]);
    assert_eq!(with_claims(json!({"at_hash": half})).await, None);
    let wrong = Some(TokenError::Claim("at_hash"));
    assert_eq!(with_claims(json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"})).await, wrong);
    assert_eq!(with_claims(json!({"at_hash": 1})).await, wrong);
}

#[tokio::test]
async fn who_typed_a_password_long_ago_does_it_again() {
    let age = Some(std::time::Duration::from_secs(100));
    let found = async |claims| {
        let provider = Provider::with(|script| script.claims = claims);
        let login = log_in(&provider, OidcConfig { max_age: age, ..config() }).await;
        login.err().map(|error| error.to_string())
    };
    assert_eq!(found(json!({"auth_time": NOW - 159})).await, None);
    let stale = found(json!({"auth_time": NOW - 160})).await.unwrap();
    assert!(stale.contains("too long ago"), "{stale}");
    assert!(found(json!({})).await.unwrap().contains("auth_time"));
}
