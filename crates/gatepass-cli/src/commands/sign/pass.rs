//! What signing cookies and signing a URL have in common: key, window, address, and the
//! choice between a canned and a custom policy.
//!
//! As the AWS CLI does, a pass is canned unless it has to say more than a canned one can.
//! `--canned` and `--custom` overrule that.

use std::path::Path;

use clap::{Args, ValueEnum};
use gatepass::{
    EpochTime, HashAlgorithm, JsonStyle, Network, Policy, PublicKeyId, Resource, SignError,
    SignedPass, Signer, SigningKey, Unsigned, Window,
};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::input::Source;
use crate::words::Failure;

#[derive(Args, Debug)]
pub(super) struct PassArgs {
    /// The ID of the key: the cookie and the parameter are still called "key pair ID"
    #[arg(long, value_name = "ID")]
    key_pair_id: PublicKeyId,
    /// The private key: a path, file://…, env:NAME or - for standard input
    #[arg(long, value_name = "FILE")]
    private_key: String,
    /// Opens an encrypted private key: env:NAME or a file
    #[arg(long, value_name = "FILE")]
    passphrase: Option<String>,
    /// When the pass ends: 2026-01-01T18:00:00Z, epoch seconds, or a span such as 1h30m
    #[arg(long, value_name = "T")]
    date_less_than: String,
    /// The last second in which it does not admit yet
    #[arg(long, value_name = "T")]
    date_greater_than: Option<String>,
    /// The only addresses that it is good from, such as 203.0.113.0/24
    #[arg(long, value_name = "CIDR")]
    ip_address: Option<String>,
    /// The hash to sign over
    #[arg(long, value_name = "HASH", default_value = "SHA1", ignore_case = true)]
    hash_algorithm: Hash,
    /// One exact URL and an expiry, and nothing else
    #[arg(long, conflicts_with = "custom")]
    canned: bool,
    /// A policy that travels with the pass
    #[arg(long)]
    custom: bool,
    /// Who will read the pass: gatepass also reads several resources, and IPv6
    #[arg(long = "for", value_name = "READER", default_value = "cloudfront")]
    reader: Reader,
    /// Whose spelling a custom policy has
    #[arg(long, value_name = "STYLE", default_value = "botocore")]
    policy_style: Style,
    /// Sign even what has already expired, to test a gate
    #[arg(long)]
    allow_expired: bool,
    /// What time it is, if not what the clock says
    #[arg(long, value_name = "T")]
    now: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Hash {
    #[value(name = "SHA1")]
    Sha1,
    #[value(name = "SHA256")]
    Sha256,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Reader {
    Cloudfront,
    Gatepass,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Style {
    Botocore,
    Javascript,
}

/// What the flags say about every pass, checked, and the key to sign it with.
pub(super) struct Plan {
    pub(super) reader: Reader,
    pub(super) now: EpochTime,
    pub(super) window: Window,
    network: Option<Network>,
    hash: HashAlgorithm,
    style: JsonStyle,
    kind: Option<Kind>,
    signer: Signer,
}

/// The two kinds of policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Canned,
    Custom,
}

impl PassArgs {
    pub(super) fn plan(&self) -> Result<Plan, Failure> {
        let clock = Clock::new(self.now.as_deref())?;
        Ok(Plan {
            reader: self.reader,
            now: clock.now(),
            window: self.window(clock)?,
            network: self.ip_address.as_deref().map(network).transpose()?,
            hash: match self.hash_algorithm {
                Hash::Sha1 => HashAlgorithm::Sha1,
                Hash::Sha256 => HashAlgorithm::Sha256,
            },
            style: match self.policy_style {
                Style::Botocore => JsonStyle::Botocore,
                Style::Javascript => JsonStyle::JavaScript,
            },
            kind: match (self.canned, self.custom) {
                (true, _) => Some(Kind::Canned),
                (_, true) => Some(Kind::Custom),
                _ => None,
            },
            signer: Signer::new(self.key_pair_id.clone(), self.key()?),
        })
    }

    fn window(&self, clock: Clock) -> Result<Window, Failure> {
        let expiry = clock.read(&self.date_less_than, "--date-less-than")?;
        let now = clock.now();
        if expiry <= now && !self.allow_expired {
            let refused = format!("the pass would have expired at {expiry}, and it is {now}");
            return Err(Failure::new(refused).hint(self.later_hint()));
        }
        let Some(start) = &self.date_greater_than else { return Ok(Window::until(expiry)) };
        let start = clock.read(start, "--date-greater-than")?;
        if start >= expiry {
            return Err(SignError::EmptyWindow { start, expiry }.into());
        }
        Ok(Window::until(expiry).after(start))
    }

    fn later_hint(&self) -> String {
        const CLEARLY_NOT_A_DATE: usize = 8;
        let text = &self.date_less_than;
        if text.len() <= CLEARLY_NOT_A_DATE && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return format!("for so many seconds from now, write {text}s");
        }
        "give a later --date-less-than; to test how a gate answers, add --allow-expired".to_owned()
    }

    fn key(&self) -> Result<SigningKey, Failure> {
        let source = Source::new(&self.private_key).map_err(|e| e.at("--private-key"))?;
        let bytes = source.read().map_err(|failure| match source {
            Source::File(path) if !Path::new(path).exists() => {
                failure.hint("make a key pair with: gatepass keys new --type p256")
            }
            _ => failure,
        })?;
        let passphrase = passphrase(self.passphrase.as_deref())?;
        SigningKey::parse(&bytes, passphrase.as_deref().map(Vec::as_slice))
            .map_err(|error| Failure::from(error).at(source))
    }
}

impl Plan {
    pub(super) const fn signer_id(&self) -> &PublicKeyId {
        self.signer.id()
    }

