//! No configuration panics, of an edge or of an issuer, and one that is refused says where.
#![no_main]

use std::io;
use std::path::Path;

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, unreachable_pub, reason = "the command uses more of it")]
#[path = "../../crates/gatepass-cli/src/config/mod.rs"]
mod config;

/// Of what the command is given besides, nothing is there.
mod input {
    pub(crate) fn environment(_: &str) -> Option<String> {
        None
    }

    pub(crate) fn aws_surroundings() -> gatepass_issuer::AwsSurroundings {
        gatepass_issuer::AwsSurroundings { variables: Default::default(), home: None }
    }
}

fuzz_target!(|text: &str| {
    let no_files = |_: &Path| Err(io::Error::from(io::ErrorKind::NotFound));
    if let Err(mistakes) = config::read(text, Path::new("folder"), &no_files) {
        assert!(mistakes.count() > 0);
        assert!(mistakes.lines(&"gatepass.toml").starts_with("gatepass.toml:"));
    }
    // Without files an issuer has no secret.
    let mistakes = config::issuer::read(text, Path::new("folder"), &no_files).expect_err("no file");
    assert!(mistakes.lines(&"issuer.toml").starts_with("issuer.toml:"));
});
