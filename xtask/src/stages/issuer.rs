//! The stage `issuer`: `conformance/issuer/issuer.mjs`, a gate with an issuer, in Chromium.

use crate::{
    checkout::Checkout,
    failure::Failure,
    stages::signers::counted,
    tally::Tally,
    tools::{node, program::Program},
};

pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    let mut command = checkout.command("node");
    command
        .arg(checkout.join("conformance/issuer/issuer.mjs"))
        .env("GATEPASS_BIN", checkout.gatepass()?)
        .env("GATEPASS_NODE_MODULES", node::ready(checkout)?)
        .env("GATEPASS_SCREENSHOTS", checkout.target("browser"));
    for program in [Program::Chromium, Program::OpenSsl] {
        command.env(program.variable(), program.ready(checkout)?);
    }
    counted(&mut command)
}
