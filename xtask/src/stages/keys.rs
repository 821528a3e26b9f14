//! The stage `keys`: `crates/gatepass-issuer/tests/keys`, with keys on a token of `SoftHSM` and in
//! the KMS that Moto plays.

use crate::{
    checkout::{self, Checkout, FEATURES},
    failure::Failure,
    process,
    tally::Tally,
    tools::{debian, program::Program, python},
};

pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    let programs = python::ready(checkout)?;
    let softhsm = Program::SoftHsm.ready(checkout)?;
    let token = checkout.target("softhsm");
    checkout::remove_folder(&token)?;
    checkout::make_folder(&token)?;
    let settings = token.join("softhsm2.conf");
    let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", token.display());
    checkout::write(&settings, &text)?;
    let module = debian::softhsm_module(checkout, &softhsm)?;
    process::aloud(checkout.cargo().args(TEST).arg("--no-run"))?;
    let mut command = checkout.cargo();
    command
        .args(TEST)
        .env("SOFTHSM2_CONF", settings)
        .env("GATEPASS_TEST_SOFTHSM_MODULE", module.path)
        .env("GATEPASS_TEST_MOTO", programs.join("moto_server"))
        .env(Program::SoftHsm.variable(), softhsm)
        .env(Program::OpenSsl.variable(), Program::OpenSsl.ready(checkout)?);
    // Not before, for the compiler has libraries of its own.
    if let Some(libraries) = module.libraries {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    let mut tally = Tally::default();
    let succeeded = process::overheard(&mut command, |line| {
        if let Some(binary) = Tally::of_rust(line) {
            tally += binary;
        }
    })?;
    if (!succeeded && tally.failed == 0) || tally.ran_nothing() {
        tally += Tally::ONE_FAILED;
    }
    Ok(tally)
}

/// Of the whole workspace, as in the stage `rust`: the features of what it is built from are those
/// of all that is built, and so nothing is compiled twice.
const TEST: [&str; 5] = ["test", "--workspace", FEATURES, "--test", "keys"];
