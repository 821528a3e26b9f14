//! The stage and the chore `cache`: `conformance/cache/tests.mjs`, which scores a cache by npm's
//! `http-cache-tests`.

use std::process::Command;

use crate::{
    checkout::Checkout,
    failure::Failure,
    process,
    stages::signers::counted,
    tally::Tally,
    tools::{node, program::Program},
};

/// The stage: no test that Gatepass passed when the score was kept may fail.
pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    counted(&mut gatepass(checkout)?)
}

/// The chore: the score of Gatepass, kept if asked, or of nginx, whose score is known.
pub(crate) fn score(checkout: &Checkout, words: &[&str]) -> Result<(), Failure> {
    match words {
        [] | ["gatepass"] => process::aloud(&mut gatepass(checkout)?),
        ["gatepass", "--update"] => process::aloud(gatepass(checkout)?.arg("--update")),
        ["nginx"] => {
            let nginx = Program::Nginx;
            process::aloud(tests(checkout, "nginx")?.env(nginx.variable(), nginx.ready(checkout)?))
        }
        _ => Err(Failure::new("cache takes the name of a cache, and for gatepass --update")
            .hint("the caches are gatepass and nginx")),
    }
}

fn gatepass(checkout: &Checkout) -> Result<Command, Failure> {
    let mut command = tests(checkout, "gatepass")?;
    command.env("GATEPASS_BIN", checkout.gatepass()?);
    Ok(command)
}

fn tests(checkout: &Checkout, cache: &str) -> Result<Command, Failure> {
    let mut command = checkout.command("node");
    command
        .arg(checkout.join("conformance/cache/tests.mjs"))
        .arg(cache)
        .env("GATEPASS_NODE_MODULES", node::ready(checkout)?);
    Ok(command)
}
