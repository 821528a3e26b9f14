//! What makes two requests the same.
//!
//! A key is the SHA-256 of everything that it stands for, each part with its length in front.
//! Whoever could make two requests collide could read what is meant for others, or leave them
//! something to read, so a quick hash won't do; a keyed one would be as safe and quicker, but
//! its key would have to be kept beside the disk's cache, for as long. The whole bytes instead
//! of a digest would have no size, and every look-up would read them twice.
//!
//! # Invariants
//!
//! - Two requests of which the cache policy sends different things to the origin have
//!   different keys, and different things are read as `chosen` reads them.
//! - Nothing of a pass is in it: all who may see an object share it.

use std::borrow::Cow;

use aws_lc_rs::digest;
use gatepass_distribution::{CachePolicy, Selection};
use http::Method;
use http::header::ACCEPT_ENCODING;

use crate::asked::Asked;
use crate::chosen::{self, Encodings};

/// The identity of an object in the cache: distribution, path, and what the cache policy adds.
///
/// A digest of all of it, so that it has one size and two requests can't be confused by where
/// one part ends and the next begins.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// The key of what a request asks for. GET and HEAD have one, OPTIONS another.
    ///
    /// The origin is part of it too: a path may lead to another one as the default root object
    /// than by its own name, or after a change of the configuration.
    pub fn of(asked: &Asked<'_>) -> Self {
        let policy = asked.behavior.cache_policy();
        let mut parts = Parts::new(OBJECT);
        parts.bytes.push(u8::from(*asked.method == Method::OPTIONS));
        parts.add(asked.distribution.id().as_bytes());
        parts.add(asked.behavior.origin_identity().as_bytes());
        parts.add(asked.path.as_bytes());
        add_query(&mut parts, asked, policy);
        add_headers(&mut parts, asked, policy);
        add_cookies(&mut parts, asked, policy);
        parts.digest()
    }

    /// The key of one variant of the same object, told apart by the values of the request
    /// headers that the origin's `Vary` names.
    #[must_use]
    pub fn variant(&self, values: &[u8]) -> Self {
        let mut parts = Parts::new(VARIANT);
        parts.add(&self.0);
        parts.add(values);
        parts.digest()
    }

    /// The bytes of it.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The path that invalidations know an object by: with as much of the query string as tells
/// objects apart, as CloudFront has it.
pub(crate) fn invalidated_as<'a>(asked: &'a Asked<'_>) -> Cow<'a, str> {
    let selection = &asked.behavior.cache_policy().query_strings;
    if selection.is_none() {
        return Cow::Borrowed(&asked.path);
    }
    let mut segments = chosen::parameters(asked, |name| selection.covers(name)).peekable();
    if segments.peek().is_none() {
        return Cow::Borrowed(&asked.path);
    }
    let path = (0..).zip(segments).fold(asked.path.to_string(), |mut path, (nth, segment)| {
        path.push(if nth == 0 { '?' } else { '&' });
        path.push_str(segment);
        path
    });
    Cow::Owned(path)
}

/// No query, and an empty one, are two things to an origin.
fn add_query(parts: &mut Parts, asked: &Asked<'_>, policy: &CachePolicy) {
    if policy.query_strings.is_none() {
        return parts.add_list(|_| {});
    }
    let segments = chosen::parameters(asked, |name| policy.query_strings.covers(name));
    parts.add_list(|list| segments.for_each(|segment| list.add(segment.as_bytes())));
}

fn add_headers(parts: &mut Parts, asked: &Asked<'_>, policy: &CachePolicy) {
    let offered = Encodings { gzip: policy.gzip, brotli: policy.brotli };
    let is_normalized = offered != Encodings::default();
    if is_normalized {
        parts.add(offered.and(Encodings::accepted(asked.headers)).as_str().as_bytes());
    } else {
        parts.add(b"");
    }
    let Selection::Only(names) = &policy.headers else {
        return parts.add_list(|_| {});
    };
    parts.add_list(|list| {
        for name in
            names.iter().filter(|name| !(is_normalized && ***name == *ACCEPT_ENCODING.as_str()))
        {
            list.add(name.as_bytes());
            list.add_list(|values| chosen::each_value(asked, name, |value| values.add(value)));
        }
    });
}

fn add_cookies(parts: &mut Parts, asked: &Asked<'_>, policy: &CachePolicy) {
    if policy.cookies.is_none() {
        return parts.add_list(|_| {});
    }
    let cookies = chosen::cookies(asked, |name| policy.cookies.covers(name));
    parts.add_list(|list| cookies.for_each(|cookie| list.add(cookie)));
}

/// What a digest is made of. The first byte says what it is the digest of, and changes when
/// the parts do, so that what an older edge left on disk is not found.
struct Parts {
    bytes: Vec<u8>,
}

const OBJECT: u8 = 1;
const VARIANT: u8 = 2;

impl Parts {
    fn new(kind: u8) -> Self {
        let mut bytes = Vec::with_capacity(256);
        bytes.push(kind);
        Self { bytes }
    }

    fn add(&mut self, part: &[u8]) {
        self.bytes.extend_from_slice(&length(part.len()));
        self.bytes.extend_from_slice(part);
    }

    /// A part that is made of parts: its length is known when they are there.
    fn add_list(&mut self, fill: impl FnOnce(&mut Self)) {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        fill(self);
        let filled = length(self.bytes.len() - begin - 4);
        self.bytes[begin..begin + 4].copy_from_slice(&filled);
    }

    fn digest(&self) -> CacheKey {
        let digest = digest::digest(&digest::SHA256, &self.bytes);
        CacheKey(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).expect("requests have limits that are far below").to_le_bytes()
}

#[cfg(test)]
mod tests;
