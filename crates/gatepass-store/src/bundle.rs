//! `bundles/<sha256>.json`: a whole state, for machines and for whoever looks.

use gatepass::EpochTime;
use gatepass_distribution::{Invalidation, InvalidationPath, Revocation};
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::document::{DocumentError, FORMAT, check_format, moment};

/// What was in force from one change to the next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bundle {
    pub(crate) sequence: u64,
    pub(crate) previous: Option<Address>,
    pub(crate) made: EpochTime,
    pub(crate) invalidations: Vec<Invalidation>,
    /// The latest; what was too much is in segments.
    pub(crate) revocations: Vec<Revocation>,
    /// From large to small.
    pub(crate) segments: Vec<SegmentName>,
}

/// A segment, and what one need not open it for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SegmentName {
    pub(crate) address: Address,
    pub(crate) count: usize,
    /// When the last of them is over; none if never.
    pub(crate) expiry: Option<EpochTime>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WrittenBundle {
    format: u64,
    sequence: u64,
    previous: Option<Address>,
    made: u64,
    invalidations: Vec<WrittenInvalidation>,
    revocations: Vec<WrittenRevocation>,
    segments: Vec<WrittenSegment>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WrittenInvalidation {
    /// Every distribution, if there is none.
    distribution: Option<Box<str>>,
    path: Box<str>,
    at: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WrittenRevocation {
    /// The first 16 bytes of the digest of its signature, in hexadecimal.
    pass: Box<str>,
    /// For good, if there is none.
    until: Option<u64>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WrittenSegment {
    sha256: Address,
    count: usize,
    until: Option<u64>,
}

impl Bundle {
    pub(crate) const MAX_BYTES: u64 = 32 * 1024 * 1024;

    pub(crate) const MAX_SEGMENTS: usize = 64;

    /// The state that a store begins with.
    pub(crate) const fn nothing(made: EpochTime) -> Self {
        Self {
            sequence: 0,
            previous: None,
            made,
            invalidations: Vec::new(),
            revocations: Vec::new(),
            segments: Vec::new(),
        }
    }

    /// Reads the file's bytes.
    pub fn read(json: &[u8]) -> Result<Self, DocumentError> {
        check_format(json)?;
        let written: WrittenBundle = serde_json::from_slice(json)?;
        if written.segments.len() > Self::MAX_SEGMENTS {
            return Err(DocumentError::malformed("it names too many segments"));
        }
        Ok(Self {
            sequence: written.sequence,
            previous: written.previous,
            made: moment(written.made)?,
            invalidations: all(written.invalidations, |one| {
                Ok(Invalidation {
                    distribution: one.distribution,
                    path: one.path.parse().map_err(DocumentError::malformed)?,
                    at: moment(one.at)?,
                })
            })?,
            revocations: all(written.revocations, |one| {
                Ok(Revocation::of_prefix(digest(&one.pass)?, never_is_late(one.until)?))
            })?,
            segments: all(written.segments, |one| {
                let expiry = one.until.map(moment).transpose()?;
                Ok(SegmentName { address: one.sha256, count: one.count, expiry })
            })?,
        })
    }

    /// The file's bytes.
    pub fn write(&self) -> Vec<u8> {
        let written = WrittenBundle {
            format: FORMAT,
            sequence: self.sequence,
            previous: self.previous,
            made: self.made.seconds(),
            invalidations: self.invalidations.iter().map(WrittenInvalidation::from).collect(),
            revocations: self.revocations.iter().map(WrittenRevocation::from).collect(),
            segments: self.segments.iter().map(WrittenSegment::from).collect(),
        };
        let mut json = serde_json::to_vec(&written).expect("numbers and text can be written");
        json.push(b'\n');
        json
    }
}

impl From<&Invalidation> for WrittenInvalidation {
    fn from(one: &Invalidation) -> Self {
        let path: &InvalidationPath = &one.path;
        Self {
            distribution: one.distribution.clone(),
            path: path.as_str().into(),
            at: one.at.seconds(),
        }
    }
}

impl From<&Revocation> for WrittenRevocation {
    fn from(one: &Revocation) -> Self {
        Self {
            pass: data_encoding::HEXLOWER.encode(one.digest()).into(),
            until: one.expiry().map(EpochTime::seconds),
        }
    }
}

impl From<&SegmentName> for WrittenSegment {
    fn from(one: &SegmentName) -> Self {
        Self { sha256: one.address, count: one.count, until: one.expiry.map(EpochTime::seconds) }
    }
}

fn all<W, T>(
    written: Vec<W>,
    read: impl Fn(W) -> Result<T, DocumentError>,
) -> Result<Vec<T>, DocumentError> {
    written.into_iter().map(read).collect()
}

fn digest(text: &str) -> Result<[u8; 16], DocumentError> {
    let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| DocumentError::malformed("a pass is named by 32 hexadecimal digits"))
}

/// What never ends is kept like the latest time there is.
fn never_is_late(until: Option<u64>) -> Result<EpochTime, DocumentError> {
    moment(until.unwrap_or(i64::MAX as u64))
}
