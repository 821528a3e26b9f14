//! Public keys, and the groups that behaviors trust.

use gatepass::{PublicKey, PublicKeyId};

/// A public key under the ID that passes name it by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicKeyRecord {
    /// The ID.
    pub id: PublicKeyId,
    /// The key.
    pub key: PublicKey,
}

/// A named set of public keys. One without keys trusts nobody.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyGroup {
    /// The name that behaviors use.
    pub id: Box<str>,
    /// Its keys.
    pub public_keys: Vec<PublicKeyId>,
}
