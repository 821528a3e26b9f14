//! A query keeps its own parameters byte for byte, and none of ours.
#![no_main]

use gatepass::{Scheme, ViewerRequest, ViewerUrl, is_reserved};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    let url = ViewerUrl::new(Scheme::Https, "e.com", "/a", Some(query));
    let nothing: [&[u8]; 0] = [];
    let request = ViewerRequest::new(url, std::net::Ipv4Addr::LOCALHOST.into(), nothing);
    let left = request.url().query();
    let is_own = |segment: &&str| !is_reserved(segment.split('=').next().unwrap_or_default());
    let own: Vec<&str> = query.split('&').filter(is_own).collect();
    assert_eq!(left.map_or(Vec::new(), |left| left.split('&').collect()), own);
});
