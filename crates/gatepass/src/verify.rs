//! The rules, in one list. `verify` walks it until one is not met; `explain` asks them all.
//!
//! The first six settle whether a pass is **genuine**: they depend on what was presented and
//! on the keys, so their verdict may be remembered. The last three settle whether it is good
//! **here and now**, and are asked on every request.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::digest::SHA256;

use crate::cookies::CookieName;
use crate::denial::Denial;
use crate::ecdsa_twin::twin;
use crate::encoding::{EncodingError, decode};
use crate::key::{HashAlgorithm, PublicKey};
use crate::policy::{
    JsonStyle, MAX_POLICY_BYTES, Policy, PolicyError, Scope, Statement, canned_json, quote,
};
use crate::presented::PresentedPass;
use crate::request::ViewerRequest;
use crate::time::{EpochTime, EpochTimeError, Moment};
use crate::trusted_keys::{PublicKeyId, Trust};
use crate::url::ViewerUrl;

/// A rule that a pass has to meet.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) ask: Ask,
}

pub(crate) enum Ask {
    /// Is the pass genuine?
    Pass(for<'a> fn(&Evidence<'a>) -> Result<(), Denial>),
    /// Is it good here and now?
    Place(for<'a> fn(&Circumstances<'a>) -> Result<(), Denial>),
}

/// In the order in which CloudFront's answers let one see it ask.
pub(crate) const RULES: [Rule; 9] = [
    Rule { name: "the pass names a key", ask: Ask::Pass(pass_names_a_key) },
    Rule { name: "the key is trusted", ask: Ask::Pass(key_is_trusted) },
    Rule { name: "the policy can be read", ask: Ask::Pass(policy_can_be_read) },
    Rule { name: "the signature can be decoded", ask: Ask::Pass(signature_can_be_decoded) },
    Rule { name: "the hash is accepted", ask: Ask::Pass(hash_is_accepted) },
    Rule { name: "the signature matches", ask: Ask::Pass(signature_matches) },
    Rule { name: "the window is open", ask: Ask::Place(window_is_open) },
    Rule { name: "the resource is covered", ask: Ask::Place(resource_is_covered) },
    Rule { name: "the address is allowed", ask: Ask::Place(address_is_allowed) },
];

/// A pass whose signature was checked: what it says, a trusted key has said.
///
/// It is not yet admitted: ask [`GenuinePass::admit`] on every request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GenuinePass {
    key_id: PublicKeyId,
    policy: Policy,
    digest: [u8; 32],
    twin_digest: Option<[u8; 32]>,
}

/// Proof that every rule was met by one request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pass {
    genuine: Arc<GenuinePass>,
    expiry: EpochTime,
}

impl Pass {
    /// The key that signed it.
    pub fn key_id(&self) -> &PublicKeyId {
        &self.genuine.key_id
    }

    /// When it ends.
    pub const fn expiry(&self) -> EpochTime {
        self.expiry
    }

    /// SHA-256 of the signature: names this pass in a log without being of use to a thief.
    pub fn digest(&self) -> &[u8; 32] {
        &self.genuine.digest
    }

    /// The digest of the same pass under the one other signature that its holder can make
    /// of it, which CloudFront takes too: `s` and `n - s` are equally good in ECDSA. Whoever
    /// refuses a pass by its digest refuses both.
    pub fn twin_digest(&self) -> Option<&[u8; 32]> {
        self.genuine.twin_digest.as_ref()
    }
}

/// Judges a request: the first of its passes that meets every rule counts. If none does,
/// the denial is that of the pass that came furthest.
pub fn verify(request: &ViewerRequest<'_>, trust: &Trust, now: EpochTime) -> Result<Pass, Denial> {
    first_admitted(&request.passes().tries(trust), |presented| {
        authenticate(presented, request.url(), trust)?.admit(request, now)
    })
}

