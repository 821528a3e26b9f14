//! `gatepass keys rotate`: from one signing key to the next, in four steps, with no pass lost.
//!
//! 1. A new key is made, and trusted beside the old one.
//! 2. Once every edge trusts it, passes are signed with it.
//! 3. The passes of the old key run out.
//! 4. The old key is trusted no more.
//!
//! Each run does the next step that is due, and says what comes then.
//!
//! # Invariants
//!
//! - The old key goes last: while one of its passes may live, it goes only by `--force`.
//! - An edge trusts the new key before an issuer may sign with it, and an issuer has let go of
//!   the old one before edges do: it says so itself, and the wait begins only then.

mod cloudfront;
mod edge_file;
mod file;
mod issuer_file;
mod journal;
mod new_pair;
mod probe;
mod signing_now;
mod steps;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use gatepass::PublicKeyId;

use self::edge_file::EdgeFile;
use self::issuer_file::IssuerFile;
use self::journal::Journal;
use self::steps::Rotation;
use super::new::Kind;
use crate::clock::Clock;
use crate::words::{Failure, say};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gatepass keys rotate --issuer issuer.toml --edge gatepass.toml
  gatepass keys rotate --issuer issuer.toml --edge gatepass.toml \\
    --probe https://media.example.com/films/a.mp4
  gatepass keys rotate --issuer issuer.toml --edge gatepass.toml \\
    --probe-issuer http://127.0.0.1:8090/_gatepass --probe-issuer http://127.0.0.1:8091/_gatepass
  gatepass keys rotate --edge gatepass.toml --longest-pass 7d --switched
  gatepass keys rotate --issuer issuer.toml --for cloudfront

Run it again until the rotation is done. The exit code is 0 if a step was done, 1 if the next one
is not due yet, 2 if something is wrong.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct RotateArgs {
    /// The issuer's configuration; without it, whoever signs is switched by hand
    #[arg(long, value_name = "FILE")]
    issuer: Option<PathBuf>,
    /// The edge's configuration
    #[arg(long, value_name = "FILE")]
    edge: Option<PathBuf>,
    /// Say what is to be done at CloudFront instead of at an edge of one's own, or besides
    #[arg(long = "for", value_name = "GATE")]
    gate: Option<Gate>,
    /// Say where the rotation stands, and change nothing
    #[arg(long)]
    status: bool,
    /// The key to replace [default: the one in force, or the only one that is trusted]
    #[arg(long, value_name = "ID")]
    old: Option<PublicKeyId>,
    /// The new key's ID [default: K and 13 letters and digits; CloudFront chooses its own]
    #[arg(long)]
    id: Option<PublicKeyId>,
    /// The new key's kind [default: the old one's]
    #[arg(long = "type", value_name = "KIND")]
    kind: Option<Kind>,
    /// A URL behind the gate, of each edge: asked with a pass of the new key
    #[arg(long, value_name = "URL")]
    probe: Vec<String>,
    /// An issuer's url: asked which key it signs with, once for each [default: the url in --issuer]
    #[arg(long, value_name = "URL")]
    probe_issuer: Vec<String>,
    /// Ask no issuer which key it signs with: I have seen that all of them took the new one
    #[arg(long, conflicts_with = "probe_issuer")]
    no_probe: bool,
    /// Every edge trusts the new key: I have seen to it
    #[arg(long)]
    trusted: bool,
    /// Nothing signs with the old key any more: I have seen to it
    #[arg(long)]
    switched: bool,
    /// How long passes live at most, such as 7d [default: as the entitlements say]
    #[arg(long, value_name = "SPAN")]
    longest_pass: Option<String>,
    /// Drop the old key although its passes still live: they end at once
    #[arg(long)]
    force: bool,
    /// Pretend that it is this late
    #[arg(long, value_name = "T", hide = true)]
    now: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Gate {
    /// Only print what the AWS CLI is to be told
    Cloudfront,
}

/// What a run came to.
enum Outcome {
    Done(String),
    NotDue(String),
}

impl RotateArgs {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let Some(configuration) = self.edge.as_deref().or(self.issuer.as_deref()) else {
            return Err(Failure::new("nothing is named that trusts or signs")
                .hint("give --edge gatepass.toml, --issuer issuer.toml, or both"));
        };
        if self.edge.is_none() && self.gate.is_none() {
            return Err(Failure::new("no edge is named, so nobody would trust the new key")
                .hint("give --edge gatepass.toml, or --for cloudfront"));
        }
        let clock = Clock::new(self.now.as_deref())?;
        let longest_pass = self.longest_pass(clock)?;
        let journal = Journal::beside(configuration)?;
        let standing = journal.read()?;
        let rotation = Rotation {
            issuer: self.issuer.as_deref().map(IssuerFile::open).transpose()?,
            edge: self.edge.as_deref().map(EdgeFile::open).transpose()?,
            journal,
            longest_pass,
            clock,
            args: &self,
        };
        let outcome = match standing {
            standing if self.status => Outcome::Done(rotation.status(standing.as_ref())),
            None => rotation.begin()?,
            Some(standing) => rotation.go_on(standing)?,
        };
        let (text, code) = match outcome {
            Outcome::Done(text) => (text, ExitCode::SUCCESS),
            Outcome::NotDue(text) => (text, ExitCode::from(NOT_DUE)),
        };
        say(&text)?;
        Ok(code)
    }

    /// Seconds of `--longest-pass`.
    fn longest_pass(&self, clock: Clock) -> Result<Option<u64>, Failure> {
        let Some(text) = &self.longest_pass else { return Ok(None) };
        if !text.ends_with(|unit: char| unit.is_ascii_alphabetic()) {
            return Err(Failure::new(format!("--longest-pass: {text:?} is not a span"))
                .hint("write a span such as 1h30m or 7d"));
        }
        let end = clock.read(text, "--longest-pass")?;
        Ok(Some(end.seconds().saturating_sub(clock.now().seconds())))
    }

    /// The words that run this again.
    fn again(&self, more: &str) -> String {
        let file = |flag: &str, path: &Option<PathBuf>| {
            path.as_ref().map(|path| format!(" {flag} {}", quoted(&path.display().to_string())))
        };
        let issuer = file("--issuer", &self.issuer).unwrap_or_default();
        let edge = file("--edge", &self.edge).unwrap_or_default();
        let gate = if self.gate.is_some() { " --for cloudfront" } else { "" };
        let probed = self.probe_issuer.iter().map(|url| format!(" --probe-issuer {}", quoted(url)));
        let probed: String = probed.collect();
        let more = if more.is_empty() { String::new() } else { format!(" {more}") };
        format!("  gatepass keys rotate{issuer}{edge}{gate}{probed}{more}")
    }
}

fn quoted(text: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-:".contains(letter);
    if text.chars().all(is_plain) { text.to_owned() } else { crate::shell::quote(text) }
}

/// The exit code if the next step is not due yet.
const NOT_DUE: u8 = 1;
