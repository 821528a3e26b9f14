//! Keys: RSA-2048 and P-256, public and private, and the signatures between them.
//!
//! A signature is RSA PKCS#1 v1.5 or ECDSA in DER, over SHA-1 (CloudFront's default) or
//! SHA-256. RSA keys of 1024 and 4096 bits are from the days of account key pairs: they
//! verify if asked for by [`KeySizes::Legacy`], and never sign.
//!
//! # Invariants
//!
//! - A private key can't be shown, cloned or compared, and is wiped when it goes.
//! - An error about a key says what was seen, and never shows its bytes.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize, PublicKey as RsaPublicKey};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair,
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_SHA256, VerificationAlgorithm,
};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

use crate::pem::{self, Found, PemError};
use crate::sha1_signing::Sha1Key;

/// The hash that a signature is made over.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "CloudFront knows these two")]
pub enum HashAlgorithm {
    /// SHA-1: what a pass means that does not say.
    #[default]
    Sha1,
    /// SHA-256: the pass has to say so.
    Sha256,
}

impl HashAlgorithm {
    /// CloudFront's spelling: `SHA1` or `SHA256`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Sha1 => Self::Sha256,
            Self::Sha256 => Self::Sha1,
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The kinds of key that can be made.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum KeyType {
    /// ECDSA on the curve P-256 (`prime256v1`).
    P256,
    /// RSA with 2048 bits.
    Rsa2048,
}

/// Which RSA sizes a public key may have.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a key is of today's sizes or it is not")]
pub enum KeySizes {
    /// 2048 bits, as CloudFront asks of new keys.
    #[default]
    Current,
    /// 1024 and 4096 bits too, as old account key pairs had.
    Legacy,
}

/// A public key. Cheap to clone: the key is parsed once.
#[derive(Clone)]
pub struct PublicKey(Arc<Parsed>);

struct Parsed {
    kind: Kind,
    sha1: ParsedPublicKey,
    sha256: ParsedPublicKey,
    fingerprint: [u8; 32],
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    P256,
    Rsa { bits: usize },
}

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

/// Why a key can't be used. Says what was seen; [`KeyError::hint`] says what to run.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No key could be read.
    #[error("this is no usable key file: {problem}")]
    Unreadable {
        /// What was seen.
        problem: String,
        /// What to try.
        hint: &'static str,
    },
    /// The key is encrypted and no passphrase was given.
    #[error("the private key is encrypted, and no passphrase was given")]
    PassphraseMissing,
    /// The passphrase does not open the key.
    #[error("the passphrase does not open the private key")]
    PassphraseWrong,
    /// A key of a kind or size that CloudFront does not use.
    #[error("the key is {0}; CloudFront uses RSA with 2048 bits and P-256")]
    Unsupported(String),
}

impl KeyError {
    /// What to run.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { hint, .. } => hint,
            Self::PassphraseMissing => "give the passphrase with --passphrase env:NAME or a file",
            Self::PassphraseWrong => {
                "try it with: openssl pkey -in KEY -noout; if that works, re-encrypt with: openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW"
            }
            Self::Unsupported(_) => {
                "make one with: gatepass keys new --type p256 (or --type rsa); old 1024 and 4096 bit keys verify with --legacy"
            }
        }
    }
}

impl PublicKey {
    /// Reads SubjectPublicKeyInfo, PKCS#1 or a certificate, as PEM in any common spelling or DER.
    pub fn parse(bytes: &[u8], sizes: KeySizes) -> Result<Self, KeyError> {
        const LABELS: [&str; 3] = ["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE"];
        let found =
            pem::find(bytes, &LABELS, "public key").map_err(|error| public_key_error(&error))?;
        let spki = if found.label.as_deref() == Some("CERTIFICATE") || found.label.is_none() {
            spki_of_certificate(&found.der).unwrap_or_else(|| found.der.to_vec())
        } else {
            found.der.to_vec()
        };
        Self::from_der(&spki, sizes)
    }

