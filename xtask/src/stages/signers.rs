//! The stage `signers`: `conformance/signers.py`, which compares Gatepass with other signers live.

use crate::{
    checkout::Checkout,
    failure::Failure,
    process,
    tally::Tally,
    tools::{node, program::Program, python},
};

pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    let programs = python::ready(checkout)?;
    let mut command = checkout.command(programs.join("python"));
    command
        .arg(checkout.join("conformance/signers.py"))
        .env("GATEPASS_BIN", checkout.gatepass()?)
        .env("GATEPASS_NODE_MODULES", node::ready(checkout)?)
        .env("GATEPASS_TOOL_AWS", programs.join("aws"))
        .env(Program::OpenSsl.variable(), Program::OpenSsl.ready(checkout)?)
        // What Python compiles of our scripts belongs to nobody's checkout.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    counted(&mut command)
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
