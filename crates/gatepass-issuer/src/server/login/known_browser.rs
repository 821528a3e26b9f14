//! The browsers in which somebody logged in before: attempts there are not counted with those
//! of strangers, who could otherwise make a name wait for as long as they like (OWASP calls
//! these device cookies).
//!
//! # Invariants
//!
//! The cookie is sealed. Whoever steals one gains a slow way to guess one name's password.

use aws_lc_rs::rand;
use data_encoding::HEXLOWER;
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::seal::{Seal, Secret};
use crate::server::cookies;

/// Lays the cookie, and reads it.
pub(crate) struct KnownBrowsers {
    seal: Seal,
}

const COOKIE_NAME: &str = "__Host-gatepass-browser";

/// A browser, and who logged in there.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct KnownBrowser {
    id: Box<str>,
    names: Vec<Box<str>>,
}

impl KnownBrowsers {
    /// The most names of one browser: those that logged in last.
    const MOST_NAMES: usize = 4;

    /// Half a year, in seconds.
    const LIFETIME: u32 = 15_552_000;

    pub(crate) fn new(secret: &Secret) -> Self {
        Self { seal: Seal::new(secret, "known browser") }
    }

    /// The browser that sent these, if it is known.
    pub(crate) fn read(&self, headers: &HeaderMap) -> Option<KnownBrowser> {
        let mut ours = cookies::values(headers, COOKIE_NAME);
        ours.find_map(|value| serde_json::from_slice(&self.seal.open(value)?).ok())
    }

    /// The line that makes a browser known to a name, besides the names that know it.
    pub(crate) fn remember(&self, known: Option<KnownBrowser>, name: &str) -> HeaderValue {
        let mut browser = known.unwrap_or_else(|| {
            let mut random = [0; 16];
            rand::fill(&mut random).expect("the system gives random numbers");
            KnownBrowser { id: HEXLOWER.encode(&random).into(), names: Vec::new() }
        });
        browser.names.retain(|known| **known != *name);
        browser.names.push(name.into());
        let first = browser.names.len().saturating_sub(Self::MOST_NAMES);
        browser.names.drain(..first);
        let text = serde_json::to_vec(&browser).expect("a browser has text for keys");
        let sealed = self.seal.seal(&text);
        let lifetime = Self::LIFETIME;
        let line = format!(
            "{COOKIE_NAME}={sealed}; Path=/; Max-Age={lifetime}; Secure; HttpOnly; SameSite=Strict"
        );
        HeaderValue::from_str(&line).expect("sealed text is letters and digits")
    }
}

impl KnownBrowser {
    /// What its attempts are counted by, if this name logged in there.
    pub(crate) fn knows(&self, name: &str) -> Option<&str> {
        self.names.iter().any(|known| **known == *name).then_some(&self.id)
    }
}

impl std::fmt::Debug for KnownBrowsers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownBrowsers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browsers() -> KnownBrowsers {
        KnownBrowsers::new(&Secret::new(&[7; 32]).unwrap())
    }

    fn sent(set_cookie: &HeaderValue) -> HeaderMap {
        let cookie = set_cookie.to_str().unwrap().split(';').next().unwrap();
        HeaderMap::from_iter([(http::header::COOKIE, HeaderValue::from_str(cookie).unwrap())])
    }

    #[test]
    fn a_browser_is_known_to_those_who_logged_in_there() {
        let browsers = browsers();
        assert!(browsers.read(&HeaderMap::new()).is_none());
        let line = browsers.remember(None, "ada");
        assert!(line.to_str().unwrap().starts_with("__Host-gatepass-browser="));
        let browser = browsers.read(&sent(&line)).unwrap();
        let id = browser.knows("ada").unwrap().to_owned();
        assert!(browser.knows("bob").is_none());
        let both = browsers.read(&sent(&browsers.remember(Some(browser), "bob"))).unwrap();
        assert_eq!((both.knows("ada"), both.knows("bob")), (Some(&*id), Some(&*id)));
    }

    #[test]
    fn a_browser_remembers_few_names_and_fits_into_a_cookie() {
        let browsers = browsers();
        let mut known = None;
        let names: Vec<_> = (0..9).map(|number| number.to_string().repeat(255)).collect();
        for name in &names {
            let line = browsers.remember(known, name);
            assert!(line.len() < 4_096, "{}", line.len());
            known = browsers.read(&sent(&line));
        }
        let known = known.unwrap();
        let remembered: Vec<_> = names.iter().map(|name| known.knows(name).is_some()).collect();
        assert_eq!(remembered, [false, false, false, false, false, true, true, true, true]);
    }

    #[test]
    fn a_made_up_cookie_is_nobody() {
        let other = KnownBrowsers::new(&Secret::new(&[8; 32]).unwrap());
        assert!(browsers().read(&sent(&other.remember(None, "ada"))).is_none());
    }
}
