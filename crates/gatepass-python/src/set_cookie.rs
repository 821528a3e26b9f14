//! `Set-Cookie` lines for a pass's cookies, and for taking them away again.
//!
//! # Invariants
//!
//! - Only cookies of a pass come through, with values that a pass has: nothing that was put
//!   into a mapping can add an attribute, a second cookie or a header.

use gatepass::{CookieName, SetCookie};
use pyo3::prelude::*;
use pyo3::types::PyMapping;

use crate::{problem, word};

/// The values of the `Set-Cookie` headers, one for each cookie.
#[pyfunction]
#[pyo3(signature = (cookies, *, path="/", domain=None, same_site=None))]
pub(crate) fn set_cookie_lines(
    cookies: &Bound<'_, PyMapping>,
    path: &str,
    domain: Option<&str>,
    same_site: Option<&str>,
) -> PyResult<Vec<String>> {
    let attributes = attributes(path, domain, same_site)?;
    let pairs: Vec<(String, String)> = cookies.items()?.extract()?;
    pairs
        .iter()
        .map(|(name, value)| {
            check(name, value)?;
            Ok(attributes.line(name, value))
        })
        .collect()
}

/// The values of the headers that take away every cookie that a pass may have.
#[pyfunction]
#[pyo3(signature = (*, key_pair_id=None, path="/", domain=None, same_site=None))]
pub(crate) fn clear_cookie_lines(
    key_pair_id: Option<&str>,
    path: &str,
    domain: Option<&str>,
    same_site: Option<&str>,
) -> PyResult<Vec<String>> {
    let names = cookie_names(key_pair_id)?;
    let attributes = attributes(path, domain, same_site)?;
    Ok(attributes.clearing_lines(names.iter().map(String::as_str)))
}

/// The names that a pass's cookies may have: the plain ones, and those with the key's ID.
#[pyfunction]
#[pyo3(signature = (key_pair_id=None))]
pub(crate) fn cookie_names(key_pair_id: Option<&str>) -> PyResult<Vec<String>> {
    let plain = CookieName::ALL.map(CookieName::as_str);
    let mut names = plain.map(str::to_owned).to_vec();
    if let Some(id) = key_pair_id {
        let id = word::key_pair_id(id)?;
        names.extend(plain.map(|name| format!("{name}-{id}")));
    }
    Ok(names)
}

fn attributes(path: &str, domain: Option<&str>, same_site: Option<&str>) -> PyResult<SetCookie> {
    let refuse = |error: gatepass::SetCookieError| problem::cookie(error, None);
    let mut attributes = SetCookie::default().path(path.parse().map_err(refuse)?);
    if let Some(domain) = domain {
        attributes = attributes.domain(domain).map_err(refuse)?;
    }
    Ok(match same_site {
        Some(same_site) => attributes.same_site(word::same_site(same_site)?),
        None => attributes,
    })
}

fn check(name: &str, value: &str) -> PyResult<()> {
    let shown: String = name.chars().take(40).collect();
    if CookieName::recognize(name.as_bytes()).is_none() {
        let hint = "give what SignedCookies.sign_cookies or SignedPass.cookies made";
        return Err(problem::cookie(format!("{shown:?} is no cookie of a pass"), Some(hint)));
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~');
    if value.is_empty() || !value.bytes().all(is_plain) {
        return Err(problem::cookie(format!("the value of {shown} is none that a pass has"), None));
    }
    Ok(())
}
