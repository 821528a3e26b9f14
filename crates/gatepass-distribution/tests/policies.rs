//! What can't be, in policies, origins and conduct; each rule with a draft that breaks it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use gatepass_distribution::{
    AllowedMethods, BehaviorDraft, CachePolicy, Cors, DistributionDraft, Draft, Endpoint,
    ErrorResponse, HttpOrigin, NormalPath, Origin, OriginGroup, OriginKind, OriginRequestPolicy,
    Patience, S3Origin, Selection, SigningBehavior, Snapshot, Ttls,
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
            origin("either", group("app", "folder", &[500, 503])),
            origin("folder-first", group("folder", "app", &[404])),
            origin("bucket-second", group("folder", "bucket", &[404])),
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

#[test]
fn a_behavior_without_a_cache_policy_takes_what_suits_its_origin() {
    for (origin, expected) in [
        ("folder", "CachingOptimized"),
        ("bucket", "CachingOptimized"),
        ("app", "UseOriginCacheControlHeaders-QueryStrings"),
        ("either", "UseOriginCacheControlHeaders-QueryStrings"),
        ("folder-first", "CachingOptimized"),
    ] {
        let snapshot = fine(|draft| behavior(draft).origin = origin.into());
        let distribution = &snapshot.distributions()[0];
        let policy = distribution.behavior(&NormalPath::read("/")).cache_policy();
        assert_eq!(&*policy.id, expected, "{origin}");
    }
}

#[test]
fn a_behavior_has_the_policies_that_it_names() {
    for (cache, sent, expected) in [
        ("own", "sent", ("own", "sent")),
        ("Managed-CachingDisabled", "AllViewer", ("CachingDisabled", "AllViewer")),
        (
            "658327ea-f89d-4fab-a63d-7e88639e58f6",
            "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
            ("CachingOptimized", "CORS-S3Origin"),
        ),
    ] {
        let snapshot = fine(|draft| {
            behavior(draft).cache_policy = Some(cache.into());
            behavior(draft).origin_request_policy = Some(sent.into());
        });
        let distribution = &snapshot.distributions()[0];
        let behavior = distribution.behavior(&NormalPath::read("/"));
        let found = (&*behavior.cache_policy().id, &*behavior.origin_request_policy().unwrap().id);
        assert_eq!(found, expected);
    }
}

#[test]
fn a_policy_that_is_not_there_is_told_with_those_that_are() {
    let told = one_mistake(
        |draft| behavior(draft).cache_policy = Some("onw".into()),
        "distribution[0].default-behavior.cache-policy: no cache policy has the ID \"onw\"",
    );
    assert!(told.contains("there is \"own\""), "{told}");
    let told = one_mistake(
        |draft| behavior(draft).origin_request_policy = Some("own".into()),
        "distribution[0].default-behavior.origin-request-policy: no origin request policy",
    );
    assert!(told.contains("there is \"sent\""), "{told}");
}

#[test]
fn an_id_is_one_policy_and_never_an_own_one_of_a_managed_name() {
    one_mistake(
        |draft| draft.cache_policies.push(cache_policy("own")),
        "cache-policy[1].id: the ID \"own\" is used twice",
    );
    one_mistake(
        |draft| draft.origin_request_policies.push(request_policy("sent")),
        "origin-request-policy[1].id: the ID \"sent\" is used twice",
    );
    for id in ["CachingDisabled", "Managed-Amplify", "658327ea-f89d-4fab-a63d-7e88639e58f6"] {
        one_mistake(
            |draft| draft.cache_policies[0].id = id.into(),
            &format!("cache-policy[0].id: {id:?} is a managed policy"),
        );
    }
    one_mistake(
        |draft| draft.origin_request_policies[0].id = "AllViewer".into(),
        "origin-request-policy[0].id: \"AllViewer\" is a managed policy",
    );
    one_mistake(
        |draft| draft.cache_policies[0].id = "".into(),
        "cache-policy[0].id: a policy needs",
    );
}

#[test]
fn ttls_rise_from_minimum_to_maximum_and_end_in_a_hundred_years() {
    let set = |minimum, default, maximum| {
        move |draft: &mut Draft| {
            draft.cache_policies[0].ttls = Ttls { minimum, default, maximum };
        }
    };
    let at = "cache-policy[0].ttl-seconds";
    one_mistake(set(61, 60, 61), &format!("{at}.default: the default of 60 s is below"));
    one_mistake(
        set(0, 60, 59),
        &format!("{at}.maximum: the maximum of 59 s is below the default of 60 s"),
    );
    let century = 100 * 365 * 86_400;
    one_mistake(set(0, 0, century + 1), &format!("{at}.maximum: 3153600001 s is more"));
    fine(set(0, 0, 0));
    fine(set(7, 7, 7));
    fine(set(0, century, century));
}

