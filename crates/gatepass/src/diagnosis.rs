//! The mistake behind a denial: its name, a sentence with its values, and what to do.
//!
//! A mistake is found by *making* it: the signature is checked over what somebody who made
//! it would have signed, the resource against the URL as they would have written it. If it
//! then works, that was it. What needs no trying (a value in quotes, a part that is missing)
//! is said as it is seen.
//!
//! # Invariants
//!
//! - A diagnosis opens nothing. What is tried here never reaches a verdict.
//! - One request costs at most [`MAX_CHECKS`] signature checks more, so that explaining a
//!   hostile request stays cheap.

mod detail;
mod mend;
mod place;
mod request;
mod signature;
mod urls;

use std::net::IpAddr;

use crate::cookies::CookieName;
use crate::denial::{Denial, printable};
use crate::key::{HashAlgorithm, PublicKey};
use crate::network::Network;
use crate::policy::PolicyError;
use crate::presented::{Carrier, PresentedPass};
use crate::request::ViewerRequest;
use crate::time::{EpochTime, EpochTimeError};
use crate::trusted_keys::{PublicKeyId, Trust};
use crate::verify::{Circumstances, Evidence, missing_parts};

pub use self::detail::{Alphabet, Difference, Rewriting};
pub(crate) use self::mend::mend;
pub(crate) use self::request::{diagnose_request, misspelled};

/// So many signatures are checked to diagnose one request.
pub(crate) const MAX_CHECKS: usize = 64;

/// A likely mistake. Shows a sentence for whoever made it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Diagnosis {
    /// A value is base64, but not CloudFront's.
    #[error("{} is written in {alphabet}, not in CloudFront's alphabet", word(*.part))]
    Alphabet {
        /// Which value.
        part: CookieName,
        /// How it is written.
        alphabet: Alphabet,
    },
    /// The URL held a reserved parameter, so the good cookies were not looked at.
    #[error(
        "the cookies hold a good pass, but the URL holds {}, and is judged in their place",
        listed(.parameters)
    )]
    CookiesIgnored {
        /// The reserved parameters.
        parameters: Vec<CookieName>,
    },
    /// The signature matches over the other hash.
    #[error("the signature was made over {over}, and the pass names {}", hash(.named.as_deref()))]
    HashMarker {
        /// The hash that was signed over.
        over: HashAlgorithm,
        /// What the pass names, if it names one.
        named: Option<Box<str>>,
    },
    /// An IPv6 viewer is never inside an IPv4 network.
    #[error(
        "the viewer came over IPv6 from {address}, and the pass is good from {allowed}, which is IPv4"
    )]
    Ipv6Viewer {
        /// The viewer's address.
        address: IpAddr,
        /// The policy's network.
        allowed: Network,
    },
    /// The pass ended so lately that a clock may be to blame.
    #[error("the pass expired {seconds} s ago, no more than clocks may differ")]
    JustExpired {
        /// Seconds since then.
        seconds: u64,
    },
    /// The signature matches under another trusted key.
    #[error("the pass was signed with the key {signed_by}, and names {}", key(.named.as_ref()))]
    KeyId {
        /// What the pass names, if it could be an ID.
        named: Option<PublicKeyId>,
        /// The key that it was signed with.
        signed_by: PublicKeyId,
    },
    /// A time is in milliseconds.
    #[error("{member} is {found}, in milliseconds; in seconds it is {}", .found / 1000)]
    Milliseconds {
        /// Where it stands.
        member: &'static str,
        /// The number.
        found: u64,
    },
    /// A part of the pass is not there.
    #[error("the pass lacks {}", named(*.part, *.carrier))]
    MissingPart {
        /// Which part. The policy stands for itself and for a canned pass's expiry.
        part: CookieName,
        /// Where it should have been.
        carrier: Carrier,
    },
    /// A cookie or a parameter has nearly the right name.
    #[error("{:?} is not a name that is read: {expected} is", printable(.sent))]
    NameMisspelled {
        /// The name as sent.
        sent: Box<str>,
        /// The name that was meant.
        expected: &'static str,
    },
    /// The pass opens so soon that a clock may be to blame.
    #[error("the pass opens in {seconds} s, no more than clocks may differ")]
    OpensSoon {
        /// Seconds until then.
        seconds: u64,
    },
    /// The policy covers the URL but for one difference.
    #[error(
        "the pass covers {}, and the viewer asked for {}: {difference}",
        printable(.covered),
        printable(.asked)
    )]
    OtherUrlCovered {
        /// The policy's resource.
        covered: Box<str>,
        /// The viewer's URL.
        asked: Box<str>,
        /// What differs.
        difference: Difference,
    },
    /// The canned pass was signed for another URL.
    #[error(
        "the canned pass was signed for {}, and the viewer asked for {}: {difference}",
        printable(.signed),
        printable(.asked)
    )]
    OtherUrlSigned {
        /// The URL that was signed.
        signed: Box<str>,
        /// The viewer's URL.
        asked: Box<str>,
        /// What differs.
        difference: Difference,
    },
    /// A value is percent-encoded.
    #[error("{} is percent-encoded, and nobody will decode it", word(*.part))]
    PercentEncoded {
        /// Which value.
        part: CookieName,
    },
    /// A value stands in quotes.
    #[error("{} stands in quotes, which are taken for a part of it", word(*.part))]
    Quoted {
        /// Which value.
        part: CookieName,
    },
    /// The signature matches the same policy in other bytes.
    #[error("the signature was made over other bytes of the same policy: {rewriting}")]
    Rewritten {
        /// How the signed bytes differ.
        rewriting: Rewriting,
    },
}

