//! Private keys: wiped when they go, never shown, cloned or compared.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use pkcs8::EncryptedPrivateKeyInfoRef;
use zeroize::Zeroizing;

use super::error::{
    BROKEN, KeyError, RE_ENCRYPT, SHOW_PRIVATE, not_a_private_key, private_key_error, unreadable,
};
use super::{HashAlgorithm, KeySizes, KeyType, PublicKey};
use crate::pem::{self, Found};
use crate::sha1_signing::Sha1Key;

/// A private key, parsed once, that makes signatures from any number of threads.
pub struct SigningKey {
    private: Private,
    sha1: Sha1Key,
    public: PublicKey,
}

enum Private {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl SigningKey {
    /// Makes a new key from the operating system's randomness.
    pub fn generate(key_type: KeyType) -> Result<Self, KeyError> {
        let failed = |_| unreadable("no key could be made", "try again");
        let private = match key_type {
            KeyType::P256 => Private::P256(
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?,
            ),
            KeyType::Rsa2048 => {
                Private::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?)
            }
        };
        Self::with(private)
    }

    /// Reads PKCS#1, PKCS#8 (encrypted too) or SEC1, as PEM in any common spelling or DER.
    pub fn parse(bytes: &[u8], passphrase: Option<&[u8]>) -> Result<Self, KeyError> {
        const LABELS: [&str; 4] =
            ["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];
        let found =
            pem::find(bytes, &LABELS, "private key").map_err(|error| private_key_error(&error))?;
        let der = decrypt(found, passphrase)?;
        let private = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, &der)
            .map(Private::P256)
            .or_else(|_| RsaKeyPair::from_pkcs8(&der).map(Private::Rsa))
            .or_else(|_| RsaKeyPair::from_der(&der).map(Private::Rsa))
            .map_err(|_| not_a_private_key(&der))?;
        Self::with(private)
    }

    fn with(private: Private) -> Result<Self, KeyError> {
        let public = private.public_key()?;
        let pkcs8 = private.pkcs8().ok_or_else(|| unreadable(BROKEN, SHOW_PRIVATE))?;
        let sha1 = Sha1Key::from_pkcs8(&pkcs8).ok_or_else(|| unreadable(BROKEN, SHOW_PRIVATE))?;
        Ok(Self { private, sha1, public })
    }

    /// Its public half.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Unencrypted PKCS#8 in PEM. Keep it to yourself.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let pkcs8 = self.private.pkcs8().ok_or_else(|| unreadable(BROKEN, SHOW_PRIVATE))?;
        Ok(pem::write("PRIVATE KEY", &pkcs8))
    }

    /// Signs a message; nothing if the key has gone bad in memory.
    pub(crate) fn sign(&self, hash: HashAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match (hash, &self.private) {
            (HashAlgorithm::Sha1, _) => self.sha1.sign(message),
            (HashAlgorithm::Sha256, Private::P256(key)) => {
                key.sign(&random, message).ok().map(|signature| signature.as_ref().to_vec())
            }
            (HashAlgorithm::Sha256, Private::Rsa(key)) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }
}

impl Private {
    fn public_key(&self) -> Result<PublicKey, KeyError> {
        match self {
            Self::P256(key) => {
                let spki: PublicKeyX509Der<'_> =
                    key.public_key().as_der().map_err(|_| unreadable(BROKEN, SHOW_PRIVATE))?;
                PublicKey::from_der(spki.as_ref(), KeySizes::Current)
            }
            Self::Rsa(key) => PublicKey::from_der(key.public_key().as_ref(), KeySizes::Current),
        }
    }

    fn pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::P256(key) => {
                key.to_pkcs8v1().ok().map(|der| Zeroizing::new(der.as_ref().to_vec()))
            }
            Self::Rsa(key) => {
                let der: Pkcs8V1Der<'_> = key.as_der().ok()?;
                Some(Zeroizing::new(der.as_ref().to_vec()))
            }
        }
    }
}

/// Shows which key this is, never what it is.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

fn decrypt(found: Found, passphrase: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let encrypted = match EncryptedPrivateKeyInfoRef::try_from(found.der.as_slice()) {
        Ok(encrypted) => encrypted,
        Err(_) if found.label.as_deref() == Some("ENCRYPTED PRIVATE KEY") => {
            return Err(unreadable("its encryption is not understood", RE_ENCRYPT));
        }
        Err(_) => return Ok(found.der),
    };
    let passphrase = passphrase.ok_or(KeyError::PassphraseMissing)?;
    let opened = encrypted.decrypt(passphrase).map_err(|_| KeyError::PassphraseWrong)?;
    Ok(Zeroizing::new(opened.as_bytes().to_vec()))
}
