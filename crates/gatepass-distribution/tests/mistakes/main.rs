//! What can't be, in policies, origins and conduct; each rule with a draft that breaks it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod conduct;
mod origins;
mod policies;

use gatepass_distribution::{
    BehaviorDraft, CachePolicy, DistributionDraft, Draft, Endpoint, HttpOrigin, Origin,
    OriginGroup, OriginKind, OriginRequestPolicy, Patience, S3Origin, Selection, SigningBehavior,
    Snapshot, Ttls,
};

fn http(headers: &[(&str, &str)]) -> OriginKind {
    let (endpoint, path) = Endpoint::parse_url("http://app.test").unwrap();
    let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let patience = Patience::default();
    OriginKind::Http(HttpOrigin {
        endpoint,
        path,
        headers,
        patience,
        allow_private_addresses: false,
    })
}

fn s3(bucket: &str, is_path_style: bool) -> OriginKind {
    let (endpoint, path) = Endpoint::parse_url("https://s3.test").unwrap();
    OriginKind::S3(S3Origin {
        bucket: bucket.into(),
        endpoint,
        region: "us-east-1".into(),
        is_path_style,
        path,
        signing: SigningBehavior::Always,
        profile: None,
        patience: Patience::default(),
        allow_private_addresses: false,
    })
}

fn group(primary: &str, secondary: &str, statuses: &[u16]) -> OriginKind {
    let statuses = statuses.to_vec();
    OriginKind::Group(OriginGroup {
        primary: primary.into(),
        secondary: secondary.into(),
        statuses,
    })
}

/// A well-formed draft with an origin of each kind; the default behavior asks the folder.
fn sound() -> Draft {
    let origin = |id: &str, kind| Origin { id: id.into(), kind };
    let distribution = DistributionDraft {
        id: "E1".into(),
        aliases: vec!["*".into()],
        default_root_object: None,
        origins: vec![
            origin("folder", OriginKind::Directory("site".into())),
            origin("app", http(&[("X-Origin-Verify", "swordfish")])),
            origin("bucket", s3("films", false)),
            origin("either", group("app", "other", &[500, 503])),
            origin("bucket-first", group("bucket", "app", &[404])),
            origin("bucket-second", group("other", "bucket", &[404])),
            origin("other", http(&[])),
        ],
        behaviors: Vec::new(),
        default_behavior: BehaviorDraft { origin: "folder".into(), ..BehaviorDraft::default() },
        error_responses: Vec::new(),
    };
    Draft {
        cache_policies: vec![cache_policy("own")],
        origin_request_policies: vec![request_policy("sent")],
        distributions: vec![distribution],
        ..Draft::default()
    }
}

fn cache_policy(id: &str) -> CachePolicy {
    CachePolicy {
        id: id.into(),
        ttls: Ttls { minimum: 0, default: 60, maximum: 600 },
        query_strings: Selection::All,
        headers: only(&["accept-language"]),
        cookies: Selection::AllExcept(vec!["theme".into()]),
        gzip: true,
        brotli: false,
    }
}

fn request_policy(id: &str) -> OriginRequestPolicy {
    OriginRequestPolicy {
        id: id.into(),
        headers: Selection::AllExcept(vec!["host".into()]),
        cloudfront_headers: vec!["cloudfront-viewer-address".into()],
        cookies: Selection::None,
        query_strings: Selection::None,
    }
}

fn only(names: &[&str]) -> Selection {
    Selection::Only(names.iter().map(|name| (*name).into()).collect())
}

fn numbered(count: usize) -> Selection {
    Selection::Only((0..count).map(|nth| format!("x-{nth}").into()).collect())
}

fn behavior(draft: &mut Draft) -> &mut BehaviorDraft {
    &mut draft.distributions[0].default_behavior
}

fn origin(draft: &mut Draft, kind: OriginKind) {
    draft.distributions[0].origins[1].kind = kind;
}

/// The draft that `change` breaks has one mistake, and it begins so.
#[track_caller]
fn one_mistake(change: impl FnOnce(&mut Draft), expected: &str) -> String {
    let mut draft = sound();
    change(&mut draft);
    let mistakes = Snapshot::check(&draft).unwrap_err();
    let told: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    assert!(told.len() == 1 && told[0].starts_with(expected), "{expected}\n{told:#?}");
    told.into_iter().next().unwrap()
}

#[track_caller]
fn fine(change: impl FnOnce(&mut Draft)) -> Snapshot {
    let mut draft = sound();
    change(&mut draft);
    Snapshot::check(&draft).unwrap()
}
