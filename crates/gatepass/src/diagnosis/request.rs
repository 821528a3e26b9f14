//! What is wrong with a request as a whole: names nearly right, and cookies not looked at.

use super::Diagnosis;
use crate::cookies::CookieName;
use crate::policy::Reading;
use crate::presented::{Carrier, PresentedPass};
use crate::request::ViewerRequest;
use crate::time::EpochTime;
use crate::trusted_keys::Trust;
use crate::verify::verify;

/// So many misspelled names are told of one request.
const MAX_NAMES: usize = 5;

/// Diagnoses a request that was not admitted, whatever it presented.
pub(crate) fn diagnose_request(
    request: &ViewerRequest<'_>,
    trust: &Trust,
    now: EpochTime,
) -> Vec<Diagnosis> {
    let tries = request.passes().tries(trust);
    let url_pass = tries.iter().find(|pass| pass.carrier() == Carrier::Url);
    let mut found = misspelled_parameters(request, url_pass);
    match url_pass {
        Some(pass) => found.extend(ignored_cookies(request, pass, trust, now)),
        None => found.extend(misspelled_cookies(request, &tries, trust.reading)),
    }
    found.truncate(MAX_NAMES);
    found
}

fn ignored_cookies(
    request: &ViewerRequest<'_>,
    pass: &PresentedPass<'_>,
    trust: &Trust,
    now: EpochTime,
) -> Option<Diagnosis> {
    verify(&request.without_url_pass(), trust, now).ok()?;
    Some(Diagnosis::CookiesIgnored { parameters: pass.named() })
}

/// Names that miss a part's by case or punctuation, of parts that no pass has.
fn misspelled_cookies(
    request: &ViewerRequest<'_>,
    tries: &[PresentedPass<'_>],
    reading: Reading,
) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    for cookie in request.cookies().flat_map(|header| header.split(|&byte| byte == b';')) {
        let name = cookie.split(|&byte| byte == b'=').next().unwrap_or_default().trim_ascii();
        let Some(part) = misspelled(name, reading) else { continue };
        let diagnosis = diagnosis(name, part.as_str());
        let is_missing = tries.iter().all(|pass| pass.value(part).is_none());
        if is_missing && found.len() < MAX_NAMES && !found.contains(&diagnosis) {
            found.push(diagnosis);
        }
    }
    found
}

/// Names of ordinary parameters are often close to the reserved ones, so these are only
/// told if, rightly spelled, they would complete the pass.
fn misspelled_parameters(
    request: &ViewerRequest<'_>,
    url_pass: Option<&PresentedPass<'_>>,
) -> Vec<Diagnosis> {
    let query = request.url().query().unwrap_or_default();
    let names = query.split('&').map(|parameter| parameter.split('=').next().unwrap_or_default());
    let mut found = Vec::new();
    for name in names {
        let meant = CookieName::ALL.into_iter().find(|part| is_close(name, part.parameter()));
        if let Some(part) = meant.filter(|_| found.len() < 2 * MAX_NAMES) {
            found.push((name, part));
        }
    }
    let has = |part: CookieName| {
        found.iter().any(|(_, meant)| *meant == part)
            || url_pass.is_some_and(|pass| pass.value(part).is_some())
    };
    let is_complete = has(CookieName::Signature)
        && has(CookieName::KeyPairId)
        && (has(CookieName::Policy) || has(CookieName::Expires));
    let told = found.iter().filter(|_| is_complete);
    told.map(|(name, part)| diagnosis(name.as_bytes(), part.parameter())).collect()
}

/// The part that a cookie's name was probably meant for, if it names none.
pub(crate) fn misspelled(name: &[u8], reading: Reading) -> Option<CookieName> {
    match CookieName::recognize(name) {
        Some((part, Some(_))) if reading == Reading::CloudFront => Some(part),
        Some(_) => None,
        None => {
            let name = std::str::from_utf8(name).ok()?;
            CookieName::ALL.into_iter().find(|part| is_close(name, part.as_str()))
        }
    }
}

fn is_close(name: &str, expected: &str) -> bool {
    let letters = |text: &str| {
        let letters = text.bytes().filter(u8::is_ascii_alphanumeric);
        letters.map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>()
    };
    name.len() <= 2 * expected.len() && name != expected && letters(name) == letters(expected)
}

fn diagnosis(sent: &[u8], expected: &'static str) -> Diagnosis {
    Diagnosis::NameMisspelled { sent: String::from_utf8_lossy(sent).into(), expected }
}
