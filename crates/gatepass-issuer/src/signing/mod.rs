//! The keys that passes are signed with: the one in force, and the next.
//!
//! # Invariants
//!
//! A pass is signed with the key in force alone. The next one is only checked and published,
//! until the operator has made it the one in force.

#[cfg(feature = "kms")]
pub(crate) mod kms;
mod local;
#[cfg(feature = "pkcs11")]
pub(crate) mod pkcs11;

use gatepass::{
    HashAlgorithm, PublicKey, PublicKeyId, SignError, SignedPass, Signer, SigningKey, Unsigned,
};

#[cfg(feature = "kms")]
use self::kms::{KmsConfig, KmsKey};
#[cfg(feature = "pkcs11")]
use self::pkcs11::{Pkcs11Config, TokenKey};

/// A private key, wherever it is.
#[derive(Debug)]
#[non_exhaustive]
pub enum Signing {
    /// In this process's memory.
    Local(Signer),
    /// On a token that speaks PKCS#11.
    #[cfg(feature = "pkcs11")]
    Pkcs11(Box<TokenKey>),
    /// In AWS KMS.
    #[cfg(feature = "kms")]
    Kms(Box<KmsKey>),
    /// In a test: one that signs once for each permit, and waits for it as for a key elsewhere.
    #[cfg(test)]
    Held(Signer, std::sync::Arc<tokio::sync::Semaphore>),
}

/// The keys of an issuer.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a rotation knows two keys, and no third")]
pub struct SigningKeys {
    /// Signs every pass.
    pub in_force: Signing,
    /// Will sign after the rotation that is under way.
    pub next: Option<Signing>,
}

/// A key that an operator named.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "whoever reads a configuration gives all of it")]
pub struct SigningKeyConfig {
    /// The ID that passes name the key by.
    pub id: PublicKeyId,
    /// Where its private half is.
    pub place: KeyPlace,
    /// The public half that edges trust; the private one is refused if it is another's.
    pub public_key: Option<PublicKey>,
}

/// Where a private key is.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyPlace {
    /// In memory.
    Local(Box<SigningKey>),
    /// On a token that speaks PKCS#11.
    #[cfg(feature = "pkcs11")]
    Pkcs11(Box<Pkcs11Config>),
    /// In AWS KMS.
    #[cfg(feature = "kms")]
    Kms(Box<KmsConfig>),
}

/// Why there is no signature.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The pass can't be made.
    #[error(transparent)]
    Pass(#[from] SignError),
    /// The key is not the one that edges trust by its ID: what it signs would admit nobody.
    #[error("{key} is not the private half of the public key that is trusted")]
    OtherKey {
        /// Which key.
        key: Box<str>,
    },
    /// The key knows no signature over this hash.
    #[error("{key} can't sign over {hash}")]
    Hash {
        /// Which key.
        key: Box<str>,
        /// The hash.
        hash: HashAlgorithm,
        /// What to do about it.
        hint: &'static str,
    },
    /// Whoever keeps the key did not sign.
    #[error("{key}: {problem}")]
    Elsewhere {
        /// Which key.
        key: Box<str>,
        /// What went wrong, without any credential.
        problem: Box<str>,
        /// What to do about it.
        hint: &'static str,
        /// Whether it may be over soon: whoever keeps the key is away, or busy.
        may_pass: bool,
    },
}

impl SigningError {
    /// Whether trying again may help, though nothing is changed.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Elsewhere { may_pass: true, .. })
    }

    /// What to do about it.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Pass(error) => error.hint(),
            Self::OtherKey { .. } => {
                Some("let key-pair-id, private key and public key be those of one pair")
            }
            Self::Hash { hint, .. } | Self::Elsewhere { hint, .. } => Some(hint),
        }
    }
}

impl Signing {
    /// Finds a key where its operator says it is, and sees that it is the one that edges trust
    /// and that it signs over `hash`.
    #[cfg_attr(
        not(any(feature = "kms", feature = "pkcs11")),
        expect(clippy::unused_async, reason = "only keys elsewhere are waited for")
    )]
    pub async fn open(config: SigningKeyConfig, hash: HashAlgorithm) -> Result<Self, SigningError> {
        let SigningKeyConfig { id, place, public_key } = config;
        let opened = match place {
            KeyPlace::Local(key) => {
                if public_key.is_some_and(|public| public != *key.public_key()) {
                    return Err(SigningError::OtherKey { key: id.as_str().into() });
                }
                Self::Local(Signer::new(id, *key))
            }
            #[cfg(feature = "pkcs11")]
            KeyPlace::Pkcs11(config) => {
                let key = TokenKey::open(id, *config, public_key, hash).await?;
                Self::Pkcs11(Box::new(key))
            }
            #[cfg(feature = "kms")]
            KeyPlace::Kms(config) => {
                let key = KmsKey::open(id, *config, public_key, hash).await?;
                Self::Kms(Box::new(key))
            }
        };
        if opened.can_sign(hash) {
            return Ok(opened);
        }
        let (key, hint) = (opened.id().as_str().into(), "write another hash-algorithm");
        Err(SigningError::Hash { key, hash, hint })
    }

    /// The ID that passes name the key by.
    pub fn id(&self) -> &PublicKeyId {
        match self {
            Self::Local(signer) => signer.id(),
            #[cfg(feature = "pkcs11")]
            Self::Pkcs11(key) => key.id(),
            #[cfg(feature = "kms")]
            Self::Kms(key) => key.id(),
            #[cfg(test)]
            Self::Held(signer, _) => signer.id(),
        }
    }

    /// Its public half, which edges trust.
    pub fn public_key(&self) -> &PublicKey {
        match self {
            Self::Local(signer) => signer.public_key(),
            #[cfg(feature = "pkcs11")]
            Self::Pkcs11(key) => key.public_key(),
            #[cfg(feature = "kms")]
            Self::Kms(key) => key.public_key(),
            #[cfg(test)]
            Self::Held(signer, _) => signer.public_key(),
        }
    }

    /// Says whether it signs over this hash.
    pub const fn can_sign(&self, hash: HashAlgorithm) -> bool {
        match (self, hash) {
            (Self::Local(_), HashAlgorithm::Sha1 | HashAlgorithm::Sha256) => true,
            #[cfg(feature = "pkcs11")]
            (Self::Pkcs11(_), _) => true,
            #[cfg(feature = "kms")]
            (Self::Kms(_), hash) => matches!(hash, HashAlgorithm::Sha256),
            #[cfg(test)]
            (Self::Held(..), _) => true,
        }
    }

    /// Signs what was settled before.
    #[cfg_attr(
        not(any(test, feature = "kms", feature = "pkcs11")),
        expect(clippy::unused_async, reason = "only keys elsewhere are waited for")
    )]
    pub async fn complete(&self, unsigned: Unsigned) -> Result<SignedPass, SigningError> {
        match self {
            Self::Local(signer) => local::complete(signer, unsigned),
            #[cfg(feature = "pkcs11")]
            Self::Pkcs11(key) => key.complete(unsigned).await,
            #[cfg(feature = "kms")]
            Self::Kms(key) => key.complete(unsigned).await,
            #[cfg(test)]
            Self::Held(signer, permits) => {
                permits.acquire().await.expect("a test keeps it open").forget();
                local::complete(signer, unsigned)
            }
        }
    }
}
