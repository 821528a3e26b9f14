//! The stage `rust`: `cargo test`, counted.

use crate::{
    checkout::{Checkout, FEATURES},
    failure::Failure,
    process,
    tally::Tally,
};

pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let mut command = checkout.cargo();
    command.args(["test", "--workspace", FEATURES, "--no-fail-fast"]);
    let succeeded = process::overheard(&mut command, |line| {
        if let Some(binary) = Tally::of_rust(line) {
            tally += binary;
        }
    })?;
    if !succeeded && tally.failed == 0 {
        // Nothing compiled, or a test binary died before its closing line.
        tally += Tally::ONE_FAILED;
    }
    if succeeded && tally.ran_nothing() {
        return Err(Failure::new("cargo test succeeded without running a single test"));
    }
    Ok(tally)
}
