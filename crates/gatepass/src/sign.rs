//! Making passes: a policy goes in, cookies or a URL come out.
//!
//! What is signed is settled first, as [`Unsigned`], and signed second. A [`Signer`] does both
//! with a key in memory. For a key that lives elsewhere (KMS, an HSM) have
//! [`Unsigned::message`] signed there, by whatever asynchronous means, and bring the bytes
//! to [`Unsigned::signed`]: this is the seam for remote signing, and it needs no trait.

use crate::cookies::{CookieName, CookieNaming, SignedCookies};
use crate::encoding::encode;
use crate::key::{HashAlgorithm, PublicKey, SigningKey};
use crate::policy::{JsonStyle, Policy, PolicyError, Reading, Scope, canned_json};
use crate::presented::is_reserved;
use crate::time::EpochTime;
use crate::trusted_keys::PublicKeyId;
use crate::url::ViewerUrl;

/// Why a pass can't be made.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// A canned pass says only when it ends.
    #[error("a canned pass holds one exact URL and an expiry; this policy has {0}")]
    NotCanned(&'static str),
    /// The key refused to sign.
    #[error("the private key could not sign")]
    Key,
    /// No gate would read the policy, or CloudFront would not.
    #[error("the policy would be refused: {0}")]
    Policy(PolicyError),
    /// A character that never travels in a URL as it is.
    #[error("{text:?} holds {character:?}, which no browser sends as it is")]
    NotEncoded {
        /// The URL or pattern.
        text: Box<str>,
        /// The character.
        character: char,
    },
    /// The URL is not absolute.
    #[error(transparent)]
    Url(#[from] crate::url::UrlError),
    /// The URL has a fragment.
    #[error("{0:?} has a fragment, which browsers don't send")]
    Fragment(Box<str>),
    /// The URL already has a parameter that a pass needs.
    #[error("{url:?} already has the parameter {name}, which CloudFront reserves")]
    Reserved {
        /// The URL.
        url: Box<str>,
        /// The parameter.
        name: Box<str>,
    },
    /// `*` in a URL that is signed by a canned policy.
    #[error("{0:?} holds *, which in a canned policy stands for itself, not for anything")]
    Star(Box<str>),
    /// The window closes before it opens.
    #[error("the pass would open after {start}, when it has already expired at {expiry}")]
    EmptyWindow {
        /// The last second in which it does not admit.
        start: EpochTime,
        /// The first second in which it no longer admits.
        expiry: EpochTime,
    },
}

impl SignError {
    /// What to do about it.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotCanned(_) => Some("use a custom policy (--custom)"),
            Self::Key => None,
            Self::Url(_) => {
                Some("begin with https:// (or with *, which stands for any scheme and host)")
            }
            Self::Policy(_) => Some("sign --for gatepass if only Gatepass will read it"),
            Self::NotEncoded { .. } => {
                Some("percent-encode it as the browser will: a space as %20, a quote as %22")
            }
            Self::Fragment(_) => Some("leave out # and what follows"),
            Self::Reserved { .. } => Some("sign the URL without its old pass"),
            Self::Star(_) => Some(
                "for a pattern use a custom policy (--custom); for a real * in the URL write %2A",
            ),
            Self::EmptyWindow { .. } => Some("swap the two, or move the expiry"),
        }
    }
}

/// A pass that still lacks its signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unsigned {
    message: Vec<u8>,
    hash: HashAlgorithm,
    terms: Terms,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Terms {
    Canned { expiry: EpochTime },
    Custom { style: JsonStyle },
}

impl Unsigned {
    /// A custom pass: the policy travels with it.
    pub fn custom(
        policy: &Policy,
        style: JsonStyle,
        hash: HashAlgorithm,
    ) -> Result<Self, SignError> {
        for statement in policy.statements() {
            let window = statement.window();
            if let Some(start) = window.start().filter(|start| *start >= window.expiry()) {
                return Err(SignError::EmptyWindow { start, expiry: window.expiry() });
            }
            statement.scope().texts().into_iter().try_for_each(check_pattern)?;
        }
        let message = policy.to_json(style).into_bytes();
        // What our own gate could not read is not worth a signature.
        Policy::parse(&message, Reading::Gatepass).map_err(SignError::Policy)?;
        Ok(Self { message, hash, terms: Terms::Custom { style } })
    }

