//! The stage `film`: `conformance/film.py`, a film from a private bucket, in Chromium.

use crate::{
    checkout::Checkout,
    failure::Failure,
    stages::{origins::script, signers::counted},
    tally::Tally,
    tools::{node, program::Program},
};

pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    let mut command = script(checkout, "film.py")?;
    command
        .env("GATEPASS_NODE_MODULES", node::ready(checkout)?)
        .env("GATEPASS_SCREENSHOTS", checkout.target("browser"));
    for program in [Program::Chromium, Program::OpenSsl] {
        command.env(program.variable(), program.ready(checkout)?);
    }
    counted(&mut command)
}
