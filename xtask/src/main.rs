//! `cargo xtask`: the project's chores, and above all its test command.
//!
//! Reading order: [`chores`] lists what there is to do; [`stages`] is what `test` runs;
//! [`tools`] fetches what the tests need and a Rust toolchain does not bring.
//!
//! # Invariants
//!
//! - A check that could not run fails the run. Nothing is skipped in silence.
//! - Everything fetched lands in `.tools/` in the checkout. Nothing asks for root.

#![forbid(unsafe_code)]

mod bench;
mod checkout;
mod chores;
mod deny;
mod failure;
mod process;
mod say;
mod stages;
mod tally;
mod tools;
mod wheel;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match chores::carry_out(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say::failure(&failure);
            ExitCode::FAILURE
        }
    }
}