/// Asks one pass after the other until one is admitted; else tells the furthest denial.
pub fn first_admitted(
    tries: &[PresentedPass<'_>],
    mut ask: impl FnMut(&PresentedPass<'_>) -> Result<Pass, Denial>,
) -> Result<Pass, Denial> {
    let mut furthest: Option<Denial> = None;
    for presented in tries {
        match ask(presented) {
            Ok(pass) => return Ok(pass),
            Err(denial) => {
                let came_further =
                    furthest.as_ref().is_none_or(|best| progress(&denial) > progress(best));
                if came_further {
                    furthest = Some(denial);
                }
            }
        }
    }
    Err(furthest.unwrap_or(Denial::NoPass))
}

/// Settles whether a presented pass is genuine: this is where signatures are checked.
pub fn authenticate(
    presented: &PresentedPass<'_>,
    url: &ViewerUrl<'_>,
    trust: &Trust,
) -> Result<Arc<GenuinePass>, Denial> {
    // Nothing else is read for a key that nobody trusts: a stranger's policy costs nothing.
    read_key(presented, trust)?;
    let evidence = Evidence::read(presented, url, trust);
    for rule in &RULES {
        if let Ask::Pass(ask) = rule.ask {
            ask(&evidence)?;
        }
    }
    let signature = evidence.signature?;
    let (digest, twin_digest) = (sha256(&signature), twin(&signature).as_deref().map(sha256));
    let (key_id, policy) = (evidence.key?.0.clone(), evidence.terms?.policy);
    Ok(Arc::new(GenuinePass { key_id, policy, digest, twin_digest }))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(aws_lc_rs::digest::digest(&SHA256, bytes).as_ref());
    digest
}

impl GenuinePass {
    /// Settles whether the pass is good for this request at this time.
    pub fn admit(
        self: Arc<Self>,
        request: &ViewerRequest<'_>,
        now: EpochTime,
    ) -> Result<Pass, Denial> {
        let circumstances = Circumstances::new(&self.policy, request.url(), request.address(), now);
        for rule in &RULES {
            if let Ask::Place(ask) = rule.ask {
                ask(&circumstances)?;
            }
        }
        let expiry = circumstances.statement.window().expiry();
        Ok(Pass { genuine: self, expiry })
    }

    /// The key that signed it.
    pub const fn key_id(&self) -> &PublicKeyId {
        &self.key_id
    }

    /// SHA-256 of the signature, as of a [`Pass::digest`].
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// What it says.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// How far a request came: the place of the rule that denied it.
pub(crate) fn progress(denial: &Denial) -> usize {
    match denial {
        Denial::NoPass
        | Denial::ParameterRepeated(_)
        | Denial::KeyIdMissing
        | Denial::KeyIdMalformed(_) => 0,
        Denial::KeyUnknown(_) => 1,
        Denial::PolicyMissing | Denial::PolicyMalformed(_) => 2,
        Denial::SignatureMissing | Denial::SignatureUndecodable(_) => 3,
        Denial::HashUnsupported(_) | Denial::HashTooWeak { .. } => 4,
        Denial::SignatureMismatch(_) => 5,
        Denial::NotYet { .. } | Denial::Expired { .. } => 6,
        Denial::ResourceNotCovered { .. } => 7,
        Denial::AddressNotAllowed { .. } => 8,
        Denial::Revoked { .. } => 9,
    }
}

/// A presented pass, its parts read as far as they can be.
pub(crate) struct Evidence<'a> {
    pub(crate) key: Result<(&'a PublicKeyId, &'a PublicKey), Denial>,
    pub(crate) terms: Result<Terms, Denial>,
    pub(crate) signature: Result<Vec<u8>, Denial>,
    pub(crate) hash: Result<HashAlgorithm, Denial>,
}

/// What was signed, if the signature matches.
pub(crate) struct Terms {
    pub(crate) policy: Policy,
    /// The texts that the signature may have been made over: one for a custom policy; for a
    /// canned one, the spellings of the request's URL that mean the same.
    pub(crate) signed: Vec<Vec<u8>>,
}

impl<'a> Evidence<'a> {
    pub(crate) fn read(
        presented: &PresentedPass<'_>,
        url: &ViewerUrl<'_>,
        trust: &'a Trust,
    ) -> Self {
        Self {
            key: read_key(presented, trust),
            terms: read_terms(presented, url, trust),
            signature: read_signature(presented),
            hash: read_hash(presented, trust),
        }
    }
}

fn read_key<'a>(
    presented: &PresentedPass<'_>,
    trust: &'a Trust,
) -> Result<(&'a PublicKeyId, &'a PublicKey), Denial> {
    if let Some(name) = presented.repeated() {
        return Err(Denial::ParameterRepeated(name));
    }
    let id = presented.key_id().ok_or(Denial::KeyIdMissing)?;
    trust.keys.find(id).ok_or_else(|| {
        let text = std::str::from_utf8(id).unwrap_or_default();
        text.parse().map_or(Denial::KeyIdMalformed(id.len()), Denial::KeyUnknown)
    })
}

fn read_terms(
    presented: &PresentedPass<'_>,
    url: &ViewerUrl<'_>,
    trust: &Trust,
) -> Result<Terms, Denial> {
    if let Some(encoded) = presented.policy() {
        // Base64 is a third longer than what it holds: no use decoding what is too long.
        if encoded.len() > MAX_POLICY_BYTES * 4 / 3 + 4 {
            return Err(PolicyError::TooLong(encoded.len() / 4 * 3).into());
        }
        let json = decode(encoded).map_err(PolicyError::Encoding)?;
        return Ok(Terms { policy: Policy::parse(&json, trust.reading)?, signed: vec![json] });
    }
    let expires = presented.expires().ok_or(Denial::PolicyMissing)?;
    let expires = std::str::from_utf8(expires)
        .map_err(|_| PolicyError::Expires(EpochTimeError::NotANumber("not text".into())))?;
    let expiry = expires.parse().map_err(PolicyError::Expires)?;
    let signed = spellings(url).map(|url| canned_json(&url, expires).into_bytes()).collect();
    Ok(Terms { policy: Policy::canned(url, expiry), signed })
}

/// The URL as it may stand in a canned policy: as sent, with its host in lower case, and
/// (if it has a quote or a backslash) as JSON escapes it. All mean the same URL.
pub(crate) fn spellings<'u>(url: &'u ViewerUrl<'_>) -> impl Iterator<Item = Cow<'u, str>> {
    let as_sent = url.to_string();
    let has_upper = url.host().bytes().any(|byte| byte.is_ascii_uppercase());
    let lowered = has_upper.then(|| {
        let host = url.scheme().as_str().len() + 3;
        let mut text = as_sent.clone();
        text[host..host + url.host().len()].make_ascii_lowercase();
        text
    });
    let escaped = as_sent.contains(['"', '\\']).then(|| {
        let quoted = quote(&as_sent, JsonStyle::JavaScript);
        quoted[1..quoted.len() - 1].to_owned()
    });
    [Some(as_sent), lowered, escaped].into_iter().flatten().map(Cow::Owned)
}

fn read_signature(presented: &PresentedPass<'_>) -> Result<Vec<u8>, Denial> {
    let encoded = presented.signature().ok_or(Denial::SignatureMissing)?;
    // The longest signature we verify has 512 bytes.
    match encoded.len() {
        0..=4096 => decode(encoded).map_err(Denial::SignatureUndecodable),
        length => Err(Denial::SignatureUndecodable(EncodingError::too_long(length))),
    }
}

fn read_hash(presented: &PresentedPass<'_>, trust: &Trust) -> Result<HashAlgorithm, Denial> {
    let used = match presented.hash() {
        None | Some(b"SHA1") => HashAlgorithm::Sha1,
        Some(b"SHA256") => HashAlgorithm::Sha256,
        Some(other) => {
            let shown = String::from_utf8_lossy(other).chars().take(20).collect();
            return Err(Denial::HashUnsupported(shown));
        }
    };
    if used < trust.minimum_hash {
        return Err(Denial::HashTooWeak { used, wanted: trust.minimum_hash });
    }
    Ok(used)
}

fn pass_names_a_key(evidence: &Evidence<'_>) -> Result<(), Denial> {
    match &evidence.key {
        Err(denial) if progress(denial) == 0 => Err(denial.clone()),
        _ => Ok(()),
    }
}

fn key_is_trusted(evidence: &Evidence<'_>) -> Result<(), Denial> {
    evidence.key.clone().map(drop)
}

fn policy_can_be_read(evidence: &Evidence<'_>) -> Result<(), Denial> {
    evidence.terms.as_ref().map(drop).map_err(Clone::clone)
}

fn signature_can_be_decoded(evidence: &Evidence<'_>) -> Result<(), Denial> {
    evidence.signature.as_ref().map(drop).map_err(Clone::clone)
}

fn hash_is_accepted(evidence: &Evidence<'_>) -> Result<(), Denial> {
    evidence.hash.clone().map(drop)
}

fn signature_matches(evidence: &Evidence<'_>) -> Result<(), Denial> {
    let (id, key) = evidence.key.clone()?;
    let (hash, signature) = (evidence.hash.clone()?, evidence.signature.as_ref());
    let (terms, signature) = (evidence.terms.as_ref(), signature.map_err(Clone::clone)?);
    let signed = &terms.map_err(Clone::clone)?.signed;
    if signed.iter().any(|text| key.verify(hash, text, signature)) {
        Ok(())
    } else {
        Err(Denial::SignatureMismatch(id.clone()))
    }
}

/// Where and when a genuine pass is shown, and the statement of it that fits best.
pub(crate) struct Circumstances<'a> {
    pub(crate) statement: &'a Statement,
    url: &'a ViewerUrl<'a>,
    address: IpAddr,
    now: EpochTime,
}

