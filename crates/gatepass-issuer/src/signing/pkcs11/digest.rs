//! What a token is given to sign, and how its answer is spelled for passes.
//!
//! All hashing is done here: `CKM_RSA_PKCS` and `CKM_ECDSA` are what every token knows, while
//! many refuse mechanisms that hash with SHA-1 themselves.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use gatepass::HashAlgorithm;
use x509_cert::der::Encode;
use x509_cert::der::asn1::UintRef;

pub(super) fn of(hash: HashAlgorithm, message: &[u8]) -> Vec<u8> {
    let algorithm = match hash {
        HashAlgorithm::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
        HashAlgorithm::Sha256 => &SHA256,
    };
    digest(algorithm, message).as_ref().to_vec()
}

/// A hash with its name before it, as PKCS#1 v1.5 pads it (RFC 8017, 9.2): a `DigestInfo`.
pub(super) fn named(hash: HashAlgorithm, digest: &[u8]) -> Vec<u8> {
    let name: &[u8] = match hash {
        HashAlgorithm::Sha1 => &SHA1_NAME,
        HashAlgorithm::Sha256 => &SHA256_NAME,
    };
    [name, digest].concat()
}

const SHA1_NAME: [u8; 15] =
    [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];

const SHA256_NAME: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// An ECDSA signature in DER, from its two numbers side by side as PKCS#11 has them.
pub(super) fn in_der(numbers: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = numbers.split_at(numbers.len() / 2);
    (r.len() == s.len()).then(|| pair(r, s)).flatten()
}

/// A sequence of two numbers in DER: a signature, or an RSA key as PKCS#1 has it.
pub(super) fn pair(one: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let numbers = [UintRef::new(one).ok()?, UintRef::new(other).ok()?];
    numbers.to_der().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_become_a_signature_in_der() {
        let mut numbers = [0; 64];
        numbers[31] = 0x7f;
        numbers[63] = 0x80;
        assert_eq!(in_der(&numbers), Some(vec![0x30, 7, 2, 1, 0x7f, 2, 2, 0, 0x80]));
        assert_eq!(in_der(&numbers[..63]), None);
    }
}
