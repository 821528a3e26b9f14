//! Attempts to log in that a browser has begun: what it was sent away with, kept by itself.
//!
//! Each attempt is a cookie of its own, sealed, so that several tabs can be at the provider at
//! once and none overwrites another's. A browser without the cookie of a state has not begun it,
//! so that nobody can be logged in to somebody else's account by a link (login CSRF).
//!
//! # Invariants
//!
//! An attempt ends ten minutes after it began. A browser keeps at most [`MOST`] of them, and
//! [`MOST_BYTES`] of cookies; the oldest go first.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use gatepass::EpochTime;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::seal::Seal;
use crate::server::cookies;

/// What one browser was sent to the provider with.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Attempt {
    /// Comes back in the callback.
    #[serde(rename = "s")]
    pub(super) state: Box<str>,
    /// Comes back in the ID token.
    #[serde(rename = "n")]
    pub(super) nonce: Box<str>,
    /// Goes to the token endpoint; the provider was shown its hash (RFC 7636).
    #[serde(rename = "v")]
    pub(super) verifier: Box<str>,
    /// Where the person wants to go. It is checked again when they are back.
    #[serde(rename = "r")]
    pub(super) return_to: Box<str>,
    /// When it began, in epoch seconds.
    #[serde(rename = "b")]
    began: u64,
}

/// An attempt that is over, however it goes on.
pub(super) struct Taken {
    pub(super) attempt: Attempt,
    /// The `Set-Cookie` line that ends it.
    pub(super) line: String,
    /// Whether it ended by itself before.
    pub(super) is_late: bool,
}

/// Who can open the cookies of attempts.
pub(super) struct Attempts {
    seal: Seal,
}

/// The beginning of the cookies' names. With this prefix browsers take a cookie from this very
/// host alone, so no sibling can plant one.
const PREFIX: &str = "__Host-gatepass-oidc-";

const ATTRIBUTES: &str = "; Path=/; Secure; HttpOnly; SameSite=Lax";

/// The most attempts that a browser keeps.
const MOST: usize = 5;

/// The most bytes of their cookies; other cookies and a request's line have to fit beside them.
const MOST_BYTES: usize = 6_000;

/// The most cookies that are opened: each costs a decryption.
const MOST_OPENED: usize = 16;

/// The longest place to return to, in bytes. Whoever wants further goes to the start.
const LONGEST_RETURN: usize = 1_024;

impl Attempt {
    /// How long an attempt counts, in seconds.
    pub(super) const LIFETIME: u64 = 600;

    pub(super) fn begin(return_to: &str, now: EpochTime) -> Self {
        let return_to = if return_to.len() > LONGEST_RETURN { "/" } else { return_to };
        Self {
            state: random(),
            nonce: random(),
            verifier: random(),
            return_to: return_to.into(),
            began: now.seconds(),
        }
    }

    /// What the provider is shown of the verifier: S256.
    pub(super) fn challenge(&self) -> String {
        BASE64URL_NOPAD.encode(digest(&SHA256, self.verifier.as_bytes()).as_ref())
    }

    fn is_late(&self, now: EpochTime) -> bool {
        // One from the future wraps around to very late: the clock was set back.
        now.seconds().wrapping_sub(self.began) >= Self::LIFETIME
    }
}

/// 256 bits that nobody can guess, in 43 characters.
fn random() -> Box<str> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
    BASE64URL_NOPAD.encode(&bytes).into()
}

impl Attempts {
    pub(super) const fn new(seal: Seal) -> Self {
        Self { seal }
    }

    /// The `Set-Cookie` lines that add an attempt to those a browser has, and drop the oldest.
    pub(super) fn adding(
        &self,
        attempt: &Attempt,
        headers: &HeaderMap,
        now: EpochTime,
    ) -> Vec<String> {
        let sealed = self.seal.seal(&serde_json::to_vec(attempt).expect("texts and a number"));
        let name = format!("{PREFIX}{}", &attempt.state[..8]);
        let mut bytes = name.len() + sealed.len();
        let line = format!("{name}={sealed}{ATTRIBUTES}; Max-Age={}", Attempt::LIFETIME);

        let mut old = self.kept(headers);
        old.sort_by_key(|(_, _, attempt)| {
            std::cmp::Reverse(attempt.as_ref().map_or(0, |attempt| attempt.began))
        });
        let mut count = 1;
        let dropped = old.into_iter().filter(|(name, value, attempt)| {
            let is_good = attempt.as_ref().is_some_and(|attempt| !attempt.is_late(now));
            bytes += name.len() + value.len();
            count += 1;
            !is_good || count > MOST || bytes > MOST_BYTES
        });
        let mut lines: Vec<_> = dropped.map(|(name, ..)| clearing(&name)).collect();
        lines.push(line);
        lines
    }

    /// The lines that take away whatever attempts a browser has.
    pub(super) fn dropping(&self, headers: &HeaderMap) -> Vec<String> {
        self.kept(headers).into_iter().map(|(name, ..)| clearing(&name)).collect()
    }

    /// The attempt that a state belongs to, if this browser began it.
    pub(super) fn take(&self, state: &str, headers: &HeaderMap, now: EpochTime) -> Option<Taken> {
        let is_it = |attempt: &Attempt| {
            verify_slices_are_equal(attempt.state.as_bytes(), state.as_bytes()).is_ok()
        };
        self.kept(headers).into_iter().find_map(|(name, _, attempt)| {
            let attempt = attempt.filter(is_it)?;
            Some(Taken { line: clearing(&name), is_late: attempt.is_late(now), attempt })
        })
    }

