//! The stage `python`: the package for Python, installed as its users do, and its own tests.

use crate::{
    checkout::Checkout,
    failure::Failure,
    stages::signers::counted,
    tally::Tally,
    tools::{program::Program, python},
    wheel::{self, Profile},
};

pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    let wheel = wheel::build(checkout, Profile::Dev)?;
    python::install(checkout, &wheel)?;
    let mut command = checkout.command(python::for_package(checkout)?.join("python"));
    command
        .args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider"])
        .current_dir(checkout.join("crates/gatepass-python/tests"))
        .env("GATEPASS_BIN", checkout.gatepass()?)
        .env("GATEPASS_FRESH_PYTHON", python::fresh(checkout, &wheel)?)
        .env(Program::OpenSsl.variable(), Program::OpenSsl.ready(checkout)?)
        // What Python compiles of our scripts belongs to nobody's checkout.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    counted(&mut command)
}
