//! Forms that only our own pages can send.
//!
//! A form counts if all of the following hold:
//!
//! 1. `Origin` is there and is the issuer's own. Browsers send it with every form, and a page
//!    elsewhere can't change it.
//! 2. `Sec-Fetch-Site`, if it is there, says `same-origin`.
//! 3. It carries the token that belongs to the browser's form cookie: whoever made the page
//!    could read what we set in this browser, or was us.
//!
//! The cookie is sealed and carries the time at which it was laid; it is no session, and says
//! nothing of anybody. Pages are sent with `Referrer-Policy: same-origin`, not `no-referrer`:
//! with that, browsers send `Origin: null`.
//!
//! # Invariants
//!
//! - A token is compared in constant time, and is good for one browser.
//! - The cookie's name begins with `__Host-`: no other host, however near, can lay it.

use aws_lc_rs::{hmac, rand};
use data_encoding::BASE64URL_NOPAD;
use gatepass::EpochTime;
use http::header::{HeaderName, ORIGIN};
use http::{HeaderMap, HeaderValue};

use super::cookies;
use crate::seal::{Seal, Secret};

/// Makes tokens for forms, and checks them.
pub(crate) struct Csrf {
    seal: Seal,
    key: hmac::Key,
    browsers: hmac::Key,
    origin: Box<str>,
}

/// Tells a browser from others for as long as it keeps its form cookie, and says nothing else.
pub(crate) type BrowserMark = [u8; 16];

/// What a page with a form needs.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct FormToken {
    /// To stand in the form, as `token`.
    pub(crate) token: String,
    /// To be sent with the page, if the browser has no cookie yet that serves.
    pub(crate) set_cookie: Option<HeaderValue>,
}

/// Why a form does not count.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum CsrfError {
    #[error("the form does not come from a page of ours")]
    Foreign,
    #[error("the browser has no form cookie, or an old one")]
    Cookie,
    #[error("the form's token is not that of this browser")]
    Token,
}

/// What the cookie holds: chance, and when it was laid.
struct Kept {
    random: [u8; 16],
    laid: u64,
}

const COOKIE_NAME: &str = "__Host-gatepass-form";

/// Lax, not strict: who follows a link from elsewhere keeps the forms of other tabs.
const ATTRIBUTES: &str = "; Path=/; Secure; HttpOnly; SameSite=Lax";

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Csrf {
    /// For how long a form can be sent, in seconds; a cookie is laid anew after half of it.
    const LIFETIME: u64 = 12 * 3_600;

    /// For the pages of an issuer whose public URL has this origin, such as
    /// `https://media.example.com`.
    pub(crate) fn new(secret: &Secret, origin: &str) -> Self {
        Self {
            seal: Seal::new(secret, "form"),
            key: hmac::Key::new(hmac::HMAC_SHA256, &*secret.key_for("form token")),
            browsers: hmac::Key::new(hmac::HMAC_SHA256, &*secret.key_for("form browser")),
            origin: origin.to_ascii_lowercase().into(),
        }
    }

    /// The token of this browser for a form, and the cookie if it needs one.
    pub(crate) fn token(&self, headers: &HeaderMap, now: EpochTime) -> FormToken {
        let serves = |kept: &Kept| now.seconds() < kept.laid.saturating_add(Self::LIFETIME / 2);
        if let Some(kept) = self.kept(headers, now).filter(serves) {
            return FormToken { token: self.token_of(&kept), set_cookie: None };
        }
        let mut random = [0; 16];
        rand::fill(&mut random).expect("the system gives random numbers");
        let kept = Kept { random, laid: now.seconds() };
        let sealed = self.seal.seal(&[&random[..], &kept.laid.to_be_bytes()].concat());
        let line = format!("{COOKIE_NAME}={sealed}{ATTRIBUTES}");
        let line = HeaderValue::from_str(&line).expect("sealed text is letters and digits");
        FormToken { token: self.token_of(&kept), set_cookie: Some(line) }
    }

    /// The line that takes the cookie away, if there is one.
    pub(crate) fn clearing_line(headers: &HeaderMap) -> Option<String> {
        cookies::values(headers, COOKIE_NAME).next()?;
        Some(format!("{COOKIE_NAME}={ATTRIBUTES}; Max-Age=0"))
    }

    /// Says whether a form that was sent counts.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        token: &str,
        now: EpochTime,
    ) -> Result<(), CsrfError> {
        self.check_origin(headers)?;
        let kept = self.kept(headers, now).ok_or(CsrfError::Cookie)?;
        let token = BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| CsrfError::Token)?;
        hmac::verify(&self.key, &kept.random, &token).map_err(|_| CsrfError::Token)
    }

    /// The browser that has a form cookie, to be written down.
    pub(crate) fn browser(&self, headers: &HeaderMap, now: EpochTime) -> Option<BrowserMark> {
        let kept = self.kept(headers, now)?;
        hmac::sign(&self.browsers, &kept.random).as_ref().first_chunk().copied()
    }

    /// Says whether a request comes from a page of ours, as far as browsers tell.
    pub(crate) fn check_origin(&self, headers: &HeaderMap) -> Result<(), CsrfError> {
        let only = |name| {
            let mut values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
            (values.next(), values.next())
        };
        let is_own = matches!(only(ORIGIN), (Some(origin), None)
            if origin.eq_ignore_ascii_case(self.origin.as_bytes()));
        let is_near = matches!(only(FETCH_SITE), (None | Some(b"same-origin"), None));
        if is_own && is_near { Ok(()) } else { Err(CsrfError::Foreign) }
    }

    fn token_of(&self, kept: &Kept) -> String {
        BASE64URL_NOPAD.encode(hmac::sign(&self.key, &kept.random).as_ref())
    }

    /// What the first cookie holds that is ours and not too old.
    fn kept(&self, headers: &HeaderMap, now: EpochTime) -> Option<Kept> {
        cookies::values(headers, COOKIE_NAME).find_map(|value| {
            let open = self.seal.open(value)?;
            let (random, laid) = open.split_first_chunk()?;
            let laid = u64::from_be_bytes(laid.try_into().ok()?);
            let is_current = now.seconds() < laid.saturating_add(Self::LIFETIME);
            is_current.then_some(Kept { random: *random, laid })
        })
    }
}

