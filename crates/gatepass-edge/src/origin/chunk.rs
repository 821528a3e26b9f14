//! Memory to read files into, used over and over.
//!
//! A new chunk of this size would be zeroed first, and its pages faulted in one by one, which
//! costs as much as the read itself. The one that was sent last is still in the core's cache.
//! What a chunk held before can't be seen: it shows what was read into it, and no more.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// Large enough that a chunk is worth its system call, small enough to stay in a core's cache.
const CHUNK: usize = 128 * 1024;

/// For fewer bytes than this it is not worth it.
const WORTH_KEEPING: usize = 16 * 1024;

/// So many wait to be used again: 8 MiB.
const MAX_SPARE: usize = 64;

static SPARE: Mutex<Vec<Box<[u8]>>> = Mutex::new(Vec::new());

/// Memory for one read.
pub(super) struct Chunk {
    memory: Box<[u8]>,
    length: usize,
}

impl Chunk {
    /// Room for so many bytes, or as many as a chunk may hold.
    pub(super) fn of(length: u64) -> Self {
        let length = usize::try_from(length).unwrap_or(CHUNK).min(CHUNK);
        if length < WORTH_KEEPING {
            return Self { memory: vec![0; length].into(), length };
        }
        let spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self { memory: spare.unwrap_or_else(|| vec![0; CHUNK].into()), length }
    }

    /// Where to read to.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.memory[..self.length]
    }

    /// The first bytes, as many as were read. The memory is used again when they are gone.
    pub(super) fn first(mut self, count: usize) -> Bytes {
        self.length = self.length.min(count);
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.memory[..self.length]
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        if self.memory.len() == CHUNK {
            let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
            if spare.len() < MAX_SPARE {
                spare.push(std::mem::take(&mut self.memory));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_chunk_held_before_is_not_seen() {
        for (wanted, read) in [(CHUNK as u64, 100_000), (u64::MAX, 70_000), (20_000, 5), (7, 3)] {
            let mut chunk = Chunk::of(wanted);
            assert_eq!(chunk.room().len() as u64, wanted.min(CHUNK as u64));
            chunk.room().fill(b'x');
            let bytes = chunk.first(read);
            assert_eq!(bytes.len(), read);
            assert_eq!(bytes.slice(1..).len(), read - 1);
        }
    }

    #[test]
    fn bytes_that_are_still_held_are_never_read_over() {
        let filled = |byte: u8| {
            let mut chunk = Chunk::of(u64::MAX);
            chunk.room().fill(byte);
            chunk.first(CHUNK)
        };
        let held: Vec<Bytes> = (0..100).map(filled).collect();
        drop(filled(200));
        drop(filled(201));
        for (number, bytes) in (0..).zip(held) {
            assert!(bytes.iter().all(|byte| *byte == number), "{number}");
        }
        let spare = SPARE.lock().unwrap();
        assert!(spare.len() <= MAX_SPARE, "{} are kept", spare.len());
        assert!(spare.iter().all(|memory| memory.len() == CHUNK));
    }
}
