//! The stage `browser`: `conformance/browser/demo.mjs`, which walks the demo's story in Chromium.

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
        .arg(checkout.join("conformance/browser/demo.mjs"))
        .env("GATEPASS_BIN", checkout.gatepass()?)
        .env("GATEPASS_NODE_MODULES", node::ready(checkout)?)
        .env("GATEPASS_SCREENSHOTS", checkout.target("browser"))
        .env(Program::Chromium.variable(), Program::Chromium.ready(checkout)?);
    counted(&mut command)
}
