//! Names for requests and for this edge, in CloudFront's shape.
//!
//! They tell requests apart and nothing else: no secret hangs on them.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use data_encoding::{BASE64URL, HEXLOWER};

thread_local! {
    static STATE: Cell<u64> = Cell::new(RandomState::new().build_hasher().finish());
}

/// 40 bytes in Base64: 56 characters that end in `==`.
pub(crate) fn next() -> [u8; 56] {
    let (mut bytes, mut letters) = ([0; 40], [0; 56]);
    fill(&mut bytes);
    BASE64URL.encode_mut(&bytes, &mut letters);
    letters
}

/// 32 hexadecimal digits.
pub(crate) fn host() -> String {
    let mut bytes = [0; 16];
    fill(&mut bytes);
    HEXLOWER.encode(&bytes)
}

/// A number that comes once.
pub(crate) fn number() -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// `SplitMix64`, seeded by the operating system once a thread.
fn fill(bytes: &mut [u8]) {
    STATE.with(|state| {
        for chunk in bytes.chunks_mut(8) {
            state.set(state.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
            let mut mixed = state.get();
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_shaped_as_cloudfronts_and_never_the_same() {
        let (one, two) = (next(), next());
        assert_eq!((one.len(), host().len()), (56, 32));
        assert!(one.ends_with(b"=="));
        assert_ne!(one, two);
    }
}
