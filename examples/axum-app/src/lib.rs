//! An application that logs its people in, and leaves their passes to a layer.
//!
//! What has to do with Gatepass are the five lines marked so, and `issuance`: who may have what.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Form, State};
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use gatepass::{EpochTime, HashAlgorithm, Signer, SigningKey};
use gatepass_issuer::{
    AddressBinding, Cleared, CookieWishes, Entitlement, Entitlements, Granted, Issuance, Mint,
    PassLayer, Person, Reader, Signing, SigningKeys, Site, Start, Who,
};
use serde::Deserialize;

/// What can go wrong when the application starts.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The application. `url` is where browsers find it: the edge.
pub fn app(key: SigningKey, url: &str, password: &str) -> Result<Router, Failure> {
    let people = People { password: password.into(), signed_in: Arc::default() };
    let known = people.clone();
    let layer = PassLayer::new(issuance(key, url)?, now) // Gatepass
        .renewing(move |request| known.of(&request.headers).map(Granted::to)); // Gatepass
    let routes = Router::new()
        .route("/", get(home))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .with_state(people);
    Ok(routes.layer(layer)) // Gatepass
}

/// Who may have what: everybody who logged in the pictures, and each a folder of their own.
fn issuance(key: SigningKey, url: &str) -> Result<Issuance, Failure> {
    let all = Entitlement {
        id: "all".into(),
        who: Who::Everybody,
        resources: vec![
            format!("{url}/private/*").parse()?,
            format!("{url}/of/{{sub}}/*").parse()?,
        ],
        lifetime_seconds: 60,
        start: Start::AtOnce,
        address: AddressBinding::Anywhere,
        cookies: CookieWishes::default(),
        reader: Reader::CloudFront,
    };
    let entitlements = Entitlements::new(vec![all], Site::of(url)?);
    let entitlements = entitlements.map_err(|mistakes| format!("{mistakes:?}"))?;
    let in_force = Signing::Local(Signer::new("K1".parse()?, key));
    let keys = SigningKeys { in_force, next: None };
    Ok(Issuance::new(entitlements, Mint::new(keys, HashAlgorithm::Sha256)))
}

#[expect(clippy::disallowed_methods, reason = "an application has a clock of its own")]
fn now() -> EpochTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.ok().and_then(|since| EpochTime::new(since.as_secs()).ok()).expect("it is after 1970")
}

/// Who is signed in, by the name of their session. A real application keeps more.
#[derive(Clone)]
struct People {
    password: Arc<str>,
    signed_in: Arc<Mutex<HashMap<String, String>>>,
}

impl People {
    fn of(&self, headers: &HeaderMap) -> Option<Person> {
        let name = self.with(|signed_in| signed_in.get(session(headers)?).cloned())?;
        Person::new(&name, serde_json::Map::new()).ok()
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, String>) -> T) -> T {
        act(&mut self.signed_in.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|cookie| cookie.strip_prefix("session="))
}

async fn home(State(people): State<People>, headers: HeaderMap) -> Html<&'static str> {
    Html(if people.of(&headers).is_some() { WELCOME } else { LOGIN })
}

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

async fn login(State(people): State<People>, Form(form): Form<Login>) -> Response {
    let Ok(person) = Person::new(&form.name, serde_json::Map::new()) else {
        return (StatusCode::FORBIDDEN, "Who are you?\n").into_response();
    };
    let (given, wanted) = (form.password.as_bytes(), people.password.as_bytes());
    if aws_lc_rs::constant_time::verify_slices_are_equal(given, wanted).is_err() {
        return (StatusCode::FORBIDDEN, "That is not the password.\n").into_response();
    }
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).expect("the system has randomness");
    let session = data_encoding::HEXLOWER.encode(&random);
    people.with(|signed_in| signed_in.insert(session.clone(), form.name));
    let cookie = format!("session={session}; Path=/; Secure; HttpOnly; SameSite=Lax");
    let home = [(SET_COOKIE, cookie), (LOCATION, "/".to_owned())];
    (StatusCode::SEE_OTHER, home, Extension(Granted::to(person))).into_response() // Gatepass
}

async fn logout(State(people): State<People>, headers: HeaderMap) -> impl IntoResponse {
    people.with(|signed_in| session(&headers).and_then(|session| signed_in.remove(session)));
    let cookie = "session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0";
    (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, "/")], Extension(Cleared)) // Gatepass
}

const LOGIN: &str = r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>Log in</title>
<form method="post" action="/login"><label>Name <input name="name" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button>Log in</button></form></html>
"#;

const WELCOME: &str = r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>Welcome</title>
<img src="/private/image1.svg" alt="A picture for those who logged in">
<form method="post" action="/logout"><button>Log out</button></form></html>
"#;
