//! How entries are written to disk.
//!
//! ```text
//! version ─ kind ─ length ─ checksum ─ payload
//! ```
//!
//! 1. What can't be read to the last byte is no entry: a version that isn't ours, a checksum
//!    that doesn't fit, a header that isn't one.
//! 2. Numbers are little-endian, texts and lists come after their lengths.

use std::io::{Read, Write};
use std::sync::Arc;

use bytes::Bytes;
use foyer::{Code, Error, ErrorKind};
use gatepass::EpochTime;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use xxhash_rust::xxh3::xxh3_64;

use crate::cache::freshness::Lifetime;
use crate::cache::head::{Head, validators};
use crate::cache::marker::Marker;
use crate::cache::store::{Kept, Place};

const VERSION: u8 = 1;

/// Longer payloads are not ours.
const LONGEST: u64 = 256 << 20;

impl Code for Place {
    fn encode(&self, writer: &mut impl Write) -> Result<(), Error> {
        let mut bytes = self.object.to_vec();
        bytes.extend_from_slice(&self.generation.to_le_bytes());
        bytes.extend_from_slice(&self.slice.to_le_bytes());
        writer.write_all(&bytes).map_err(Error::io_error)
    }

    fn decode(reader: &mut impl Read) -> Result<Self, Error> {
        let mut object = [0; 32];
        reader.read_exact(&mut object).map_err(Error::io_error)?;
        Ok(Self { object, generation: number(reader)?, slice: number(reader)? })
    }

    fn estimated_size(&self) -> usize {
        48
    }
}

impl Code for Kept {
    fn encode(&self, writer: &mut impl Write) -> Result<(), Error> {
        let (kind, payload) = match self {
            Self::Head(head) => (Kind::Head, Bytes::from(write_head(head))),
            Self::Marker(marker) => (Kind::Marker, Bytes::from(write_marker(marker))),
            Self::Slice(bytes) => (Kind::Slice, bytes.clone()),
            Self::Gone => (Kind::Gone, Bytes::new()),
        };
        let mut begin = vec![VERSION, kind as u8];
        begin.extend_from_slice(&(payload.len() as u64).to_le_bytes());
        begin.extend_from_slice(&xxh3_64(&payload).to_le_bytes());
        writer.write_all(&begin).map_err(Error::io_error)?;
        writer.write_all(&payload).map_err(Error::io_error)
    }

    fn decode(reader: &mut impl Read) -> Result<Self, Error> {
        let mut begin = [0; 2];
        reader.read_exact(&mut begin).map_err(Error::io_error)?;
        let (length, checksum) = (number(reader)?, number(reader)?);
        if begin[0] != VERSION || length > LONGEST {
            return Err(unreadable());
        }
        let mut payload = Vec::new();
        reader.take(length).read_to_end(&mut payload).map_err(Error::io_error)?;
        if payload.len() as u64 != length || xxh3_64(&payload) != checksum {
            return Err(unreadable());
        }
        let payload = Bytes::from(payload);
        let kept = match begin[1] {
            kind if kind == Kind::Slice as u8 => Some(Self::Slice(payload)),
            kind if kind == Kind::Gone as u8 => Some(Self::Gone),
            kind if kind == Kind::Head as u8 => {
                read_head(&mut Payload(payload)).map(|head| Self::Head(Arc::new(head)))
            }
            kind if kind == Kind::Marker as u8 => {
                read_marker(&mut Payload(payload)).map(|marker| Self::Marker(Arc::new(marker)))
            }
            _ => None,
        };
        kept.ok_or_else(unreadable)
    }

