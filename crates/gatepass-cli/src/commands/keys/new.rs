//! `gatepass keys new`: a key pair, and the next lines to paste.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use gatepass::{KeyType, PublicKeyId, SigningKey};

use super::fingerprint;
use super::pair::{new_id, public_half, write_pair};
use crate::shell::quote;
use crate::words::{Failure, say};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gatepass keys new --type p256
  gatepass keys new --type rsa --id K2JCJMDEHXQW5F --out keys")]
pub(crate) struct NewArgs {
    /// rsa (2048 bits, as CloudFront has always taken) or p256 (ECDSA, small and quick)
    #[arg(long = "type")]
    kind: Kind,
    /// The ID that passes will name the key by [default: K and 13 letters and digits]
    #[arg(long)]
    id: Option<PublicKeyId>,
    /// The folder for the two files [default: this one]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Kind {
    Rsa,
    P256,
}

impl Kind {
    pub(super) const fn key_type(self) -> KeyType {
        match self {
            Self::P256 => KeyType::P256,
            Self::Rsa => KeyType::Rsa2048,
        }
    }
}

impl NewArgs {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let key = SigningKey::generate(self.kind.key_type())?;
        let id = self.id.map_or_else(new_id, Ok)?;
        let folder = self.out.unwrap_or_default();
        let private = write_pair(&folder, &id, &key)?;
        say(&told(&id, &key, &private, &public_half(&folder, &id)))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn told(id: &PublicKeyId, key: &SigningKey, private: &Path, public: &Path) -> String {
    let key = key.public_key();
    let (fingerprint, kind) = (fingerprint(key), key.to_string());
    let (private, public) = (private.display().to_string(), public.display().to_string());
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-".contains(letter);
    let quoted = if private.chars().all(is_plain) { private.clone() } else { quote(&private) };
    format!(
        "\
wrote {private} (only you may read it; keep it so)
wrote {public} ({kind}, {fingerprint})

Sign with it:

  gatepass sign cookies --resource 'https://media.example.com/*' --key-pair-id {id} \\
    --private-key {quoted} --date-less-than 1h

Trust it, in gatepass.toml:

  [[public-key]]
  id = \"{id}\"
  file = \"{public}\"

  [[key-group]]
  id = \"signers\"
  public-keys = [\"{id}\"]"
    )
}
