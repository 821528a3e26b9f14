//! `gatepass users sign-out`: somebody whose sessions end now.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use gatepass_issuer::{Person, end_all_sessions};
use serde_json::Map;

use crate::clock;
use crate::config::issuer;
use crate::words::{Failure, note, say};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  # Whoever is signed in as ada is no longer, in any browser
  gatepass users sign-out ada --issuer issuer.toml

  # … and can't sign in again with a password
  gatepass users remove ada

The issuer need not run, and notices within a second if it does. Passes that are out live until
they expire: gatepass revoke takes one back at Gatepass's own edges.")]
pub(super) struct SignOutArgs {
    /// Who, however they logged in: their name, or their sub at a provider
    name: String,
    /// The issuer's configuration, which says where its state is
    #[arg(long, value_name = "FILE", default_value = "issuer.toml")]
    issuer: PathBuf,
}

impl SignOutArgs {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let Self { name, issuer } = self;
        let person =
            Person::new(&name, Map::new()).map_err(|error| Failure::new(error.to_string()))?;
        let state = state(&issuer)?;
        end_all_sessions(&state, &person, clock::now())
            .map_err(|error| unwritten(&state, &issuer, &error))?;
        say(&format!("{name} is signed out everywhere"))?;
        note("passes that are out live until they expire, and who can log in may do so again");
        Ok(ExitCode::SUCCESS)
    }
}

/// The folder in which the issuer keeps what was ended.
fn state(file: &Path) -> Result<PathBuf, Failure> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::new(format!("can't read {shown}: {error}"))
            .hint("--issuer FILE names the configuration of the issuer that runs")
    })?;
    issuer::read_state(&text, file.parent().unwrap_or(Path::new(""))).map_err(|mistakes| {
        Failure::new(format!("{shown} has mistakes\n\n{}", mistakes.lines(&shown)))
    })
}

fn unwritten(state: &Path, issuer: &Path, error: &io::Error) -> Failure {
    let (state, issuer) = (state.display(), issuer.display());
    match error.kind() {
        io::ErrorKind::NotFound => {
            Failure::new(format!("no issuer has run with {issuer}: there is no state in {state}"))
                .hint("--issuer FILE names the configuration of the issuer that runs")
        }
        io::ErrorKind::PermissionDenied => Failure::new(format!("can't write to {state}: {error}"))
            .hint("run this as the user as whom the issuer runs"),
        _ => Failure::new(format!("can't write to {state}: {error}")),
    }
}
