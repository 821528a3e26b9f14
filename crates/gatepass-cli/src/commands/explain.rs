//! A stand-in until `gatepass explain` is written.

use std::process::ExitCode;

use crate::words::Failure;

/// Nothing yet.
#[derive(clap::Args, Debug)]
pub(crate) struct ExplainArgs {}

impl ExplainArgs {
    #[expect(clippy::unused_self, reason = "a stand-in")]
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        Err(Failure::new("gatepass explain is not there yet"))
    }
}
