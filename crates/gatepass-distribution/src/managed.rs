//! AWS's managed policies, by name and by UUID.
//!
//! Source: "Use managed cache policies" and "Use managed origin request policies" in the
//! Amazon CloudFront developer guide. They are AWS's to change, so none of them can be
//! redefined here. The API puts `Managed-` before most of the names; both forms are known.

use crate::cache_policy::{CachePolicy, Ttls};
use crate::origin_request_policy::OriginRequestPolicy;
use crate::selection::Selection;

/// The managed cache policy of this name or UUID.
pub fn managed_cache_policy(name_or_id: &str) -> Option<CachePolicy> {
    CACHE_POLICIES.iter().find(|row| is_meant(name_or_id, row.name, row.uuid)).map(|row| {
        let (minimum, default, maximum) = row.ttls;
        CachePolicy {
            id: row.name.into(),
            ttls: Ttls { minimum, default, maximum },
            query_strings: row.query_strings.selection(),
            headers: row.headers.selection(),
            cookies: row.cookies.selection(),
            gzip: row.gzip,
            brotli: row.brotli,
        }
    })
}

/// The managed origin request policy of this name or UUID.
pub fn managed_origin_request_policy(name_or_id: &str) -> Option<OriginRequestPolicy> {
    REQUEST_POLICIES.iter().find(|row| is_meant(name_or_id, row.name, row.uuid)).map(|row| {
        OriginRequestPolicy {
            id: row.name.into(),
            headers: row.headers.selection(),
            cloudfront_headers: row.cloudfront_headers.iter().map(|name| (*name).into()).collect(),
            cookies: row.cookies.selection(),
            query_strings: row.query_strings.selection(),
        }
    })
}

fn is_meant(asked: &str, name: &str, uuid: &str) -> bool {
    asked == name || asked == uuid || asked.strip_prefix("Managed-") == Some(name)
}

struct CacheRow {
    name: &'static str,
    uuid: &'static str,
    ttls: (u64, u64, u64),
    query_strings: Chosen,
    headers: Chosen,
    cookies: Chosen,
    gzip: bool,
    brotli: bool,
}

struct RequestRow {
    name: &'static str,
    uuid: &'static str,
    headers: Chosen,
    cloudfront_headers: &'static [&'static str],
    cookies: Chosen,
    query_strings: Chosen,
}

/// A [`Selection`] that can be written into a constant.
#[derive(Clone, Copy)]
enum Chosen {
    None,
    Only(&'static [&'static str]),
    AllExcept(&'static [&'static str]),
    All,
}

impl Chosen {
    fn selection(self) -> Selection {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
        match self {
            Self::None => Selection::None,
            Self::Only(names) => Selection::Only(owned(names)),
            Self::AllExcept(names) => Selection::AllExcept(owned(names)),
            Self::All => Selection::All,
        }
    }
}

const YEAR: u64 = 31_536_000;

const WHAT_CHANGES_MEANING: Chosen = Chosen::Only(&[
    "host",
    "origin",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
]);

const CACHE_POLICIES: [CacheRow; 7] = [
    CacheRow {
        name: "Amplify",
        uuid: "2e54312d-136d-493c-8eb9-b001f22f67d2",
        ttls: (2, 2, 600),
        query_strings: Chosen::All,
        headers: Chosen::Only(&["authorization", "cloudfront-viewer-country", "host"]),
        cookies: Chosen::All,
        gzip: true,
        brotli: true,
    },
    CacheRow {
        name: "CachingDisabled",
        uuid: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        ttls: (0, 0, 0),
        query_strings: Chosen::None,
        headers: Chosen::None,
        cookies: Chosen::None,
        gzip: false,
        brotli: false,
    },
    CacheRow {
        name: "CachingOptimized",
        uuid: "658327ea-f89d-4fab-a63d-7e88639e58f6",
        ttls: (1, 86_400, YEAR),
        query_strings: Chosen::None,
        headers: Chosen::None,
        cookies: Chosen::None,
        gzip: true,
        brotli: true,
    },
    CacheRow {
        name: "CachingOptimizedForUncompressedObjects",
        uuid: "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
        ttls: (1, 86_400, YEAR),
        query_strings: Chosen::None,
        headers: Chosen::None,
        cookies: Chosen::None,
        gzip: false,
        brotli: false,
    },
    CacheRow {
        name: "Elemental-MediaPackage",
        uuid: "08627262-05a9-4f76-9ded-b50ca2e3a84f",
        ttls: (0, 86_400, YEAR),
        query_strings: Chosen::Only(&["aws.manifestfilter", "end", "m", "start"]),
        headers: Chosen::Only(&["origin"]),
        cookies: Chosen::None,
        gzip: true,
        brotli: false,
    },
    CacheRow {
        name: "UseOriginCacheControlHeaders",
        uuid: "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
        ttls: (0, 0, YEAR),
        query_strings: Chosen::None,
        headers: WHAT_CHANGES_MEANING,
        cookies: Chosen::All,
        gzip: true,
        brotli: true,
    },
    CacheRow {
        name: "UseOriginCacheControlHeaders-QueryStrings",
        uuid: "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
        ttls: (0, 0, YEAR),
        query_strings: Chosen::All,
        headers: WHAT_CHANGES_MEANING,
        cookies: Chosen::All,
        gzip: true,
        brotli: true,
    },
];

