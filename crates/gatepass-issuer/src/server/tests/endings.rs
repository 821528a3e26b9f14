//! How sessions end, whoever ends them and whatever runs meanwhile.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::{AllowedResources, HttpsClient, Webhook, WebhookConfig, end_all_sessions};

#[tokio::test]
async fn an_operator_ends_the_sessions_of_somebody_while_the_issuer_runs() {
    let state = tempfile::tempdir().unwrap();
    let house = House::new(|config| config.state = Some(state.path().to_owned()));
    let cookie = house.session(&["members"]);
    house.at(1);
    assert_eq!(house.renew(&cookie).await.status, StatusCode::OK);
    for (subject, status) in [("eve", StatusCode::OK), ("ada", StatusCode::UNAUTHORIZED)] {
        let person = Person::new(subject, serde_json::Map::new()).unwrap();
        end_all_sessions(state.path(), &person, house.issuer.now()).unwrap();
        house.now.fetch_add(1, Ordering::SeqCst);
        assert_eq!(house.renew(&cookie).await.status, status, "{subject}, a second later");
    }
    let answer = house.renew(&cookie).await;
    let (set, gone) = answer.names();
    assert!(set.is_empty() && gone.contains(&"__Host-gatepass-session"));
}

#[tokio::test]
async fn a_state_that_can_not_be_read_is_told_once_and_ends_nothing() {
    let state = tempfile::tempdir().unwrap();
    let house = House::new(|config| config.state = Some(state.path().to_owned()));
    let cookie = house.session(&["members"]);
    let file = state.path().join("ended-sessions");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    for seconds in 1..4 {
        house.at(seconds);
        assert_eq!(house.renew(&cookie).await.status, StatusCode::OK);
    }
    let told = house.told.lock().unwrap().join("\n");
    assert_eq!(told.matches("ended elsewhere can't be read").count(), 1, "{told}");
}

#[tokio::test]
async fn passes_end_with_a_session_that_became_shorter() {
    let long = House::new(|_| {});
    let cookie = long.session(&["members"]);
    let short = House::new(|config| config.session.absolute = Duration::from_secs(80));
    short.at(30);
    let answer = short.renew(&cookie).await;
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    // A pass lives 100 s, and the session 50 s more.
    assert_eq!(told, json!({"renew-in-seconds": 25, "ends-in-seconds": 50}));
    let policy = answer.cookies().into_iter().find(|line| line.starts_with("CloudFront-Policy="));
    let policy = pair(policy.unwrap()).split_once('=').unwrap().1.replace('_', "=");
    let policy = policy.replace('-', "+").replace('~', "/");
    let policy = data_encoding::BASE64.decode(policy.as_bytes()).unwrap();
    let ends = format!("{{\"AWS:EpochTime\":{}}}", NOW + 80);
    assert!(String::from_utf8(policy).unwrap().contains(&ends));
    short.at(80);
    assert_eq!(short.renew(&session_of(&answer)).await.status, StatusCode::UNAUTHORIZED);
}

/// An application that answers when it is told to.
pub(super) async fn slow_application() -> (TcpListener, Issuance) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = WebhookConfig {
        url: format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap(),
        secret: Secret::new(&[7; 32]).unwrap(),
        patience: Duration::from_mins(1),
        allow: AllowedResources::new(["https://media.example.com/films/*"]).unwrap(),
        claims: None,
        lifetime_seconds: 100,
        address: AddressBinding::Anywhere,
        cookies: CookieWishes::default(),
        reader: Reader::CloudFront,
    };
    let site = Site::of("https://media.example.com/_gatepass").unwrap();
    let webhook = Webhook::new(config, site, HttpsClient::new()).unwrap();
    (listener, Issuance::asking(webhook, mint()))
}

async fn heard(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut asked = Vec::new();
    while !asked.ends_with(b"}") {
        assert!(stream.read_buf(&mut asked).await.unwrap() > 0);
    }
    stream
}

async fn answer(mut stream: TcpStream) {
    let body = r#"{"policies": [{"resources": ["https://media.example.com/films/*"]}]}"#;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
}

#[tokio::test]
async fn a_renewal_that_runs_while_the_person_logs_out_brings_nothing_back() {
    let house = House::new(|_| {});
    let (application, issuance) = slow_application().await;
    house.issuer.install(issuance);
    let cookie = house.session(&["members"]);
    let log_out = async || {
        let own = ("origin", "https://media.example.com");
        let answer = house.ask("POST", "/logout", &[("cookie", &cookie), own], "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
    };
    // Nobody logs out.
    let run = async || answer(heard(&application).await).await;
    let (renewed, ()) = tokio::join!(house.renew(&cookie), run());
    assert_eq!(renewed.status, StatusCode::OK, "{}", renewed.body);
    // For scripts, and for pages.
    let headers = [("cookie", &*cookie)];
    let page = house.ask("GET", "/renew?return-to=/films/", &headers, "");
    let run = async || {
        let (first, second) = (heard(&application).await, heard(&application).await);
        log_out().await;
        answer(first).await;
        answer(second).await;
    };
    let (renewed, page, ()) = tokio::join!(house.renew(&cookie), page, run());
    assert_eq!(renewed.status, StatusCode::UNAUTHORIZED);
    assert_eq!(page.header("location"), Some("/_gatepass/login?return-to=%2Ffilms%2F"));
    for answer in [renewed, page] {
        let (set, gone) = answer.names();
        assert!(set.is_empty(), "{set:?}");
        assert!(gone.contains(&"__Host-gatepass-session"));
    }
}