#[test]
fn a_policy_names_at_most_ten_of_a_kind() {
    let at = "cache-policy[0].key";
    fine(|draft| draft.cache_policies[0].headers = numbered(10));
    one_mistake(
        |draft| draft.cache_policies[0].headers = numbered(11),
        &format!("{at}.headers: a policy has at most 10 headers, not 11"),
    );
    one_mistake(
        |draft| draft.cache_policies[0].cookies = numbered(11),
        &format!("{at}.cookies: a policy has at most 10 cookies"),
    );
    one_mistake(
        |draft| draft.cache_policies[0].query_strings = numbered(11),
        &format!("{at}.query-strings: a policy has at most 10 query parameters"),
    );
    one_mistake(
        |draft| draft.cache_policies[0].query_strings = only(&[&"x".repeat(1_025)]),
        &format!("{at}.query-strings: the names of query parameters take at most 1024 bytes"),
    );
    for (field, set) in [
        ("headers", (|policy, names| policy.headers = names) as fn(&mut OriginRequestPolicy, _)),
        ("cookies", |policy, names| policy.cookies = names),
        ("query-strings", |policy, names| policy.query_strings = names),
    ] {
        one_mistake(
            |draft| set(&mut draft.origin_request_policies[0], numbered(11)),
            &format!("origin-request-policy[0].{field}: a policy has at most 10"),
        );
    }
}

#[test]
fn a_cache_key_holds_headers_by_name() {
    let at = "cache-policy[0].key.headers";
    for selection in [Selection::All, Selection::AllExcept(vec!["host".into()])] {
        one_mistake(
            |draft| draft.cache_policies[0].headers = selection,
            &format!("{at}: a cache key holds headers by name"),
        );
    }
    for (names, expected) in [
        (["x y"].as_slice(), "[0]: \"x y\" is no name of a header"),
        (&["origin", "range"], "[1]: range can't be part of a policy"),
        (&["cookie"], "[0]: cookie can't be part of a policy"),
        (&["accept-encoding"], "[0]: accept-encoding can't be part of a policy"),
        (&["cloudfront-viewer-country"], "[0]: cloudfront-viewer-country is not known here"),
        (&["origin", "origin"], "[1]: \"origin\" is listed twice"),
    ] {
        one_mistake(
            |draft| draft.cache_policies[0].headers = only(names),
            &format!("{at}{expected}"),
        );
    }
    fine(|draft| draft.cache_policies[0].headers = only(&["cloudfront-forwarded-proto"]));
}

#[test]
fn a_pass_is_never_part_of_a_key() {
    for name in ["CloudFront-Policy", "CloudFront-Signature-K2JCJMDEHXQW5F"] {
        one_mistake(
            |draft| draft.cache_policies[0].cookies = only(&[name]),
            &format!("cache-policy[0].key.cookies[0]: {name:?} is part of a pass"),
        );
    }
}

#[test]
fn an_origin_is_told_only_what_the_edge_knows() {
    one_mistake(
        |draft| {
            draft.origin_request_policies[0].cloudfront_headers =
                vec!["cloudfront-viewer-city".into()];
        },
        "origin-request-policy[0].headers: cloudfront-viewer-city is not known here",
    );
    one_mistake(
        |draft| draft.origin_request_policies[0].headers = only(&["transfer-encoding"]),
        "origin-request-policy[0].headers[0]: transfer-encoding can't be part of a policy",
    );
}

#[test]
fn a_bucket_is_never_sent_the_viewers_host() {
    for origin in ["bucket", "bucket-second"] {
        for policy in ["AllViewer", "HostHeaderOnly", "AllViewerAndCloudFrontHeaders-2022-06"] {
            let told = one_mistake(
                |draft| {
                    behavior(draft).origin = origin.into();
                    behavior(draft).origin_request_policy = Some(policy.into());
                },
                "distribution[0].default-behavior.origin-request-policy: ",
            );
            assert!(told.contains("AllViewerExceptHostHeader"), "{told}");
        }
        one_mistake(
            |draft| {
                behavior(draft).origin = origin.into();
                behavior(draft).cache_policy = Some("UseOriginCacheControlHeaders".into());
            },
            "distribution[0].default-behavior.cache-policy: \"UseOriginCacheControlHeaders\" sends",
        );
        fine(|draft| {
            behavior(draft).origin = origin.into();
            behavior(draft).origin_request_policy = Some("AllViewerExceptHostHeader".into());
        });
    }
}

