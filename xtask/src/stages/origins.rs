//! The stage `origins`: `conformance/origins.py`, Gatepass before real S3 servers.

use std::process::Command;

use crate::{
    checkout::Checkout, failure::Failure, stages::signers::counted, tally::Tally, tools::python,
};

pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    counted(&mut script(checkout, "origins.py")?)
}

/// A script of `conformance/` that starts servers, with what all of these ask for.
pub(super) fn script(checkout: &Checkout, name: &str) -> Result<Command, Failure> {
    let programs = python::with_servers(checkout)?;
    let mut command = checkout.command(programs.join("python"));
    command
        .arg(checkout.join("conformance").join(name))
        .env("GATEPASS_BIN", checkout.gatepass()?)
        // What Python compiles of our scripts belongs to nobody's checkout.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}
