//! An application of its own: people come and go, and the layer sees to their cookies.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use gatepass::{EpochTime, HashAlgorithm, KeyType, Signer, SigningKey};
use gatepass_issuer::{
    AddressBinding, Cleared, CookieWishes, Entitlement, Entitlements, Granted, HandoutError,
    Issuance, Mint, PassLayer, Person, Reader, Signing, SigningKeys, Site, Start, Who,
};
use http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE};
use http::{Request, Response};
use serde_json::Map;
use tower_layer::Layer;
use tower_service::Service;

const NOW: u64 = 1_767_225_601;

/// `/login/ada` lets Ada in, `/logout` out; anything else is a page.
#[derive(Clone)]
struct Application;

impl Service<Request<()>> for Application {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let mut response = Response::new("a page".to_owned());
        match request.uri().path().split_at(1).1.split_once('/') {
            Some(("login", name)) => {
                response.extensions_mut().insert(Granted::to(person(name)));
            }
            Some(("cache", directives)) => {
                response.headers_mut().insert(CACHE_CONTROL, directives.parse().unwrap());
            }
            _ if request.uri().path() == "/logout" => {
                response.extensions_mut().insert(Cleared);
            }
            _ => {}
        }
        ready(Ok(response))
    }
}

fn person(name: &str) -> Person {
    Person::new(name, Map::new()).unwrap()
}

fn issuance(resources: &[&str], address: AddressBinding) -> Issuance {
    let key = SigningKey::generate(KeyType::P256).unwrap();
    let in_force = Signing::Local(Signer::new("K1".parse().unwrap(), key));
    let mint = Mint::new(SigningKeys { in_force, next: None }, HashAlgorithm::Sha1);
    let all = vec![Entitlement {
        id: "films".into(),
        who: Who::Everybody,
        resources: resources.iter().map(|text| text.parse().unwrap()).collect(),
        lifetime_seconds: 60,
        start: Start::AtOnce,
        address,
        cookies: CookieWishes::default(),
        reader: Reader::CloudFront,
    }];
    let site = Site::of("https://m.test").unwrap();
    Issuance::new(Entitlements::new(all, site).unwrap(), mint)
}

/// The application behind its layer, and its clock in seconds from the beginning.
struct World {
    layer: PassLayer,
    clock: Arc<AtomicU64>,
}

impl World {
    fn new() -> Self {
        Self::of(issuance(
            &["https://m.test/films/*", "https://m.test/of/{sub}/*"],
            AddressBinding::Anywhere,
        ))
    }

    fn of(issuance: Issuance) -> Self {
        let clock = Arc::new(AtomicU64::new(0));
        let hands = Arc::clone(&clock);
        let now = move || EpochTime::new(NOW + hands.load(Ordering::Relaxed)).unwrap();
        let layer = PassLayer::new(issuance, now).renewing(|request| {
            let name = request.headers.get("x-signed-in")?.to_str().ok()?;
            Some(Granted::to(person(name)))
        });
        Self { layer, clock }
    }

    async fn ask(&self, path: &str, jar: &str, signed_in: Option<&str>) -> Response<String> {
        let mut request = Request::get(path).header(COOKIE, jar);
        if let Some(name) = signed_in {
            request = request.header("x-signed-in", name);
        }
        let mut service = self.layer.layer(Application);
        service.call(request.body(()).unwrap()).await.unwrap()
    }

    fn wait(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }
}

fn lines(response: &Response<String>) -> Vec<&str> {
    response.headers().get_all(SET_COOKIE).iter().map(|line| line.to_str().unwrap()).collect()
}

/// What the browser remembers for the layer.
fn jar(response: &Response<String>) -> String {
    let kept = lines(response).into_iter().find(|line| line.starts_with("Gatepass-Laid="));
    kept.unwrap().split(';').next().unwrap().to_owned()
}

fn count(response: &Response<String>, path: &str) -> usize {
    let path = format!("; Path={path}; ");
    lines(response).iter().filter(|line| line.contains(&path) && !line.contains("Max-Age")).count()
}

#[tokio::test]
async fn who_logs_in_is_handed_all_cookies_and_the_answer_is_theirs_alone() {
    let world = World::new();
    let response = world.ask("/login/ada", "", None).await;
    assert_eq!((count(&response, "/films"), count(&response, "/of/ada")), (3, 3));
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(response.body(), "a page");
    assert!(lines(&world.ask("/", "", Some("ada")).await).is_empty(), "nothing was laid yet");
}

