//! Persons come, and are handed what they are entitled to: lines that open what they should.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::net::IpAddr;
use std::sync::Arc;

use gatepass::{
    CookieNaming, EpochTime, HashAlgorithm, KeyType, PublicKeyId, Reading, Resource, SameSite,
    Signer, SigningKey, Trust, TrustedKeys, ViewerRequest, ViewerUrl, lint, verify,
};
use gatepass_issuer::{
    AddressBinding, Conditions, CookieWishes, Entitlement, Entitlements, Handout, HandoutError,
    Issuance, Mint, Person, Reader, Signing, SigningKeys, Site, Start, Who,
};
use serde_json::{Value, json};

const NOW: u64 = 1_767_225_601;

fn at(seconds: u64) -> EpochTime {
    EpochTime::new(NOW + seconds).unwrap()
}

fn ada() -> Person {
    person(
        "ada",
        &json!({"groups": ["members", "staff"], "email": "ada@Example.com",
        "email_verified": true, "plan": "gold", "team": "red"}),
    )
}

fn person(subject: &str, claims: &Value) -> Person {
    Person::new(subject, claims.as_object().unwrap().clone()).unwrap()
}

fn entitlement(id: &str, resources: &[&str]) -> Entitlement {
    Entitlement {
        id: id.into(),
        who: Who::Everybody,
        resources: resources.iter().map(|text| text.parse().unwrap()).collect(),
        lifetime_seconds: 600,
        start: Start::AtOnce,
        address: AddressBinding::Anywhere,
        cookies: CookieWishes::default(),
        reader: Reader::CloudFront,
    }
}

fn gatepass_reads(one: Entitlement) -> Entitlement {
    Entitlement { reader: Reader::Gatepass, ..one }
}

struct Desk {
    issuance: Issuance,
    trust: Trust,
}

impl Desk {
    fn new(all: Vec<Entitlement>) -> Self {
        let key = SigningKey::generate(KeyType::P256).unwrap();
        let id: PublicKeyId = "K1".parse().unwrap();
        let keys = TrustedKeys::from_iter([(id.clone(), key.public_key().clone())]);
        let in_force = Signing::Local(Signer::new(id, key));
        let mint = Mint::new(SigningKeys { in_force, next: None }, HashAlgorithm::Sha1);
        let site = Site::of("https://m.test/_gatepass").unwrap();
        let issuance = Issuance::new(Entitlements::new(all, site).unwrap(), mint);
        Self { issuance, trust: keys.into() }
    }

    async fn hands(&self, person: &Person) -> Result<Handout, HandoutError> {
        self.hands_to("203.0.113.7", person).await
    }

    async fn hands_to(&self, address: &str, person: &Person) -> Result<Handout, HandoutError> {
        let address = address.parse().unwrap();
        self.issuance.hand_out(person, address, at(0), None).await
    }

    fn opens(&self, handout: &Handout, url: &str, address: &str, now: EpochTime) -> bool {
        let cookies = sent_to(handout, url);
        let parsed = ViewerUrl::parse(url).unwrap();
        let address: IpAddr = address.parse().unwrap();
        let request = ViewerRequest::new(parsed, address, [cookies.as_bytes()]);
        verify(&request, &self.trust, now).is_ok()
    }
}

/// The `Cookie` header of a browser that was handed these lines: longest paths first.
fn sent_to(handout: &Handout, url: &str) -> String {
    let path = ViewerUrl::parse(url).unwrap().path().to_owned();
    let mut cookies = Vec::new();
    for line in &handout.lines {
        let (cookie, attributes) = line.split_once("; ").unwrap();
        let of = attributes.split("; ").find_map(|one| one.strip_prefix("Path=")).unwrap();
        let rest = path.strip_prefix(of);
        if rest.is_some_and(|rest| rest.is_empty() || of.ends_with('/') || rest.starts_with('/')) {
            cookies.push((of.len(), cookie));
        }
    }
    cookies.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
    cookies.into_iter().map(|(_, cookie)| cookie).collect::<Vec<_>>().join("; ")
}

