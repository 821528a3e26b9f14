//! Drafts that are refused, and how a well-formed snapshot routes and guards.

#![expect(clippy::unwrap_used, reason = "a test may give up")]

use std::net::Ipv4Addr;

use gatepass::{
    Denial, EpochTime, HashAlgorithm, KeyType, Policy, Resource, Scheme, Signer, SigningKey,
    ViewerRequest, ViewerUrl, Window,
};
use gatepass_distribution::{
    BehaviorDraft, Cors, DistributionDraft, Draft, KeyGroup, NormalPath, Origin, OriginKind,
    PublicKeyRecord, Revocations, RouteError, Snapshot, VerifiedPasses,
};

const NOW: u64 = 1_767_290_000;

fn open() -> BehaviorDraft {
    BehaviorDraft { origin: "site".into(), ..BehaviorDraft::default() }
}

fn guarded(groups: &[&str]) -> BehaviorDraft {
    let groups = groups.iter().map(|group| Box::from(*group)).collect();
    BehaviorDraft { trusted_key_groups: Some(groups), ..open() }
}

fn distribution(id: &str, aliases: &[&str]) -> DistributionDraft {
    DistributionDraft {
        id: id.into(),
        aliases: aliases.iter().map(|alias| Box::from(*alias)).collect(),
        default_root_object: None,
        origins: vec![Origin { id: "site".into(), kind: OriginKind::Directory("site".into()) }],
        behaviors: Vec::new(),
        default_behavior: open(),
        error_responses: Vec::new(),
    }
}

fn signer(id: &str) -> (Signer, PublicKeyRecord) {
    let key = SigningKey::generate(KeyType::P256).unwrap();
    let record = PublicKeyRecord { id: id.parse().unwrap(), key: key.public_key().clone() };
    (Signer::new(id.parse().unwrap(), key), record)
}

fn group(id: &str, keys: &[&str]) -> KeyGroup {
    let public_keys = keys.iter().map(|key| key.parse().unwrap()).collect();
    KeyGroup { id: id.into(), public_keys }
}

fn problems(draft: &Draft) -> Vec<String> {
    Snapshot::check(draft).unwrap_err().iter().map(ToString::to_string).collect()
}

/// Asks the gate of `/private/a` for a pass that covers it.
fn ask(
    snapshot: &Snapshot,
    memory: &VerifiedPasses,
    signer: &Signer,
    hash: HashAlgorithm,
) -> Result<(), Denial> {
    let window = Window::until(EpochTime::new(NOW + 60).unwrap());
    let policy = Policy::new([Resource::new("https://a.test/private/*")], window);
    let cookies = signer.sign(&policy, hash).unwrap().cookies().header();
    let url = ViewerUrl::new(Scheme::Https, "a.test", "/private/a", None);
    let shown = ViewerRequest::new(url, Ipv4Addr::LOCALHOST.into(), [&*cookies]);
    let route = snapshot.route("a.test", &NormalPath::read("/private/a")).unwrap();
    let now = EpochTime::new(NOW).unwrap();
    route.behavior.gate().admit((), &shown, memory, &Revocations::default(), now).map(drop)
}

fn draft(keys: Vec<PublicKeyRecord>, groups: Vec<KeyGroup>, behavior: BehaviorDraft) -> Draft {
    let mut site = distribution("E1", &["a.test"]);
    site.behaviors = vec![("/private/*".parse().unwrap(), behavior)];
    Draft { public_keys: keys, key_groups: groups, distributions: vec![site], ..Draft::default() }
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let mut one = distribution("E1", &["a.test", "https://b.test"]);
    one.default_root_object = Some("/index.html".into());
    one.default_behavior.origin = "elsewhere".into();
    one.behaviors = vec![("/x/*".parse().unwrap(), guarded(&["nobody"]))];
    let mut two = distribution("E1", &["A.test"]);
    two.default_behavior.on_denied = Some("/login".parse().unwrap());
    let draft = Draft {
        public_keys: Vec::new(),
        key_groups: vec![group("g", &["K1"])],
        distributions: vec![one, two, distribution("E3", &[])],
        ..Draft::default()
    };
    let problems = problems(&draft);
    for at in [
        "distribution[1].id: the ID \"E1\" is used twice",
        "key-group[0].public-keys[0]: no public key has the ID \"K1\"; there is none",
        "distribution[0].default-root-object: \"/index.html\"",
        "distribution[0].default-behavior.origin: no origin has the ID \"elsewhere\"; there is \"site\"",
        "distribution[0].behavior[0].trusted-key-groups[0]: no key group has the ID \"nobody\"; there is \"g\"",
        "distribution[0].aliases[1]: \"https://b.test\" is no host name",
        "distribution[1].aliases[0]: the host \"A.test\" already belongs to \"E1\"",
        "distribution[1].default-behavior.on-denied: nobody is denied here",
        "distribution[2].aliases: a distribution without a host name",
    ] {
        assert!(problems.iter().any(|problem| problem.starts_with(at)), "{at}\n{problems:#?}");
    }
    assert_eq!(problems.len(), 9, "{problems:#?}");
}

