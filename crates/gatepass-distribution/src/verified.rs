//! Passes whose signatures were checked, so that each is checked once.
//!
//! Only what a signature says is remembered, under every byte that it depends on: the key
//! itself, the policy or expiry, the signature, the hash, how the gate reads, and for a
//! canned pass the URL. Time, resource and address are judged on every request.
//!
//! # Invariants
//!
//! - Only genuine passes are remembered, so forgeries can't push good ones out.
//! - A key that is replaced under its ID brings nothing of the old one along.
//! - The memory is bounded, in bytes.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use gatepass::{GenuinePass, PresentedPass, PublicKey, Trust, ViewerUrl};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, Weighter};

/// A bounded memory of genuine passes, to be shared by every thread of a door.
pub struct VerifiedPasses {
    cache: Cache<Remembered, Arc<GenuinePass>, Weight, foldhash::fast::RandomState>,
}

impl VerifiedPasses {
    /// A memory of about so many bytes.
    pub fn with_capacity(bytes: u64) -> Self {
        const TYPICAL_WEIGHT: u64 = 1_100;
        let passes = usize::try_from(bytes / TYPICAL_WEIGHT).unwrap_or(usize::MAX).max(16);
        let hasher = foldhash::fast::RandomState::default();
        Self { cache: Cache::with(passes, bytes, Weight, hasher, DefaultLifecycle::default()) }
    }

    /// How many passes are remembered.
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Says whether none is.
    pub fn is_empty(&self) -> bool {
        self.cache.is_empty()
    }

    /// The pass, if its signature was checked before under this key.
    pub(crate) fn recall(&self, asked: &Asked<'_>) -> Option<Arc<GenuinePass>> {
        self.cache.get(asked)
    }

    /// Remembers a pass.
    pub(crate) fn keep(&self, asked: &Asked<'_>, pass: Arc<GenuinePass>) {
        self.cache.insert(asked.to_owned(), pass);
    }
}

impl fmt::Debug for VerifiedPasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedPasses").field("len", &self.len()).finish_non_exhaustive()
    }
}

const PARTS: usize = 7;

/// Every byte that a signature's verdict depends on, where it lies.
pub(crate) struct Asked<'a> {
    /// How the gate reads, the pass's kind, and what of its URL counts.
    manner: u32,
    parts: [&'a [u8]; PARTS],
}

impl<'a> Asked<'a> {
    /// None if a part is missing: then there is nothing that a signature could say.
    pub(crate) fn new(
        presented: &'a PresentedPass<'_>,
        url: &'a ViewerUrl<'_>,
        key: &'a PublicKey,
        trust: &Trust,
    ) -> Option<Self> {
        if presented.repeated().is_some() {
            return None;
        }
        let (signature, hash) = (presented.signature()?, presented.hash().unwrap_or_default());
        let reading = trust.reading as u32 | (trust.minimum_hash as u32) << 8;
        let Some(policy) = presented.policy() else {
            let expires = presented.expires()?;
            let (query, has_query) = (url.query().unwrap_or_default(), url.query().is_some());
            let [host, path, query] = [url.host(), url.path(), query].map(str::as_bytes);
            let manner =
                reading | CANNED | (url.scheme() as u32) << 17 | u32::from(has_query) << 18;
            let parts = [key.fingerprint(), expires, signature, hash, host, path, query];
            return Some(Self { manner, parts });
        };
        let parts = [key.fingerprint(), policy, signature, hash, b"", b"", b""];
        Some(Self { manner: reading, parts })
    }

    fn to_owned(&self) -> Remembered {
        let mut ends = [0; PARTS];
        let mut bytes = Vec::with_capacity(self.parts.iter().map(|part| part.len()).sum());
        for (part, end) in self.parts.iter().zip(&mut ends) {
            bytes.extend_from_slice(part);
            *end = bytes.len();
        }
        Remembered { manner: self.manner, ends, bytes: bytes.into() }
    }
}

const CANNED: u32 = 1 << 16;

/// The same bytes, kept.
struct Remembered {
    manner: u32,
    ends: [usize; PARTS],
    bytes: Box<[u8]>,
}

impl Remembered {
    fn as_asked(&self) -> Asked<'_> {
        let mut start = 0;
        let parts = self.ends.map(|end| &self.bytes[std::mem::replace(&mut start, end)..end]);
        Asked { manner: self.manner, parts }
    }
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Genuine passes differ in their signatures, anywhere; what is equal is for `eq` to
        // say. Nobody can plant entries that collide: each needs a trusted key's signature.
        let [_, _, signature, ..] = self.parts;
        state.write(signature.last_chunk::<40>().map_or(signature, |end| end));
    }
}

impl Hash for Remembered {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_asked().hash(state);
    }
}

impl Equivalent<Remembered> for Asked<'_> {
    fn equivalent(&self, kept: &Remembered) -> bool {
        self.manner == kept.manner && self.parts == kept.as_asked().parts
    }
}

impl PartialEq for Remembered {
    fn eq(&self, other: &Self) -> bool {
        self.as_asked().equivalent(other)
    }
}

impl Eq for Remembered {}

/// What an entry takes: its bytes, the policy read from them, and the cache's own.
#[derive(Clone)]
struct Weight;

impl Weighter<Remembered, Arc<GenuinePass>> for Weight {
    fn weight(&self, kept: &Remembered, pass: &Arc<GenuinePass>) -> u64 {
        const OVERHEAD: u64 = 300;
        let resources = pass.policy().statements().iter().map(|statement| {
            statement.scope().texts().iter().map(|text| text.len() as u64 + 64).sum::<u64>() + 128
        });
        OVERHEAD + kept.bytes.len() as u64 + resources.sum::<u64>()
    }
}
