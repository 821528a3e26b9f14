//! An invitation says the same when it is written again, and unsigned it lets nobody in.
#![no_main]

use gatepass::{EpochTime, TrustedKeys};
use gatepass_issuer::Invitation;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    if let Ok(invitation) = Invitation::read(query) {
        assert_eq!(Invitation::read(&invitation.query()), Ok(invitation));
    }
    let now = EpochTime::new(1_767_290_400).expect("a time");
    let issuer = "https://media.example.com/_gatepass";
    assert!(Invitation::admit(issuer, query, &TrustedKeys::default(), now).is_err());
});
