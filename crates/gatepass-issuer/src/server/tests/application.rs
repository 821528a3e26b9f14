//! What applications are told that ask wrongly, and what operators learn of it.

use gatepass_distribution::Proxies;

use super::*;

const ASKED: &str = r#"{"subject":"ada","claims":{"groups":["members"]}}"#;

fn house() -> House {
    House::new(|config| {
        config.application_token = Some(Secret::new(&[b't'; 32]).unwrap());
        config.proxies = Proxies::new(vec!["192.0.2.7/32".parse().unwrap()]);
    })
}

async fn ask(house: &House, token: &str, address: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", &*bearer), ("x-forwarded-for", address)];
    house.ask("POST", "/issue", &headers, body).await
}

#[tokio::test]
async fn no_pass_is_bound_to_the_address_of_an_application() {
    let house = house();
    let token = "t".repeat(32);
    let free = ask(&house, &token, "198.51.100.1", ASKED).await;
    assert_eq!(free.status, StatusCode::OK, "nothing is bound: {}", free.body);
    let mut bound = entitlement("members", USUAL[0].1);
    bound.address = AddressBinding::Viewer { v4: 32, v6: None };
    house.issuer.install(issuance_of(vec![bound]));
    let answer = ask(&house, &token, "198.51.100.1", ASKED).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.contains("address is missing"), "{}", answer.body);
    let said = ASKED.replace("{\"subject\"", "{\"address\":\"203.0.113.7\",\"subject\"");
    let answer = ask(&house, &token, "198.51.100.1", &said).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[tokio::test]
async fn wrong_tokens_are_told_as_far_as_a_journal_can_bear_and_never_shown() {
    let house = house();
    for nth in 0..30 {
        let answer = ask(&house, "a wrong token", "198.51.100.1", ASKED).await;
        let expected = if nth < 10 { 401 } else { 429 };
        assert_eq!(answer.status.as_u16(), expected, "at {nth}");
        assert_eq!(answer.header("retry-after").is_some(), nth >= 10, "at {nth}");
    }
    let told = house.told.lock().unwrap().clone();
    assert_eq!(told.len(), 10);
    assert!(told[0].contains("198.51.100.1") && told[0].contains("wrong application-token"));
    assert!(told.iter().all(|line| !line.contains("a wrong token")), "{told:?}");
    // Another address has its own count, and the right token waits for nobody.
    assert_eq!(ask(&house, "x", "198.51.100.2", ASKED).await.status, StatusCode::UNAUTHORIZED);
    let right = ask(&house, &"t".repeat(32), "198.51.100.1", ASKED).await;
    assert_eq!(right.status, StatusCode::OK);
}

#[tokio::test]
async fn an_application_may_try_again_when_what_decides_is_away() {
    let house = house();
    let (listener, issuance) = endings::slow_application().await;
    drop(listener);
    house.issuer.install(issuance);
    let said = ASKED.replace("{\"subject\"", "{\"address\":\"203.0.113.7\",\"subject\"");
    let answer = ask(&house, &"t".repeat(32), "198.51.100.1", &said).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
    assert_eq!(answer.header("retry-after"), Some("5"));
}
