//! `gatepass users remove`: somebody who may no longer log in.

use std::process::ExitCode;

use clap::Args;

use super::file::FileArgs;
use crate::words::{Failure, say};

#[derive(Args, Debug)]
pub(super) struct RemoveArgs {
    /// The name they log in with
    name: String,
    #[command(flatten)]
    file: FileArgs,
}

impl RemoveArgs {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut users = self.file.open()?;
        let (name, path) = (&self.name, users.path().display().to_string());
        if !users.remove(name) {
            return Err(Failure::new(format!("{name} is not in {path}"))
                .hint("gatepass users list says who is"));
        }
        users.write()?;
        say(&format!("{name} can no longer log in: {path}\n"))?;
        Ok(ExitCode::SUCCESS)
    }
}
