//! The stage `logs`: `conformance/logs.py`, in which others' programs read what Gatepass tells.

use crate::{
    checkout::Checkout, failure::Failure, stages::signers::counted, tally::Tally, tools::python,
};

pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    let programs = python::ready(checkout)?;
    let mut command = checkout.command(programs.join("python"));
    command
        .arg(checkout.join("conformance/logs.py"))
        .env("GATEPASS_BIN", checkout.gatepass()?)
        // What Python compiles of our scripts belongs to nobody's checkout.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    counted(&mut command)
}