    fn estimated_size(&self) -> usize {
        18 + self.weight()
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Head = 1,
    Marker = 2,
    Slice = 3,
    Gone = 4,
}

fn unreadable() -> Error {
    Error::new(ErrorKind::ChecksumMismatch, "no entry of ours")
}

fn number(reader: &mut impl Read) -> Result<u64, Error> {
    let mut bytes = [0; 8];
    reader.read_exact(&mut bytes).map_err(Error::io_error)?;
    Ok(u64::from_le_bytes(bytes))
}

fn write_text(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
    bytes.extend_from_slice(text);
}

fn write_head(head: &Head) -> Vec<u8> {
    let lifetime = &head.lifetime;
    let numbers = [
        head.generation,
        head.status.as_u16().into(),
        head.length.unwrap_or(u64::MAX),
        head.asked.seconds(),
        lifetime.stored.seconds(),
        lifetime.initial_age,
        lifetime.fresh_for,
        lifetime.stale_while_revalidate,
        lifetime.stale_if_error,
        lifetime.must_revalidate.into(),
        head.headers.len() as u64,
    ];
    let mut bytes = Vec::with_capacity(head.weight());
    for number in numbers {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    for (name, value) in &head.headers {
        write_text(&mut bytes, name.as_str().as_bytes());
        write_text(&mut bytes, value.as_bytes());
    }
    bytes.push(head.body.is_some().into());
    if let Some(body) = &head.body {
        write_text(&mut bytes, body);
    }
    bytes
}

fn read_head(payload: &mut Payload) -> Option<Head> {
    let generation = payload.number()?;
    let status = StatusCode::from_u16(payload.number()?.try_into().ok()?).ok()?;
    let length = Some(payload.number()?).filter(|length| *length != u64::MAX);
    let asked = EpochTime::new(payload.number()?).ok()?;
    let lifetime = Lifetime {
        stored: EpochTime::new(payload.number()?).ok()?,
        initial_age: payload.number()?,
        fresh_for: payload.number()?,
        stale_while_revalidate: payload.number()?,
        stale_if_error: payload.number()?,
        must_revalidate: payload.number()? == 1,
    };
    let mut headers = HeaderMap::new();
    for _ in 0..payload.number()? {
        let name = HeaderName::from_bytes(&payload.text()?).ok()?;
        let value = HeaderValue::from_maybe_shared(payload.text()?).ok()?;
        headers.append(name, value);
    }
    let body = match payload.byte()? {
        0 => None,
        _ => Some(payload.text()?),
    };
    let validators = validators(&headers);
    let head = Head { generation, status, headers, length, lifetime, asked, validators, body };
    let is_whole = head.body.as_ref().is_none_or(|body| head.length == Some(body.len() as u64));
    (payload.0.is_empty() && is_whole).then_some(head)
}

fn write_marker(marker: &Marker) -> Vec<u8> {
    let mut bytes = marker.generation.to_le_bytes().to_vec();
    for name in &marker.names {
        write_text(&mut bytes, name.as_bytes());
    }
    bytes
}

fn read_marker(payload: &mut Payload) -> Option<Marker> {
    let generation = payload.number()?;
    let mut names = Vec::new();
    while !payload.0.is_empty() {
        names.push(String::from_utf8(payload.text()?.to_vec()).ok()?.into_boxed_str());
    }
    Some(Marker { generation, names: names.into() })
}

/// What is left to be read.
struct Payload(Bytes);

impl Payload {
    fn byte(&mut self) -> Option<u8> {
        (!self.0.is_empty()).then(|| self.0.split_to(1)[0])
    }

    fn number(&mut self) -> Option<u64> {
        let bytes = (self.0.len() >= 8).then(|| self.0.split_to(8))?;
        Some(u64::from_le_bytes(bytes[..].try_into().ok()?))
    }

    fn text(&mut self) -> Option<Bytes> {
        let length = usize::try_from(self.number()?).ok()?;
        (self.0.len() >= length).then(|| self.0.split_to(length))
    }
}

#[cfg(test)]
mod tests {
    use http::header::{ETAG, SET_COOKIE};
    use proptest::prelude::*;

    use super::*;

    fn head(body: Option<Bytes>) -> Head {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, HeaderValue::from_static("\"one\""));
        headers.append(SET_COOKIE, HeaderValue::from_static("a=1"));
        headers.append(SET_COOKIE, HeaderValue::from_bytes(b"b=\xff").unwrap());
        let stored = EpochTime::new(1_767_290_000).unwrap();
        let lifetime = Lifetime {
            stored,
            initial_age: 1,
            fresh_for: 2,
            stale_while_revalidate: 3,
            stale_if_error: 4,
            must_revalidate: true,
        };
        let length = body.as_ref().map_or(5_000_000, |body| body.len() as u64);
        let head = Head::new(StatusCode::OK, headers, Some(length), lifetime, stored);
        Head { body, ..head }
    }

    fn written(kept: &Kept) -> Vec<u8> {
        let mut bytes = Vec::new();
        kept.encode(&mut bytes).unwrap();
        bytes
    }

    fn all() -> Vec<Kept> {
        let names = ["accept".into(), "x-a".into()];
        vec![
            Kept::Head(Arc::new(head(None))),
            Kept::Head(Arc::new(head(Some(Bytes::from_static(b"all of it"))))),
            Kept::Head(Arc::new(head(Some(Bytes::new())))),
            Kept::Marker(Arc::new(Marker::new(names.into()))),
            Kept::Slice(Bytes::from_static(b"some of it")),
            Kept::Slice(Bytes::new()),
            Kept::Gone,
        ]
    }

    #[test]
    fn what_is_written_is_read_again() {
        for kept in all() {
            let bytes = written(&kept);
            let read = Kept::decode(&mut &bytes[..]).unwrap();
            assert_eq!(format!("{read:?}"), format!("{kept:?}"));
            assert!(kept.estimated_size() >= bytes.len(), "{kept:?}");
        }
        let key = [7; 32];
        let place = Place { object: key, generation: 1, slice: 2 };
        let mut bytes = Vec::new();
        place.encode(&mut bytes).unwrap();
        assert_eq!(bytes.len(), place.estimated_size());
        assert_eq!(Place::decode(&mut &bytes[..]).unwrap(), place);
    }

    #[test]
    fn what_is_cut_off_or_changed_is_no_entry() {
        for kept in all() {
            let bytes = written(&kept);
            for length in 0..bytes.len() {
                assert!(Kept::decode(&mut &bytes[..length]).is_err(), "{length} of {kept:?}");
            }
            for at in (0..bytes.len()).filter(|at| *at != 1) {
                let mut changed = bytes.clone();
                changed[at] ^= 0x10;
                assert!(Kept::decode(&mut &changed[..]).is_err(), "{at} of {kept:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_nothing_is_taken_for_more_than_it_is(
            version in 0..3_u8,
            kind in 0..6_u8,
            payload: Vec<u8>,
        ) {
            let mut bytes = vec![version, kind];
            bytes.extend_from_slice(&(payload.len() as u64).to_le_bytes());
            bytes.extend_from_slice(&xxh3_64(&payload).to_le_bytes());
            bytes.extend_from_slice(&payload);
            if let Ok(kept) = Kept::decode(&mut &bytes[..]) {
                prop_assert_eq!(version, VERSION);
                prop_assert!(kept.weight() <= payload.len() * 16 + 4096);
            }
        }
    }
}
