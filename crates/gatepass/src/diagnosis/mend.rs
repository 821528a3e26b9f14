//! Values put right: out of their quotes, percent-decoded, in CloudFront's alphabet.
//!
//! None of these mistakes can be mistaken: no part of a pass has a quote or a `%` in it, and
//! an alphabet is only blamed if the value can't be read in CloudFront's, but in that one.

use std::borrow::Cow;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use percent_encoding::percent_decode;

use super::{Alphabet, Diagnosis};
use crate::cookies::CookieName;
use crate::encoding::{decode, encode};
use crate::presented::PresentedPass;

/// A pass as it was meant, and what had to be put right for it.
pub(crate) struct Mended<'a> {
    pub(crate) pass: PresentedPass<'a>,
    pub(crate) mistakes: Vec<Diagnosis>,
}

/// Puts every part right that can be.
pub(crate) fn mend<'a>(presented: &PresentedPass<'a>) -> Mended<'a> {
    let mut mended = Mended { pass: presented.clone(), mistakes: Vec::new() };
    for part in CookieName::ALL {
        let Some(value) = presented.value(part) else { continue };
        let mistakes = mended.mistakes.len();
        let meant = meant(part, value, &mut mended.mistakes);
        if mended.mistakes.len() > mistakes {
            mended.pass = mended.pass.with(part, meant.into_owned());
        }
    }
    mended
}

fn meant<'v>(part: CookieName, value: &'v [u8], found: &mut Vec<Diagnosis>) -> Cow<'v, [u8]> {
    let mut meant = Cow::Borrowed(value);
    if let [b'"', inner @ .., b'"'] = value {
        found.push(Diagnosis::Quoted { part });
        meant = Cow::Borrowed(inner);
    }
    if let Some(decoded) = percent_decoded(&meant) {
        found.push(Diagnosis::PercentEncoded { part });
        meant = Cow::Owned(decoded);
    }
    let is_base64 = matches!(part, CookieName::Policy | CookieName::Signature);
    let is_unread = is_base64 && decode(&meant).is_err();
    if let Some((alphabet, bytes)) = is_unread.then(|| decode_otherwise(&meant)).flatten() {
        found.push(Diagnosis::Alphabet { part, alphabet });
        meant = Cow::Owned(encode(&bytes).into_bytes());
    }
    meant
}

/// Decodes once or, if that leaves escapes, twice: none if there was nothing to decode.
fn percent_decoded(value: &[u8]) -> Option<Vec<u8>> {
    let once: Cow<'_, [u8]> = percent_decode(value).into();
    let Cow::Owned(once) = once else { return None };
    Some(percent_decode(&once).collect())
}

fn decode_otherwise(value: &[u8]) -> Option<(Alphabet, Vec<u8>)> {
    let unpadded = match value {
        [most @ .., b'=', b'='] | [most @ .., b'='] => most,
        all => all,
    };
    let standard = BASE64_NOPAD.decode(unpadded).map(|bytes| (Alphabet::Standard, bytes));
    standard.ok().or_else(|| Some((Alphabet::UrlSafe, decode_url_safe(unpadded)?)))
}

/// Reads base64url without padding, in which a `_` at the end stands for 63.
pub(super) fn decode_url_safe(unpadded: &[u8]) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(unpadded).ok()
}
