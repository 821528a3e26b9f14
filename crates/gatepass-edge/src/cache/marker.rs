//! An object that has variants: by which request headers they differ (`Vary`).

use http::HeaderMap;

use crate::asked::Asked;
use crate::cache::key::CacheKey;
use crate::cache::vary;

/// What lies in the place of an object that has variants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Marker {
    /// Part of the variants' keys, so that a new marker leaves the old variants behind.
    pub(crate) generation: u64,
    /// The request headers' names: in lower case, sorted, each once.
    pub(crate) names: Box<[Box<str>]>,
}

impl Marker {
    pub(crate) fn new(names: Box<[Box<str>]>) -> Self {
        Self { generation: crate::request_id::number(), names }
    }

    /// The key of the variant that a viewer asks for.
    pub(crate) fn variant(&self, key: &CacheKey, asked: &Asked<'_>) -> CacheKey {
        self.told_apart(key, &vary::values(asked, &self.names))
    }

    /// The key of the variant that the origin was asked for with these headers.
    pub(crate) fn variant_sent(&self, key: &CacheKey, sent: &HeaderMap) -> CacheKey {
        self.told_apart(key, &vary::values_sent(sent, &self.names))
    }

    fn told_apart(&self, key: &CacheKey, values: &[u8]) -> CacheKey {
        key.variant(&[&self.generation.to_le_bytes(), values].concat())
    }

    pub(crate) fn weight(&self) -> usize {
        self.names.iter().map(|name| 16 + name.len()).sum()
    }
}
