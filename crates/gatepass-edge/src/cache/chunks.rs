//! Bytes in a row as they came, in pieces that are worth their keep.
//!
//! An origin may send a byte at a time. Each of them in a piece of its own would cost forty
//! times what it holds, besides the connection's buffer that it is a view of. So what comes in
//! crumbs is gathered into lumps; what comes in larger pieces stays as it is.

use std::collections::VecDeque;

use bytes::Bytes;

/// The bytes of an object from some offset on.
#[derive(Debug)]
pub(crate) struct Chunks {
    /// Each with its offset in the object, without gaps.
    whole: VecDeque<(u64, Bytes)>,
    /// What came last, in pieces that are too small.
    crumbs: Vec<u8>,
    /// Of so many bytes of those another piece is made.
    lump: usize,
    /// Where the next byte goes.
    end: u64,
}

impl Chunks {
    /// Begins at `offset` of an object that is cut into slices of this size.
    pub(crate) fn new(offset: u64, slice_bytes: u64) -> Self {
        const LARGEST_LUMP: u64 = 16 << 10;
        let lump = usize::try_from((slice_bytes / 4).min(LARGEST_LUMP)).unwrap_or(usize::MAX);
        Self { whole: VecDeque::new(), crumbs: Vec::new(), lump, end: offset }
    }

    /// Where the first byte is that is still here.
    pub(crate) fn first(&self) -> u64 {
        self.whole.front().map_or(self.end - self.crumbs.len() as u64, |(offset, _)| *offset)
    }

    /// Where the next byte goes.
    pub(crate) const fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn push(&mut self, bytes: Bytes) {
        let length = bytes.len();
        if length < self.lump / 4 {
            self.crumbs.extend_from_slice(&bytes);
        } else if length > 0 {
            self.gather();
            self.whole.push_back((self.end, bytes));
        }
        self.end += length as u64;
        if self.crumbs.len() >= self.lump {
            self.gather();
        }
    }

    fn gather(&mut self) {
        if !self.crumbs.is_empty() {
            let begin = self.end - self.crumbs.len() as u64;
            self.whole.push_back((begin, Bytes::copy_from_slice(&self.crumbs)));
            self.crumbs.clear();
        }
    }

    /// The bytes from `offset` on, if they are here: some of them, at most `most`.
    pub(crate) fn at(&self, offset: u64, most: u64) -> Option<Bytes> {
        let crumbs = self.end - self.crumbs.len() as u64;
        if offset >= crumbs {
            let bytes = within(self.crumbs.len(), offset - crumbs, most);
            return (!bytes.is_empty()).then(|| Bytes::copy_from_slice(&self.crumbs[bytes]));
        }
        let next = self.whole.partition_point(|(begin, _)| *begin <= offset);
        let (begin, bytes) = &self.whole[next.checked_sub(1)?];
        Some(bytes.slice(within(bytes.len(), offset - begin, most)))
    }

    /// Everything from `offset` on.
    pub(crate) fn since(&self, offset: u64) -> Vec<Bytes> {
        let mut at = offset;
        let next = || {
            let bytes = self.at(at, u64::MAX)?;
            at += bytes.len() as u64;
            Some(bytes)
        };
        std::iter::from_fn(next).collect()
    }

    /// Drops pieces that lie before `floor`.
    pub(crate) fn drop_before(&mut self, floor: u64) {
        while let Some((offset, bytes)) = self.whole.front()
            && offset + bytes.len() as u64 <= floor
        {
            self.whole.pop_front();
        }
        if self.end <= floor {
            self.crumbs.clear();
        }
    }

    /// How many bytes of memory it takes.
    #[cfg(test)]
    pub(crate) fn cost(&self) -> usize {
        let pieces = self.whole.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        self.whole.capacity() * size_of::<(u64, Bytes)>() + pieces + self.crumbs.capacity()
    }
}

fn within(length: usize, skip: u64, most: u64) -> std::ops::Range<usize> {
    let begin = usize::try_from(skip).unwrap_or(usize::MAX).min(length);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    begin..length.min(begin.saturating_add(most))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_slice_that_comes_a_byte_at_a_time_costs_little_more_than_it_holds() {
        const SLICE: usize = 1 << 20;

        let mut chunks = Chunks::new(0, SLICE as u64);
        // As from a connection: views of a larger buffer.
        let mut buffer = Bytes::from(vec![b'x'; SLICE]);
        (0..SLICE).for_each(|_| chunks.push(buffer.split_to(1)));
        assert!(chunks.cost() <= SLICE + SLICE / 16, "{}", chunks.cost());
        assert_eq!(chunks.since(0).concat(), vec![b'x'; SLICE]);
        let larger = Bytes::from(vec![b'y'; SLICE]);
        chunks.push(larger.clone());
        let kept = chunks.at(SLICE as u64, u64::MAX).unwrap();
        assert_eq!(kept.as_ptr(), larger.as_ptr(), "what is large is not copied");
    }

    proptest! {
        #[test]
        fn whatever_came_in_whatever_pieces_is_what_is_taken(
            pieces in prop::collection::vec(0..900_usize, 0..60),
            floor in 0..20_000_u64,
            most in 1..5_000_u64,
        ) {
            let mut chunks = Chunks::new(7, 2_000);
            let mut all = Vec::new();
            for (nth, length) in pieces.into_iter().enumerate() {
                let piece = vec![u8::try_from(nth).unwrap(); length];
                all.extend_from_slice(&piece);
                chunks.push(piece.into());
            }
            let end = 7 + all.len() as u64;
            prop_assert_eq!((chunks.first(), chunks.end()), (7, end));
            let from = floor.clamp(7, end);
            let since = &all[usize::try_from(from - 7).unwrap()..];
            prop_assert_eq!(chunks.since(from).concat(), since);
            chunks.drop_before(floor);
            let mut at = chunks.first();
            prop_assert!(at <= floor.max(7) && at + 2_000 > floor.min(end));
            while let Some(bytes) = chunks.at(at, most) {
                let begin = usize::try_from(at - 7).unwrap();
                prop_assert!(!bytes.is_empty() && bytes.len() as u64 <= most);
                prop_assert_eq!(&bytes[..], &all[begin..begin + bytes.len()]);
                at += bytes.len() as u64;
            }
            prop_assert_eq!(at, end);
        }
    }
}
