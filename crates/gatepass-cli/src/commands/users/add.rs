//! `gatepass users add`: somebody who may log in with a password.

use std::process::ExitCode;

use clap::Args;
use gatepass_issuer::Person;
use serde_json::Map;

use super::claims::ClaimArgs;
use super::file::FileArgs;
use super::password;
use crate::words::{Failure, say};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  # The password is asked for, twice
  gatepass users add ada --group members --claim email=ada@example.com

  # From another program
  pass show media/ada | gatepass users add ada --password-stdin

  # Another password; claims stay unless others are given
  gatepass users add ada --replace

A running issuer notices within a second. The file holds Argon2id hashes, not passwords.")]
pub(super) struct AddArgs {
    /// The name they log in with: exactly so, large and small letters being different
    name: String,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    claims: ClaimArgs,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Change somebody who is there already
    #[arg(long)]
    replace: bool,
}

impl AddArgs {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let Self { name, file, claims, password_stdin, replace } = self;
        Person::new(&name, Map::new()).map_err(|error| Failure::new(error.to_string()))?;
        if name.trim() != name || name.chars().any(char::is_control) {
            return Err(Failure::new(format!("{name:?} is no name that can be typed"))
                .hint("leave out what can't be seen: spaces at the ends, tabs, line ends"));
        }
        let given = (!claims.is_empty()).then(|| claims.read()).transpose()?;
        let mut users = file.open_or_new()?;
        let is_there = users.has(&name);
        let path = users.path().display().to_string();
        match (is_there, replace) {
            (true, false) => {
                return Err(Failure::new(format!("{name} is in {path} already"))
                    .hint("to give them another password: --replace"));
            }
            (false, true) => {
                return Err(Failure::new(format!("{name} is not in {path}"))
                    .hint("to add them: without --replace"));
            }
            _ => {}
        }
        let hash = password::read(&name, password_stdin)?.to_string();
        if is_there {
            users.change(&name, &hash, given.as_ref());
        } else {
            users.add(&name, &hash, &given.unwrap_or_default());
        }
        users.write()?;
        say(&format!("{name} can log in: {path}\n"))?;
        Ok(ExitCode::SUCCESS)
    }
}