impl std::fmt::Debug for Csrf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Csrf").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for FormToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FormToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "https://media.example.com";

    fn csrf(origin: &str) -> Csrf {
        Csrf::new(&Secret::new(&[7; 32]).unwrap(), origin)
    }

    fn at(seconds: u64) -> EpochTime {
        EpochTime::new(1_000_000 + seconds).unwrap()
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        lines.iter().map(line).collect()
    }

    /// A page's token, and the `Cookie` that its browser will send.
    fn page(csrf: &Csrf) -> (String, String) {
        let FormToken { token, set_cookie } = csrf.token(&HeaderMap::new(), at(0));
        let set_cookie = set_cookie.unwrap();
        let cookie = set_cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        (token, cookie)
    }

    #[test]
    fn a_form_of_ours_counts_until_it_is_too_old() {
        let csrf = csrf(OWN);
        let (token, cookie) = page(&csrf);
        let sent = headers(&[("origin", OWN), ("cookie", &format!("a=b; {cookie}; c"))]);
        assert_eq!(csrf.check(&sent, &token, at(0)), Ok(()));
        assert_eq!(csrf.check(&sent, &token, at(43_199)), Ok(()));
        assert_eq!(csrf.check(&sent, &token, at(43_200)), Err(CsrfError::Cookie));
    }

    #[test]
    fn a_form_from_elsewhere_does_not_count() {
        let csrf = csrf(OWN);
        let (token, cookie) = page(&csrf);
        let check = |lines: &[(&'static str, &str)]| {
            csrf.check(&headers(&[&[("cookie", &*cookie)], lines].concat()), &token, at(0))
        };
        assert_eq!(check(&[("origin", OWN), ("sec-fetch-site", "same-origin")]), Ok(()));
        for lines in [
            &[][..],
            &[("origin", "null")],
            &[("origin", "https://evil.example")],
            &[("origin", "http://media.example.com")],
            &[("origin", "https://media.example.com:444")],
            &[("origin", "https://media.example.com.evil.example")],
            &[("origin", OWN), ("origin", OWN)],
            &[("origin", OWN), ("sec-fetch-site", "same-site")],
            &[("origin", OWN), ("sec-fetch-site", "cross-site")],
            &[("origin", OWN), ("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-origin")],
        ] {
            assert_eq!(check(lines), Err(CsrfError::Foreign), "{lines:?}");
        }
    }

    #[test]
    fn a_token_is_good_in_the_browser_that_got_it() {
        let csrf = csrf(OWN);
        let ((token, cookie), (other, others_cookie)) = (page(&csrf), page(&csrf));
        let check = |cookie: &str, token: &str| {
            csrf.check(&headers(&[("origin", OWN), ("cookie", cookie)]), token, at(0))
        };
        assert_eq!(check(&cookie, &token), Ok(()));
        assert_eq!(check(&others_cookie, &other), Ok(()));
        assert_eq!(check(&cookie, &other), Err(CsrfError::Token));
        assert_eq!(check(&others_cookie, &token), Err(CsrfError::Token));
        assert_eq!(check(&cookie, ""), Err(CsrfError::Token));
        assert_eq!(check(&cookie, "ä"), Err(CsrfError::Token));
        assert_eq!(check("", &token), Err(CsrfError::Cookie));
        assert_eq!(check(&format!("{cookie}x"), &token), Err(CsrfError::Cookie));
        let bare = cookie.replace("__Host-", "");
        assert_eq!(check(&bare, &token), Err(CsrfError::Cookie));
    }

    #[test]
    fn several_tabs_share_one_cookie() {
        let csrf = csrf(OWN);
        let (token, cookie) = page(&csrf);
        let sent = headers(&[("cookie", &*cookie)]);
        let again = csrf.token(&sent, at(21_599));
        assert_eq!((again.token, again.set_cookie), (token.clone(), None));
        let later = csrf.token(&sent, at(21_600));
        assert!(later.set_cookie.is_some() && later.token != token);
    }

    #[test]
    fn a_browser_is_told_from_others_and_not_by_what_its_pages_hold() {
        let csrf = csrf(OWN);
        let ((token, cookie), (_, others_cookie)) = (page(&csrf), page(&csrf));
        let browser = |cookie: &str| csrf.browser(&headers(&[("cookie", cookie)]), at(0));
        let mark = browser(&cookie).unwrap();
        assert_eq!(browser(&format!("a=b; {cookie}")), Some(mark));
        assert!(browser(&others_cookie).is_some_and(|other| other != mark));
        assert!(!BASE64URL_NOPAD.decode(token.as_bytes()).unwrap().starts_with(&mark));
        assert_eq!(browser(""), None);
    }

    #[test]
    fn the_cookie_is_of_one_host() {
        let line = csrf(OWN).token(&HeaderMap::new(), at(0)).set_cookie.unwrap();
        let line = line.to_str().unwrap();
        assert!(line.starts_with("__Host-gatepass-form="), "{line}");
        assert!(line.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{line}");
    }
}
