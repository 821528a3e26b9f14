//! An application is asked who may have what, over real sockets.
#![cfg(feature = "server")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use data_encoding::HEXLOWER;
use gatepass::{EpochTime, HashAlgorithm, KeyType, Signer, SigningKey};
use gatepass_issuer::{
    AddressBinding, AllowedResources, CookieWishes, Handout, HandoutError, HttpsClient, Issuance,
    Mint, Person, Reader, Secret, Signing, SigningKeys, Site, Webhook, WebhookConfig,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const SECRET: &[u8; 32] = b"0123456789abcdef0123456789abcdef";
const NOW: u64 = 1_767_225_601;

type Heard = Arc<Mutex<Vec<(HeaderMap, String)>>>;
type Answer = Arc<dyn Fn() -> Response + Send + Sync>;

/// An answer that is made of a good one's text.
type Answering = fn(String) -> Response;

/// An application that answers so, and what it was asked.
async fn application(answer: impl Fn() -> Response + Send + Sync + 'static) -> (String, Heard) {
    async fn hear(
        State((heard, answer)): State<(Heard, Answer)>,
        headers: HeaderMap,
        body: String,
    ) -> Response {
        heard.lock().unwrap().push((headers, body));
        answer()
    }
    let heard = Heard::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let answer: Answer = Arc::new(answer);
    let routes = Router::new().route("/hook", post(hear)).with_state((Arc::clone(&heard), answer));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, heard)
}

fn config(url: &str) -> WebhookConfig {
    WebhookConfig {
        url: url.parse().unwrap(),
        secret: Secret::new(SECRET).unwrap(),
        patience: Duration::from_millis(500),
        allow: AllowedResources::new(["https://m.test/of/*"]).unwrap(),
        claims: Some(vec!["groups".into()]),
        lifetime_seconds: 600,
        address: AddressBinding::Anywhere,
        cookies: CookieWishes::default(),
        reader: Reader::CloudFront,
    }
}

async fn handed(config: WebhookConfig) -> Result<Handout, HandoutError> {
    let key = SigningKey::generate(KeyType::P256).unwrap();
    let in_force = Signing::Local(Signer::new("K1".parse().unwrap(), key));
    let mint = Mint::new(SigningKeys { in_force, next: None }, HashAlgorithm::Sha1);
    let site = Site::of("https://m.test").unwrap();
    let issuance = Issuance::asking(Webhook::new(config, site, HttpsClient::new()).unwrap(), mint);
    let claims = json!({"groups": ["members"], "name": "Ada"});
    let ada = Person::new("ada", claims.as_object().unwrap().clone()).unwrap();
    let now = EpochTime::new(NOW).unwrap();
    issuance.hand_out(&ada, "203.0.113.7".parse().unwrap(), now, None).await
}

fn granting(policy: &Value) -> impl Fn() -> Response + Send + Sync + 'static {
    let answer = json!({"policies": [policy]}).to_string();
    move || answer.clone().into_response()
}

#[tokio::test]
async fn an_application_is_told_who_came_and_by_whom() {
    let (url, heard) =
        application(granting(&json!({"resources": ["https://m.test/of/ada/*"]}))).await;
    let handout = handed(config(&url)).await.unwrap();
    assert_eq!((handout.lines.len(), &*handout.laid[0].path), (3, "/of/ada"));
    let (headers, body) = heard.lock().unwrap().pop().unwrap();
    let expected = json!({"subject": "ada", "claims": {"groups": ["members"]},
        "address": "203.0.113.7", "time": NOW});
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let signature = text("gatepass-signature");
    let signature = HEXLOWER.decode(signature.strip_prefix("v1=").unwrap().as_bytes()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let message = format!("{}.{body}", text("gatepass-timestamp"));
    assert!(hmac::verify(&key, message.as_bytes(), &signature).is_ok());
    assert!(hmac::verify(&key, body.as_bytes(), &signature).is_err());
}

#[tokio::test]
async fn no_answer_is_no() {
    let policy = json!({"resources": ["https://m.test/of/ada/*"]});
    let good = json!({"policies": [policy]}).to_string();
    let answers: [(Answering, &str); 5] = [
        (|good| (StatusCode::INTERNAL_SERVER_ERROR, good).into_response(), "answered 500"),
        (|good| (StatusCode::FOUND, [("location", "/hook")], good).into_response(), "answered 302"),
        (|_| "yes".into_response(), "line 1, column 1"),
        (|good| format!("{good}{}", " ".repeat(65_536)).into_response(), "more than 65536 bytes"),
        (
            |_| json!({"policies": [{"resources": ["*"]}]}).to_string().into_response(),
            "lies outside",
        ),
    ];
    for (answer, reason) in answers {
        let good = good.clone();
        let (url, heard) = application(move || answer(good.clone())).await;
        let error = handed(config(&url)).await.unwrap_err();
        assert!(error.to_string().contains(reason) && !error.is_refusal(), "{error}");
        assert_eq!(heard.lock().unwrap().len(), 1, "{reason}");
    }
    for answer in
        [|| StatusCode::FORBIDDEN.into_response(), || r#"{"policies": []}"#.into_response()]
    {
        let (url, _) = application(answer).await;
        let refused = handed(config(&url)).await.unwrap_err();
        assert!(refused.is_refusal(), "{refused}");
    }
    let closed = handed(config("http://127.0.0.1:1/hook")).await.unwrap_err();
    assert!(closed.to_string().contains("not heard"), "{closed}");
}

#[tokio::test]
async fn whoever_says_nothing_in_time_says_no() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let late = handed(config(&url)).await.unwrap_err();
    assert!(late.to_string().contains("within 500ms"), "{late}");
}

#[tokio::test]
async fn an_application_may_grant_less_than_the_operator_and_not_more() {
    let policy = json!({"resources": ["https://m.test/of/ada/*"], "lifetime-seconds": 604_800,
        "address": "viewer"});
    let (url, _) = application(granting(&policy)).await;
    let handout = handed(config(&url)).await.unwrap();
    assert!(handout.expiry.seconds() <= NOW + 630, "{}", handout.expiry);
    let policy = json!({"resources": ["https://m.test/of/ada/*"], "lifetime-seconds": 60});
    let (url, _) = application(granting(&policy)).await;
    let bound = WebhookConfig { address: "viewer/24".parse().unwrap(), ..config(&url) };
    let handout = handed(bound).await.unwrap();
    assert!(handout.expiry.seconds() <= NOW + 63, "{}", handout.expiry);
    let encoded = handout.lines[0].split_once('=').unwrap().1.split(';').next().unwrap();
    let json = String::from_utf8(gatepass::decode(encoded.as_bytes()).unwrap()).unwrap();
    assert!(json.contains("203.0.113.0/24"), "{json}");
}

#[test]
fn an_application_is_asked_over_tls_or_on_this_machine() {
    let told = |config: WebhookConfig| {
        let site = Site::of("https://m.test").unwrap();
        let mistakes = Webhook::new(config, site, HttpsClient::new()).unwrap_err();
        let lines = mistakes.into_iter().map(|one| format!("{}: {}", one.at, one.problem));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert!(told(config("http://app.test/hook")).starts_with("webhook.url: app.test would be"));
    assert!(told(config("/hook")).starts_with("webhook.url: "));
    let hook = config("https://app.test/hook");
    let allow = AllowedResources::new(["https://other.test/*"]).unwrap();
    assert!(told(WebhookConfig { allow, ..hook.clone() }).starts_with("webhook.allow[0]: "));
    assert!(
        told(WebhookConfig { lifetime_seconds: 0, ..hook }).starts_with("webhook.lifetime-seconds")
    );
}
