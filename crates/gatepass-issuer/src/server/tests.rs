//! The issuer's routes, asked as browsers and applications ask them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use gatepass::{HashAlgorithm, KeyType, Signer, SigningKey};
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower_service::Service;

use super::arrival::Peer;
use super::config::Players;
use super::*;
use crate::{
    AddressBinding, Conditions, CookieWishes, Entitlement, Entitlements, Issuance, Mint, Person,
    Reader, Secret, Signing, SigningKeys, Site, Start, Who,
};

mod application;
mod at_a_provider;
mod endings;
mod framing;
mod keeping;
mod parallel;
mod proxies;
mod strangers;

const NOW: u64 = 1_767_290_000;

/// An issuer, its clock, and what it told.
struct House {
    issuer: Arc<Issuer>,
    config: IssuerConfig,
    router: Router,
    now: Arc<AtomicU64>,
    told: Arc<Mutex<Vec<String>>>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Names of cookies that are set, and of those that are taken away.
    fn names(&self) -> (Vec<&str>, Vec<&str>) {
        let (gone, set): (Vec<_>, Vec<_>) =
            self.cookies().into_iter().partition(|line| line.ends_with("Max-Age=0"));
        (set.into_iter().map(name).collect(), gone.into_iter().map(name).collect())
    }
}

fn entitlement(group: &str, resource: &str) -> Entitlement {
    Entitlement {
        id: resource.into(),
        who: Who::Those(Conditions { groups: vec![group.into()], ..Conditions::default() }),
        resources: vec![resource.parse().unwrap()],
        lifetime_seconds: 100,
        start: Start::AtOnce,
        address: AddressBinding::Anywhere,
        cookies: CookieWishes::default(),
        reader: Reader::CloudFront,
    }
}

fn mint() -> Mint {
    let key = SigningKey::generate(KeyType::P256).unwrap();
    let in_force = Signing::Local(Signer::new("K1".parse().unwrap(), key));
    Mint::new(SigningKeys { in_force, next: None }, HashAlgorithm::Sha1)
}

fn issuance_of(all: Vec<Entitlement>) -> Issuance {
    let site = Site::of("https://media.example.com/_gatepass").unwrap();
    Issuance::new(Entitlements::new(all, site).unwrap(), mint())
}

fn issuance(groups: &[(&str, &str)]) -> Issuance {
    issuance_of(groups.iter().map(|(group, resource)| entitlement(group, resource)).collect())
}

const USUAL: [(&str, &str); 2] = [
    ("members", "https://media.example.com/films/*"),
    ("staff", "https://media.example.com/staff/*"),
];

impl House {
    fn new(change: impl FnOnce(&mut IssuerConfig)) -> Self {
        let url = "https://media.example.com/_gatepass".parse().unwrap();
        let secret = Secret::new(&[7; 32]).unwrap();
        let mut config = IssuerConfig::new(([127, 0, 0, 1], 0).into(), url, secret);
        config.return_to = ReturnHosts::new(["https://app.example.com"]).unwrap();
        config.session.idle = std::time::Duration::from_mins(5);
        config.session.absolute = std::time::Duration::from_secs(1_000);
        change(&mut config);
        let now = Arc::new(AtomicU64::new(NOW));
        let told = Arc::new(Mutex::new(Vec::new()));
        let clock: Clock = {
            let now = Arc::clone(&now);
            Arc::new(move || gatepass::EpochTime::new(now.load(Ordering::SeqCst)).unwrap())
        };
        let journal: Journal = {
            let told = Arc::clone(&told);
            Arc::new(move |line| told.lock().unwrap().push(line.to_owned()))
        };
        let issuer = Issuer::open(config.clone(), issuance(&USUAL), clock, journal).unwrap();
        let router = issuer.router();
        Self { issuer, config, router, now, told }
    }

    fn at(&self, seconds: u64) {
        self.now.store(NOW + seconds, Ordering::SeqCst);
    }

    /// The cookie of somebody who logged in at the beginning.
    fn session(&self, groups: &[&str]) -> String {
        let claims = json!({ "groups": groups }).as_object().unwrap().clone();
        let person = Person::new("ada", claims).unwrap();
        let began = gatepass::EpochTime::new(NOW).unwrap();
        let sessions = self.issuer.sessions();
        let lifetimes = self.config.session;
        let id = SessionId::new([9; 16]);
        let session = Session::begin(id, person, Way::Oidc, began, lifetimes, None);
        pair(&sessions.line(&session).unwrap())
    }

    async fn ask(&self, method: &str, route: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/_gatepass{route}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        request.extensions_mut().insert(Peer("192.0.2.7:4711".parse().unwrap()));
        let response = self.router.clone().call(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: head.status, headers: head.headers, body }
    }