#[test]
fn custom_headers_keep_to_cloudfronts_limits() {
    let at = "distribution[0].origin[1].headers";
    let names: Vec<_> = (0..31).map(|nth| format!("x-{nth}")).collect();
    let headers: Vec<_> = names.iter().map(|name| (&**name, "v")).collect();
    fine(|draft| origin(draft, http(&headers[..30])));
    one_mistake(
        |draft| origin(draft, http(&headers)),
        &format!("{at}: an origin is sent at most 30 headers, not 31"),
    );
    let value = "v".repeat(1_783);
    fine(|draft| origin(draft, http(&[("x", &value)])));
    one_mistake(
        |draft| origin(draft, http(&[("x", &format!("{value}v"))])),
        &format!("{at}.x: the value of x has 1784 bytes"),
    );
    let headers: Vec<_> = names[..6].iter().map(|name| (&**name, &*value)).collect();
    one_mistake(
        |draft| origin(draft, http(&headers)),
        &format!("{at}: the headers of an origin take at most 10240 bytes, not 10716"),
    );
}

#[test]
fn custom_headers_frame_no_message_and_end_no_line() {
    let at = "distribution[0].origin[1].headers";
    for name in
        ["Host", "connection", "Content-Length", "Transfer-Encoding", "X-Amz-Cf-Id", "X-Edge-A"]
    {
        one_mistake(
            |draft| origin(draft, http(&[(name, "v")])),
            &format!("{at}.{name}: {name} can't be set"),
        );
    }
    one_mistake(
        |draft| origin(draft, http(&[("X-A", "1"), ("x-a", "2")])),
        &format!("{at}.x-a: x-a is set twice"),
    );
    one_mistake(|draft| origin(draft, http(&[("x y", "1")])), &format!("{at}.x y: \"x y\" is no"));
    for value in ["", "swordfish\r\nX: y", " swordfish", "swördfish"] {
        let told = one_mistake(
            |draft| origin(draft, http(&[("X-Origin-Verify", value)])),
            &format!("{at}.X-Origin-Verify: the value of X-Origin-Verify can't be sent"),
        );
        assert!(!told.contains("sw"), "{told}");
    }
}

#[test]
fn a_bucket_has_a_name_and_a_region() {
    for name in ["", "Films", "fi", "-films", "films.", "a..b", "films_1", "a/b"] {
        one_mistake(
            |draft| origin(draft, s3(name, false)),
            &format!("distribution[0].origin[1].s3.bucket: {name:?} is no name of a bucket"),
        );
    }
    for name in ["", "..", "a/b", "a?b", "é"] {
        one_mistake(
            |draft| origin(draft, s3(name, true)),
            &format!("distribution[0].origin[1].s3.bucket: {name:?} is no name of a bucket"),
        );
    }
    fine(|draft| origin(draft, s3("Films_1", true)));
    fine(|draft| origin(draft, s3("films.example", true)));
    one_mistake(
        |draft| origin(draft, s3("films.example", false)),
        "distribution[0].origin[1].s3.bucket: no certificate is for films.example.s3.test",
    );
    for url in ["http://127.0.0.1:8333", "https://[::1]"] {
        let OriginKind::S3(mut bucket) = s3("films", false) else { unreachable!() };
        bucket.endpoint = Endpoint::parse_url(url).unwrap().0;
        one_mistake(
            |draft| origin(draft, OriginKind::S3(bucket)),
            "distribution[0].origin[1].s3.endpoint: no host name begins with a bucket's",
        );
    }
    let OriginKind::S3(mut bucket) = s3("films", false) else { unreachable!() };
    bucket.region = "us east\n1".into();
    one_mistake(
        |draft| origin(draft, OriginKind::S3(bucket)),
        "distribution[0].origin[1].s3.region: ",
    );
}

