//! The chore `deny`: what we depend on, held against `deny.toml`.

use crate::{checkout::Checkout, failure::Failure, process, say, tools::cargo_deny};

/// Runs the checks named, or all that need nothing but the registry.
pub(crate) fn deny(checkout: &Checkout, words: &[&str]) -> Result<(), Failure> {
    if let Some(word) = words.iter().find(|word| !CHECKS.contains(word)) {
        return Err(Failure::new(format!("cargo-deny has no check {word:?}"))
            .hint(format!("the checks are {}", CHECKS.join(", "))));
    }
    let checks = if words.is_empty() { OFFLINE } else { words };
    say::step(&format!("cargo deny check {}", checks.join(" ")));
    process::aloud(
        checkout.command(cargo_deny::ready(checkout)?).args(["--workspace", "check"]).args(checks),
    )?;
    if !checks.contains(&"advisories") {
        say::plain(
            "note: known vulnerabilities were not looked up, since their database is not in a \
             package registry; `cargo xtask deny advisories` does so, where GitHub is reached",
        );
    }
    Ok(())
}

const CHECKS: &[&str] = &["bans", "licenses", "sources", "advisories"];

const OFFLINE: &[&str] = &["bans", "licenses", "sources"];
