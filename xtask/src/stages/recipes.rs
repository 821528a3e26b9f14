//! The stage `recipes`: `conformance/recipes.py`, which runs `examples/` and `docs/` as written.

use crate::{
    checkout::Checkout,
    failure::Failure,
    stages::{origins::script, signers::counted},
    tally::Tally,
    tools::{node, program::Program},
};

pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    let mut command = script(checkout, "recipes.py")?;
    command
        .env("GATEPASS_NODE_MODULES", node::ready(checkout)?)
        .env("GATEPASS_SCREENSHOTS", checkout.target("browser"));
    for program in PROGRAMS {
        command.env(program.variable(), program.ready(checkout)?);
    }
    counted(&mut command)
}

const PROGRAMS: [Program; 5] =
    [Program::Chromium, Program::Go, Program::OpenSsl, Program::Php, Program::Ruby];