fn mistakes(all: Vec<Entitlement>) -> Vec<(String, String)> {
    let site = Site::of("https://m.test").unwrap();
    let mistakes = Entitlements::new(all, site).map(|_| ()).unwrap_err();
    mistakes.into_iter().map(|one| (one.at, one.problem)).collect()
}

#[tokio::test]
async fn a_pass_opens_its_resource_for_its_lifetime_and_cloudfront_reads_it() {
    let desk = Desk::new(vec![entitlement("films", &["https://m.test/films/*"])]);
    let handout = desk.hands(&ada()).await.unwrap();
    assert_eq!(handout.lines.len(), 3);
    assert!(
        handout
            .lines
            .iter()
            .all(|line| line.ends_with("; Path=/films; Secure; HttpOnly; SameSite=Lax"))
    );
    assert!(
        lint(handout.lines.iter().map(String::as_str), at(0))
            .iter()
            .all(|one| one.name() == "no_address")
    );
    let opens =
        |path: &str, now| desk.opens(&handout, &format!("https://m.test{path}"), "192.0.2.1", now);
    assert!(opens("/films/a.mp4", at(0)) && opens("/films/a.mp4", at(599)));
    // Put off to the grid of half a minute, and no further.
    assert!(!opens("/films/a.mp4", at(630)));
    assert!(!opens("/music/a.mp3", at(0)));
    let strict = Trust { reading: Reading::CloudFront, ..desk.trust.clone() };
    assert!(Desk { trust: strict, ..desk }.opens(&handout, "https://m.test/films/a", "::1", at(0)));
}

#[tokio::test]
async fn all_that_is_said_of_a_person_must_hold() {
    let texts = |texts: &[&str]| texts.iter().map(|text| Box::from(*text)).collect::<Vec<_>>();
    let whole = Conditions {
        groups: texts(&["members"]),
        email_domains: texts(&["other.test", "example.com"]),
        claims: vec![("plan".into(), texts(&["silver", "gold"]))],
        has: texts(&["team"]),
    };
    let who = |conditions: Conditions| Who::Those(conditions);
    assert!(who(whole.clone()).is(&ada()));
    for lacking in [
        Conditions { groups: texts(&["member"]), ..whole.clone() },
        Conditions { email_domains: texts(&["ple.com"]), ..whole.clone() },
        Conditions { claims: vec![("plan".into(), texts(&["gol"]))], ..whole.clone() },
        Conditions { claims: vec![("plan".into(), Vec::new())], ..whole.clone() },
        Conditions { has: texts(&["nothing"]), ..whole.clone() },
        Conditions::default(),
    ] {
        assert!(!who(lacking.clone()).is(&ada()), "{lacking:?}");
    }
    let unverified = person("eve", &json!({"email": "eve@example.com", "email_verified": false}));
    let domain = Conditions { email_domains: texts(&["example.com"]), ..Conditions::default() };
    assert!(!who(domain.clone()).is(&unverified));
    let address = Conditions {
        claims: vec![("email".into(), texts(&["eve@example.com"]))],
        ..Conditions::default()
    };
    assert!(!who(address).is(&unverified));
    let films =
        Entitlement { who: who(domain), ..entitlement("films", &["https://m.test/films/*"]) };
    let desk = Desk::new(vec![films]);
    let kept = desk.issuance.only_wanted(ada());
    assert!(kept.claim("email_verified").is_some() && kept.claim("plan").is_none());
    let refused = desk.hands(&unverified).await.unwrap_err();
    assert!(refused.is_refusal(), "{refused}");
}

