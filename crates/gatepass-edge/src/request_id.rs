//! Names for requests and for this edge, in CloudFront's shape.
//!
//! They tell requests apart and nothing else: no secret hangs on them.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use data_encoding::{BASE64URL, HEXLOWER};
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

    /// 40 bytes in Base64: 56 characters that end in `==`.
    fn letters(self) -> [u8; 56] {
        let (mut bytes, mut letters) = ([0; 40], [0; 56]);
        stretch(self.0, &mut bytes);
        BASE64URL.encode_mut(&bytes, &mut letters);
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

/// `SplitMix64`: fills bytes from a state, and says which state is next.
fn stretch(mut state: u64, bytes: &mut [u8]) -> u64 {
    for chunk in bytes.chunks_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
    }
    state
}

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
    }
}