impl<'a> Circumstances<'a> {
    /// Of several statements, takes the one that meets the most rules in their order.
    pub(crate) fn new(
        policy: &'a Policy,
        url: &'a ViewerUrl<'a>,
        address: IpAddr,
        now: EpochTime,
    ) -> Self {
        let with = |statement| Self { statement, url, address, now };
        match policy.statements() {
            [only] => with(only),
            several => several
                .iter()
                .map(with)
                .reduce(|best, next| if next.met() > best.met() { next } else { best })
                .expect("a policy has a statement"),
        }
    }

    fn met(&self) -> usize {
        let asks = RULES.iter().filter_map(|rule| match rule.ask {
            Ask::Place(ask) => Some(ask),
            Ask::Pass(_) => None,
        });
        asks.take_while(|ask| ask(self).is_ok()).count()
    }
}

fn window_is_open(at: &Circumstances<'_>) -> Result<(), Denial> {
    let (window, now) = (at.statement.window(), at.now);
    match window.place(now) {
        Moment::Inside => Ok(()),
        Moment::TooEarly => Err(Denial::NotYet { opens: window.start().unwrap_or(now), now }),
        Moment::TooLate => Err(Denial::Expired { expired: window.expiry(), now }),
    }
}

fn resource_is_covered(at: &Circumstances<'_>) -> Result<(), Denial> {
    let scope: &Scope = at.statement.scope();
    if scope.covers(at.url) {
        return Ok(());
    }
    let covered = scope.texts().into_iter().map(Box::from).collect();
    Err(Denial::ResourceNotCovered { url: at.url.to_string().into(), covered })
}

fn address_is_allowed(at: &Circumstances<'_>) -> Result<(), Denial> {
    match at.statement.network() {
        Some(allowed) if !allowed.contains(at.address) => Err(Denial::AddressNotAllowed {
            address: at.address.to_canonical(),
            allowed: allowed.clone(),
        }),
        _ => Ok(()),
    }
}

/// The parts that a pass of this kind lacks.
pub(crate) fn missing_parts(presented: &PresentedPass<'_>) -> Vec<CookieName> {
    let terms = presented.policy().or(presented.expires());
    [
        (CookieName::Policy, terms),
        (CookieName::Signature, presented.signature()),
        (CookieName::KeyPairId, presented.key_id()),
    ]
    .into_iter()
    .filter_map(|(name, part)| part.is_none().then_some(name))
    .collect()
}
