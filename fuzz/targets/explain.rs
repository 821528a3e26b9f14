//! What is explained is what is enforced, whatever is presented.
#![no_main]

use std::sync::LazyLock;

use gatepass::{
    EpochTime, KeyType, SigningKey, Trust, TrustedKeys, ViewerRequest, ViewerUrl, explain, verify,
};
use libfuzzer_sys::fuzz_target;

static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let key = SigningKey::generate(KeyType::P256).expect("a key is made");
    let id = "K1".parse().expect("an ID");
    Trust::from(TrustedKeys::from_iter([(id, key.public_key().clone())]))
});

fuzz_target!(|input: (&str, &str)| {
    let (url, cookie) = input;
    let Ok(url) = ViewerUrl::parse(url) else { return };
    let request = ViewerRequest::new(url, std::net::Ipv4Addr::LOCALHOST.into(), [cookie]);
    let now = EpochTime::new(1_767_290_000).expect("a time");
    assert_eq!(*explain(&request, &TRUST, now).verdict(), verify(&request, &TRUST, now));
});
