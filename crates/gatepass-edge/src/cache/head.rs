//! What is known of an object besides its bytes.
//!
//! 1. A head belongs to one answer of the origin, its *generation*. Slices are filed under the
//!    generation, so that bytes of two answers can't be mixed.
//! 2. Its headers are those that viewers get of all of it: no hop-by-hop, no `Age`, and
//!    `Content-Length` if and only if the length is known.
//! 3. A small body lies in the head itself.

use bytes::Bytes;
use gatepass::EpochTime;
use http::header::{
    AGE, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, LAST_MODIFIED, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::cache::freshness::Lifetime;
use crate::origin::conditions::Validators;

/// The head of one answer.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// Tells this answer from every other.
    pub(crate) generation: u64,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Of the whole body, in bytes; unknown while one of unknown length arrives.
    pub(crate) length: Option<u64>,
    pub(crate) lifetime: Lifetime,
    /// When the origin was asked: what was changed since may not be in it.
    pub(crate) asked: EpochTime,
    pub(crate) validators: Validators,
    /// All bytes, if they are few.
    pub(crate) body: Option<Bytes>,
}

impl Head {
    /// The head of a new answer.
    pub(crate) fn new(
        status: StatusCode,
        mut headers: HeaderMap,
        length: Option<u64>,
        lifetime: Lifetime,
        asked: EpochTime,
    ) -> Self {
        for value in headers.values_mut() {
            *value = detached(value);
        }
        for name in [AGE, TRANSFER_ENCODING] {
            headers.remove(name);
        }
        if status == StatusCode::NO_CONTENT {
            headers.remove(CONTENT_LENGTH);
        } else if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, length.into());
        }
        let validators = validators(&headers);
        Self {
            generation: crate::request_id::number(),
            status,
            headers,
            length,
            lifetime,
            asked,
            validators,
            body: None,
        }
    }

    /// The same with its body in it, or at least with the length of it.
    pub(crate) fn completed(&self, length: u64, body: Option<Bytes>) -> Self {
        let mut whole = self.clone();
        whole.length = Some(length);
        if whole.status != StatusCode::NO_CONTENT {
            whole.headers.insert(CONTENT_LENGTH, length.into());
        }
        whole.body = body;
        whole
    }

    /// The same after the origin said that it still holds (RFC 9111, sections 3.2 and 4.3.4).
    pub(crate) fn refreshed(&self, news: &HeaderMap, lifetime: Lifetime, asked: EpochTime) -> Self {
        let mut head = self.clone();
        for name in news.keys() {
            if KEPT_FROM_BEFORE.contains(name) {
                continue;
            }
            head.headers.remove(name);
            for value in news.get_all(name) {
                head.headers.append(name, detached(value));
            }
        }
        head.validators = validators(&head.headers);
        head.lifetime = lifetime;
        head.asked = asked;
        head
    }

    /// The entity tag with which parts of this very answer can be asked for.
    pub(crate) fn strong_etag(&self) -> Option<&HeaderValue> {
        strong(self.validators.etag.as_ref())
    }

    /// Whether missing bytes of it can be fetched.
    pub(crate) fn can_be_continued(&self) -> bool {
        self.status == StatusCode::OK && self.length.is_some() && self.strong_etag().is_some()
    }

    /// Whether the origin can be asked if it still holds. Not of an error: what it was asked
    /// about may have come into being since, under the same validator.
    pub(crate) fn can_be_revalidated(&self) -> bool {
        !self.status.is_client_error()
            && !self.status.is_server_error()
            && (self.validators.etag.is_some() || self.headers.contains_key(LAST_MODIFIED))
    }

    /// About how many bytes it takes.
    pub(crate) fn weight(&self) -> usize {
        const OVERHEAD: usize = 512;
        const PER_HEADER: usize = 96;
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| PER_HEADER + name.as_str().len() + value.len());
        OVERHEAD + headers.sum::<usize>() + self.body.as_ref().map_or(0, Bytes::len)
    }
}

/// The value in memory of its own.
///
/// As it was received it is a view of the connection's buffer, which is larger than most heads
/// and would be kept as long as the value is.
fn detached(value: &HeaderValue) -> HeaderValue {
    HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|_| value.clone())
}

/// An entity tag, unless it is weak or unreadable.
pub(crate) fn strong(etag: Option<&HeaderValue>) -> Option<&HeaderValue> {
    etag.filter(|tag| {
        let tag = tag.as_bytes();
        tag.len() >= 2 && tag.starts_with(b"\"") && tag.ends_with(b"\"")
    })
}

/// What tells this state of an object from others.
pub(crate) fn validators(headers: &HeaderMap) -> Validators {
    let last_modified = headers.get(LAST_MODIFIED).and_then(|value| value.to_str().ok());
    Validators {
        etag: headers.get(ETAG).cloned(),
        last_modified: last_modified.and_then(|value| value.parse().ok()),
    }
}

/// What a 304 doesn't change: it describes the bytes that are here.
const KEPT_FROM_BEFORE: [HeaderName; 7] = [
    AGE,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    HeaderName::from_static("content-md5"),
    CONTENT_RANGE,
    ETAG,
    TRANSFER_ENCODING,
];

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;

    use super::*;

    #[test]
    fn a_kept_head_lets_the_connections_buffer_go() {
        let second = EpochTime::new(1_767_290_000).unwrap();
        let lifetime = Lifetime {
            stored: second,
            initial_age: 0,
            fresh_for: 60,
            stale_while_revalidate: 0,
            stale_if_error: 0,
            must_revalidate: false,
        };
        let buffer = Bytes::from(vec![b'x'; 8_192]);
        let views = || {
            let view = |range| HeaderValue::from_maybe_shared(buffer.slice(range)).unwrap();
            HeaderMap::from_iter([(ETAG, view(0..8)), (CONTENT_TYPE, view(8..16))])
        };
        let head = Head::new(StatusCode::OK, views(), Some(1), lifetime.clone(), second);
        let head = head.refreshed(&views(), lifetime, second).completed(1, None);
        assert!(buffer.is_unique(), "something of the head is still a view of it");
        assert_eq!(head.headers[CONTENT_TYPE], "xxxxxxxx");
    }
}
