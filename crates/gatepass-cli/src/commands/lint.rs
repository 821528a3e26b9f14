//! A stand-in until `gatepass lint` is written.

use std::process::ExitCode;

use crate::words::Failure;

/// Nothing yet.
#[derive(clap::Args, Debug)]
pub(crate) struct LintArgs {}

impl LintArgs {
    #[expect(clippy::unused_self, reason = "a stand-in")]
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        Err(Failure::new("gatepass lint is not there yet"))
    }
}
