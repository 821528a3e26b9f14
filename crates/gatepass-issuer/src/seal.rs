//! Sealed text: what a browser keeps for us and can neither read nor change.
//!
//! AES-256-GCM under a key that is derived for each use, so that what was sealed for one use
//! opens for no other. A nonce is random: under one key no more than 2³² texts may be sealed, so
//! that it stays unlikely that two of them share one (NIST SP 800-38D, 8.3). At a thousand a
//! second that is seven weeks, at one a second more than a hundred years: replace the secret before.
//!
//! # Invariants
//!
//! What can't be opened is nothing: no error says how far it came.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

/// The secret of an issuer: at least [`Secret::SHORTEST`] bytes that nobody can guess.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

/// A secret that could be guessed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the secret has {0} bytes; {min} random ones are needed (`openssl rand -base64 48`)", min = Secret::SHORTEST)]
pub struct ShortSecret(usize);

impl Secret {
    /// The shortest secret, in bytes.
    pub const SHORTEST: usize = 32;

    /// Takes the bytes of a secret. White space around them is not part of it.
    pub fn new(bytes: &[u8]) -> Result<Self, ShortSecret> {
        let bytes = bytes.trim_ascii();
        if bytes.len() < Self::SHORTEST {
            return Err(ShortSecret(bytes.len()));
        }
        Ok(Self(Zeroizing::new(bytes.to_vec())))
    }

    /// The bytes, for a comparison, and for what others verify who have them, too.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// A key for one use of the secret.
    pub fn key_for(&self, usage: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, b"gatepass issuer")
            .extract(&self.0)
            .expand(&[usage.as_bytes()], HKDF_SHA256)
            .and_then(|material| material.fill(&mut *key))
            .expect("HKDF-SHA256 gives 32 bytes");
        key
    }
}

/// In a time that tells nothing of where they differ.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for Secret {}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Seals texts for one use, and opens them again.
pub struct Seal {
    key: RandomizedNonceKey,
    usage: Box<str>,
}

impl Seal {
    /// The longest text that is opened, in characters: browsers keep cookies of 4,096 bytes.
    pub const LONGEST: usize = 4_096;

    /// A seal for `usage`; of two uses, neither opens what the other sealed.
    pub fn new(secret: &Secret, usage: &str) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &*secret.key_for(usage))
            .expect("AES-256 takes 32 bytes");
        Self { key, usage: usage.into() }
    }

    /// Seals bytes as text of `A-Za-z0-9-_`.
    pub fn seal(&self, open: &[u8]) -> String {
        let mut bytes = open.to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(self.usage.as_bytes()), &mut bytes)
            .expect("a short text can be sealed");
        BASE64URL_NOPAD.encode(&[&nonce.as_ref()[..], &bytes].concat())
    }

    /// Opens what this seal has sealed.
    pub fn open(&self, sealed: &str) -> Option<Vec<u8>> {
        if sealed.len() > Self::LONGEST {
            return None;
        }
        let mut bytes = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
        let (nonce, closed) = bytes.split_first_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let open = self.key.open_in_place(nonce, Aad::from(self.usage.as_bytes()), closed).ok()?;
        Some(open.to_vec())
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seal").field("usage", &self.usage).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new(&[7; 32]).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_under_its_seal_alone() {
        let seal = Seal::new(&secret(), "session");
        let sealed = seal.seal(b"ada");
        assert_eq!(seal.open(&sealed).as_deref(), Some(&b"ada"[..]));
        assert_ne!(seal.seal(b"ada"), sealed);
        assert_eq!(Seal::new(&secret(), "login").open(&sealed), None);
        let other = Secret::new(&[8; 32]).unwrap();
        assert_eq!(Seal::new(&other, "session").open(&sealed), None);
    }

    #[test]
    fn one_changed_character_opens_nothing() {
        let seal = Seal::new(&secret(), "session");
        let sealed = seal.seal(b"ada");
        for place in 0..sealed.len() {
            let mut bent = sealed.clone().into_bytes();
            bent[place] = if bent[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(seal.open(std::str::from_utf8(&bent).unwrap()), None, "{place}");
        }
        for odd in ["", "A", "====", &sealed[1..], &"A".repeat(4_097)] {
            assert_eq!(seal.open(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_none() {
        assert!(Secret::new(b"0123456789012345678901234567890\n").is_err());
        assert!(Secret::new(b" 01234567890123456789012345678901\n").is_ok());
    }
}
