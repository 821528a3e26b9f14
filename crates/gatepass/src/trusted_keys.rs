//! The public keys that a gate trusts, each under its ID, and how it reads what they signed.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::key::{HashAlgorithm, PublicKey};
use crate::policy::Reading;

/// Names the public key that a pass says it was signed for.
///
/// CloudFront's API calls it the *public key ID*; the cookie that carries it is still named
/// `CloudFront-Key-Pair-Id`, from the days before key groups. 1 to 128 letters, digits,
/// `-` and `_`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PublicKeyId(Box<str>);

/// Text that is no public key ID.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is not a public key ID: expected 1 to 128 letters, digits, - and _")]
pub struct InvalidPublicKeyId(Box<str>);

impl PublicKeyId {
    /// The ID as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether these bytes could be an ID.
    pub(crate) fn is_one(bytes: &[u8]) -> bool {
        let is_id_byte = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=128).contains(&bytes.len()) && bytes.iter().all(is_id_byte)
    }
}

impl FromStr for PublicKeyId {
    type Err = InvalidPublicKeyId;

    fn from_str(text: &str) -> Result<Self, InvalidPublicKeyId> {
        if Self::is_one(text.as_bytes()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidPublicKeyId(text.chars().take(40).collect()))
        }
    }
}

impl fmt::Display for PublicKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Public keys by their IDs. An empty set trusts nobody: it never means "anyone".
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TrustedKeys(Vec<(PublicKeyId, PublicKey)>);

impl TrustedKeys {
    /// The key of this ID.
    pub fn find(&self, id: &[u8]) -> Option<(&PublicKeyId, &PublicKey)> {
        let at = self.0.binary_search_by(|(known, _)| known.0.as_bytes().cmp(id)).ok()?;
        self.0.get(at).map(|(id, key)| (id, key))
    }

    /// Every key, in the order of the IDs.
    pub fn iter(&self) -> impl Iterator<Item = (&PublicKeyId, &PublicKey)> {
        self.0.iter().map(|(id, key)| (id, key))
    }
}

/// Of an ID that comes twice the last key counts.
impl FromIterator<(PublicKeyId, PublicKey)> for TrustedKeys {
    fn from_iter<I: IntoIterator<Item = (PublicKeyId, PublicKey)>>(keys: I) -> Self {
        // In order, which `find` relies on.
        let keys: BTreeMap<_, _> = keys.into_iter().collect();
        Self(keys.into_iter().collect())
    }
}

/// Whom a gate trusts, and how it reads their policies.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trust {
    /// The keys that may have signed a pass.
    pub keys: TrustedKeys,
    /// Whose grammar the gate reads.
    pub reading: Reading,
    /// The weakest hash that the gate accepts.
    pub minimum_hash: HashAlgorithm,
}

/// Trusts these keys, in Gatepass's reading, with either hash.
impl From<TrustedKeys> for Trust {
    fn from(keys: TrustedKeys) -> Self {
        Self { keys, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_its_id() {
        assert!("K2JCJMDEHXQW5F".parse::<PublicKeyId>().is_ok());
        for text in ["", "-----BEGIN PUBLIC KEY-----", "K 2", "é", &"K".repeat(129)] {
            assert!(text.parse::<PublicKeyId>().is_err(), "{text}");
        }
    }
}