#[test]
fn a_login_page_behind_its_own_gate_or_on_another_site_is_refused() {
    let (_, record) = signer("K1");
    for (page, problem) in [
        ("/private/login", "asks for a pass itself"),
        ("/%70rivate/login", "asks for a pass itself"),
        ("https://evil.test/login", "is no host of this distribution"),
    ] {
        let mut behavior = guarded(&["g"]);
        behavior.on_denied = Some(page.parse().unwrap());
        let draft = draft(vec![record.clone()], vec![group("g", &["K1"])], behavior);
        let problems = problems(&draft);
        assert!(problems[0].contains(problem), "{problems:?}");
    }
}

#[test]
fn credentials_for_everyone_are_refused() {
    let mut site = distribution("E1", &["*"]);
    site.default_behavior.cors = Some(Cors {
        allow_origins: vec!["*".into(), "app.test".into()],
        allow_credentials: true,
        max_age_seconds: 0,
    });
    let problems = problems(&Draft { distributions: vec![site], ..Draft::default() });
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn the_most_precise_alias_wins_whatever_the_order() {
    let aliases = [["*"], ["*.b.test"], ["*.a.b.test"], ["x.a.b.test"]];
    let distributions = aliases.iter().enumerate();
    let distributions =
        distributions.map(|(at, alias)| distribution(&at.to_string(), alias)).collect();
    let snapshot = Snapshot::check(&Draft { distributions, ..Draft::default() }).unwrap();
    let path = NormalPath::read("/");
    for (host, id) in [
        ("x.a.b.test:8080", "3"),
        ("X.A.B.TEST", "3"),
        ("y.a.b.test", "2"),
        ("a.b.test", "1"),
        ("b.test", "0"),
        ("[::1]:80", "0"),
    ] {
        assert_eq!(snapshot.route(host, &path).unwrap().distribution.id(), id, "{host}");
    }
}

#[test]
fn an_ambiguous_path_is_refused_only_where_something_is_guarded() {
    let path = NormalPath::read("/public/a%2fb");
    let open = Draft { distributions: vec![distribution("E1", &["a.test"])], ..Draft::default() };
    assert!(Snapshot::check(&open).unwrap().route("a.test", &path).is_ok());
    let closed = draft(Vec::new(), Vec::new(), guarded(&[]));
    let snapshot = Snapshot::check(&closed).unwrap();
    assert_eq!(snapshot.route("a.test", &path).unwrap_err(), RouteError::AmbiguousPath);
    assert_eq!(snapshot.route("b.test", &path).unwrap_err(), RouteError::UnknownHost);
}

#[test]
fn the_keys_of_all_trusted_groups_count_and_no_others() {
    let ((one, key_one), (two, key_two), (three, key_three)) =
        (signer("K1"), signer("K2"), signer("K3"));
    let groups =
        vec![group("a", &["K1"]), group("b", &["K2", "K1"]), group("c", &["K3"]), group("d", &[])];
    let keys = vec![key_one, key_two, key_three];
    let snapshot =
        Snapshot::check(&draft(keys.clone(), groups.clone(), guarded(&["a", "b"]))).unwrap();
    let memory = VerifiedPasses::with_capacity(1_000_000);
    assert!(ask(&snapshot, &memory, &one, HashAlgorithm::Sha1).is_ok());
    assert!(ask(&snapshot, &memory, &two, HashAlgorithm::Sha256).is_ok());
    let refused = ask(&snapshot, &memory, &three, HashAlgorithm::Sha1).unwrap_err();
    assert_eq!(refused.reason(), "key_unknown");
    let nobody = Snapshot::check(&draft(keys, groups, guarded(&["d"]))).unwrap();
    let refused = ask(&nobody, &memory, &one, HashAlgorithm::Sha1).unwrap_err();
    assert_eq!(refused.code(), "InvalidKey", "a group without keys stays closed");
}

#[test]
fn a_key_replaced_under_its_id_opens_nothing_any_more() {
    let (signer_of_old, old) = signer("K1");
    let (_, new) = signer("K1");
    let memory = VerifiedPasses::with_capacity(1_000_000);
    let with = |key| Snapshot::check(&draft(vec![key], vec![group("g", &["K1"])], guarded(&["g"])));
    assert!(ask(&with(old).unwrap(), &memory, &signer_of_old, HashAlgorithm::Sha1).is_ok());
    let refused = ask(&with(new).unwrap(), &memory, &signer_of_old, HashAlgorithm::Sha1);
    assert_eq!(refused.unwrap_err().reason(), "signature_mismatch");
}

#[test]
fn a_pass_with_a_weak_hash_is_refused_even_if_it_is_known_elsewhere() {
    let (signer, key) = signer("K1");
    let memory = VerifiedPasses::with_capacity(1_000_000);
    let with = |behavior| {
        Snapshot::check(&draft(vec![key.clone()], vec![group("g", &["K1"])], behavior)).unwrap()
    };
    assert!(ask(&with(guarded(&["g"])), &memory, &signer, HashAlgorithm::Sha1).is_ok());
    let strong = BehaviorDraft { minimum_hash: HashAlgorithm::Sha256, ..guarded(&["g"]) };
    let refused = ask(&with(strong.clone()), &memory, &signer, HashAlgorithm::Sha1).unwrap_err();
    assert_eq!(refused.reason(), "hash_too_weak");
    assert!(ask(&with(strong), &memory, &signer, HashAlgorithm::Sha256).is_ok());
}