    /// The attempts among a browser's cookies: name, value, and what it opens to.
    fn kept(&self, headers: &HeaderMap) -> Vec<(String, String, Option<Attempt>)> {
        let own = cookies::pairs(headers).filter(|(name, _)| {
            let rest = name.strip_prefix(PREFIX);
            rest.is_some_and(|rest| rest.len() == 8 && rest.bytes().all(is_plain))
        });
        own.take(MOST_OPENED)
            .map(|(name, value)| {
                let opened = self.seal.open(value);
                let attempt = opened.and_then(|bytes| serde_json::from_slice(&bytes).ok());
                (name.to_owned(), value.to_owned(), attempt)
            })
            .collect()
    }
}

fn clearing(name: &str) -> String {
    format!("{name}={ATTRIBUTES}; Max-Age=0")
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::Secret;

    fn at(seconds: u64) -> EpochTime {
        EpochTime::new(10_000 + seconds).unwrap()
    }

    fn attempts() -> Attempts {
        Attempts::new(Seal::new(&Secret::new(&[7; 32]).unwrap(), "oidc"))
    }

    /// What a browser sends that took these lines.
    #[derive(Default)]
    struct Jar(Vec<(String, String)>);

    impl Jar {
        fn take(&mut self, lines: &[String]) {
            for line in lines {
                let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
                self.0.retain(|(known, _)| known != name);
                if !line.ends_with("Max-Age=0") {
                    self.0.push((name.to_owned(), value.to_owned()));
                }
            }
        }

        fn headers(&self) -> HeaderMap {
            let all: Vec<_> =
                self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
            HeaderMap::from_iter([(http::header::COOKIE, all.join("; ").parse().unwrap())])
        }
    }

    fn begun(jar: &mut Jar, return_to: &str, seconds: u64) -> Attempt {
        let attempt = Attempt::begin(return_to, at(seconds));
        jar.take(&attempts().adding(&attempt, &jar.headers(), at(seconds)));
        attempt
    }

    fn taken(jar: &Jar, attempt: &Attempt, seconds: u64) -> Option<Attempt> {
        let taken = attempts().take(&attempt.state, &jar.headers(), at(seconds))?;
        (!taken.is_late).then_some(taken.attempt)
    }

    #[test]
    fn an_attempt_is_known_to_the_browser_that_began_it() {
        let mut jar = Jar::default();
        let attempt = begun(&mut jar, "/films", 0);
        let back = taken(&jar, &attempt, 599).unwrap();
        assert_eq!(back.return_to, attempt.return_to);
        assert_eq!((back.nonce, back.verifier), (attempt.nonce.clone(), attempt.verifier.clone()));
        assert!(taken(&Jar::default(), &attempt, 1).is_none());
        let elsewhere = Attempt::begin("/", at(0));
        assert!(taken(&jar, &elsewhere, 1).is_none());
    }

    #[test]
    fn an_attempt_ends_after_ten_minutes() {
        let mut jar = Jar::default();
        let attempt = begun(&mut jar, "/", 100);
        assert!(taken(&jar, &attempt, 699).is_some());
        assert!(taken(&jar, &attempt, 700).is_none());
        assert!(taken(&jar, &attempt, 99).is_none());
    }

    #[test]
    fn a_taken_attempt_is_gone_from_the_browser() {
        let mut jar = Jar::default();
        let (first, second) = (begun(&mut jar, "/a", 0), begun(&mut jar, "/b", 0));
        let Taken { line, .. } = attempts().take(&first.state, &jar.headers(), at(1)).unwrap();
        jar.take(&[line]);
        assert!(taken(&jar, &first, 1).is_none());
        assert_eq!(&*taken(&jar, &second, 1).unwrap().return_to, "/b");
    }

    #[test]
    fn five_tabs_log_in_at_once_and_the_oldest_goes_for_a_sixth() {
        let mut jar = Jar::default();
        let tabs: Vec<_> = (0..6).map(|at| begun(&mut jar, "/", at)).collect();
        assert!(taken(&jar, &tabs[0], 10).is_none());
        assert!(tabs[1..].iter().all(|tab| taken(&jar, tab, 10).is_some()));
        begun(&mut jar, "/", 900);
        assert_eq!(jar.0.len(), 1, "what is late goes, too");
    }

    #[test]
    fn cookies_stay_small_however_long_the_places_are() {
        let mut jar = Jar::default();
        for at in 0..6 {
            begun(&mut jar, &format!("/{}", "a".repeat(1_023)), at);
            let bytes: usize = jar.0.iter().map(|(name, value)| name.len() + value.len()).sum();
            assert!(bytes <= MOST_BYTES, "{bytes}");
        }
        assert_eq!(jar.0.len(), 3);
        let attempt = begun(&mut Jar::default(), &format!("/{}", "a".repeat(1_024)), 0);
        assert_eq!(&*attempt.return_to, "/");
    }

    #[test]
    fn the_cookie_is_for_this_host_and_no_script() {
        let attempt = Attempt::begin("/", at(0));
        let line = attempts().adding(&attempt, &HeaderMap::new(), at(0)).pop().unwrap();
        assert!(line.starts_with("__Host-gatepass-oidc-"));
        assert!(line.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600"));
        assert!(!line.contains(&*attempt.nonce) && !line.contains(&*attempt.verifier));
        assert_eq!(format!("{attempt:?}"), "Attempt { .. }");
    }

    #[test]
    fn the_challenge_is_the_hash_of_the_verifier() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into();
        let attempt = Attempt { verifier, ..Attempt::begin("/", at(0)) };
        assert_eq!(attempt.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
