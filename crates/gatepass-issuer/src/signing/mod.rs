//! The keys that passes are signed with: the one in force, and the next.
//!
//! # Invariants
//!
//! A pass is signed with the key in force alone. The next one is only checked and published,
//! until the operator has made it the one in force.

mod local;

use gatepass::{HashAlgorithm, PublicKey, PublicKeyId, SignError, SignedPass, Signer, Unsigned};

/// A private key, wherever it is.
#[derive(Debug)]
#[non_exhaustive]
pub enum Signing {
    /// In this process's memory.
    Local(Signer),
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

/// Why there is no signature.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The pass can't be made.
    #[error(transparent)]
    Pass(#[from] SignError),
}

impl Signing {
    /// The ID that passes name the key by.
    pub const fn id(&self) -> &PublicKeyId {
        match self {
            Self::Local(signer) => signer.id(),
        }
    }

    /// Its public half, which edges trust.
    pub const fn public_key(&self) -> &PublicKey {
        match self {
            Self::Local(signer) => signer.public_key(),
        }
    }

    /// Says whether it signs over this hash.
    pub const fn can_sign(&self, hash: HashAlgorithm) -> bool {
        match (self, hash) {
            (Self::Local(_), HashAlgorithm::Sha1 | HashAlgorithm::Sha256) => true,
        }
    }

    /// Signs what was settled before.
    pub async fn complete(&self, unsigned: Unsigned) -> Result<SignedPass, SigningError> {
        match self {
            Self::Local(signer) => local::complete(signer, unsigned),
        }
    }
}