    /// Reads the DER of a SubjectPublicKeyInfo or a PKCS#1 key.
    fn from_der(der: &[u8], sizes: KeySizes) -> Result<Self, KeyError> {
        if let Ok(rsa) = RsaPublicKey::from_der(der) {
            let bits = rsa.modulus_len() * 8;
            let is_welcome =
                bits == 2048 || (sizes == KeySizes::Legacy && matches!(bits, 1024 | 4096));
            if !is_welcome {
                return Err(KeyError::Unsupported(format!("RSA with {bits} bits")));
            }
            return Self::with(
                Kind::Rsa { bits },
                der,
                &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
                &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            );
        }
        let seen = match SubjectPublicKeyInfoRef::from_der(der) {
            Ok(spki) => name_of(&spki.algorithm),
            Err(_) => return Err(unreadable("its DER is no public key", SHOW_PUBLIC)),
        };
        if seen != P256 {
            return Err(KeyError::Unsupported(seen));
        }
        Self::with(Kind::P256, der, &ECDSA_P256_SHA1_ASN1, &ECDSA_P256_SHA256_ASN1)
    }

    fn with(
        kind: Kind,
        der: &[u8],
        sha1: &'static dyn VerificationAlgorithm,
        sha256: &'static dyn VerificationAlgorithm,
    ) -> Result<Self, KeyError> {
        let parse = |algorithm| {
            ParsedPublicKey::new(algorithm, der)
                .map_err(|_| unreadable("its DER is no public key", SHOW_PUBLIC))
        };
        let (sha1, sha256) = (parse(sha1)?, parse(sha256)?);
        let spki: PublicKeyX509Der<'_> =
            sha256.as_der().map_err(|_| unreadable("its DER is no public key", SHOW_PUBLIC))?;
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, spki.as_ref()).as_ref());
        Ok(Self(Arc::new(Parsed { kind, sha1, sha256, fingerprint })))
    }

    /// Says whether `signature` was made over `message` by this key's private half.
    pub fn verify(&self, hash: HashAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let key = match hash {
            HashAlgorithm::Sha1 => &self.0.sha1,
            HashAlgorithm::Sha256 => &self.0.sha256,
        };
        key.verify_sig(message, signature).is_ok()
    }

    /// SHA-256 over the SubjectPublicKeyInfo: the same for one key in every spelling.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.0.fingerprint
    }

    /// SubjectPublicKeyInfo in PEM, as CloudFront takes it.
    pub fn to_pem(&self) -> String {
        let spki: PublicKeyX509Der<'_> =
            self.0.sha256.as_der().expect("a key that was parsed can be written");
        pem::write("PUBLIC KEY", spki.as_ref()).to_string()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.fingerprint == other.0.fingerprint
    }
}

impl Eq for PublicKey {}

/// The kind of key, such as `RSA with 2048 bits`.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            Kind::P256 => f.write_str(P256),
            Kind::Rsa { bits } => write!(f, "RSA with {bits} bits"),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self}, {})", data_encoding::HEXLOWER.encode(&self.0.fingerprint[..8]))
    }
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

impl FromStr for HashAlgorithm {
    type Err = UnknownHashAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownHashAlgorithm> {
        match text {
            "SHA1" => Ok(Self::Sha1),
            "SHA256" => Ok(Self::Sha256),
            _ => Err(UnknownHashAlgorithm),
        }
    }
}

/// Neither `SHA1` nor `SHA256`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected SHA1 or SHA256, in capital letters")]
#[expect(unnameable_types, reason = "it has nothing to say but its message")]
pub struct UnknownHashAlgorithm;

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

fn spki_of_certificate(der: &[u8]) -> Option<Vec<u8>> {
    let certificate = Certificate::from_der(der).ok()?;
    certificate.tbs_certificate().subject_public_key_info().to_der().ok()
}

fn not_a_private_key(der: &[u8]) -> KeyError {
    match PrivateKeyInfoRef::try_from(der) {
        Ok(key) => match name_of(&key.algorithm) {
            name if name == "RSA" => {
                KeyError::Unsupported("RSA with less than 2048 bits".to_owned())
            }
            name => KeyError::Unsupported(name),
        },
        Err(_) => SEEN_IN_DER
            .iter()
            .find(|(bytes, _, _)| memchr::memmem::find(der, bytes).is_some())
            .map_or_else(
                || unreadable(BROKEN, SHOW_PRIVATE),
                |(_, name, hint)| match hint {
                    Some(hint) => unreadable(name, hint),
                    None => KeyError::Unsupported((*name).to_owned()),
                },
            ),
    }
}

