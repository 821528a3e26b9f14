//! A part of an object: how it is asked for, and how an origin says which one it sends.

use http::header::{CONTENT_LENGTH, CONTENT_RANGE};
use http::{HeaderMap, HeaderValue};

/// No object is longer, in bytes. What says that it is isn't believed, so that offsets can be
/// added up.
pub(crate) const LONGEST: u64 = i64::MAX.cast_unsigned();

/// A part of an object, as `Content-Range` tells it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Part {
    pub(crate) first: u64,
    /// After the last byte.
    pub(crate) end: u64,
    pub(crate) total: u64,
}

impl Part {
    /// Reads it, if it is said clearly and doesn't contradict itself.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(CONTENT_RANGE).iter();
        let text = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
        let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let number = |text: &str| {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
            is_plain.then(|| text.parse::<u64>().ok()).flatten()
        };
        let (first, last, total) = (number(first)?, number(last)?, number(total)?);
        let part = Self { first, end: last.checked_add(1)?, total };
        let length = headers.get(CONTENT_LENGTH).and_then(|length| number(length.to_str().ok()?));
        let agrees = length.is_none_or(|length| length == part.end - part.first);
        let is_sound = first <= last && part.end <= total && total <= LONGEST;
        (is_sound && agrees).then_some(part)
    }
}

/// `bytes=first-…` up to and without `end`.
pub(crate) fn range(first: u64, end: u64) -> HeaderValue {
    HeaderValue::try_from(format!("bytes={first}-{}", end - 1)).expect("digits are visible")
}