    /// A canned pass: one URL, of which only the expiry travels.
    pub fn canned(url: &str, expiry: EpochTime, hash: HashAlgorithm) -> Result<Self, SignError> {
        check_url(url)?;
        if url.contains('*') {
            return Err(SignError::Star(url.into()));
        }
        EpochTime::in_pass(expiry.seconds())
            .map_err(|error| SignError::Policy(PolicyError::Expires(error)))?;
        let message = canned_json(url, &expiry.seconds().to_string()).into_bytes();
        Ok(Self { message, hash, terms: Terms::Canned { expiry } })
    }

    /// Canned if the policy says no more than that, else custom as botocore writes it.
    pub fn shortest(policy: &Policy, hash: HashAlgorithm) -> Result<Self, SignError> {
        match policy.as_canned() {
            Ok((url, expiry)) if !url.contains('*') => Self::canned(url, expiry, hash),
            _ => Self::custom(policy, JsonStyle::Botocore, hash),
        }
    }

    /// The bytes to sign: PKCS#1 v1.5 for RSA, DER for ECDSA, over [`Unsigned::hash`].
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// The hash to sign over.
    pub const fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// Completes the pass with a signature, wherever it was made.
    pub fn signed(self, key_id: PublicKeyId, signature: &[u8]) -> SignedPass {
        SignedPass { key_id, signature: encode(signature), unsigned: self }
    }
}

/// Makes passes with one private key. Parse the key once and keep the signer.
#[derive(Debug)]
pub struct Signer {
    id: PublicKeyId,
    key: SigningKey,
}

impl Signer {
    /// Signs with `key`, whose public half is known by `id`.
    pub const fn new(id: PublicKeyId, key: SigningKey) -> Self {
        Self { id, key }
    }

    /// The ID that passes will name.
    pub const fn id(&self) -> &PublicKeyId {
        &self.id
    }

    /// The public half of its key.
    pub const fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    /// Signs a policy, as a canned pass if it can be one.
    pub fn sign(&self, policy: &Policy, hash: HashAlgorithm) -> Result<SignedPass, SignError> {
        self.complete(Unsigned::shortest(policy, hash)?)
    }

    /// Signs what was settled before.
    pub fn complete(&self, unsigned: Unsigned) -> Result<SignedPass, SignError> {
        let signature = self.key.sign(unsigned.hash, &unsigned.message).ok_or(SignError::Key)?;
        Ok(unsigned.signed(self.id.clone(), &signature))
    }
}

/// A pass, ready to be carried in cookies or in a URL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedPass {
    key_id: PublicKeyId,
    signature: String,
    unsigned: Unsigned,
}

impl SignedPass {
    /// The cookies, plainly named.
    pub fn cookies(&self) -> SignedCookies {
        self.cookies_named(CookieNaming::Plain)
    }

    /// The cookies.
    pub fn cookies_named(&self, naming: CookieNaming) -> SignedCookies {
        let parts = self.parts();
        let values = parts.iter().map(|(name, value)| (*name, &**value));
        SignedCookies::new(naming, &self.key_id, values)
    }

    /// The signed URL: `url` as it is, with the pass behind it.
    pub fn url(&self, url: &str) -> Result<String, SignError> {
        check_url(url)?;
        let mut parts = self.parts();
        if self.unsigned.terms == (Terms::Custom { style: JsonStyle::JavaScript }) {
            parts.swap(1, 2);
        }
        let mut signed = url.to_owned();
        let mut separator = if url.contains('?') { '&' } else { '?' };
        for (name, value) in parts {
            signed.push(separator);
            signed.push_str(name.parameter());
            signed.push('=');
            signed.push_str(&value);
            separator = '&';
        }
        Ok(signed)
    }