#[tokio::test]
async fn everybody_has_their_own_folder() {
    let desk = Desk::new(vec![entitlement("own", &["https://m.test/of/{sub}/*"])]);
    let handout = desk.hands(&ada()).await.unwrap();
    assert!(desk.opens(&handout, "https://m.test/of/ada/x", "192.0.2.1", at(0)));
    assert!(!desk.opens(&handout, "https://m.test/of/adam/x", "192.0.2.1", at(0)));
    assert_eq!(&*handout.laid[0].path, "/of/ada");
    let refused = desk.hands(&person("*", &json!({}))).await.unwrap_err();
    assert!(refused.is_refusal() && refused.to_string().contains("{sub}"), "{refused}");
}

#[tokio::test]
async fn a_pass_is_bound_to_the_viewers_network() {
    let bound = |binding: &str| Entitlement {
        address: binding.parse().unwrap(),
        ..entitlement("films", &["https://m.test/films/*"])
    };
    let film = "https://m.test/films/a";
    for (binding, handed_to, opens, stays_closed) in [
        ("viewer", "203.0.113.7", "203.0.113.7", "203.0.113.8"),
        ("viewer", "::ffff:203.0.113.7", "203.0.113.7", "203.0.113.8"),
        ("viewer/24", "203.0.113.7", "203.0.113.255", "203.0.114.7"),
    ] {
        let desk = Desk::new(vec![bound(binding)]);
        let handout = desk.hands_to(handed_to, &ada()).await.unwrap();
        assert!(desk.opens(&handout, film, opens, at(0)), "{binding}");
        assert!(!desk.opens(&handout, film, stays_closed, at(0)), "{binding}");
    }
    let desk = Desk::new(vec![bound("viewer")]);
    let refused = desk.hands_to("2001:db8::1", &ada()).await.unwrap_err();
    assert!(refused.to_string().contains("IPv6"), "{refused}");
    for (binding, opens, stays_closed) in [
        ("viewer", "2001:db8::1", "2001:db8::2"),
        ("viewer/24", "2001:db8:0:ff::", "2001:db8:0:100::"),
        ("viewer/24,64", "2001:db8::ffff", "2001:db8:0:1::"),
    ] {
        let desk = Desk::new(vec![gatepass_reads(bound(binding))]);
        let handout = desk.hands_to("2001:db8::1", &ada()).await.unwrap();
        assert!(desk.opens(&handout, film, opens, at(0)), "{binding}");
        assert!(!desk.opens(&handout, film, stays_closed, at(0)), "{binding}");
    }
    for odd in [
        "",
        "Viewer",
        "viewer/",
        "viewer/7",
        "viewer/33",
        "viewer/24,31",
        "viewer/024",
        "viewer/24,",
        "viewer/24,129",
        "viewer/+9",
        "10.0.0.0/8",
    ] {
        assert!(odd.parse::<AddressBinding>().is_err(), "{odd}");
    }
}

#[tokio::test]
async fn a_start_is_before_now_or_a_premiere() {
    let starting =
        |start| Entitlement { start, ..entitlement("films", &["https://m.test/films/*"]) };
    let film = "https://m.test/films/a";
    let desk = Desk::new(vec![starting(Start::SecondsAgo(60))]);
    let handout = desk.hands(&ada()).await.unwrap();
    assert!(desk.opens(&handout, film, "::1", at(0)));
    assert!(!desk.opens(&handout, film, "::1", EpochTime::new(NOW - 100).unwrap()));
    let desk = Desk::new(vec![starting(Start::After(at(300)))]);
    let handout = desk.hands(&ada()).await.unwrap();
    assert!(!desk.opens(&handout, film, "::1", at(300)));
    assert!(desk.opens(&handout, film, "::1", at(301)));
    let desk = Desk::new(vec![starting(Start::After(at(3_000)))]);
    assert!(desk.hands(&ada()).await.unwrap_err().is_refusal(), "it opens after its end");
}

