//! What is kept in a session of all that is known of a person.

use axum::extract::FromRequestParts as _;
use axum::response::Response;

use super::*;
use crate::server::arrival::Arrival;
use crate::server::issuer::Proven;

async fn sign_in(house: &House, claims: &Value) -> Response {
    let mut request = Request::new(());
    request.extensions_mut().insert(Peer("192.0.2.7:4711".parse().unwrap()));
    let (mut parts, ()) = request.into_parts();
    let arrival = Arrival::from_request_parts(&mut parts, &house.issuer).await.unwrap();
    let person = Person::new("ada", claims.as_object().unwrap().clone()).unwrap();
    house.issuer.sign_in(&arrival, Proven::by(Way::Oidc, person), &ReturnTo::home()).await
}

fn session(answer: &Response) -> Option<&str> {
    let mut lines = answer.headers().get_all("set-cookie").iter();
    lines.find_map(|line| line.to_str().unwrap().strip_prefix("__Host-gatepass-session="))
}

#[tokio::test]
async fn somebody_in_a_hundred_and_fifty_groups_is_signed_in() {
    let house = House::new(|_| {});
    let mut groups: Vec<_> = (0..150).map(|number| format!("department number {number}")).collect();
    groups.push("members".into());
    let answer = sign_in(&house, &json!({ "groups": groups, "picture": "a".repeat(5_000) })).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let session = session(&answer).unwrap();
    assert!(session.len() < 700, "{} bytes", session.len());
    let cookie = format!("__Host-gatepass-session={}", session.split(';').next().unwrap());
    assert_eq!(house.renew(&cookie).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_that_is_too_long_tells_operators_which_claim_it_is() {
    let house = House::new(|_| {});
    let who = Who::Those(Conditions { has: vec!["house".into()], ..Conditions::default() });
    let resource = "https://media.example.com/films/*";
    house.issuer.install(issuance_of(vec![Entitlement { who, ..entitlement("", resource) }]));
    let answer = sign_in(&house, &json!({ "house": "a".repeat(4_000) })).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "5");
    let told = house.told.lock().unwrap().join("\n");
    assert!(told.contains("browsers keep: the claim \\\"house\\\" has"), "{told}");
}
