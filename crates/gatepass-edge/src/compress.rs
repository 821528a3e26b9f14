//! Compression on the way to the viewer, where the origin didn't do it.
//!
//! CloudFront's conditions: the behavior wants it and its cache policy tells encodings apart,
//! the viewer takes one, and the answer is whole, of a known length from 1,000 to 10,000,000
//! bytes, of a type that is worth it, and not to be left alone (`no-transform`). Brotli goes
//! before gzip.
//!
//! # Invariants
//!
//! - What is compressed has no range: a viewer that asks for one gets the answer as it is.
//! - A strong `ETag` becomes a weak one, for the bytes are others, and one that is no `ETag`
//!   goes. What might have been compressed says so by `Vary`, compressed or not.
//! - A 304 says both as the answer would have that it stands for.

mod body;
mod content_types;
mod copies;

use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH,
    RANGE, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode, Version};

use crate::asked::Asked;
use crate::cache::cache_control::CacheControl;
use crate::chosen::Encodings;
use crate::origin::conditions::LeftOut;

pub use body::Compressed;
pub(crate) use copies::{Copies, Generation};

/// A way to compress.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Coding {
    Brotli,
    Gzip,
}

/// Decides whether an answer is compressed, and says so in its headers. Its body has yet to be
/// put into [`Compressed`], unless HEAD was asked for.
pub(crate) fn negotiate(
    asked: &Asked<'_>,
    status: StatusCode,
    headers: &mut HeaderMap,
) -> Option<Coding> {
    let policy = asked.behavior.cache_policy();
    let offered = Encodings { gzip: policy.gzip, brotli: policy.brotli };
    if !asked.behavior.conduct().compress || !is_worth_it(status, headers) {
        return None;
    }
    vary_by_encoding(headers);
    let takes_any = asked.version >= Version::HTTP_11 && !asked.headers.contains_key(RANGE);
    let coding = match offered.and(Encodings::accepted(asked.headers)) {
        Encodings { brotli: true, .. } if takes_any => Coding::Brotli,
        Encodings { gzip: true, .. } if takes_any => Coding::Gzip,
        _ => return None,
    };
    relabel(headers, coding);
    Some(coding)
}

/// Gives a 304 the `ETag` and the `Vary` of the answer that it stands for (RFC 9110, section
/// 15.4.5). Where an origin's own 304 is passed on, what that would have been is known from the
/// viewer: it has a copy under a weak `ETag`, and strong ones are weakened here.
pub(crate) fn revalidate(asked: &Asked<'_>, left_out: Option<&LeftOut>, headers: &mut HeaderMap) {
    let mut whole = headers.clone();
    match left_out {
        Some(LeftOut(left_out)) => {
            whole.extend(left_out.clone());
            negotiate(asked, StatusCode::OK, &mut whole);
        }
        None if has_weakened(asked, headers) => {
            vary_by_encoding(&mut whole);
            weaken(&mut whole);
        }
        None => return,
    }
    for name in [ETAG, VARY] {
        headers.remove(&name);
        for value in whole.get_all(&name) {
            headers.append(&name, value.clone());
        }
    }
}

/// Whether the viewer's copy is of the state that a strong `ETag` names, and compressed.
fn has_weakened(asked: &Asked<'_>, headers: &HeaderMap) -> bool {
    let Some(etag) = headers.get(ETAG).filter(|etag| !etag.as_bytes().starts_with(b"W/")) else {
        return false;
    };
    let Some(weak) = weakened(etag) else { return false };
    let lines = asked.headers.get_all(IF_NONE_MATCH).iter();
    let mut known = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    asked.behavior.conduct().compress && known.any(|tag| tag.trim_ascii() == weak.as_bytes())
}

fn is_worth_it(status: StatusCode, headers: &HeaderMap) -> bool {
    let is_of_fit_length = || {
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        length.and_then(|length| length.parse().ok()).is_some_and(|length| SIZES.contains(&length))
    };
    let is_of_fit_type = || {
        let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        value.is_some_and(content_types::is_worth_compressing)
    };
    matches!(status.as_u16(), 200 | 403 | 404)
        && !headers.contains_key(CONTENT_ENCODING)
        && is_of_fit_length()
        && is_of_fit_type()
        && !CacheControl::read(headers).no_transform
}

const SIZES: std::ops::RangeInclusive<u64> = 1_000..=10_000_000;

fn vary_by_encoding(headers: &mut HeaderMap) {
    let mut lines = headers.get_all(VARY).iter();
    let names_it = lines.any(|line| {
        let mut names = line.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        names.any(|name| name == b"*" || name.eq_ignore_ascii_case(b"accept-encoding"))
    });
    if !names_it {
        headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

/// Headers that tell of the bytes as they were.
static OF_THE_BYTES: [HeaderName; 6] = [
    CONTENT_LENGTH,
    ACCEPT_RANGES,
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
];

fn relabel(headers: &mut HeaderMap, coding: Coding) {
    for name in &OF_THE_BYTES {
        headers.remove(name);
    }
    let name = match coding {
        Coding::Brotli => "br",
        Coding::Gzip => "gzip",
    };
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    weaken(headers);
}

fn weaken(headers: &mut HeaderMap) {
    if let Some(etag) = headers.remove(ETAG).and_then(|etag| weakened(&etag)) {
        headers.insert(ETAG, etag);
    }
}

fn weakened(etag: &HeaderValue) -> Option<HeaderValue> {
    let bytes = etag.as_bytes();
    let opaque = bytes.strip_prefix(b"W/").unwrap_or(bytes);
    let inside = opaque.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let is_etag = inside.iter().all(|byte| *byte > b' ' && *byte != b'"' && *byte != 0x7f);
    let weak = [b"W/", opaque].concat();
    if is_etag { HeaderValue::from_bytes(&weak).ok() } else { None }
}

#[cfg(test)]
mod tests;