#[tokio::test]
async fn no_pass_outlives_what_it_was_asked_for() {
    let desk = Desk::new(vec![entitlement("films", &["https://m.test/films/*"])]);
    let ada = ada();
    let hand_out = |until| desk.issuance.hand_out(&ada, "::1".parse().unwrap(), at(0), Some(until));
    assert_eq!(hand_out(at(10)).await.unwrap().expiry, at(10));
    assert!(hand_out(at(6_000)).await.unwrap().expiry < at(630));
}

#[tokio::test]
async fn cloudfront_has_a_pass_for_each_resource_and_gatepass_one_for_each_place() {
    let resources = ["https://m.test/films/*", "https://m.test/music/*"];
    let desk = Desk::new(vec![entitlement("media", &resources)]);
    let handout = desk.hands(&ada()).await.unwrap();
    assert_eq!((handout.lines.len(), handout.laid.len()), (6, 2));
    let opens = |desk: &Desk, handout: &Handout| {
        ["films", "music"]
            .iter()
            .all(|folder| desk.opens(handout, &format!("https://m.test/{folder}/a"), "::1", at(0)))
    };
    assert!(opens(&desk, &handout));
    let together = CookieWishes { path: Some("/".parse().unwrap()), ..CookieWishes::default() };
    let media = Entitlement {
        cookies: together.clone(),
        ..gatepass_reads(entitlement("media", &resources))
    };
    let longer = Entitlement {
        cookies: together,
        lifetime_seconds: 3_600,
        ..gatepass_reads(entitlement("books", &["https://m.test/books/*"]))
    };
    let desk = Desk::new(vec![media, longer]);
    let handout = desk.hands(&ada()).await.unwrap();
    assert_eq!((handout.lines.len(), handout.laid.len()), (3, 1));
    assert!(opens(&desk, &handout));
    let book = "https://m.test/books/a";
    assert!(desk.opens(&handout, book, "::1", at(3_000)) && handout.expiry < at(630));
    assert!(!desk.opens(&handout, "https://m.test/films/a", "::1", at(3_000)));
}

#[tokio::test]
async fn names_may_carry_the_key() {
    let cookies = CookieWishes { naming: CookieNaming::PerKey, ..CookieWishes::default() };
    let films = Entitlement {
        cookies,
        ..gatepass_reads(entitlement("films", &["https://m.test/films/*"]))
    };
    let desk = Desk::new(vec![films]);
    let handout = desk.hands(&ada()).await.unwrap();
    assert!(handout.lines[0].starts_with("CloudFront-Policy-K1="));
    assert!(desk.opens(&handout, "https://m.test/films/a", "::1", at(0)));
    assert!(
        handout.laid[0]
            .clearing_lines()
            .iter()
            .any(|line| line.starts_with("CloudFront-Policy-K1=;"))
    );
}

