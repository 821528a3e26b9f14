//! The second signature that anybody can make of an ECDSA signature, without the key.
//!
//! If `(r, s)` verifies, so does `(r, n - s)`. CloudFront takes both, and so do we. Whoever
//! names a pass by its signature, to revoke it, must therefore mean both: else its holder
//! flips `s` and comes back with "another" pass.

/// The order `n` of the curve P-256.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The twin of a P-256 signature in DER; none of anything else. An RSA signature is far too
/// long to be mistaken for one.
pub(crate) fn twin(signature: &[u8]) -> Option<Vec<u8>> {
    let [0x30, length, integers @ ..] = signature else { return None };
    if usize::from(*length) != integers.len() {
        return None;
    }
    let (r, rest) = integer(integers)?;
    let (s, rest) = integer(rest)?;
    if !rest.is_empty() {
        return None;
    }
    let mut padded = [0; 32];
    padded[32 - s.len()..].copy_from_slice(s);
    let twin = order_minus(&padded)?;
    let mut body = Vec::with_capacity(70);
    write(r, &mut body);
    write(&twin, &mut body);
    let mut whole = vec![0x30, u8::try_from(body.len()).ok()?];
    whole.append(&mut body);
    Some(whole)
}

/// An INTEGER without its leading zeros, and what follows it.
fn integer(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x02, length, rest @ ..] = der else { return None };
    let (number, rest) = rest.split_at_checked(usize::from(*length))?;
    let number = without_zeros(number);
    (number.len() <= 32).then_some((number, rest))
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

fn write(number: &[u8], der: &mut Vec<u8>) {
    let number = without_zeros(number);
    // A first bit of 1 would make it negative.
    let is_high = number.first().is_none_or(|byte| *byte >= 0x80);
    der.push(0x02);
    der.push(u8::try_from(number.len()).expect("at most 32") + u8::from(is_high));
    if is_high {
        der.push(0);
    }
    der.extend_from_slice(number);
}

/// `n - s`; none if `s` is larger.
fn order_minus(s: &[u8; 32]) -> Option<[u8; 32]> {
    let mut difference = [0; 32];
    let mut borrowed = false;
    for at in (0..32).rev() {
        let (once, under) = ORDER[at].overflowing_sub(s[at]);
        let (twice, under_again) = once.overflowing_sub(u8::from(borrowed));
        difference[at] = twice;
        borrowed = under || under_again;
    }
    (!borrowed).then_some(difference)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{HashAlgorithm, KeyType, SigningKey};

    #[test]
    fn a_twin_verifies_and_is_the_twin_of_its_twin() {
        let key = SigningKey::generate(KeyType::P256).unwrap();
        for nth in 0..64_u8 {
            let signature = key.sign(HashAlgorithm::Sha256, &[nth]).unwrap();
            let other = twin(&signature).unwrap();
            assert_ne!(other, signature);
            assert!(key.public_key().verify(HashAlgorithm::Sha256, &[nth], &other));
            assert_eq!(twin(&other).unwrap(), signature);
        }
    }

    #[test]
    fn nothing_else_has_a_twin() {
        let whole = [0x30, 6, 2, 1, 1, 2, 1, 1];
        assert!(twin(&whole).is_some());
        for cut in 0..whole.len() {
            assert_eq!(twin(&whole[..cut]), None);
        }
        assert_eq!(twin(&[0x30; 256]), None);
        assert_eq!(twin(&[&whole[..], &[0]].concat()), None);
        let beyond = [&[0x30, 40, 2, 1, 1, 2, 35, 0, 0][..], &[0xff; 33]].concat();
        assert_eq!(twin(&beyond), None);
    }
}
