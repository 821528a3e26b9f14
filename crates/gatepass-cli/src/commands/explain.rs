//! `gatepass explain`: every rule, and what probably went wrong.

use std::process::ExitCode;

use clap::Args;
use gatepass::{Pass, explain, explain_revocable};

use super::report;
use super::trust::{TrustArgs, trust_from_config};
use super::verify::{Output, exit_code};
use super::viewer::ViewerArgs;
use crate::clock::Clock;
use crate::words::{Failure, say};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gatepass explain https://media.example.com/films/a.mp4 --cookie-file pass.txt \\
    --public-key K1.public.pem
  gatepass explain --public-key K1.public.pem --curl \"$(cat copied-as-curl.txt)\"
  gatepass explain --config gatepass.toml \\
    'https://media.example.com/a.mp4?Expires=…&Signature=…&Key-Pair-Id=K1'")]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    viewer: ViewerArgs,
    #[command(flatten)]
    trust: TrustArgs,
    /// A request from the browser's network panel, by "Copy as cURL (bash)"; - reads it
    #[arg(long, value_name = "COMMAND")]
    curl: Option<String>,
    /// Trust what the gate that guards the URL trusts, by this configuration
    #[arg(long, value_name = "FILE", conflicts_with_all = ["public_keys", "strict", "legacy"])]
    config: Option<String>,
    /// A report to read, or a JSON object
    #[arg(long, value_name = "FORM", default_value = "text")]
    output: Output,
}

impl ExplainArgs {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let now = Clock::new(self.viewer.now.as_deref())?.now();
        let viewer = match &self.curl {
            Some(line) => self.viewer.viewer_of_curl(line, now)?,
            None => self.viewer.viewer(now)?,
        };
        let report = match &self.config {
            Some(path) => {
                let (trust, revocations) = trust_from_config(path, &viewer.url, now)?;
                let is_revoked = |pass: &Pass| revocations.holds(pass, now);
                explain_revocable(&viewer.request()?, &trust, now, &is_revoked)
            }
            None => explain(&viewer.request()?, &self.trust.trust()?, now),
        };
        say(&match self.output {
            Output::Text => report::text(&report),
            Output::Json => report::explanation_json(&report),
        })?;
        viewer.note_the_address(report.verdict());
        Ok(exit_code(report.verdict()))
    }
}