    async fn renew(&self, cookie: &str) -> Answer {
        self.ask("POST", "/renew", &[("cookie", cookie)], "").await
    }
}

fn name(line: &str) -> &str {
    line.split('=').next().unwrap()
}

/// The pair of a `Set-Cookie` line.
fn pair(line: &str) -> String {
    line.split(';').next().unwrap().to_owned()
}

fn session_of(answer: &Answer) -> String {
    let lines = answer.cookies();
    pair(lines.iter().find(|line| line.starts_with("__Host-gatepass-session=")).unwrap())
}

#[tokio::test]
async fn a_renewal_counts_from_now_and_says_when_to_come_back() {
    let house = House::new(|_| {});
    let cookie = house.session(&["members"]);
    house.at(50);
    let answer = house.renew(&cookie).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    // A pass of 100 s, and half of it is less than the usual minute.
    assert_eq!(told, json!({"renew-in-seconds": 50, "ends-in-seconds": 950}));
    let (set, gone) = answer.names();
    assert_eq!(set.len(), 4, "{set:?}");
    assert_eq!(set[3], "__Host-gatepass-session");
    assert!(gone.is_empty());
    for line in answer.cookies() {
        assert!(line.contains("; Secure; HttpOnly"), "{line}");
        assert!(
            !line.contains("Domain=") && !line.contains("Expires=") && !line.contains("Max-Age=")
        );
    }
}

#[tokio::test]
async fn no_pass_outlives_its_session() {
    let house = House::new(|_| {});
    let mut cookie = house.session(&["members"]);
    for seconds in [250, 500, 750, 960] {
        house.at(seconds);
        let answer = house.renew(&cookie).await;
        assert_eq!(answer.status, StatusCode::OK, "at {seconds}");
        cookie = session_of(&answer);
        if seconds == 960 {
            let told: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(told, json!({"renew-in-seconds": 20, "ends-in-seconds": 40}));
        }
    }
    house.at(1_000);
    let answer = house.renew(&cookie).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let (set, gone) = answer.names();
    assert!(set.is_empty());
    assert!(gone.contains(&"CloudFront-Policy") && gone.contains(&"__Host-gatepass-session"));
}

