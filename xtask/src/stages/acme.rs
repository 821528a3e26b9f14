//! The stage `acme`: `crates/gatepass-cli/tests/acme.rs`, with Caddy as the authority. It comes
//! to port 443 of the loopback, so the stage fails where that may not be listened on.

use crate::{
    checkout::{Checkout, FEATURES},
    failure::Failure,
    process,
    tally::Tally,
    tools::python,
};

pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    let programs = python::with_servers(checkout)?;
    let mut tally = Tally::default();
    let mut command = checkout.cargo();
    command
        // Of the whole workspace: with the features of the stage `rust`, nothing is compiled twice.
        .args(["test", "--workspace", FEATURES, "--test", "acme"])
        .env("GATEPASS_TEST_CADDY", programs.join("caddy"));
    let succeeded = process::overheard(&mut command, |line| {
        if let Some(binary) = Tally::of_rust(line) {
            tally += binary;
        }
    })?;
    if (!succeeded && tally.failed == 0) || tally.ran_nothing() {
        tally += Tally::ONE_FAILED;
    }
    Ok(tally)
}
