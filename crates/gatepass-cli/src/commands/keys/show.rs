//! `gatepass keys show`: what a key file holds.

use std::process::ExitCode;

use clap::Args;
use gatepass::{KeyError, KeySizes, PublicKey, SigningKey};

use super::fingerprint;
use crate::commands::sign::passphrase;
use crate::input::Source;
use crate::words::{Failure, say};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gatepass keys show K2JCJMDEHXQW5F.private.pem
  gatepass keys show env:CLOUDFRONT_PRIVATE_KEY
  gatepass keys show certificate.pem")]
pub(crate) struct ShowArgs {
    /// A private key, a public key or a certificate: a path, file://…, env:NAME or -
    file: String,
    /// Opens an encrypted private key: env:NAME or a file
    #[arg(long, value_name = "FILE")]
    passphrase: Option<String>,
}

impl ShowArgs {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let source = Source::new(&self.file)?;
        let bytes = source.read()?;
        let passphrase = passphrase(self.passphrase.as_deref())?;
        let passphrase = passphrase.as_deref().map(Vec::as_slice);
        let (half, key) = read(&bytes, passphrase).map_err(|e| Failure::from(e).at(&source))?;
        let verdict = match PublicKey::parse(key.to_pem().as_bytes(), KeySizes::Current) {
            Ok(_) => "accepted",
            Err(_) => "not accepted any more; Gatepass verifies with it if told --legacy",
        };
        say(&format!(
            "\
{half}: {key}
fingerprint: {}
CloudFront: {verdict}

{}",
            fingerprint(&key),
            key.to_pem().trim_end()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The public half of whatever it is, and what it is.
fn read(bytes: &[u8], passphrase: Option<&[u8]>) -> Result<(&'static str, PublicKey), KeyError> {
    let no_private_key = match SigningKey::parse(bytes, passphrase) {
        Ok(key) => return Ok(("private key", key.public_key().clone())),
        Err(error) => error,
    };
    let mentions = |label: &str| String::from_utf8_lossy(bytes).contains(label);
    match PublicKey::parse(bytes, KeySizes::Legacy) {
        Ok(key) if mentions("-----BEGIN CERTIFICATE-----") => Ok(("certificate", key)),
        Ok(key) => Ok(("public key", key)),
        Err(KeyError::Unreadable { .. }) if !mentions("PUBLIC KEY") => Err(no_private_key),
        Err(error) => Err(error),
    }
}
