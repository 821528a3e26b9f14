//! Why a signature does not match: tried over other hashes, keys, bytes and URLs.

use super::mend::decode_url_safe;
use super::urls::{canned_misuses, spellings};
use super::{Alphabet, Checks, Diagnosis, Rewriting};
use crate::cookies::CookieName;
use crate::key::{HashAlgorithm, PublicKey};
use crate::policy::canned_json;
use crate::presented::PresentedPass;
use crate::trusted_keys::Trust;
use crate::url::ViewerUrl;
use crate::verify::Evidence;

/// A signature that can be checked, and the texts that it should match.
struct Suspect<'a> {
    presented: &'a PresentedPass<'a>,
    url: &'a ViewerUrl<'a>,
    signature: &'a [u8],
    signed: &'a [Vec<u8>],
    /// The hash that is named; none if it is not one.
    hash: Option<HashAlgorithm>,
}

/// So many other keys are tried.
const MAX_KEYS: usize = 12;

/// Finds the one mistake with which the signature matches.
pub(super) fn diagnose(
    presented: &PresentedPass<'_>,
    evidence: &Evidence<'_>,
    url: &ViewerUrl<'_>,
    trust: &Trust,
    checks: &mut Checks,
) -> Option<Diagnosis> {
    let (terms, signature) = (evidence.terms.as_ref().ok()?, evidence.signature.as_ref().ok()?);
    let hash = match presented.hash() {
        None | Some(b"SHA1") => Some(HashAlgorithm::Sha1),
        Some(b"SHA256") => Some(HashAlgorithm::Sha256),
        Some(_) => None,
    };
    let suspect = Suspect { presented, url, signature, signed: &terms.signed, hash };
    let Ok((_, key)) = &evidence.key else {
        return suspect.under_another_key(trust, checks);
    };
    if hash.is_some_and(|hash| suspect.matches(key, hash, checks)) {
        return None;
    }
    suspect
        .over_another_hash(key, checks)
        .or_else(|| suspect.under_another_key(trust, checks))
        .or_else(|| suspect.in_base64url(key, checks))
        .or_else(|| suspect.rewritten(key, checks))
        .or_else(|| suspect.for_another_url(key, checks))
}

impl Suspect<'_> {
    fn matches(&self, key: &PublicKey, hash: HashAlgorithm, checks: &mut Checks) -> bool {
        self.signed.iter().any(|text| checks.verify(key, hash, text, self.signature))
    }

    fn hash(&self) -> HashAlgorithm {
        self.hash.unwrap_or_default()
    }

    fn over_another_hash(&self, key: &PublicKey, checks: &mut Checks) -> Option<Diagnosis> {
        let over = [HashAlgorithm::Sha256, HashAlgorithm::Sha1]
            .into_iter()
            .filter(|hash| Some(*hash) != self.hash)
            .find(|hash| self.matches(key, *hash, checks))?;
        let shown = |named| String::from_utf8_lossy(named).chars().take(20).collect();
        Some(Diagnosis::HashMarker { over, named: self.presented.hash().map(shown) })
    }

    fn under_another_key(&self, trust: &Trust, checks: &mut Checks) -> Option<Diagnosis> {
        let named = self.presented.key_id();
        let (signed_by, _) = trust
            .keys
            .iter()
            .filter(|(id, _)| Some(id.as_str().as_bytes()) != named)
            .take(MAX_KEYS)
            .find(|(_, key)| self.matches(key, self.hash(), checks))?;
        let named = named.and_then(|id| std::str::from_utf8(id).ok()?.parse().ok());
        Some(Diagnosis::KeyId { named, signed_by: signed_by.clone() })
    }

    /// A `_` at the end is padding to CloudFront, and a digit in base64url.
    fn in_base64url(&self, key: &PublicKey, checks: &mut Checks) -> Option<Diagnosis> {
        let text = self.presented.signature().filter(|text| text.ends_with(b"_"))?;
        let signature = decode_url_safe(text)?;
        self.signed.iter().find(|text| checks.verify(key, self.hash(), text, &signature))?;
        let part = CookieName::Signature;
        Some(Diagnosis::Alphabet { part, alphabet: Alphabet::UrlSafe })
    }

    fn rewritten(&self, key: &PublicKey, checks: &mut Checks) -> Option<Diagnosis> {
        let (rewriting, _) = rewritings(self.signed.first()?)
            .into_iter()
            .find(|(_, text)| checks.verify(key, self.hash(), text, self.signature))?;
        Some(Diagnosis::Rewritten { rewriting })
    }

    fn for_another_url(&self, key: &PublicKey, checks: &mut Checks) -> Option<Diagnosis> {
        let expires = std::str::from_utf8(self.presented.expires()?).ok()?;
        let mut was_signed = |url: &str, expires: &str| {
            checks.verify(key, self.hash(), canned_json(url, expires).as_bytes(), self.signature)
        };
        let asked = self.url.to_string();
        let in_milliseconds = format!("{expires}000");
        if was_signed(&asked, &in_milliseconds) {
            let found = in_milliseconds.parse().ok()?;
            return Some(Diagnosis::Milliseconds { member: "the signed expiry", found });
        }
        let (difference, signed) = spellings(self.url)
            .into_iter()
            .chain(canned_misuses(self.url))
            .find(|(_, other)| was_signed(other, expires))?;
        let (signed, asked) = (signed.into(), asked.into());
        Some(Diagnosis::OtherUrlSigned { signed, asked, difference })
    }
}

fn rewritings(text: &[u8]) -> Vec<(Rewriting, Vec<u8>)> {
    let stripped: Vec<u8> =
        text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let slashed = escape_slashes(&stripped);
    let rewritings = [
        (Rewriting::Newline, [text, b"\n"].concat()),
        (Rewriting::Newline, [text, b"\r\n"].concat()),
        (Rewriting::Spaces, with_spaces(&stripped)),
        (Rewriting::EscapedSlashes, slashed),
        (Rewriting::Stripped, text.trim_ascii().to_vec()),
        (Rewriting::Stripped, stripped),
    ];
    rewritings.into_iter().filter(|(_, rewritten)| rewritten != text).collect()
}

/// Writes a space after each `:` and `,` that stands outside of text.
fn with_spaces(json: &[u8]) -> Vec<u8> {
    let (mut in_text, mut is_escaped) = (false, false);
    let mut spaced = Vec::with_capacity(json.len() + 16);
    for &byte in json {
        spaced.push(byte);
        if is_escaped {
            is_escaped = false;
        } else if byte == b'"' {
            in_text = !in_text;
        } else if in_text {
            is_escaped = byte == b'\\';
        } else if matches!(byte, b':' | b',') {
            spaced.push(b' ');
        }
    }
    spaced
}

fn escape_slashes(json: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(json.len() + 16);
    for &byte in json {
        if byte == b'/' {
            escaped.push(b'\\');
        }
        escaped.push(byte);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_spaces_between_but_not_within() {
        let json = br#"{"a":["x,\":y",1],"b":2}"#;
        assert_eq!(with_spaces(json), br#"{"a": ["x,\":y", 1], "b": 2}"#);
    }
}