#[tokio::test]
async fn a_session_that_was_silent_is_not_renewed() {
    let house = House::new(|_| {});
    let cookie = house.session(&["members"]);
    house.at(299);
    assert_eq!(house.renew(&cookie).await.status, StatusCode::OK);
    house.at(300);
    assert_eq!(house.renew(&cookie).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.renew("a=b").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_cookie_that_was_tossed_in_beside_ours_signs_nobody_in() {
    let house = House::new(|_| {});
    let cookie = house.session(&["members"]);
    let both = format!("{cookie}; {cookie}");
    assert_eq!(house.renew(&both).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_somebody_is_no_longer_entitled_to_is_taken_away() {
    let house = House::new(|_| {});
    let cookie = session_of(&house.renew(&house.session(&["members", "staff"])).await);
    house.issuer.install(issuance(&USUAL[..1]));
    let answer = house.renew(&cookie).await;
    let gone = answer.cookies();
    let gone: Vec<_> = gone.iter().filter(|line| line.ends_with("Max-Age=0")).collect();
    assert!(!gone.is_empty() && gone.iter().all(|line| line.contains("Path=/staff")), "{gone:?}");
}

#[tokio::test]
async fn pages_of_strangers_renew_nothing_and_listed_ones_may_read_the_answer() {
    let house = House::new(|_| {});
    let cookie = house.session(&["members"]);
    let from = async |headers: &[(&str, &str)]| {
        let headers = [&[("cookie", &*cookie)], headers].concat();
        house.ask("POST", "/renew", &headers, "").await
    };
    let listed = from(&[("origin", "https://app.example.com")]).await;
    assert_eq!(listed.status, StatusCode::OK);
    assert_eq!(listed.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(listed.header("access-control-allow-credentials"), Some("true"));
    for foreign in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("origin", "https://app.example.com"), ("origin", "https://app.example.com")],
        &[("sec-fetch-site", "cross-site")],
    ] {
        let answer = from(foreign).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{foreign:?}");
        assert!(answer.cookies().is_empty());
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    let own = from(&[("origin", "https://media.example.com"), ("sec-fetch-site", "same-origin")]);
    assert_eq!(own.await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_page_is_sent_back_with_fresh_cookies_or_to_the_login() {
    let house = House::new(|_| {});
    let cookie = house.session(&["members"]);
    let go = async |cookie: &str, target: &str| {
        let route = format!("/renew?return-to={target}");
        let answer = house.ask("GET", &route, &[("cookie", cookie)], "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        answer.header("location").unwrap().to_owned()
    };
    assert_eq!(go(&cookie, "/films/a.html%3Fx=1").await, "/films/a.html?x=1");
    assert_eq!(go(&cookie, "https://app.example.com/a").await, "https://app.example.com/a");
    assert_eq!(go(&cookie, "https://evil.example/a").await, "/", "nobody is sent elsewhere");
    assert_eq!(go(&cookie, "//evil.example/a").await, "/");
    assert_eq!(go("a=b", "/films/a").await, "/_gatepass/login?return-to=%2Ffilms%2Fa");
}

#[tokio::test]
async fn whose_pass_has_ended_is_sent_on_with_a_fresh_one_and_never_in_a_circle() {
    let house = House::new(|config| config.session.idle = std::time::Duration::from_mins(10));
    let cookie = session_of(&house.renew(&house.session(&["members"])).await);
    let ask =
        async |cookie: &str, route: &str| house.ask("GET", route, &[("cookie", cookie)], "").await;
    house.at(200);
    let first = ask(&cookie, "/login?return-to=/films/a.html").await;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    assert_eq!(first.header("location"), Some("/films/a.html"));
    let (set, _) = first.names();
    assert!(set.contains(&"CloudFront-Policy") && set.contains(&"__Host-gatepass-sent-on"));
    // What they want is not open to them: the edge sends them here again at once.
    let kept = |answer: &Answer| {
        let lines = answer.cookies();
        let mark = lines.iter().find(|line| line.starts_with("__Host-gatepass-sent-on="));
        format!("{}; {}", session_of(answer), pair(mark.unwrap()))
    };
    let again = ask(&kept(&first), "/login?return-to=/films/a.html").await;
    assert_eq!(again.status, StatusCode::FORBIDDEN);
    assert!(again.body.contains("You have no access here"), "{}", again.body);
    // Another tab, opened at the same time, wants something else.
    let second = ask(&kept(&first), "/login?return-to=/films/b.html").await;
    assert_eq!(second.header("location"), Some("/films/b.html"));
    for circle in ["/films/a.html", "/films/b.html"] {
        let again = ask(&kept(&second), &format!("/login?return-to={circle}")).await;
        assert_eq!(again.status, StatusCode::FORBIDDEN, "{circle}");
    }
    let tossed = format!("{}; __Host-gatepass-sent-on=1..x.0", session_of(&first));
    let own = ask(&tossed, "/login?return-to=/films/a.html").await;
    assert_eq!(own.status, StatusCode::SEE_OTHER);
    let home = ask(&cookie, "/login").await;
    assert_eq!(home.status, StatusCode::OK, "who wants nothing sees that they are signed in");
}

#[tokio::test]
async fn somebody_who_may_have_nothing_any_more_keeps_no_pass() {
    let house = House::new(|_| {});
    let cookie = session_of(&house.renew(&house.session(&["staff"])).await);
    house.issuer.install(issuance(&USUAL[..1]));
    let answer = house.renew(&cookie).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let (set, gone) = answer.names();
    assert!(set.is_empty() && gone.contains(&"CloudFront-Policy"), "{set:?} {gone:?}");
}

#[tokio::test]
async fn pictures_of_other_pages_keep_no_session_alive() {
    let house = House::new(|_| {});
    let cookie = house.session(&["members"]);
    for route in ["/renew", "/login?return-to=/films/"] {
        let headers = [("cookie", &*cookie), ("sec-fetch-dest", "image")];
        let answer = house.ask("GET", route, &headers, "").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{route}");
        assert!(answer.cookies().is_empty(), "{route}");
        let headers = [("cookie", &*cookie), ("sec-fetch-dest", "document")];
        assert_eq!(house.ask("GET", route, &headers, "").await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn logging_out_takes_everything_away_for_good() {
    let house = House::new(|_| {});
    let first = house.session(&["members", "staff"]);
    let cookie = session_of(&house.renew(&first).await);
    // Since then the entitlement is gone; its cookies are still in the browser.
    house.issuer.install(issuance(&USUAL[..1]));
    let out = async |headers: &[(&str, &str)]| {
        let headers = [&[("cookie", &*cookie)], headers].concat();
        house.ask("POST", "/logout", &headers, "").await
    };
    let foreign = out(&[("origin", "https://evil.example")]).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN, "no page signs its visitors out");
    assert_eq!(house.renew(&cookie).await.status, StatusCode::OK);
    let answer = out(&[("origin", "https://media.example.com")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let lines = answer.cookies();
    for path in ["/films", "/staff"] {
        let of = lines.iter().filter(|line| line.contains(&format!("Path={path};")));
        assert_eq!(of.count(), 5, "all five names at {path}: {lines:?}");
    }
    assert!(lines.iter().all(|line| line.ends_with("; Max-Age=0")));
    assert!(lines.iter().any(|line| line.starts_with("__Host-gatepass-session=;")));
    for copied in [&first, &cookie] {
        assert_eq!(
            house.renew(copied).await.status,
            StatusCode::UNAUTHORIZED,
            "copies are over, too"
        );
    }
}

#[tokio::test]
async fn logging_out_takes_what_logging_in_left_and_nothing_that_never_was() {
    let house = House::new(|config| {
        config.login.oidc = Some(OidcConfig::new("https://id.example.com", "gatepass"));
    });
    let session = house.session(&["members"]);
    let out = async |others: &str| {
        let cookie = format!("{session}{others}");
        let own = ("origin", "https://media.example.com");
        let answer = house.ask("POST", "/logout", &[("cookie", &cookie), own], "").await;
        let (set, gone) = answer.names();
        assert!(set.is_empty(), "{set:?}");
        let gone = gone.into_iter().filter(|name| name.starts_with("__Host-")).skip(1);
        gone.map(str::to_owned).collect::<Vec<_>>()
    };
    let others = "; __Host-gatepass-form=a; __Host-gatepass-sent-on=b; __Host-gatepass-browser=c; \
                  __Host-gatepass-oidc-AAAAAAAA=d; __Host-other=e";
    let gone = ["__Host-gatepass-oidc-AAAAAAAA", "__Host-gatepass-form", "__Host-gatepass-sent-on"];
    assert_eq!(out(others).await, gone);
    assert!(out("").await.is_empty());
}

#[tokio::test]
async fn an_application_is_handed_the_lines_for_its_people() {
    let house = House::new(|config| {
        config.application_token = Some(Secret::new(&[b't'; 32]).unwrap());
    });
    let token = format!("Bearer {}", "t".repeat(32));
    let asked = r#"{"subject":"ada","claims":{"groups":["members"]}}"#;
    let ask = async |headers: &[(&str, &str)], body: &str| {
        house.ask("POST", "/issue", headers, body).await
    };
    let answer = ask(&[("authorization", &token)], asked).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let issued: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(issued["expires"], NOW + 100);
    assert_eq!(issued["set-cookie"].as_array().unwrap().len(), 3);
    for (headers, body, status) in [
        (vec![], asked, 401),
        (vec![("authorization", "Bearer tttt")], asked, 401),
        (vec![("authorization", &*token), ("authorization", &*token)], asked, 401),
        (vec![("authorization", &token)], r#"{"subject":"eve"}"#, 403),
        (vec![("authorization", &token)], r#"{"subject":""}"#, 400),
        (vec![("authorization", &token)], r#"{"subject":"ada","admin":true}"#, 400),
        (vec![("authorization", &token)], &format!("{asked}{}", " ".repeat(64 * 1024)), 413),
    ] {
        assert_eq!(ask(&headers, body).await.status.as_u16(), status, "{headers:?} {body:.50}");
    }
    let closed = House::new(|_| {});
    assert_eq!(closed.ask("POST", "/issue", &[], asked).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn sessions_cross_sites_only_if_players_do() {
    let house = House::new(|config| config.players = Players::CrossSite);
    let answer = house.renew(&house.session(&["members"])).await;
    let lines = answer.cookies();
    let session = lines.iter().find(|line| line.starts_with("__Host-gatepass-session=")).unwrap();
    assert!(session.ends_with("; Path=/; Secure; HttpOnly; SameSite=None"), "{session}");
}

#[tokio::test]
async fn operators_learn_what_happened_and_no_credential() {
    let house = House::new(|_| {});
    let cookie = session_of(&house.renew(&house.session(&["members"])).await);
    let own = ("origin", "https://media.example.com");
    house.ask("POST", "/logout", &[("cookie", &cookie), own], "").await;
    let told = house.told.lock().unwrap().clone();
    let events: Vec<Value> = told.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["renewed", "signed-out"]);
    assert_eq!(events[0]["address"], "192.0.2.7");
    let value = cookie.split_once('=').unwrap().1;
    assert!(told.iter().all(|line| !line.contains(value)));
}

#[tokio::test]
async fn the_script_is_small_and_asks_for_nothing_else() {
    let house = House::new(|_| {});
    let answer = house.ask("GET", "/renew.js", &[], "").await;
    assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert!(answer.body.len() < 1_200, "{} bytes", answer.body.len());
    // A page that plays from two media hosts loads it of both: one must not wait for the other.
    assert!(answer.body.contains("locks.request(`gatepass-renewal ${url}`"), "{}", answer.body);
}

#[tokio::test]
async fn whoever_rotates_keys_is_told_which_one_signs_now() {
    let house = House::new(|_| {});
    let answer = house.ask("GET", "/keys", &[], "").await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(serde_json::from_str::<Value>(&answer.body).unwrap(), json!({"signing": ["K1"]}));
}
