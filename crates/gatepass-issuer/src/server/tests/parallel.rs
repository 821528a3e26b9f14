//! Renewals that come while one of them is still being signed.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio::sync::Semaphore;

use super::*;

type Asked<'h> = Pin<Box<dyn Future<Output = Answer> + 'h>>;

/// Asks ten times, until every one of them waits.
async fn ten_that_wait<'h>(house: &'h House, cookie: &'h str) -> Vec<Asked<'h>> {
    let mut asked: Vec<Asked<'h>> = Vec::new();
    for _ in 0..10 {
        let mut one: Asked<'h> = Box::pin(house.renew(cookie));
        let waits = poll_fn(|context| Poll::Ready(one.as_mut().poll(context).is_pending())).await;
        assert!(waits, "a renewal was answered, and nothing was signed");
        asked.push(one);
    }
    asked
}

/// All answers; whoever is to go on goes on, in whatever order they asked.
async fn answers(mut asked: Vec<Asked<'_>>) -> Vec<Answer> {
    let mut answers = Vec::new();
    poll_fn(|context| {
        asked.retain_mut(|one| match one.as_mut().poll(context) {
            Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            Poll::Pending => true,
        });
        if asked.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers
}

/// The key in force waits for permits.
fn held(house: &House) -> Arc<Semaphore> {
    let key = SigningKey::generate(KeyType::P256).unwrap();
    let permits = Arc::new(Semaphore::new(0));
    let signer = Signer::new("K1".parse().unwrap(), key);
    let in_force = Signing::Held(signer, Arc::clone(&permits));
    let keys = SigningKeys { in_force, next: None };
    let site = Site::of("https://media.example.com/_gatepass").unwrap();
    let films = entitlement("members", "https://media.example.com/films/*");
    let entitlements = Entitlements::new(vec![films], site).unwrap();
    house.issuer.install(Issuance::new(entitlements, Mint::new(keys, HashAlgorithm::Sha1)));
    permits
}

#[tokio::test]
async fn ten_renewals_of_one_moment_sign_once() {
    let house = House::new(|_| {});
    let cookie = house.session(&["members"]);
    let permits = held(&house);
    let asked = ten_that_wait(&house, &cookie).await;
    assert_eq!(house.issuer.issuance().mint().signatures(), 1, "nine wait for the first");
    permits.add_permits(10);
    let mut passes = Vec::new();
    for answer in answers(asked).await {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let lines = answer.cookies();
        let own = lines.iter().filter(|line| line.starts_with("CloudFront-"));
        passes.push(own.map(|line| pair(line)).collect::<Vec<_>>());
    }
    // An ECDSA signature is another one each time it is made.
    assert!(passes.iter().all(|one| *one == passes[0] && one.len() == 3), "{passes:?}");
    assert_eq!(house.issuer.issuance().mint().signatures(), 1);
    assert_eq!(permits.available_permits(), 9);
}

#[tokio::test]
async fn who_goes_away_while_others_wait_does_not_keep_them() {
    let house = House::new(|_| {});
    let cookie = house.session(&["members"]);
    let permits = held(&house);
    let mut asked = ten_that_wait(&house, &cookie).await;
    // The one that had the key sign.
    drop(asked.remove(0));
    permits.add_permits(10);
    for answer in answers(asked).await {
        assert_eq!(answer.status, StatusCode::OK);
    }
    assert_eq!(permits.available_permits(), 9);
}