    /// The bytes that were signed.
    pub fn message(&self) -> &[u8] {
        &self.unsigned.message
    }

    fn parts(&self) -> Vec<(CookieName, String)> {
        let terms = match self.unsigned.terms {
            Terms::Canned { expiry } => (CookieName::Expires, expiry.seconds().to_string()),
            Terms::Custom { .. } => (CookieName::Policy, encode(&self.unsigned.message)),
        };
        let mut parts = vec![
            terms,
            (CookieName::Signature, self.signature.clone()),
            (CookieName::KeyPairId, self.key_id.to_string()),
        ];
        if self.unsigned.hash != HashAlgorithm::Sha1 {
            parts.push((CookieName::HashAlgorithm, self.unsigned.hash.to_string()));
        }
        parts
    }
}

impl Policy {
    /// The URL and the expiry, if a canned pass can say all of this policy.
    pub fn as_canned(&self) -> Result<(&str, EpochTime), SignError> {
        let [statement] = self.statements() else {
            return Err(SignError::NotCanned("several statements"));
        };
        if statement.window().start().is_some() {
            return Err(SignError::NotCanned("a start"));
        }
        if statement.network().is_some() {
            return Err(SignError::NotCanned("an address"));
        }
        let url = match statement.scope() {
            Scope::Everything => return Err(SignError::NotCanned("no resource")),
            Scope::Exactly(url) => &**url,
            Scope::Patterns(patterns) => match &**patterns {
                [only] => only.as_str(),
                _ => return Err(SignError::NotCanned("several resources")),
            },
        };
        Ok((url, statement.window().expiry()))
    }

    /// The same as policies that CloudFront reads: one for each resource.
    pub fn for_cloudfront(&self) -> Result<Vec<Self>, SignError> {
        let mut policies = Vec::new();
        for statement in self.statements() {
            let each = match statement.scope() {
                Scope::Patterns(patterns) => {
                    patterns.iter().map(|pattern| Scope::Patterns(vec![pattern.clone()])).collect()
                }
                one => vec![one.clone()],
            };
            for scope in each {
                let policy = Self::from(statement.with_scope(scope));
                Self::parse(policy.to_json(JsonStyle::Botocore).as_bytes(), Reading::CloudFront)
                    .map_err(SignError::Policy)?;
                policies.push(policy);
            }
        }
        Ok(policies)
    }
}

fn check_url(url: &str) -> Result<(), SignError> {
    check_encoded(url)?;
    let parsed = ViewerUrl::parse(url)?;
    if url.contains('#') {
        return Err(SignError::Fragment(url.into()));
    }
    check_parameters(url, parsed.query().unwrap_or_default())
}

/// Refuses a pattern that no request can meet: its fragment never travels, and its reserved
/// parameters are taken away before it is compared.
fn check_pattern(pattern: &str) -> Result<(), SignError> {
    check_encoded(pattern)?;
    if !pattern.contains("://") && !pattern.starts_with('*') {
        ViewerUrl::parse(pattern)?;
    }
    if pattern.contains('#') {
        return Err(SignError::Fragment(pattern.into()));
    }
    let query = pattern.split_once('?').map_or("", |(_, query)| query);
    check_parameters(pattern, query)
}

fn check_parameters(url: &str, query: &str) -> Result<(), SignError> {
    let mut names = query.split('&').map(|segment| segment.split('=').next().unwrap_or_default());
    match names.find(|name| is_reserved(name)) {
        Some(name) => Err(SignError::Reserved { url: url.into(), name: name.into() }),
        None => Ok(()),
    }
}

/// Refuses what a browser would percent-encode on the way, so that signing it is in vain.
fn check_encoded(text: &str) -> Result<(), SignError> {
    let travels = |letter: char| letter.is_ascii_graphic() && !matches!(letter, '"' | '<' | '>');
    match text.chars().find(|letter| !travels(*letter)) {
        Some(character) => Err(SignError::NotEncoded { text: text.into(), character }),
        None => Ok(()),
    }
}
