//! Why a key can't be used, from what its bytes look like, and what to run then.

use pkcs8::PrivateKeyInfoRef;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::spki::AlgorithmIdentifierRef;

use crate::pem::PemError;

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

pub(super) fn not_a_private_key(der: &[u8]) -> KeyError {
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

pub(super) fn name_of(algorithm: &AlgorithmIdentifierRef<'_>) -> String {
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

pub(super) fn unreadable(problem: &str, hint: &'static str) -> KeyError {
    KeyError::Unreadable { problem: problem.to_owned(), hint }
}

pub(super) fn public_key_error(error: &PemError) -> KeyError {
    let hint = match error {
        PemError::NoneWanted(seen, _) if seen.contains("PRIVATE") => {
            "take its public half: openssl pkey -in KEY -pubout -out PUBLIC"
        }
        _ => SHOW_PUBLIC,
    };
    KeyError::Unreadable { problem: error.to_string(), hint }
}

pub(super) fn private_key_error(error: &PemError) -> KeyError {
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

pub(super) const P256: &str = "P-256";
pub(super) const BROKEN: &str = "its DER is no private key";
pub(super) const SHOW_PRIVATE: &str = "see what it is: openssl pkey -in KEY -noout -text_pub";
pub(super) const SHOW_PUBLIC: &str = "see what it is: openssl pkey -pubin -in KEY -noout -text_pub";
pub(super) const RE_ENCRYPT: &str =
    "rewrite it: openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW";
