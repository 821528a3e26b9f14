//! Passes for applications that log their people in themselves: `POST /issue`.
//!
//! The application shows its token and says who somebody is; it gets the `Set-Cookie` lines to
//! send to them. Entitlements decide, as they do for everybody.
//!
//! # Invariants
//!
//! - A pass is bound to the address that the application says, and never to its own.
//! - Wrong tokens are told, never as they were, and only as many as a journal can bear. The right
//!   one is never kept waiting by wrong ones: there are too many to guess it.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::arrival::Arrival;
use super::issuer::{Issuer, NO_STORE};
use super::journal::Event;
use crate::handout::Handout;
use crate::person::Person;

/// The longest request, in bytes.
const LONGEST: usize = 64 * 1024;

pub(crate) fn routes() -> Router<Arc<Issuer>> {
    Router::new().route("/issue", post(issue)).layer(DefaultBodyLimit::max(LONGEST))
}

/// What an application says.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Asked {
    subject: String,
    #[serde(default)]
    claims: Map<String, Value>,
    /// The viewer's address, where entitlements bind passes to it.
    address: Option<IpAddr>,
}

/// What it gets.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Issued {
    /// The values of the `Set-Cookie` headers to send.
    set_cookie: Vec<String>,
    /// When the first of the passes ends, in epoch seconds.
    expires: u64,
}

async fn issue(State(issuer): State<Arc<Issuer>>, arrival: Arrival, body: Bytes) -> Response {
    let Some(token) = &issuer.config().application_token else {
        return refusal(
            StatusCode::NOT_FOUND,
            "no application may ask: there is no application-token",
        );
    };
    if !shows(arrival.headers(), token.bytes()) {
        return stranger(&issuer, &arrival);
    }
    let asked: Asked = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return refusal(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let person = match Person::new(&asked.subject, asked.claims) {
        Ok(person) => person,
        Err(error) => return refusal(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let issuance = issuer.issuance();
    // Where nothing is bound, it counts for nothing.
    let address = asked.address.unwrap_or(arrival.address);
    if asked.address.is_none() && issuance.may_bind() {
        return refusal(StatusCode::BAD_REQUEST, ADDRESS_NEEDED);
    }
    match issuance.hand_out(&person, address, arrival.now, None).await {
        Ok(Handout { lines, expiry, .. }) => {
            issuer.tell(None, Event::Issued { subject: person.subject() });
            let passes = Issued { set_cookie: lines, expires: expiry.seconds() };
            ([(CACHE_CONTROL, NO_STORE)], Json(passes)).into_response()
        }
        Err(error) if error.is_refusal() => refusal(StatusCode::FORBIDDEN, &error.to_string()),
        // What signs or decides is away: it may be there again soon.
        Err(error) => {
            let mut answer = refusal(StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
            answer
        }
    }
}

const ADDRESS_NEEDED: &str =
    "address is missing: passes may be bound to the viewer's, so say it as the edge will see it";

/// Refuses somebody without the token, and tells operators, if it isn't one of too many.
fn stranger(issuer: &Issuer, arrival: &Arrival) -> Response {
    let wait = issuer.wrong_tokens().and_then(|tokens| tokens.count(arrival.address).err());
    if let Some(wait) = wait {
        let mut answer = refusal(StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens");
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.seconds()));
        return answer;
    }
    let what = if arrival.headers().contains_key(AUTHORIZATION) {
        "somebody asked POST /issue with a wrong application-token"
    } else {
        "somebody asked POST /issue without an application-token"
    };
    issuer.tell(Some(arrival.address), Event::Trouble { what: what.to_owned() });
    refusal(StatusCode::UNAUTHORIZED, "the token is missing, or another one")
}

fn shows(headers: &HeaderMap, token: &[u8]) -> bool {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let shown = value.as_bytes().strip_prefix(b"Bearer ");
    shown.is_some_and(|shown| verify_slices_are_equal(shown, token).is_ok())
}

fn refusal(status: StatusCode, reason: &str) -> Response {
    (status, [(CACHE_CONTROL, NO_STORE)], Json(json!({ "error": reason }))).into_response()
}
