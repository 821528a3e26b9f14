//! `gatepass revoke`: passes that no longer count, though they have not expired.
//!
//! A pass is named by itself, by its digest, or in a list. One that is shown has to be
//! genuine: revoking what no gate would admit looks like help and is none.

mod list;
mod shown;

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use data_encoding::HEXLOWER;
use gatepass::{EpochTime, PublicKeyId};
use gatepass_distribution::Revocation;

use self::shown::ShownArgs;
use super::state::StateArgs;
use crate::clock::{self, Clock};
use crate::words::{Failure, note, say};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  # A pass that leaked, as cookies or as a signed URL: until it would have expired
  gatepass revoke --config gatepass.toml --cookie-file leaked.txt
  gatepass revoke --config gatepass.toml 'https://media.example.com/a.mp4?Expires=…&Signature=…'

  # A pass of which only the digest is known: SHA-256 of its signature
  gatepass revoke --config gatepass.toml --until 2026-02-01T00:00:00Z \\
    --digest 1f3870be274f6c49b3e31a0c6728957f

  # Many: one digest a line, and behind it the epoch second in which the pass expires
  gatepass revoke --config gatepass.toml --list -

Running edges refuse the pass within a second, and its reason in their log is \"revoked\". What
is being sent already is sent to its end. Canned cookies fit one URL: give it, too.")]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    shown: ShownArgs,
    /// The beginning of the SHA-256 of a pass's signature: 32 to 64 hexadecimal digits
    #[arg(long = "digest", value_name = "HEX", requires = "until")]
    digests: Vec<String>,
    /// Digests in a file, or on standard input (-), one a line, each with its expiry
    #[arg(long, value_name = "FILE")]
    list: Option<String>,
    /// When passes expire of which that is not known: RFC 3339, epoch seconds, or a span
    #[arg(long, value_name = "T")]
    until: Option<String>,
    #[command(flatten)]
    state: StateArgs,
}

/// A pass to revoke, and the key that signed it if that was seen.
struct Named {
    digest: [u8; 16],
    expiry: EpochTime,
    key: Option<PublicKeyId>,
}

impl RevokeArgs {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let now = clock::now();
        let until = self.until.as_deref();
        let until = until.map(|text| Clock::new(None)?.read(text, "--until")).transpose()?;
        let mut named = Vec::new();
        for text in &self.digests {
            let expiry = until.ok_or_else(|| Failure::new("--digest needs --until"))?;
            named.push(Named { digest: digest(text)?, expiry, key: None });
        }
        let opened = self.state.open()?;
        named.extend(self.shown.genuine(opened.snapshot.as_ref(), now)?);
        let of_list = match &self.list {
            Some(file) => list::read(file, until)?,
            None => Vec::new(),
        };
        if named.is_empty() && of_list.is_empty() {
            return Err(Failure::new("no pass is named")
                .hint("show it (a URL, --cookie or --cookie-file), or name it: --digest, --list"));
        }
        let listed = of_list.iter().filter(|one| !one.is_over(now)).count();
        let over = named.iter().filter(|one| one.expiry <= now);
        over.for_each(|one| note(&format!("it expired already, at {}", one.expiry)));
        named.retain(|one| now < one.expiry);
        if named.is_empty() && listed == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        opened.change(now, |state| {
            let named = named.iter().map(|one| Revocation::of_prefix(one.digest, one.expiry));
            named.chain(of_list.iter().copied()).for_each(|one| state.revoke(one));
        })?;
        say(&told(&named, listed, of_list.len() - listed))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn told(named: &[Named], listed: usize, over: usize) -> String {
    let mut text = String::new();
    for Named { digest, expiry, key } in named {
        let digest = HEXLOWER.encode(digest);
        let key = key.as_ref().map(|key| format!(", signed by {key}")).unwrap_or_default();
        let _ = writeln!(text, "revoked until {expiry}: the pass {digest}{key}");
    }
    if listed + over > 0 {
        let _ = writeln!(text, "revoked of the list: {listed}; expired already: {over}");
    }
    text
}

/// The first bytes of a digest in hexadecimal.
fn digest(text: &str) -> Result<[u8; 16], Failure> {
    let is_digest =
        (32..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = is_digest.then(|| HEXLOWER.decode(text[..32].to_ascii_lowercase().as_bytes()));
    let digest = bytes.and_then(Result::ok).and_then(|bytes| bytes.try_into().ok());
    digest.ok_or_else(|| {
        let shown: String = text.chars().take(8).collect();
        Failure::new(format!("\"{shown}…\" is no digest: expected 32 to 64 hexadecimal digits"))
            .hint("it is the SHA-256 of the pass's signature; show the pass itself if you have it")
    })
}
