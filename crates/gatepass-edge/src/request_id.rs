//! Names for requests and for this edge, in CloudFront's shape.
//!
//! They tell requests apart and nothing else: no secret hangs on them.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use data_encoding::HEXLOWER;
use http::HeaderValue;

thread_local! {
    static STATE: Cell<u64> = Cell::new(RandomState::new().build_hasher().finish());
}

/// The name of one request, to its viewer, to the origin and in the log. It is handed around as
/// a number, and spelled out where it is said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RequestId(u64);

impl RequestId {
    /// One that there was not before.
    pub(crate) fn next() -> Self {
        Self(number())
    }

    /// What 40 bytes are in Base64: 56 characters that end in `==`.
    fn letters(self) -> [u8; 56] {
        let mut letters = [b'='; 56];
        let mut state = self.0;
        for nine in letters[..54].chunks_mut(9) {
            let mut bits;
            (state, bits) = mix(state);
            for letter in nine {
                *letter = ALPHABET[(bits & 63) as usize];
                bits >>= 6;
            }
        }
        // The last one of 40 bytes stands for two bits.
        letters[53] = ALPHABET[(state & 0b11_0000) as usize];
        letters
    }

    /// The same as text.
    pub(crate) fn text(self) -> String {
        String::from_utf8(self.letters().to_vec()).expect("the alphabet is ASCII")
    }

    /// The value of `X-Amz-Cf-Id`.
    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::from_bytes(&self.letters()).expect("the alphabet is visible")
    }
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

/// Random enough to tell things apart; seeded by the operating system once a thread.
fn fill(bytes: &mut [u8]) {
    STATE.with(|state| state.set(stretch(state.get(), bytes)));
}

/// Fills bytes from a state, and says which state is next.
fn stretch(mut state: u64, bytes: &mut [u8]) -> u64 {
    for chunk in bytes.chunks_mut(8) {
        let mixed;
        (state, mixed) = mix(state);
        chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
    }
    state
}

/// `SplitMix64`: the next state, and what it looks like.
const fn mix(state: u64) -> (u64, u64) {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (state, mixed ^ (mixed >> 31))
}

/// Base64's for names (RFC 4648, section 5).
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_shaped_as_cloudfronts_and_never_the_same() {
        let (one, two) = (RequestId::next(), RequestId::next());
        assert_eq!((one.text().len(), host().len()), (56, 32));
        assert!(one.text().ends_with("=="));
        assert_ne!(one.text(), two.text());
        assert_eq!(one.text(), one.text(), "it is the same wherever it is said");
        for _ in 0..100 {
            let bytes = data_encoding::BASE64URL.decode(RequestId::next().text().as_bytes());
            assert_eq!(bytes.unwrap().len(), 40);
        }
    }
}
