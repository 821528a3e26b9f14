//! The stage `oidc`: `conformance/oidc/login.mjs`, which logs in at the certified `oidc-provider`.

use crate::{
    checkout::Checkout, failure::Failure, stages::signers::counted, tally::Tally, tools::node,
};

pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    let mut command = checkout.command("node");
    command
        .arg(checkout.join("conformance/oidc/login.mjs"))
        .env("GATEPASS_BIN", checkout.gatepass()?)
        .env("GATEPASS_NODE_MODULES", node::ready(checkout)?);
    counted(&mut command)
}
