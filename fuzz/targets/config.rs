//! No configuration panics, and one that is refused says where.
#![no_main]

use std::io;
use std::path::Path;

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, unreachable_pub, reason = "the command uses more of it")]
#[path = "../../crates/gatepass-cli/src/config/mod.rs"]
mod config;

fuzz_target!(|text: &str| {
    let no_files = |_: &Path| Err(io::Error::from(io::ErrorKind::NotFound));
    if let Err(mistakes) = config::read(text, Path::new("folder"), &no_files) {
        assert!(mistakes.count() > 0);
        assert!(mistakes.lines(&"gatepass.toml").starts_with("gatepass.toml:"));
    }
});
