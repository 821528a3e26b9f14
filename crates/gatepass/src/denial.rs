//! Why the gate stays shut: an answer, not a failure.
//!
//! The viewer is told only [`Denial::code`] and [`Denial::message`], CloudFront's own. The
//! sentence and the hint are for the operator: they go to the log, and to whoever explains.

use std::net::IpAddr;

use crate::cookies::CookieName;
use crate::encoding::EncodingError;
use crate::key::HashAlgorithm;
use crate::network::Network;
use crate::policy::PolicyError;
use crate::time::EpochTime;
use crate::trusted_keys::PublicKeyId;

/// Why a request is not admitted. Shows a sentence for the operator.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Denial {
    /// The viewer is outside the policy's network.
    #[error("the pass is good from {allowed}, and the viewer is at {address}")]
    AddressNotAllowed {
        /// The viewer's address.
        address: IpAddr,
        /// The policy's network.
        allowed: Network,
    },
    /// The pass has ended.
    #[error("the pass expired at {expired}, and it is {now}")]
    Expired {
        /// The first second in which it no longer admits.
        expired: EpochTime,
        /// When it was asked.
        now: EpochTime,
    },
    /// The pass names a hash that CloudFront does not know.
    #[error("the pass names the hash {0:?}, which is neither SHA1 nor SHA256")]
    HashUnsupported(Box<str>),
    /// The pass uses a hash that this gate no longer accepts.
    #[error("the pass is signed over {used}, and this gate asks for {wanted}")]
    HashTooWeak {
        /// The pass's.
        used: HashAlgorithm,
        /// The gate's.
        wanted: HashAlgorithm,
    },
    /// Something was presented, but not the key's ID.
    #[error("the pass does not say which key it was signed with")]
    KeyIdMissing,
    /// What should be a key's ID is none.
    #[error("the pass names a key in a way that no key is named ({0} bytes)")]
    KeyIdMalformed(usize),
    /// No key of that ID is trusted here.
    #[error("no trusted key has the ID {}", short(.0))]
    KeyUnknown(PublicKeyId),
    /// Nothing was presented.
    #[error("the viewer presented no pass")]
    NoPass,
    /// The pass has not begun.
    #[error("the pass opens after {opens}, and it is {now}")]
    NotYet {
        /// The last second in which it does not admit.
        opens: EpochTime,
        /// When it was asked.
        now: EpochTime,
    },
    /// The URL has a reserved parameter twice.
    #[error("the URL has the parameter {} twice", .0.parameter())]
    ParameterRepeated(CookieName),
    /// The policy can't be read.
    #[error("{0}")]
    PolicyMalformed(#[from] PolicyError),
    /// Neither a policy nor an expiry was presented.
    #[error("the pass has neither a policy nor an expiry")]
    PolicyMissing,
    /// The policy covers other URLs.
    #[error("the pass covers {}, and the request is for {url}", list(.covered), url = printable(.url))]
    ResourceNotCovered {
        /// The URL without reserved parameters.
        url: Box<str>,
        /// The policy's resources.
        covered: Vec<Box<str>>,
    },
    /// The pass was taken back before it ended.
    #[error("the pass was revoked; it would have expired at {expiry}")]
    Revoked {
        /// When it would have ended.
        expiry: EpochTime,
    },
    /// The signature is not base64 in CloudFront's alphabet.
    #[error("the signature is {0}")]
    SignatureUndecodable(EncodingError),
    /// The signature was not made over this policy by this key.
    #[error("the signature does not match the policy under the key {0}")]
    SignatureMismatch(PublicKeyId),
    /// No signature was presented.
    #[error("the pass has no signature")]
    SignatureMissing,
}

