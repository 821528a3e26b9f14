//! The stage `load`: `conformance/load.py`, a thousand viewers while everything else changes.

use crate::{
    checkout::Checkout,
    failure::Failure,
    stages::{origins::script, seconds, signers::counted},
    tally::Tally,
};

pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    let seconds = seconds(VARIABLE, STAGE_SECONDS)?;
    counted(script(checkout, "load.py")?.env(VARIABLE, seconds.to_string()))
}

const STAGE_SECONDS: u32 = 20;
const VARIABLE: &str = "GATEPASS_LOAD_SECONDS";