#[test]
fn passes_that_would_take_each_others_place_are_refused_with_a_way_forward() {
    let (films, trailers) = ("https://m.test/films/*", "https://m.test/films/*.jpg");
    let told = mistakes(vec![entitlement("a", &[films]), entitlement("b", &[trailers])]);
    let [(at, problem)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(at, "entitlement[1].resources[0]");
    assert!(problem.contains("\"a\" and \"b\"") && problem.contains("cookies.path"), "{problem}");
    let site = || Site::of("https://m.test").unwrap();
    let elsewhere = CookieWishes { path: Some("/".parse().unwrap()), ..CookieWishes::default() };
    let apart = Entitlement { cookies: elsewhere, ..entitlement("b", &[trailers]) };
    let apart = Entitlements::new(vec![entitlement("a", &[films]), apart], site()).unwrap();
    assert!(apart.warnings().iter().any(|one| one.problem.contains("longer path")));
    let both = vec![
        gatepass_reads(entitlement("a", &[films])),
        gatepass_reads(entitlement("b", &[trailers])),
    ];
    assert!(Entitlements::new(both.clone(), site()).is_ok());
    let across = CookieWishes { same_site: Some(SameSite::None), ..CookieWishes::default() };
    let torn = vec![both[0].clone(), Entitlement { cookies: across, ..both[1].clone() }];
    assert!(mistakes(torn)[0].1.contains("same-site"));
}

#[tokio::test]
async fn a_value_that_makes_two_places_one_is_refused() {
    let own = entitlement("own", &["https://m.test/of/{sub}/*"]);
    let desk = Desk::new(vec![entitlement("ours", &["https://m.test/of/all/*"]), own]);
    assert_eq!(desk.hands(&ada()).await.unwrap().laid.len(), 2);
    let refused = desk.hands(&person("all", &json!({}))).await.unwrap_err();
    assert!(matches!(refused, HandoutError::Plan(_)), "{refused}");
}

#[test]
fn what_could_never_work_is_refused_at_the_start() {
    let films = || entitlement("films", &["https://m.test/films/*"]);
    let wishing = |cookies: CookieWishes| Entitlement { cookies, ..films() };
    let none = CookieWishes::default;
    for (one, at, word) in [
        (Entitlement { resources: vec![], ..films() }, ".resources", "empty"),
        (Entitlement { id: "".into(), ..films() }, ".id", "empty"),
        (Entitlement { who: Who::Those(Conditions::default()), ..films() }, ".for", "everybody"),
        (Entitlement { lifetime_seconds: 0, ..films() }, ".lifetime-seconds", "1 to 604800"),
        (Entitlement { lifetime_seconds: 604_801, ..films() }, ".lifetime-seconds", "604801"),
        (wishing(CookieWishes { naming: CookieNaming::PerKey, ..none() }), ".cookies", "plain"),
        (Entitlement { address: "viewer/24,56".parse().unwrap(), ..films() }, ".address", "IPv6"),
        (
            wishing(CookieWishes { path: Some("/music".parse().unwrap()), ..none() }),
            ".resources[0]",
            "Path=/music",
        ),
        (
            wishing(CookieWishes { domain: Some("test".into()), ..none() }),
            ".resources[0]",
            "Domain=test",
        ),
        (entitlement("a", &["https://other.test/films/*"]), ".resources[0]", "url ="),
        (entitlement("a", &["https://m.test/a b"]), ".resources[0]", "%20"),
        (entitlement("a", &["https://m.test/a#b"]), ".resources[0]", "#"),
        (entitlement("a", &["https://m.test/a?Policy=x"]), ".resources[0]", "reserves"),
        (entitlement("a", &["films/*"]), ".resources[0]", "films"),
        (wishing(CookieWishes { is_partitioned: true, ..none() }), ".resources[0]", "same-site"),
    ] {
        let told = mistakes(vec![one]);
        let expected = format!("entitlement[0]{at}");
        let is_told = told.iter().any(|(at, problem)| *at == expected && problem.contains(word));
        assert!(is_told, "{at} {word}: {told:?}");
    }
    let twice = mistakes(vec![
        films(),
        Entitlement { resources: vec!["https://m.test/a/*".parse().unwrap()], ..films() },
    ]);
    assert_eq!(twice[0].0, "entitlement[1].id");
}

#[test]
fn what_is_unwise_is_told_and_no_more() {
    let warnings = |one: Entitlement| {
        let site = Site::of("https://login.example.com").unwrap();
        let checked = Entitlements::new(vec![one], site).unwrap();
        checked.warnings().iter().map(|one| one.problem.clone()).collect::<Vec<_>>().join("\n")
    };
    let cookies = CookieWishes { is_forced: true, ..CookieWishes::default() };
    let wide =
        Entitlement { cookies, ..entitlement("films", &["https://media.example.com/films/*"]) };
    assert!(warnings(wide).contains("every host beneath"));
    let own = entitlement("films", &["https://login.example.com/films/*"]);
    assert_eq!(warnings(own.clone()), "");
    let week = Entitlement { lifetime_seconds: 604_800, ..own.clone() };
    assert!(warnings(week).contains("7 days"));
    let cookies = CookieWishes { same_site: Some(SameSite::None), ..CookieWishes::default() };
    assert!(warnings(Entitlement { cookies, ..own }).contains("allow-credentials"));
    assert!(warnings(entitlement("all", &["*"])).contains("every URL"));
}

#[tokio::test]
async fn nobody_carries_more_passes_than_a_browser_bears() {
    let desk = |count: usize| {
        let folders = (0..count).map(|nth| format!("https://m.test/{nth}/*"));
        let folders: Vec<_> = folders.collect();
        Desk::new(vec![entitlement(
            "many",
            &folders.iter().map(String::as_str).collect::<Vec<_>>(),
        )])
    };
    assert_eq!(desk(16).hands(&ada()).await.unwrap().laid.len(), 16);
    assert!(matches!(desk(17).hands(&ada()).await, Err(HandoutError::Plan(_))));
}

#[tokio::test]
async fn a_cookie_that_browsers_would_drop_is_not_handed_out() {
    let cookies = CookieWishes { path: Some("/".parse().unwrap()), ..CookieWishes::default() };
    let resource =
        |nth| Resource::new(format!("https://m.test/{nth}/{}/{{claim:long}}/*", "a".repeat(100)));
    let all: Vec<_> = (0..12).map(resource).collect();
    let texts: Vec<_> = all.iter().map(Resource::as_str).collect();
    let desk =
        Desk::new(vec![Entitlement { cookies, ..gatepass_reads(entitlement("long", &texts)) }]);
    let with = |length| person("ada", &json!({"long": "a".repeat(length)}));
    assert!(desk.hands(&with(9)).await.is_ok());
    assert!(matches!(desk.hands(&with(255)).await, Err(HandoutError::TooLong(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_at_once_are_signed_for_once() {
    let desk = Arc::new(Desk::new(vec![entitlement("films", &["https://m.test/films/*"])]));
    let tasks: Vec<_> = (0..10)
        .map(|nth| {
            let desk = Arc::clone(&desk);
            // Not all in the same second: the grid holds them together.
            let now = EpochTime::new(NOW + nth).unwrap();
            let hand_out = async move {
                desk.issuance.hand_out(&ada(), "::1".parse().unwrap(), now, None).await
            };
            tokio::spawn(hand_out)
        })
        .collect();
    let mut handouts = Vec::new();
    for task in tasks {
        handouts.push(task.await.unwrap().unwrap());
    }
    assert!(handouts.iter().all(|one| *one == handouts[0]));
    assert_eq!(desk.issuance.mint().signatures(), 1);
}

#[tokio::test]
async fn what_is_remembered_stays_small_whoever_comes() {
    let key = SigningKey::generate(KeyType::P256).unwrap();
    let in_force = Signing::Local(Signer::new("K1".parse().unwrap(), key));
    let keys = SigningKeys { in_force, next: None };
    let room = 200_000;
    let mint = Mint::with_room(keys, HashAlgorithm::Sha256, room);
    let site = Site::of("https://m.test").unwrap();
    let all = vec![entitlement("own", &["https://m.test/of/{sub}/*"])];
    let issuance = Issuance::new(Entitlements::new(all, site).unwrap(), mint);
    let mut halfway = 0;
    for nth in 0..4_000 {
        let one = person(&format!("p{nth}"), &json!({}));
        issuance.hand_out(&one, "::1".parse().unwrap(), at(0), None).await.unwrap();
        assert!(issuance.mint().remembered() <= room);
        if nth == 2_000 {
            halfway = issuance.mint().remembered();
        }
    }
    assert_eq!(issuance.mint().signatures(), 4_000);
    let end = issuance.mint().remembered();
    assert!(halfway > room / 2 && end.abs_diff(halfway) < room / 4, "{halfway} {end}");
}