#[test]
fn a_group_is_two_other_origins_and_statuses_of_cloudfront() {
    let at = "distribution[0].origin[1].group";
    for (kind, expected) in [
        (group("nobody", "folder", &[503]), "primary: no origin has the ID \"nobody\""),
        (group("folder", "either", &[503]), "secondary: \"either\" is a group itself"),
        (group("folder", "folder", &[503]), "secondary: \"folder\" can't stand in for itself"),
        (group("folder", "bucket", &[]), "statuses: a group needs a status"),
        (group("folder", "bucket", &[503, 501]), "statuses[1]: no group turns on 501"),
        (group("folder", "bucket", &[503, 503]), "statuses[1]: 503 is listed twice"),
    ] {
        one_mistake(
            |draft| {
                draft.distributions[0].origins.truncate(5);
                // What names the changed origin must not be told besides.
                draft.distributions[0].origins[3].kind = group("folder", "bucket", &[503]);
                draft.distributions[0].origins[4].kind = OriginKind::Directory("site".into());
                origin(draft, kind);
            },
            &format!("{at}.{expected}"),
        );
    }
}

#[test]
fn a_folder_only_gives() {
    for origin in ["folder", "folder-first"] {
        one_mistake(
            |draft| {
                behavior(draft).origin = origin.into();
                behavior(draft).conduct.allowed_methods = AllowedMethods::All;
            },
            "distribution[0].default-behavior.allowed-methods: a folder takes no PUT",
        );
    }
    fine(|draft| {
        behavior(draft).origin = "app".into();
        behavior(draft).conduct.allowed_methods = AllowedMethods::All;
    });
}

#[test]
fn what_would_never_be_compressed_is_told() {
    for policy in ["CachingDisabled", "CachingOptimizedForUncompressedObjects"] {
        one_mistake(
            |draft| {
                behavior(draft).cache_policy = Some(policy.into());
                behavior(draft).conduct.compress = true;
            },
            &format!("distribution[0].default-behavior.compress: the cache policy {policy:?}"),
        );
    }
    fine(|draft| {
        behavior(draft).cache_policy = Some("Elemental-MediaPackage".into());
        behavior(draft).conduct.compress = true;
    });
}

#[test]
fn without_a_gate_there_is_nothing_to_report_or_to_end() {
    one_mistake(
        |draft| behavior(draft).is_report_only = true,
        "distribution[0].default-behavior.gate: there is nothing to report",
    );
    one_mistake(
        |draft| behavior(draft).conduct.cap_viewer_cache = true,
        "distribution[0].default-behavior.cap-viewer-cache: no pass ends here",
    );
    fine(|draft| {
        behavior(draft).trusted_key_groups = Some(Vec::new());
        behavior(draft).is_report_only = true;
        behavior(draft).conduct.cap_viewer_cache = true;
    });
}

#[test]
fn response_headers_are_not_the_edges_own_and_end_no_line() {
    let at = "distribution[0].default-behavior.response-headers";
    let set = |headers: &'static [(&str, &str)]| {
        move |draft: &mut Draft| {
            let owned = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            behavior(draft).conduct.response_headers = owned.collect();
        }
    };
    one_mistake(
        set(&[("Content-Length", "1")]),
        &format!("{at}.Content-Length: Content-Length can't"),
    );
    one_mistake(set(&[("x-amz-cf-pop", "1")]), &format!("{at}.x-amz-cf-pop: x-amz-cf-pop can't"));
    one_mistake(set(&[("X A", "1")]), &format!("{at}.X A: \"X A\" is no name"));
    one_mistake(set(&[("X-A", "a\r\nb")]), &format!("{at}.X-A: the value of X-A can't be sent"));
    one_mistake(set(&[("X-A", "1"), ("x-a", "1")]), &format!("{at}.x-a: x-a is set twice"));
    fine(set(&[("Access-Control-Allow-Origin", "*"), ("Strict-Transport-Security", "max-age=1")]));
    one_mistake(
        |draft| {
            set(&[("Access-Control-Allow-Origin", "*")])(draft);
            behavior(draft).cors = Some(Cors {
                allow_origins: vec!["https://app.test".into()],
                allow_credentials: false,
                max_age_seconds: 600,
            });
        },
        &format!("{at}.Access-Control-Allow-Origin: Access-Control-Allow-Origin is already said"),
    );
}

#[test]
fn a_status_has_one_error_response() {
    let response = || ErrorResponse::new(404, "/404.html", 404).unwrap();
    one_mistake(
        |draft| draft.distributions[0].error_responses = vec![response(), response()],
        "distribution[0].error-response[1].status: 404 already has an error response",
    );
    assert_eq!(response().cache_seconds(), 10);
    assert_eq!(response().cached_for(0).cache_seconds(), 0);
}
