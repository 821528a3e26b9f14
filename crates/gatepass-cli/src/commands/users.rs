//! `gatepass users`: who may log in with a password.

mod add;
mod claims;
mod file;
mod list;
mod password;
mod remove;
mod sign_out;

use std::process::ExitCode;

use clap::{Args, Subcommand};

pub(super) use self::claims::ClaimArgs;
use crate::words::Failure;

#[derive(Args, Debug)]
pub(crate) struct UsersArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add somebody, or give them another password
    Add(add::AddArgs),
    /// Remove somebody
    Remove(remove::RemoveArgs),
    /// End all that somebody has open, however they logged in
    SignOut(sign_out::SignOutArgs),
    /// Say who may log in, and with which claims
    List(list::ListArgs),
}

impl UsersArgs {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Add(args) => args.run(),
            Command::Remove(args) => args.run(),
            Command::SignOut(args) => args.run(),
            Command::List(args) => args.run(),
        }
    }
}
