//! `segments/<sha256>`: many revocations, in the order of their digests.
//!
//! A head of 8 bytes says what it is. Each revocation has 24: the beginning of the pass's
//! digest, and its expiry in seconds, both from the largest digit; all ones for never.

use gatepass::EpochTime;
use gatepass_distribution::Revocation;

use crate::document::{DocumentError, FORMAT, moment};

/// A batch of revocations.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Segment(Vec<Revocation>);

const HEAD: &[u8; 7] = b"revoked";

const RECORD: usize = 24;

/// Later than every moment there is.
const NEVER: u64 = u64::MAX;

impl Segment {
    pub(crate) const MAX_BYTES: u64 = 8 + 24 * 10_000_000;

    /// Those that are not over; of a pass that is named twice, the later expiry.
    pub(crate) fn of(revocations: Vec<Revocation>, now: EpochTime) -> Self {
        let mut all = revocations;
        all.retain(|one| !one.is_over(now));
        all.sort_unstable_by_key(|one| (*one.digest(), std::cmp::Reverse(expiry(one))));
        all.dedup_by(|one, kept| one.digest() == kept.digest());
        Self(all)
    }

    pub(crate) fn revocations(self) -> Vec<Revocation> {
        self.0
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When the last of them is over; none if never.
    pub(crate) fn expiry(&self) -> Option<EpochTime> {
        let last = self.0.iter().map(expiry).max()?;
        moment(last).ok()
    }

    /// Reads the file's bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, DocumentError> {
        let rest = bytes.strip_prefix(HEAD).and_then(|rest| rest.split_first());
        let (format, records) =
            rest.ok_or_else(|| DocumentError::malformed("it is no list of revoked passes"))?;
        if u64::from(*format) != FORMAT {
            return Err(DocumentError::Format(u64::from(*format)));
        }
        let (records, rest) = records.as_chunks::<RECORD>();
        if !rest.is_empty() {
            return Err(DocumentError::malformed("its last entry is cut off"));
        }
        let read = |record: &[u8; RECORD]| {
            let (digest, seconds) = record.split_first_chunk().expect("24 bytes have 16");
            let seconds = u64::from_be_bytes(seconds.try_into().expect("and 8 more"));
            // What never ends is kept like the latest time there is.
            let expiry = if seconds == NEVER { i64::MAX as u64 } else { seconds };
            Ok(Revocation::of_prefix(*digest, moment(expiry)?))
        };
        let all: Vec<_> = records.iter().map(read).collect::<Result<_, DocumentError>>()?;
        if !all.is_sorted_by(|one, next| one.digest() < next.digest()) {
            return Err(DocumentError::malformed("its entries are not in order"));
        }
        Ok(Self(all))
    }

    /// The file's bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD.len() + 1 + self.0.len() * RECORD);
        bytes.extend_from_slice(HEAD);
        bytes.push(u8::try_from(FORMAT).expect("a small number"));
        for one in &self.0 {
            bytes.extend_from_slice(one.digest());
            bytes.extend_from_slice(&expiry(one).to_be_bytes());
        }
        bytes
    }
}

fn expiry(one: &Revocation) -> u64 {
    one.expiry().map_or(NEVER, EpochTime::seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> EpochTime {
        EpochTime::new(seconds).unwrap()
    }

    #[test]
    fn what_is_written_is_read_again_in_order_and_once() {
        let revoke = |digest, expiry| Revocation::of_prefix([digest; 16], at(expiry));
        let all =
            vec![revoke(9, 50), revoke(3, 7), revoke(9, 90), revoke(1, 1 << 40), revoke(2, 4)];
        let segment = Segment::of(all, at(4));
        assert_eq!(segment.0, [revoke(1, 1 << 40), revoke(3, 7), revoke(9, 90)]);
        assert_eq!(segment.expiry(), None);
        assert_eq!(Segment::of(vec![revoke(3, 7), revoke(4, 8)], at(1)).expiry(), Some(at(8)));
        assert_eq!(Segment::read(&segment.write()).unwrap(), segment);
    }

    #[test]
    fn nothing_else_is_taken_for_a_segment() {
        let whole = Segment(vec![Revocation::of_prefix([1; 16], at(5))]).write();
        for cut in (0..whole.len()).filter(|cut| *cut != 8) {
            assert!(Segment::read(&whole[..cut]).is_err(), "{cut}");
        }
        let twice = [&whole[..], &whole[8..]].concat();
        assert!(Segment::read(&twice).is_err());
        let mut newer = whole;
        newer[7] = 2;
        assert!(matches!(Segment::read(&newer), Err(DocumentError::Format(2))));
    }
}
