//! The stage `smuggling`: `conformance/smuggling.py`, Gatepass beside nginx and Caddy as a front,
//! and before them.

use crate::{
    checkout::Checkout,
    failure::Failure,
    stages::{origins::script, signers::counted},
    tally::Tally,
    tools::program::Program,
};

pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    let nginx = Program::Nginx;
    counted(script(checkout, "smuggling.py")?.env(nginx.variable(), nginx.ready(checkout)?))
}
