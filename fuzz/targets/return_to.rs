//! Wherever somebody asks to be sent back to: who follows it as a browser does is on the issuer's own
//! host or on a listed one.
#![no_main]

use std::sync::LazyLock;

use gatepass_issuer::ReturnHosts;
use libfuzzer_sys::fuzz_target;
use url::Url;

const LISTED: [&str; 3] =
    ["https://app.example.com", "http://localhost:8080", "https://media.example.com"];

static HOSTS: LazyLock<ReturnHosts> =
    LazyLock::new(|| ReturnHosts::new(LISTED).expect("three origins"));

fuzz_target!(|text: &str| {
    let Some(target) = HOSTS.read(text) else { return };
    // A browser reads it in a Location header of this page, or in a link on it.
    let page = Url::parse("https://media.example.com/_gatepass/login").expect("a URL");
    let url = page.join(target.as_str()).expect("what is followed can be read");
    let origin = url.origin().ascii_serialization();
    assert!(LISTED.contains(&&*origin), "{text:?} leads to {origin}");
    assert!(url.username().is_empty() && url.password().is_none(), "{text:?} names a user");
    assert_eq!(HOSTS.read(target.as_str()), Some(target));
});
