//! Whatever a browser brings back from a login elsewhere, and whatever cookies it has: nothing
//! panics, nobody is logged in, and the provider is shown no code that nobody was sent away for.
#![no_main]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

use gatepass::EpochTime;
use gatepass_issuer::oidc::{Ask, Begun, Finished, Oidc};
use gatepass_issuer::{OidcConfig, Secret};
use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;

const DISCOVERY: &str = r#"{"issuer": "https://e.com", "authorization_endpoint": "https://e.com/a",
    "token_endpoint": "https://e.com/t", "jwks_uri": "https://e.com/k"}"#;

static ASKED_FOR_TOKEN: AtomicBool = AtomicBool::new(false);

static OIDC: LazyLock<Oidc> = LazyLock::new(|| {
    let ask: Ask = Arc::new(|request| {
        let place = request.uri().path().to_owned();
        ASKED_FOR_TOKEN.fetch_or(place == "/t", Ordering::Relaxed);
        let body = if place == "/t" { r#"{"error": "invalid_grant"}"# } else { DISCOVERY };
        let status = if place == "/t" { 400 } else { 200 };
        let answer = http::Response::builder().status(status).body(body.into());
        Box::pin(std::future::ready(Ok(answer.expect("an answer"))))
    });
    let secret = Secret::new(&[7; 32]).expect("32 bytes");
    let url = "https://m.com/_gatepass".parse().expect("a URL");
    Oidc::open(OidcConfig::new("https://e.com", "gatepass"), &url, &secret, ask)
        .expect("a provider")
});

/// A cookie of a browser that was sent away, and the state of its attempt.
static SENT_AWAY: LazyLock<(String, String)> = LazyLock::new(|| {
    let Begun { location, lines } =
        now(OIDC.begin("/", &HeaderMap::new(), time())).expect("a browser is sent away");
    let state = location.split("state=").nth(1).and_then(|rest| rest.split('&').next());
    let cookie = lines[0].split(';').next().expect("a cookie");
    (cookie.to_owned(), state.expect("a state").to_owned())
});

fuzz_target!(|input: (&str, &[u8], bool)| {
    let (query, cookie, is_known) = input;
    let (known, state) = &*SENT_AWAY;
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(cookie) {
        headers.append(header::COOKIE, value);
    }
    let mut query = query.to_owned();
    if is_known {
        headers.append(header::COOKIE, known.parse().expect("a header"));
        query = query.replace("STATE", state);
    }
    ASKED_FOR_TOKEN.store(false, Ordering::Relaxed);
    let Finished { outcome, return_to, line } = now(OIDC.finish(&query, &headers, time()));
    let error = outcome.expect_err("nobody is logged in");
    assert!(error.status() >= 400 && error.to_string().len() < 1_000);
    assert_eq!(return_to.is_some(), line.is_some());
    let was_asked = ASKED_FOR_TOKEN.load(Ordering::Relaxed);
    assert!(!was_asked || (is_known && line.is_some()), "a code without an attempt");
    if let Some(line) = line {
        assert!(line.ends_with("Max-Age=0") && HeaderValue::from_str(&line).is_ok());
    }
});

fn time() -> EpochTime {
    EpochTime::new(1_800_000_000).expect("a time")
}

/// The provider answers at once, so there is nothing to wait for.
fn now<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("something waits"),
    }
}