    /// What is decided, or else what a canned pass can still say.
    pub(super) fn kind(&self, can_be_canned: bool) -> Kind {
        let says_more = self.window.start().is_some() || self.network.is_some();
        let shortest = if can_be_canned && !says_more { Kind::Canned } else { Kind::Custom };
        self.kind.unwrap_or(shortest)
    }

    /// One policy over these resources; for CloudFront, one for each.
    pub(super) fn policies(&self, resources: Vec<Resource>) -> Result<Vec<Policy>, Failure> {
        let mut policy = Policy::new(resources, self.window);
        if let Some(network) = &self.network {
            policy = policy.from_network(network);
        }
        match self.reader {
            Reader::Cloudfront => Ok(policy.for_cloudfront()?),
            Reader::Gatepass => Ok(vec![policy]),
        }
    }

    pub(super) fn sign(&self, policy: &Policy, kind: Kind) -> Result<SignedPass, Failure> {
        let unsigned = match kind {
            Kind::Canned => {
                let (url, expiry) = policy.as_canned()?;
                Unsigned::canned(url, expiry, self.hash)?
            }
            Kind::Custom => Unsigned::custom(policy, self.style, self.hash)?,
        };
        Ok(self.signer.complete(unsigned)?)
    }
}

fn network(text: &str) -> Result<Network, Failure> {
    text.parse().map_err(|error: gatepass::NetworkError| {
        Failure::new(error.to_string())
            .at("--ip-address")
            .hint("write one address (203.0.113.7) or a range (203.0.113.0/24)")
    })
}

/// Reads what opens an encrypted key, without the line break that editors put behind it.
pub(crate) fn passphrase(text: Option<&str>) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let mut bytes = Source::new(text)?.read().map_err(|failure| {
        failure.at("--passphrase").hint("put it into a file, or into a variable and write env:NAME")
    })?;
    while matches!(bytes.last(), Some(b'\n' | b'\r')) {
        bytes.pop();
    }
    Ok(Some(bytes))
}
