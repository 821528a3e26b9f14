//! Where passes are signed, and remembered for as long as there is room.
//!
//! A browser that opens ten pictures renews its pass ten times at once, and people who may
//! have the same are handed the same. So a signature is made once for each policy: whoever
//! asks while it is being made waits for it. ECDSA signatures differ each time, and any of
//! them will do.
//!
//! # Invariants
//!
//! What is remembered takes no more than [`Mint::ROOM`] bytes, however many passes are made.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gatepass::{HashAlgorithm, JsonStyle, Policy, PublicKeyId, SignedPass, Unsigned};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::signing::{SigningError, SigningKeys};

/// Signs policies with the key in force, and remembers what it signed.
pub struct Mint {
    keys: SigningKeys,
    hash: HashAlgorithm,
    remembered: Cache<Vec<u8>, Arc<SignedPass>, Bytes>,
    signatures: AtomicU64,
}

impl Mint {
    /// So many bytes of passes are remembered: some ten thousand.
    pub const ROOM: u64 = 16 << 20;

    /// Signs over `hash`, which the key in force can do.
    pub fn new(keys: SigningKeys, hash: HashAlgorithm) -> Self {
        Self::with_room(keys, hash, Self::ROOM)
    }

    /// Remembers no more than so many bytes of passes.
    pub fn with_room(keys: SigningKeys, hash: HashAlgorithm, bytes: u64) -> Self {
        let passes = usize::try_from(bytes / TYPICAL).unwrap_or(usize::MAX);
        let remembered = Cache::with_weighter(passes, bytes, Bytes);
        Self { keys, hash, remembered, signatures: AtomicU64::new(0) }
    }

    /// A custom pass for the policy: signed now, or remembered.
    pub async fn mint(&self, policy: &Policy) -> Result<Arc<SignedPass>, SigningError> {
        let unsigned = Unsigned::custom(policy, JsonStyle::Botocore, self.hash)?;
        // Key, hash and style are always the same here, so the policy alone tells passes apart.
        let message = unsigned.message().to_vec();
        self.remembered
            .get_or_insert_async(&*message, async {
                self.signatures.fetch_add(1, Ordering::Relaxed);
                self.keys.in_force.complete(unsigned).await.map(Arc::new)
            })
            .await
    }

    /// The ID of the key in force.
    pub fn key_id(&self) -> &PublicKeyId {
        self.keys.in_force.id()
    }

    /// The key in force, and the next one.
    pub const fn keys(&self) -> &SigningKeys {
        &self.keys
    }

    /// The hash that is signed over.
    pub const fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// So many signatures were asked of the key so far.
    pub fn signatures(&self) -> u64 {
        self.signatures.load(Ordering::Relaxed)
    }

    /// So many bytes of passes are remembered now.
    pub fn remembered(&self) -> u64 {
        self.remembered.weight()
    }
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mint")
            .field("key", self.key_id())
            .field("hash", &self.hash)
            .field("signatures", &self.signatures())
            .finish_non_exhaustive()
    }
}

/// Counts what a remembered pass takes, about.
#[derive(Clone, Debug)]
struct Bytes;

impl Weighter<Vec<u8>, Arc<SignedPass>> for Bytes {
    fn weight(&self, policy: &Vec<u8>, _: &Arc<SignedPass>) -> u64 {
        // The policy is there twice, as the key and in the pass.
        OVERHEAD + 2 * policy.len() as u64
    }
}

/// A signature of 344 characters, a key's ID, and what the memory itself needs.
const OVERHEAD: u64 = 700;

/// What a pass of an ordinary policy weighs.
const TYPICAL: u64 = 1_000;
