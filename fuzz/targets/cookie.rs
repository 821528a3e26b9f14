//! A `Cookie` header never panics, never makes more than sixteen tries, and a good pass that
//! stands among garbage is still admitted unless the garbage is of its own kind.
#![no_main]

use gatepass::{PresentedPasses, Reading, Scheme, Trust, ViewerRequest, ViewerUrl, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let passes = PresentedPasses::read(None, [bytes]);
    let strict = Trust { reading: Reading::CloudFront, ..Trust::default() };
    assert!(passes.tries(&Trust::default()).len() <= 16);
    assert!(passes.tries(&strict).len() <= 1);
    let url = ViewerUrl::new(Scheme::Https, "e.com", "/a", None);
    let request = ViewerRequest::new(url, std::net::Ipv4Addr::LOCALHOST.into(), [bytes]);
    let now = gatepass::EpochTime::new(1_767_290_000).expect("a time");
    assert!(verify(&request, &Trust::default(), now).is_err(), "nobody is trusted");
});
