//! `gatepass users list`: who may log in.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;

use super::file::FileArgs;
use crate::words::{Failure, printable, say};

#[derive(Args, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    file: FileArgs,
}

impl ListArgs {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut text = String::new();
        for (name, claims) in self.file.open()?.users() {
            let line = format!("{}\t{}", printable(name), printable(&claims));
            let _ = writeln!(text, "{}", line.trim_end());
        }
        say(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
