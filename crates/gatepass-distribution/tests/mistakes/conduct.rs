//! What a behavior promises, and what errors are answered with.

use gatepass_distribution::{AllowedMethods, CachedMethods, Cors, Draft, ErrorResponse};

use super::*;

#[test]
fn a_folder_only_gives() {
    one_mistake(
        |draft| behavior(draft).conduct.allowed_methods = AllowedMethods::All,
        "distribution[0].default-behavior.allowed-methods: a folder takes no PUT",
    );
    fine(|draft| {
        behavior(draft).origin = "app".into();
        behavior(draft).conduct.allowed_methods = AllowedMethods::All;
    });
}

#[test]
fn what_is_not_let_through_is_not_kept() {
    one_mistake(
        |draft| behavior(draft).conduct.cached_methods = CachedMethods::GetHeadOptions,
        "distribution[0].default-behavior.cached-methods: allowed-methods has no \"OPTIONS\"",
    );
    fine(|draft| {
        behavior(draft).conduct.cached_methods = CachedMethods::GetHeadOptions;
        behavior(draft).conduct.allowed_methods = AllowedMethods::GetHeadOptions;
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
