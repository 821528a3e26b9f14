//! An object that has variants: by which request headers they differ (`Vary`).

use http::HeaderMap;

use crate::cache::key::CacheKey;

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

    /// The key of the variant for a request with these headers.
    pub(crate) fn variant(&self, key: &CacheKey, headers: &HeaderMap) -> CacheKey {
        let mut values = self.generation.to_le_bytes().to_vec();
        for name in &self.names {
            for value in headers.get_all(&**name) {
                values.extend_from_slice(&(value.len() as u64).to_le_bytes());
                values.extend_from_slice(value.as_bytes());
            }
            values.extend_from_slice(&u64::MAX.to_le_bytes());
        }
        key.variant(&values)
    }

    pub(crate) fn weight(&self) -> usize {
        self.names.iter().map(|name| 16 + name.len()).sum()
    }
}

/// The request headers that an answer varies by; nothing if it varies by everything.
pub(crate) fn names(headers: &HeaderMap) -> Option<Vec<Box<str>>> {
    let mut names = Vec::new();
    for value in headers.get_all(http::header::VARY) {
        for name in value.to_str().ok()?.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let name = name.to_ascii_lowercase();
            http::HeaderName::from_bytes(name.as_bytes()).ok()?;
            names.push(name.into());
        }
    }
    Some(names)
}
