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

mod error;
mod signing;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::PublicKey as RsaPublicKey;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, ParsedPublicKey,
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    VerificationAlgorithm,
};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::pem;
use error::{P256, SHOW_PUBLIC, name_of, public_key_error, unreadable};

pub use error::KeyError;
pub use signing::SigningKey;

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

    /// The kind that a key would be made of to take its place.
    pub fn key_type(&self) -> KeyType {
        match self.0.kind {
            Kind::P256 => KeyType::P256,
            Kind::Rsa { .. } => KeyType::Rsa2048,
        }
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

fn spki_of_certificate(der: &[u8]) -> Option<Vec<u8>> {
    let certificate = Certificate::from_der(der).ok()?;
    certificate.tbs_certificate().subject_public_key_info().to_der().ok()
}