#[tokio::test]
async fn what_is_about_to_end_is_renewed_for_who_is_still_signed_in() {
    let world = World::new();
    let kept = jar(&world.ask("/login/ada", "", None).await);
    world.wait(30);
    assert!(lines(&world.ask("/", &kept, Some("ada")).await).is_empty(), "there is time");
    world.wait(15);
    let renewed = world.ask("/", &kept, Some("ada")).await;
    assert_eq!((count(&renewed, "/films"), renewed.body().as_str()), (3, "a page"));
    assert_ne!(jar(&renewed), kept);
    assert!(lines(&world.ask("/", &jar(&renewed), Some("ada")).await).is_empty());
    assert!(lines(&world.ask("/", &kept, None).await).is_empty(), "nobody is signed in");
    world.wait(600);
    assert_eq!(count(&world.ask("/", &kept, Some("ada")).await, "/films"), 3, "after its end, too");
    for shared in ["public,max-age=60", "s-maxage=9"] {
        let response = world.ask(&format!("/cache/{shared}"), &kept, Some("ada")).await;
        assert!(lines(&response).is_empty(), "{shared}");
    }
    let own = world.ask("/cache/private", &kept, Some("ada")).await;
    assert_eq!(
        (count(&own, "/films"), own.headers()[CACHE_CONTROL].to_str().unwrap()),
        (3, "private")
    );
}

#[tokio::test]
async fn ten_at_once_are_renewed_by_one_signature_each() {
    let made = issuance(&["https://m.test/films/*"], AddressBinding::Anywhere);
    let world = World::of(made);
    let kept = jar(&world.ask("/login/ada", "", None).await);
    world.wait(50);
    let (first, second) =
        tokio::join!(world.ask("/a", &kept, Some("ada")), world.ask("/b", &kept, Some("ada")));
    // An ECDSA signature is another one each time it is made.
    assert_eq!(lines(&first), lines(&second));
    for _ in 0..8 {
        assert_eq!(lines(&world.ask("/c", &kept, Some("ada")).await), lines(&first));
    }
}

#[tokio::test]
async fn who_logs_out_keeps_nothing() {
    let world = World::new();
    let kept = jar(&world.ask("/login/ada", "", None).await);
    let left = world.ask("/logout", &kept, None).await;
    let gone = |response: &Response<String>, path: &str| {
        let all = lines(response);
        let path = format!("; Path={path}; ");
        all.iter().filter(|line| line.contains(&path) && line.ends_with("; Max-Age=0")).count()
    };
    assert!(gone(&left, "/films") >= 5 && gone(&left, "/of/ada") == 5 && gone(&left, "/") == 1);
    assert!(lines(&left).iter().all(|line| line.ends_with("; Max-Age=0")));
    let unknown = world.ask("/logout", "", None).await;
    assert_eq!((gone(&unknown, "/films"), gone(&unknown, "/of/ada")), (5, 0));
    let other = world.ask("/login/eve", &kept, None).await;
    assert_eq!(
        (gone(&other, "/of/ada"), count(&other, "/of/eve")),
        (5, 3),
        "what Ada had is not Eve's"
    );
}

#[tokio::test]
async fn all_lines_are_set_or_none_and_the_reason() {
    let world = World::of(issuance(
        &["https://m.test/films/*", "https://m.test/of/{claim:team}/*"],
        AddressBinding::Anywhere,
    ));
    let refused = world.ask("/login/ada", "", None).await;
    assert_eq!((refused.status().as_u16(), lines(&refused).len(), &**refused.body()), (403, 0, ""));
    assert!(refused.extensions().get::<HandoutError>().unwrap().is_refusal());
    let bound = World::of(issuance(&["https://m.test/films/*"], "viewer".parse().unwrap()));
    let failed = bound.ask("/login/ada", "", None).await;
    assert_eq!((failed.status().as_u16(), lines(&failed).len()), (500, 0));
    assert_eq!(failed.extensions().get(), Some(&HandoutError::NoAddress));
    let World { layer, clock } = bound;
    let layer = layer.address_of(|_| Some("203.0.113.7".parse().unwrap()));
    let bound = World { layer, clock };
    assert_eq!(count(&bound.ask("/login/ada", "", None).await, "/films"), 3);
}