impl Diagnosis {
    /// A stable name for logs and programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Alphabet { alphabet: Alphabet::Standard, .. } => "standard_base64",
            Self::Alphabet { alphabet: Alphabet::UrlSafe, .. } => "base64url",
            Self::CookiesIgnored { .. } => "cookies_ignored",
            Self::HashMarker { .. } => "hash_marker",
            Self::Ipv6Viewer { .. } => "ipv6_viewer",
            Self::JustExpired { .. } => "just_expired",
            Self::KeyId { .. } => "key_id",
            Self::Milliseconds { .. } => "milliseconds",
            Self::MissingPart { .. } => "missing_part",
            Self::NameMisspelled { .. } => "name_misspelled",
            Self::OpensSoon { .. } => "opens_soon",
            Self::OtherUrlCovered { difference, .. } | Self::OtherUrlSigned { difference, .. } => {
                difference.name()
            }
            Self::PercentEncoded { .. } => "percent_encoded",
            Self::Quoted { .. } => "quoted",
            Self::Rewritten { rewriting: Rewriting::EscapedSlashes } => "escaped_slashes",
            Self::Rewritten { rewriting: Rewriting::Newline } => "trailing_newline",
            Self::Rewritten { .. } => "white_space",
        }
    }

    /// What to do about it.
    pub const fn fix(&self) -> &'static str {
        match self {
            Self::Alphabet { .. } => "after base64, write + as -, = as _ and / as ~",
            Self::CookiesIgnored { .. } => {
                "rename the URL's own parameter: Expires, Hash-Algorithm, Key-Pair-Id, Policy and Signature are CloudFront's"
            }
            Self::HashMarker { over: HashAlgorithm::Sha1, .. } => {
                "sign over SHA-256, or leave the hash's name out"
            }
            Self::HashMarker { over: HashAlgorithm::Sha256, .. } => {
                "send CloudFront-Hash-Algorithm=SHA256 (Hash-Algorithm=SHA256 in a URL), or sign over SHA-1"
            }
            Self::Ipv6Viewer { .. } => {
                "serve such passes over IPv4 only, or leave the address out of the policy"
            }
            Self::JustExpired { .. } | Self::OpensSoon { .. } => {
                "set both clocks by NTP, and let a pass begin a minute early and end a minute late"
            }
            Self::KeyId { .. } => {
                "name the ID of the key that signs, or sign with the key that is named"
            }
            Self::Milliseconds { .. } => "divide by 1000 and round: Math.floor(Date.now() / 1000)",
            Self::MissingPart { .. } => {
                "send all parts, each with the same Domain and Path; see that none is dropped on the way"
            }
            Self::NameMisspelled { .. } => "spell the name exactly so: its case counts",
            Self::OtherUrlCovered { difference, .. } | Self::OtherUrlSigned { difference, .. } => {
                difference.fix()
            }
            Self::PercentEncoded { .. } => {
                "set the raw value (in PHP: setrawcookie); A-Z a-z 0-9 - ~ _ need no encoding"
            }
            Self::Quoted { .. } => "set the value without quotes; it needs none",
            Self::Rewritten { rewriting: Rewriting::Newline } => {
                "sign the policy without a line break at its end: printf %s, not echo"
            }
            Self::Rewritten { .. } => {
                "sign the very bytes that are sent; of a canned pass, those without any white space"
            }
        }
    }
}