impl Denial {
    /// A stable name for logs, metrics and programs.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::AddressNotAllowed { .. } => "address_not_allowed",
            Self::Expired { .. } => "expired",
            Self::HashUnsupported(_) => "hash_unsupported",
            Self::HashTooWeak { .. } => "hash_too_weak",
            Self::KeyIdMissing => "key_id_missing",
            Self::KeyIdMalformed(_) => "key_id_malformed",
            Self::KeyUnknown(_) => "key_unknown",
            Self::NoPass => "no_pass",
            Self::NotYet { .. } => "not_yet",
            Self::ParameterRepeated(_) => "parameter_repeated",
            Self::PolicyMalformed(_) => "policy_malformed",
            Self::PolicyMissing => "policy_missing",
            Self::ResourceNotCovered { .. } => "resource_not_covered",
            Self::Revoked { .. } => "revoked",
            Self::SignatureUndecodable(_) => "signature_undecodable",
            Self::SignatureMismatch(_) => "signature_mismatch",
            Self::SignatureMissing => "signature_missing",
        }
    }

    /// The `<Code>` in the body of the 403, in CloudFront's words.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoPass | Self::KeyIdMissing | Self::KeyIdMalformed(_) => "MissingKey",
            Self::KeyUnknown(_) => "InvalidKey",
            Self::PolicyMalformed(_) | Self::PolicyMissing => "MalformedPolicy",
            Self::SignatureUndecodable(_) | Self::SignatureMissing => "MalformedSignature",
            Self::AddressNotAllowed { .. }
            | Self::Expired { .. }
            | Self::HashUnsupported(_)
            | Self::HashTooWeak { .. }
            | Self::NotYet { .. }
            | Self::ParameterRepeated(_)
            | Self::ResourceNotCovered { .. }
            | Self::Revoked { .. }
            | Self::SignatureMismatch(_) => "AccessDenied",
        }
    }

    /// The `<Message>` in the body of the 403, in CloudFront's words.
    pub const fn message(&self) -> &'static str {
        match self.code().as_bytes() {
            b"MissingKey" => "Missing Key-Pair-Id query parameter or cookie value",
            b"InvalidKey" => "Unknown Key",
            b"MalformedPolicy" => "Malformed Policy",
            b"MalformedSignature" => "Could not unencode Signature",
            _ => "Access denied",
        }
    }

    /// What the operator might try next.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::AddressNotAllowed { .. } => {
                Some("behind a proxy, list it in trusted-proxies; phones change addresses often")
            }
            Self::Expired { .. } => Some("send the Set-Cookie headers again before a pass ends"),
            Self::HashUnsupported(_) => Some("leave the hash out for SHA-1, or write SHA256"),
            Self::HashTooWeak { .. } => Some("sign with --hash-algorithm SHA256"),
            Self::KeyIdMissing | Self::NoPass => Some(
                "look at the request's Cookie header: a wrong Domain, Path or SameSite keeps cookies at home",
            ),
            Self::KeyIdMalformed(_) => Some("give the key's ID, not the key"),
            Self::KeyUnknown(_) => {
                Some("add the public key to a key group that the behavior trusts, under this ID")
            }
            Self::NotYet { .. } => Some("compare the clocks of the signer and of the edge"),
            Self::ParameterRepeated(_) => Some("sign a URL that has no reserved parameters yet"),
            Self::PolicyMalformed(_) => Some(
                r#"a policy looks like {"Statement":[{"Resource":"https://…/*","Condition":{"DateLessThan":{"AWS:EpochTime":1767290400}}}]}"#,
            ),
            Self::PolicyMissing => {
                Some("send CloudFront-Policy (custom) or CloudFront-Expires (canned)")
            }
            Self::ResourceNotCovered { .. } => Some(
                "scheme, host, path and query must match as the viewer sends them; * stays inside its section",
            ),
            Self::Revoked { .. } => Some("sign a new pass, if the viewer may have one"),
            Self::SignatureUndecodable(_) => Some("base64, then + to -, = to _ and / to ~"),
            Self::SignatureMismatch(_) => {
                Some("a canned pass made for another URL fails here, too")
            }
            Self::SignatureMissing => Some("send CloudFront-Signature"),
        }
    }
}

/// An ID as a log may show it. What is longer than any ID is likely something else that was
/// put in its place, such as a signature.
fn short(id: &PublicKeyId) -> String {
    match id.as_str() {
        text if text.len() <= 32 => text.to_owned(),
        text => format!("of {} characters", text.len()),
    }
}

fn list(covered: &[Box<str>]) -> String {
    printable(&covered.join(" and "))
}

/// Text from outside as a terminal may show it: control characters are written as escapes.
pub(crate) fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, letter| {
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
        shown
    })
}
