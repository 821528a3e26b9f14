//! What AWS's managed policies hold, as the developer guide lists it.
//!
//! The rows are written in the guide's words, apart from the code's own table.

use gatepass_distribution::{
    CachePolicy, OriginRequestPolicy, Selection, managed_cache_policy,
    managed_origin_request_policy,
};

fn words(selection: &Selection) -> String {
    match selection {
        Selection::None => "None".to_owned(),
        Selection::Only(names) => names.join(" "),
        Selection::AllExcept(names) => format!("All except {}", names.join(" ")),
        Selection::All => "All".to_owned(),
    }
}

/// TTLs; headers; cookies; query strings; compressed objects.
fn settings(policy: &CachePolicy) -> String {
    let ttls = policy.ttls;
    let compressed = match (policy.gzip, policy.brotli) {
        (true, true) => "gzip br",
        (true, false) => "gzip",
        (false, true) => "br",
        (false, false) => "off",
    };
    format!(
        "{} {} {}; {}; {}; {}; {compressed}",
        ttls.minimum,
        ttls.default,
        ttls.maximum,
        words(&policy.headers),
        words(&policy.cookies),
        words(&policy.query_strings),
    )
}

#[test]
fn cache_policies_hold_what_the_guide_says() {
    let sends = "host origin x-http-method x-http-method-override x-method-override";
    for (name, uuid, expected) in [
        (
            "Amplify",
            "2e54312d-136d-493c-8eb9-b001f22f67d2",
            "2 2 600; authorization cloudfront-viewer-country host; All; All; gzip br",
        ),
        ("CachingDisabled", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "0 0 0; None; None; None; off"),
        (
            "CachingOptimized",
            "658327ea-f89d-4fab-a63d-7e88639e58f6",
            "1 86400 31536000; None; None; None; gzip br",
        ),
        (
            "CachingOptimizedForUncompressedObjects",
            "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
            "1 86400 31536000; None; None; None; off",
        ),
        (
            "Elemental-MediaPackage",
            "08627262-05a9-4f76-9ded-b50ca2e3a84f",
            "0 86400 31536000; origin; None; aws.manifestfilter end m start; gzip",
        ),
        (
            "UseOriginCacheControlHeaders",
            "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
            &format!("0 0 31536000; {sends}; All; None; gzip br"),
        ),
        (
            "UseOriginCacheControlHeaders-QueryStrings",
            "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
            &format!("0 0 31536000; {sends}; All; All; gzip br"),
        ),
    ] {
        for asked in [name, uuid, &format!("Managed-{name}")] {
            let policy = managed_cache_policy(asked).unwrap();
            assert_eq!(&*policy.id, name);
            assert_eq!(settings(&policy), expected, "{name}");
        }
        assert!(managed_origin_request_policy(name).is_none(), "{name}");
    }
}

/// Headers; CloudFront's own; cookies; query strings.
fn sent(policy: &OriginRequestPolicy) -> String {
    format!(
        "{}; {}; {}; {}",
        words(&policy.headers),
        policy.cloudfront_headers.len(),
        words(&policy.cookies),
        words(&policy.query_strings),
    )
}

#[test]
fn origin_request_policies_hold_what_the_guide_says() {
    let cors = "access-control-request-headers access-control-request-method origin";
    for (name, uuid, expected) in [
        ("AllViewer", "216adef6-5c7f-47e4-b989-5492eafa07d3", "All; 0; All; All"),
        (
            "AllViewerAndCloudFrontHeaders-2022-06",
            "33f36d7e-f396-46d9-90e0-52428a34d9dc",
            "All; 21; All; All",
        ),
        (
            "AllViewerExceptHostHeader",
            "b689b0a8-53d0-40ab-baf2-68738e2966ac",
            "All except host; 0; All; All",
        ),
        ("CORS-CustomOrigin", "59781a5b-3903-41f3-afcb-af62929ccde1", "origin; 0; None; None"),
        (
            "CORS-S3Origin",
            "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
            &format!("{cors}; 0; None; None"),
        ),
        (
            "Elemental-MediaTailor-PersonalizedManifests",
            "775133bc-15f2-49f9-abea-afb2e0bf67d2",
            &format!("{cors} user-agent x-forwarded-for; 0; None; All"),
        ),
        ("HostHeaderOnly", "bf0718e1-ba1e-49d1-88b1-f726733018ae", "host; 0; None; None"),
        (
            "UserAgentRefererHeaders",
            "acba4595-bd28-49b8-b9fe-13317c0390fa",
            "referer user-agent; 0; None; None",
        ),
    ] {
        for asked in [name, uuid, &format!("Managed-{name}")] {
            let policy = managed_origin_request_policy(asked).unwrap();
            assert_eq!(&*policy.id, name);
            assert_eq!(sent(&policy), expected, "{name}");
        }
        assert!(managed_cache_policy(name).is_none(), "{name}");
    }
}

#[test]
fn near_misses_are_no_policies() {
    for asked in [
        "",
        "Managed-",
        "cachingoptimized",
        "Managed-Managed-Amplify",
        "658327EA-F89D-4FAB-A63D-7E88639E58F6",
    ] {
        assert!(managed_cache_policy(asked).is_none(), "{asked}");
        assert!(managed_origin_request_policy(asked).is_none(), "{asked}");
    }
}