/// What else the DER may be, by the object identifiers in it, and what to run then.
const SEEN_IN_DER: [(&[u8], &str, Option<&str>); 4] = [
    (&[6, 5, 0x2b, 0x81, 4, 0, 0x22], "P-384", None),
    (&[6, 5, 0x2b, 0x81, 4, 0, 0x23], "P-521", None),
    (&[6, 5, 0x2b, 0x81, 4, 0, 0x0a], "secp256k1", None),
    (
        &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1],
        "it is PKCS#12",
        Some("take the key out of it: openssl pkcs12 -in FILE -nocerts -nodes -out KEY"),
    ),
];

fn name_of(algorithm: &AlgorithmIdentifierRef<'_>) -> String {
    const NAMES: [(&str, &str); 7] = [
        ("1.2.840.113549.1.1.1", "RSA"),
        ("1.2.840.113549.1.1.10", "RSA-PSS"),
        ("1.2.840.10045.3.1.7", P256),
        ("1.3.132.0.34", "P-384"),
        ("1.3.132.0.35", "P-521"),
        ("1.3.132.0.10", "secp256k1"),
        ("1.3.101.112", "Ed25519"),
    ];
    let curve = algorithm.parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    let id = curve.unwrap_or(algorithm.oid).to_string();
    NAMES
        .iter()
        .find(|(known, _)| *known == id)
        .map_or(format!("of a kind not known here ({id})"), |(_, name)| (*name).to_owned())
}

fn unreadable(problem: &str, hint: &'static str) -> KeyError {
    KeyError::Unreadable { problem: problem.to_owned(), hint }
}

fn public_key_error(error: &PemError) -> KeyError {
    let hint = match error {
        PemError::NoneWanted(seen, _) if seen.contains("PRIVATE") => {
            "take its public half: openssl pkey -in KEY -pubout -out PUBLIC"
        }
        _ => SHOW_PUBLIC,
    };
    KeyError::Unreadable { problem: error.to_string(), hint }
}

fn private_key_error(error: &PemError) -> KeyError {
    let hint = match error {
        PemError::NoneWanted(seen, _) if seen.contains("OPENSSH") => {
            "rewrite a copy of it: ssh-keygen -p -m pkcs8 -f COPY (and RSA with 2048 bits, or P-256)"
        }
        PemError::NoneWanted(..) => "signing needs the private half, which only its owner has",
        PemError::OldEncryption => RE_ENCRYPT,
        _ => SHOW_PRIVATE,
    };
    KeyError::Unreadable { problem: error.to_string(), hint }
}

const P256: &str = "P-256";
const BROKEN: &str = "its DER is no private key";
const SHOW_PRIVATE: &str = "see what it is: openssl pkey -in KEY -noout -text_pub";
const SHOW_PUBLIC: &str = "see what it is: openssl pkey -pubin -in KEY -noout -text_pub";
const RE_ENCRYPT: &str = "rewrite it: openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_what_it_verifies_with_both_hashes() {
        for key_type in [KeyType::P256, KeyType::Rsa2048] {
            let key = SigningKey::generate(key_type).unwrap();
            for hash in [HashAlgorithm::Sha1, HashAlgorithm::Sha256] {
                let signature = key.sign(hash, b"a policy").unwrap();
                assert!(key.public_key().verify(hash, b"a policy", &signature));
                assert!(!key.public_key().verify(hash.other(), b"a policy", &signature));
                assert!(!key.public_key().verify(hash, b"another", &signature));
                assert!(!key.public_key().verify(hash, b"a policy", &signature[1..]));
                assert!(!key.public_key().verify(hash, b"a policy", b""));
            }
        }
    }

    #[test]
    fn survives_being_written_and_read() {
        for key_type in [KeyType::P256, KeyType::Rsa2048] {
            let key = SigningKey::generate(key_type).unwrap();
            let again = SigningKey::parse(key.to_pem().unwrap().as_bytes(), None).unwrap();
            assert_eq!(key.public_key(), again.public_key());
            let public = key.public_key().to_pem();
            assert_eq!(
                *key.public_key(),
                PublicKey::parse(public.as_bytes(), KeySizes::Current).unwrap()
            );
        }
    }

    #[test]
    fn shows_no_private_byte() {
        let key = SigningKey::generate(KeyType::P256).unwrap();
        let shown = format!("{key:?}");
        assert!(shown.starts_with("SigningKey { public: PublicKey(P-256, "), "{shown}");
    }
}
