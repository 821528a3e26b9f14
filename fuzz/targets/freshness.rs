//! Whatever an origin sends, nothing is kept that says it must not be, and nobody's cookie.
#![no_main]

use gatepass::EpochTime;
use gatepass_distribution::Ttls;
use gatepass_edge::cache::cache_control::CacheControl;
use gatepass_edge::cache::freshness::{Keeping, Terms, keeping};
use http::{HeaderMap, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 9] = [
    "cache-control",
    "expires",
    "date",
    "age",
    "vary",
    "set-cookie",
    "etag",
    "pragma",
    "last-modified",
];

fuzz_target!(|input: (u16, Vec<(u8, &[u8])>, bool, Option<u32>, u32)| {
    let (status, lines, has_authorization, error_seconds, took) = input;
    let status = StatusCode::from_u16(100 + status % 500).expect("it is one");
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(NAMES[usize::from(name) % NAMES.len()], value);
        }
    }
    let received = EpochTime::new(1_767_290_000).expect("it is one");
    let requested = EpochTime::new(1_767_290_000 - u64::from(took % 1_000)).expect("it is one");
    let ttls = Ttls { minimum: 0, default: 60, maximum: 1_000 };
    let terms = Terms { ttls, has_authorization, error_seconds: error_seconds.map(u64::from) };
    if let Keeping::Kept(lifetime) = keeping(status, &headers, &terms, requested, received) {
        let control = CacheControl::read(&headers);
        assert!(!control.no_store && !control.private && !headers.contains_key("set-cookie"));
        assert!(lifetime.fresh_for <= 1_000.max(u64::from(error_seconds.unwrap_or(0))));
        assert!(lifetime.stale_while_revalidate <= 1_000 && lifetime.stale_if_error <= 1_000);
        assert!(!control.no_cache || lifetime.fresh_for == 0);
        let said = [control.public, control.must_revalidate, control.s_maxage.is_some()];
        assert!(!has_authorization || said.contains(&true));
    }
});
