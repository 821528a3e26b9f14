//! `issuer.toml`: the tables of an issuer.

mod signing_key;
mod source;

use std::path::Path;

use gatepass::HashAlgorithm;
use gatepass_issuer::SigningKeyConfig;

use self::source::Secrets;
use super::Mistakes;
use super::table::{Reader, Table};
use crate::input;

/// The keys of an issuer, and the hash that they sign over.
#[derive(Debug)]
pub(crate) struct IssuerKeys {
    /// The key in force, and the next one.
    pub(crate) keys: Vec<SigningKeyConfig>,
    pub(crate) hash: HashAlgorithm,
}

/// Reads the keys of a configuration that lies in `folder`, and nothing else of it.
///
/// If `has_all_secrets` is not given, this is not the issuer itself: a variable or a credential
/// that isn't there is none of our business, and its key is left out.
pub(crate) fn read_keys(
    text: &str,
    folder: &Path,
    has_all_secrets: bool,
) -> Result<IssuerKeys, Mistakes> {
    let (document, syntax) = toml::de::DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        return Err(Mistakes::of_syntax(text, &syntax));
    }
    let reader = Reader::default();
    let mut root = Table::root(&reader, &document);
    let hash = root.table("issuer").value("hash-algorithm").and_then(|hash| hash.parsed());
    let hash = hash.unwrap_or_default();
    let secrets = Secrets {
        folder,
        read_file: &|path| std::fs::read(path),
        variable: &input::environment,
        mode: &source::mode,
        has_all: has_all_secrets,
    };
    let aws = input::aws_surroundings();
    let keys = signing_key::read(root.tables("signing-key"), hash, &secrets, &aws);
    if reader.is_clean() {
        return Ok(IssuerKeys { keys, hash });
    }
    Err(Mistakes::found(text, reader, &[]))
}
