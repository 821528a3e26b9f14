//! No key file panics, and no error about one shows its bytes.
#![no_main]

use gatepass::{KeySizes, PublicKey, SigningKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = PublicKey::parse(bytes, KeySizes::Legacy);
    if let Err(error) = SigningKey::parse(bytes, Some(b"passphrase")) {
        assert!(error.to_string().len() < 400);
    }
});
