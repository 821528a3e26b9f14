//! A key in AWS KMS, as far as it can be tested without one: how KMS is asked, and what is
//! made of its answers. The stage `keys` asks a whole KMS.

#![cfg(feature = "kms")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use std::time::{Duration, Instant};

use gatepass::{EpochTime, HashAlgorithm, JsonStyle, Policy, Reading, Unsigned};
use gatepass_issuer::{KeyPlace, Signing, SigningError, SigningKeyConfig};
use support::fake_kms::{Answer, FakeKms, TOKEN, config};

async fn open(kms: &FakeKms, hash: HashAlgorithm) -> Result<Signing, SigningError> {
    let place = KeyPlace::Kms(Box::new(config(&kms.url())));
    let key = SigningKeyConfig { id: "K1".parse().unwrap(), place, public_key: None };
    Signing::open(key, hash).await
}

fn pass(url: &str) -> Unsigned {
    let expiry = EpochTime::new(2_000_000_000).unwrap();
    Unsigned::canned(url, expiry, HashAlgorithm::Sha256).unwrap()
}

#[tokio::test]
async fn a_pass_is_signed_by_one_call_that_is_signed_itself() {
    let kms = FakeKms::start().await;
    let key = open(&kms, HashAlgorithm::Sha256).await.unwrap();
    assert_eq!(key.public_key(), &kms.public_key());
    assert!(!key.can_sign(HashAlgorithm::Sha1));
    let before = kms.calls().len();
    let pass = key.complete(pass("https://media.example.com/a.mp4")).await.unwrap();
    let url = pass.url("https://media.example.com/a.mp4").unwrap();
    assert!(url.contains("Hash-Algorithm=SHA256"), "{url}");
    let calls = kms.calls();
    assert_eq!(calls.len(), before + 1);
    // The alias was followed at the start; what signs is the key that it led to.
    let call = calls.last().unwrap();
    assert_eq!(call.target, "TrentService.Sign");
    assert_eq!(call.body["KeyId"], "arn:aws:kms:eu-central-1:111122223333:key/1");
    assert_eq!(call.body["MessageType"], "RAW");
    for call in &calls {
        assert_eq!(call.signature, call.expected_signature, "{}", call.canonical);
    }
}

#[tokio::test]
async fn a_policy_too_long_for_kms_is_hashed_here() {
    let kms = FakeKms::start().await;
    let key = open(&kms, HashAlgorithm::Sha256).await.unwrap();
    for (length, kind) in [(3_900, "RAW"), (4_200, "DIGEST")] {
        let url = format!("https://media.example.com/{}", "a".repeat(length));
        let policy = Policy::parse(pass(&url).message(), Reading::Gatepass).unwrap();
        let unsigned =
            Unsigned::custom(&policy, JsonStyle::Botocore, HashAlgorithm::Sha256).unwrap();
        key.complete(unsigned).await.unwrap();
        assert_eq!(kms.calls().last().unwrap().body["MessageType"], kind);
    }
}

#[tokio::test]
async fn sha_1_is_refused_before_anybody_is_asked() {
    let kms = FakeKms::start().await;
    let error = open(&kms, HashAlgorithm::Sha1).await.unwrap_err();
    assert!(matches!(error, SigningError::Hash { .. }));
    assert!(error.hint().unwrap().contains("SHA256"));
    assert!(kms.calls().is_empty());
}

#[tokio::test]
async fn a_busy_kms_is_asked_again_and_one_that_refuses_is_not() {
    let kms = FakeKms::start().await;
    let key = open(&kms, HashAlgorithm::Sha256).await.unwrap();
    for busy in [
        Answer::of(400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#),
        Answer::of(500, "<html>"),
    ] {
        kms.next(busy);
        let before = kms.calls().len();
        key.complete(pass("https://media.example.com/a.mp4")).await.unwrap();
        assert_eq!(kms.calls().len(), before + 2);
    }
    kms.next(Answer::of(400, r#"{"__type":"DisabledException","message":"it is disabled"}"#));
    let before = kms.calls().len();
    let error = key.complete(pass("https://media.example.com/a.mp4")).await.unwrap_err();
    let words = error.to_string();
    assert!(words.contains("\"alias/films\"") && words.contains("it is disabled"), "{words}");
    assert_eq!(kms.calls().len(), before + 1);
}

#[tokio::test]
async fn a_signature_of_another_key_is_not_handed_on() {
    let (kms, other) = (FakeKms::start().await, FakeKms::start().await);
    let key = open(&kms, HashAlgorithm::Sha256).await.unwrap();
    let unsigned = pass("https://media.example.com/a.mp4");
    kms.next(Answer::of(200, &other.signature_of(unsigned.message())));
    let error = key.complete(unsigned).await.unwrap_err();
    assert!(matches!(error, SigningError::OtherKey { .. }), "{error}");
}

#[tokio::test]
async fn a_key_that_is_not_the_one_that_edges_trust_is_refused() {
    let (kms, other) = (FakeKms::start().await, FakeKms::start().await);
    let place = KeyPlace::Kms(Box::new(config(&kms.url())));
    let public_key = Some(other.public_key());
    let key = SigningKeyConfig { id: "K1".parse().unwrap(), place, public_key };
    let error = Signing::open(key, HashAlgorithm::Sha256).await.unwrap_err();
    assert!(matches!(error, SigningError::OtherKey { .. }), "{error}");
}

#[tokio::test]
async fn what_comes_late_or_has_no_end_counts_as_no_answer() {
    let kms = FakeKms::start().await;
    let key = open(&kms, HashAlgorithm::Sha256).await.unwrap();
    for answer in [Answer::of(200, &"x".repeat(20 << 10)), Answer::of(200, "{"), Answer::Never] {
        kms.next(answer);
        let started = Instant::now();
        let error = key.complete(pass("https://media.example.com/a.mp4")).await.unwrap_err();
        assert!(matches!(error, SigningError::Elsewhere { .. }), "{error}");
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}

#[tokio::test]
async fn no_error_shows_a_credential() {
    let kms = FakeKms::start().await;
    let key = open(&kms, HashAlgorithm::Sha256).await.unwrap();
    let leak = format!(r#"{{"__type":"InvalidSignatureException","message":"{TOKEN}"}}"#);
    kms.next(Answer::of(403, &leak));
    let error = key.complete(pass("https://media.example.com/a.mp4")).await.unwrap_err();
    let shown = format!("{error} {error:?} {key:?}");
    assert!(!shown.contains(TOKEN), "{shown}");
}