/// A budget of signature checks. Once it is spent, nothing more is found.
pub(crate) struct Checks(pub(crate) usize);

impl Checks {
    fn verify(
        &mut self,
        key: &PublicKey,
        hash: HashAlgorithm,
        text: &[u8],
        signature: &[u8],
    ) -> bool {
        let Some(left) = self.0.checked_sub(1) else { return false };
        self.0 = left;
        key.verify(hash, text, signature)
    }
}

/// Diagnoses one pass that was not admitted.
pub(crate) fn diagnose_pass(
    presented: &PresentedPass<'_>,
    request: &ViewerRequest<'_>,
    trust: &Trust,
    now: EpochTime,
    checks: &mut Checks,
) -> Vec<Diagnosis> {
    let mended = mend(presented);
    let evidence = Evidence::read(&mended.pass, request.url(), trust);
    let carrier = presented.carrier();
    let missing = missing_parts(&mended.pass).into_iter();
    let mut found = mended.mistakes;
    found.extend(missing.map(|part| Diagnosis::MissingPart { part, carrier }));
    found.extend(milliseconds(&evidence));
    found.extend(signature::diagnose(&mended.pass, &evidence, request.url(), trust, checks));
    if let Ok(terms) = &evidence.terms {
        let (url, address) = (request.url(), request.address());
        let circumstances = Circumstances::new(&terms.policy, url, address, now);
        found.extend(place::diagnose(circumstances.statement, request, now));
    }
    found
}

/// The policy's own reading refuses milliseconds, so there is nothing to try.
fn milliseconds(evidence: &Evidence<'_>) -> Option<Diagnosis> {
    let Err(Denial::PolicyMalformed(error)) = &evidence.terms else { return None };
    let (member, found) = match error {
        PolicyError::EpochTimeRange(member, EpochTimeError::Milliseconds(found)) => {
            (*member, *found)
        }
        PolicyError::Expires(EpochTimeError::Milliseconds(found)) => ("Expires", *found),
        _ => return None,
    };
    Some(Diagnosis::Milliseconds { member, found })
}

const fn word(part: CookieName) -> &'static str {
    match part {
        CookieName::Expires => "the expiry",
        CookieName::HashAlgorithm => "the hash's name",
        CookieName::KeyPairId => "the key's ID",
        CookieName::Policy => "the policy",
        CookieName::Signature => "the signature",
    }
}

fn named(part: CookieName, carrier: Carrier) -> String {
    let name = |part: CookieName| match carrier {
        Carrier::Cookies => part.as_str(),
        Carrier::Url => part.parameter(),
    };
    match part {
        CookieName::Policy => {
            format!("{} (or, if canned, {})", name(part), name(CookieName::Expires))
        }
        _ => name(part).to_owned(),
    }
}

fn listed(parts: &[CookieName]) -> String {
    let names: Vec<_> = parts.iter().map(|part| part.parameter()).collect();
    names.join(" and ")
}

fn hash(named: Option<&str>) -> String {
    named.map_or("none, which means SHA1".to_owned(), printable)
}

fn key(named: Option<&PublicKeyId>) -> &str {
    named.map_or("no key that could be one", PublicKeyId::as_str)
}
