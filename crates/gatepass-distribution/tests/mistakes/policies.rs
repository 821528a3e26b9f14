//! Policies of one's own, and those that behaviors name.

use gatepass_distribution::{Draft, NormalPath, OriginRequestPolicy, Selection, Ttls};

use super::*;

#[test]
fn a_behavior_without_a_cache_policy_takes_what_suits_its_origin() {
    for (origin, expected) in [
        ("folder", "CachingOptimized"),
        ("bucket", "CachingOptimized"),
        ("app", "UseOriginCacheControlHeaders-QueryStrings"),
        ("either", "UseOriginCacheControlHeaders-QueryStrings"),
        ("bucket-first", "CachingOptimized"),
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
        (&["accept-encoding"], ": accept-encoding is in the key already"),
        (&["cloudfront-viewer-country"], "[0]: cloudfront-viewer-country is not known here"),
        (&["origin", "origin"], "[1]: \"origin\" is listed twice"),
    ] {
        one_mistake(
            |draft| draft.cache_policies[0].headers = only(names),
            &format!("{at}{expected}"),
        );
    }
    fine(|draft| draft.cache_policies[0].headers = only(&["cloudfront-forwarded-proto"]));
    fine(|draft| {
        draft.cache_policies[0].headers = only(&["accept-encoding"]);
        draft.cache_policies[0].gzip = false;
    });
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
    one_mistake(
        |draft| draft.origin_request_policies[0].headers = only(&["authorization"]),
        "origin-request-policy[0].headers: authorization goes to the origin with everything",
    );
    fine(|draft| draft.cache_policies[0].headers = only(&["authorization"]));
}

#[test]
fn a_bucket_is_never_sent_the_viewers_host() {
    for origin in ["bucket", "bucket-first", "bucket-second"] {
        let asks = |draft: &mut Draft, policy: &str| {
            behavior(draft).origin = origin.into();
            behavior(draft).cache_policy = Some("CachingOptimized".into());
            behavior(draft).origin_request_policy = Some(policy.into());
        };
        for policy in ["AllViewer", "HostHeaderOnly", "AllViewerAndCloudFrontHeaders-2022-06"] {
            let told = one_mistake(
                |draft| asks(draft, policy),
                "distribution[0].default-behavior.origin-request-policy: ",
            );
            assert!(told.contains("AllViewerExceptHostHeader"), "{told}");
        }
        fine(|draft| asks(draft, "AllViewerExceptHostHeader"));
        one_mistake(
            |draft| {
                behavior(draft).origin = origin.into();
                behavior(draft).cache_policy = Some("UseOriginCacheControlHeaders".into());
            },
            "distribution[0].default-behavior.cache-policy: \"UseOriginCacheControlHeaders\" sends",
        );
    }
    one_mistake(
        |draft| behavior(draft).origin = "bucket-second".into(),
        "distribution[0].default-behavior.cache-policy: \"UseOriginCacheControlHeaders-QueryStrings\" sends",
    );
}
