//! Whom to trust: the public keys on the command line, or those of a configuration.

use std::path::Path;

use clap::Args;
use gatepass::{
    EpochTime, KeySizes, PublicKey, PublicKeyId, Reading, Trust, TrustedKeys, ViewerUrl,
};
use gatepass_distribution::{Gate, NormalPath, Revocations};
use gatepass_store::Store;

use crate::input::Source;
use crate::words::{Failure, note};

#[derive(Args, Debug)]
pub(super) struct TrustArgs {
    /// A key to trust: ID=FILE, ID=env:NAME, or a file that is named ID.public.pem
    #[arg(long = "public-key", value_name = "ID=FILE")]
    public_keys: Vec<String>,
    /// Read passes as CloudFront does, and nothing that only Gatepass reads
    #[arg(long)]
    strict: bool,
    /// Take RSA keys of 1024 and 4096 bits too, as old account key pairs had
    #[arg(long)]
    legacy: bool,
}

impl TrustArgs {
    pub(super) const fn is_empty(&self) -> bool {
        self.public_keys.is_empty()
    }

    pub(super) fn trust(&self) -> Result<Trust, Failure> {
        if self.is_empty() {
            return Err(Failure::new("no key is trusted, so nobody could be admitted")
                .hint("name the signer's public key: --public-key ID=FILE"));
        }
        let mut keys: Vec<(PublicKeyId, PublicKey)> = Vec::new();
        for text in &self.public_keys {
            let (id, key) = self.read(text).map_err(|failure| failure.at("--public-key"))?;
            if keys.iter().any(|(known, _)| *known == id) {
                return Err(Failure::new(format!("--public-key: the ID {id} is given twice"))
                    .hint("give each key an ID of its own"));
            }
            keys.push((id, key));
        }
        let reading = if self.strict { Reading::CloudFront } else { Reading::Gatepass };
        Ok(Trust { reading, ..Trust::from(TrustedKeys::from_iter(keys)) })
    }

    fn read(&self, text: &str) -> Result<(PublicKeyId, PublicKey), Failure> {
        let (id, file) = id_and_file(text)?;
        let source = Source::new(file)?;
        let sizes = if self.legacy { KeySizes::Legacy } else { KeySizes::Current };
        let key = PublicKey::parse(&source.read()?, sizes)
            .map_err(|error| Failure::from(error).at(&source))?;
        Ok((id, key))
    }
}

/// `ID=FILE`, or a file whose name says the ID.
fn id_and_file(text: &str) -> Result<(PublicKeyId, &str), Failure> {
    if let Some((id, file)) = text.split_once('=')
        && let Ok(id) = id.parse()
    {
        return Ok((id, file));
    }
    let name = Path::new(text).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if let Some(Ok(id)) = name.strip_suffix(".public.pem").map(str::parse) {
        return Ok((id, text));
    }
    // It may be a key itself, which is not to be said.
    let source = Source::new(text)?;
    Err(Failure::new(format!("{source} does not say under which ID the key is known"))
        .hint("write ID=FILE, with the ID that the passes name"))
}

/// What the gate that guards `url` trusts, by a configuration; and which passes it refuses
/// all the same.
pub(super) fn trust_from_config(
    path: &str,
    url: &str,
    now: EpochTime,
) -> Result<(Trust, Revocations), Failure> {
    let config = super::configuration::load(Path::new(path))?;
    let revocations = match Store::open(&config.state).read(now) {
        Ok(facts) => facts.revocations.clone(),
        Err(error) => {
            note(&format!("nobody can tell which passes were revoked: {error}"));
            Revocations::default()
        }
    };
    let asked = ViewerUrl::parse(url).map_err(|error| Failure::new(error.to_string()))?;
    let route = config.snapshot.route(asked.host(), &NormalPath::read(asked.path()));
    let route = route.map_err(|error| {
        Failure::new(format!("{url} does not reach a gate in {path}: {error}"))
            .hint("the edge answers it before it asks for a pass")
    })?;
    match route.behavior.gate() {
        Gate::Guarded(trust) | Gate::Reporting(trust) => Ok((trust.clone(), revocations)),
        Gate::Open => Err(Failure::new(format!(
            "nobody is asked for a pass at {url}: the behavior {} trusts no key group",
            route.behavior.path_pattern()
        ))
        .hint("guard it: trusted-key-groups = [\"…\"]")),
    }
}