const REQUEST_POLICIES: [RequestRow; 8] = [
    RequestRow {
        name: "AllViewer",
        uuid: "216adef6-5c7f-47e4-b989-5492eafa07d3",
        headers: Chosen::All,
        cloudfront_headers: &[],
        cookies: Chosen::All,
        query_strings: Chosen::All,
    },
    RequestRow {
        name: "AllViewerAndCloudFrontHeaders-2022-06",
        uuid: "33f36d7e-f396-46d9-90e0-52428a34d9dc",
        headers: Chosen::All,
        cloudfront_headers: &CLOUDFRONT_HEADERS_2022_06,
        cookies: Chosen::All,
        query_strings: Chosen::All,
    },
    RequestRow {
        name: "AllViewerExceptHostHeader",
        uuid: "b689b0a8-53d0-40ab-baf2-68738e2966ac",
        headers: Chosen::AllExcept(&["host"]),
        cloudfront_headers: &[],
        cookies: Chosen::All,
        query_strings: Chosen::All,
    },
    RequestRow {
        name: "CORS-CustomOrigin",
        uuid: "59781a5b-3903-41f3-afcb-af62929ccde1",
        headers: Chosen::Only(&["origin"]),
        cloudfront_headers: &[],
        cookies: Chosen::None,
        query_strings: Chosen::None,
    },
    RequestRow {
        name: "CORS-S3Origin",
        uuid: "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
        headers: Chosen::Only(&[
            "access-control-request-headers",
            "access-control-request-method",
            "origin",
        ]),
        cloudfront_headers: &[],
        cookies: Chosen::None,
        query_strings: Chosen::None,
    },
    RequestRow {
        name: "Elemental-MediaTailor-PersonalizedManifests",
        uuid: "775133bc-15f2-49f9-abea-afb2e0bf67d2",
        headers: Chosen::Only(&[
            "access-control-request-headers",
            "access-control-request-method",
            "origin",
            "user-agent",
            "x-forwarded-for",
        ]),
        cloudfront_headers: &[],
        cookies: Chosen::None,
        query_strings: Chosen::All,
    },
    RequestRow {
        name: "HostHeaderOnly",
        uuid: "bf0718e1-ba1e-49d1-88b1-f726733018ae",
        headers: Chosen::Only(&["host"]),
        cloudfront_headers: &[],
        cookies: Chosen::None,
        query_strings: Chosen::None,
    },
    RequestRow {
        name: "UserAgentRefererHeaders",
        uuid: "acba4595-bd28-49b8-b9fe-13317c0390fa",
        headers: Chosen::Only(&["referer", "user-agent"]),
        cloudfront_headers: &[],
        cookies: Chosen::None,
        query_strings: Chosen::None,
    },
];

/// Those that were released through June 2022. An edge that can't tell one leaves it out.
const CLOUDFRONT_HEADERS_2022_06: [&str; 21] = [
    "cloudfront-forwarded-proto",
    "cloudfront-is-android-viewer",
    "cloudfront-is-desktop-viewer",
    "cloudfront-is-ios-viewer",
    "cloudfront-is-mobile-viewer",
    "cloudfront-is-smarttv-viewer",
    "cloudfront-is-tablet-viewer",
    "cloudfront-viewer-address",
    "cloudfront-viewer-asn",
    "cloudfront-viewer-city",
    "cloudfront-viewer-country",
    "cloudfront-viewer-country-name",
    "cloudfront-viewer-country-region",
    "cloudfront-viewer-country-region-name",
    "cloudfront-viewer-http-version",
    "cloudfront-viewer-latitude",
    "cloudfront-viewer-longitude",
    "cloudfront-viewer-metro-code",
    "cloudfront-viewer-postal-code",
    "cloudfront-viewer-time-zone",
    "cloudfront-viewer-tls",
];
