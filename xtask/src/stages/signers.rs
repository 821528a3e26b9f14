//! The stage `signers`: `conformance/signers.py`, which compares Gatepass with other signers live.

use std::path::PathBuf;

use crate::{
    checkout::Checkout,
    failure::Failure,
    process, say,
    tally::Tally,
    tools::{node, program::Program, python},
};

pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    let programs = python::ready(checkout)?;
    let go = Program::Go;
    let mut command = checkout.command(programs.join("python"));
    command
        .arg(checkout.join("conformance/signers.py"))
        .env("GATEPASS_BIN", checkout.gatepass()?)
        .env("GATEPASS_NODE_MODULES", node::ready(checkout)?)
        .env("GATEPASS_TOOL_AWS", programs.join("aws"))
        .env("GATEPASS_TOOL_CLOUDFRONT_SIGN", cloudfront_sign(checkout)?)
        .env(go.variable(), go.ready(checkout)?)
        .env(Program::OpenSsl.variable(), Program::OpenSsl.ready(checkout)?)
        // What Python compiles of our scripts belongs to nobody's checkout.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    counted(&mut command)
}

/// Builds the program of `conformance/rust`, which signs with a crate of somebody else.
fn cloudfront_sign(checkout: &Checkout) -> Result<PathBuf, Failure> {
    say::step("building the crate cloudfront_sign");
    process::quietly(
        checkout
            .cargo()
            .args(["build", "--locked", "--manifest-path", "conformance/rust/Cargo.toml"])
            .arg("--target-dir")
            .arg(checkout.target("conformance")),
    )?;
    Ok(checkout.target("conformance/debug/gatepass-conformance-cloudfront-sign"))
}

/// Runs a script that closes with `WORD: N passed, N failed`, and believes that line.
pub(super) fn counted(command: &mut std::process::Command) -> Result<Tally, Failure> {
    let mut closing = None;
    let succeeded = process::overheard(command, |line| {
        closing = Tally::of_closing_line(line).or(closing);
    })?;
    match closing {
        Some(tally) if tally.ran_nothing() => {
            Err(Failure::new(format!("{} ran no check", process::words(command))))
        }
        Some(tally) if succeeded == (tally.failed == 0) => Ok(tally),
        Some(tally) => Err(Failure::new(format!(
            "{} counted {tally}, and its exit code says otherwise",
            process::words(command)
        ))),
        None => {
            Err(Failure::new(format!("{} ended without its closing line", process::words(command))))
        }
    }
}
