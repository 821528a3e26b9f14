//! `gatepass verify`: one verdict, or one for each line of a batch.

mod batch;

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use gatepass::{Denial, EpochTime, Pass, Trust, explain, verify};

use super::report::{self, verdict_line};
use super::trust::TrustArgs;
use super::viewer::ViewerArgs;
use crate::clock::Clock;
use crate::words::{DENIED, Failure, hint_line, printable, say};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gatepass verify https://media.example.com/films/a.mp4 --cookie-file pass.txt \\
    --public-key K1=K1.public.pem
  gatepass verify 'https://media.example.com/a.mp4?Expires=…&Signature=…&Key-Pair-Id=K1' \\
    --public-key K1.public.pem --client-ip 203.0.113.7 --output json
  gatepass verify --batch requests.jsonl --public-key K1.public.pem --strict

A line of a batch is {\"id\": 1, \"url\": \"https://…\", \"cookie\": \"a=b; c=d\",
\"client_ip\": \"203.0.113.7\", \"now\": 1767290400}; only the URL is required.")]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    viewer: ViewerArgs,
    #[command(flatten)]
    trust: TrustArgs,
    /// Judge every line of a file of JSON objects, or of standard input (-)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "cookies", "cookie_file", "output"])]
    batch: Option<String>,
    /// A sentence to read, or a JSON object
    #[arg(long, value_name = "FORM", default_value = "text")]
    output: Output,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Output {
    Text,
    Json,
}

impl VerifyArgs {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let trust = self.trust.trust()?;
        let clock = Clock::new(self.viewer.now.as_deref())?;
        match &self.batch {
            Some(file) => batch::Judge { trust, clock, address: self.viewer.client_ip }.run(file),
            None => self.one(&trust, clock.now()),
        }
    }

    fn one(&self, trust: &Trust, now: EpochTime) -> Result<ExitCode, Failure> {
        let viewer = self.viewer.viewer(now)?;
        let request = viewer.request()?;
        let verdict = verify(&request, trust, now);
        match self.output {
            Output::Text => say(&told(&verdict))?,
            Output::Json => say(&report::verdict_json(&explain(&request, trust, now)))?,
        }
        viewer.note_the_address(&verdict);
        Ok(exit_code(&verdict))
    }
}

fn told(verdict: &Result<Pass, Denial>) -> String {
    match verdict {
        Ok(_) => verdict_line(verdict),
        Err(denial) => {
            let hint = denial.hint().map(hint_line).unwrap_or_default();
            format!("{}\n{}{hint}", verdict_line(verdict), printable(&denial.to_string()))
        }
    }
}

pub(super) fn exit_code(verdict: &Result<Pass, Denial>) -> ExitCode {
    if verdict.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(DENIED) }
}
