//! `Set-Cookie` lines, with the documented advice as defaults.
//!
//! `Path=/; Secure; HttpOnly`, no `Domain` (so only the host that set it gets it back), no
//! `Expires` and no `Max-Age` (so it goes when the browser closes).

use std::fmt::Write as _;
use std::str::FromStr;

use crate::cookies::SignedCookies;
use crate::resource::Resource;

/// The attributes of the lines that hand a pass to a browser.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SetCookie {
    path: CookiePath,
    domain: Option<Box<str>>,
    same_site: Option<SameSite>,
    is_partitioned: bool,
}

/// When a browser sends the cookies on requests that another site causes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 6265bis names these three")]
pub enum SameSite {
    /// When the viewer follows a link.
    Lax,
    /// Always: what a player on another site needs.
    None,
    /// Never.
    Strict,
}

/// A cookie's `Path`: the cookie is sent for it and for everything beneath.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CookiePath(Box<str>);

/// An attribute that a browser would not understand as meant.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SetCookieError {
    /// The path is none, or a pattern.
    #[error("{0:?} is no cookie path: expected / and plain text, for Path knows no wildcards")]
    Path(Box<str>),
    /// The domain is none.
    #[error("{0:?} is no cookie domain: expected a host name such as media.example.com")]
    Domain(Box<str>),
}

impl Default for CookiePath {
    /// The whole host.
    fn default() -> Self {
        Self("/".into())
    }
}

impl SetCookie {
    /// The same with another path.
    #[must_use]
    pub fn path(self, path: CookiePath) -> Self {
        Self { path, ..self }
    }

    /// The same for a domain and all its sub-domains. The most precise one is the best.
    pub fn domain(self, domain: &str) -> Result<Self, SetCookieError> {
        let name = domain.strip_prefix('.').unwrap_or(domain);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        if name.is_empty() || name.contains("..") || !name.bytes().all(is_name) {
            return Err(SetCookieError::Domain(domain.into()));
        }
        Ok(Self { domain: Some(name.into()), ..self })
    }

    /// The same with a `SameSite`.
    #[must_use]
    pub fn same_site(self, same_site: SameSite) -> Self {
        Self { same_site: Some(same_site), ..self }
    }

    /// The same, kept apart for each site that embeds ours (`Partitioned`, or CHIPS). Browsers
    /// take it with `SameSite=None` only.
    #[must_use]
    pub fn partitioned(self) -> Self {
        Self { is_partitioned: true, ..self }
    }

    /// The values of the `Set-Cookie` headers, one for each cookie.
    pub fn lines(&self, cookies: &SignedCookies) -> Vec<String> {
        cookies.iter().map(|(name, value)| self.line(name, value)).collect()
    }

    /// The value of the `Set-Cookie` header for one cookie.
    pub fn line(&self, name: &str, value: &str) -> String {
        format!("{name}={value}{}", self.attributes())
    }

    /// The values of the headers that take the cookies away again.
    pub fn clearing_lines<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
        let attributes = self.attributes();
        names.into_iter().map(|name| format!("{name}={attributes}; Max-Age=0")).collect()
    }

    fn attributes(&self) -> String {
        let mut text = String::new();
        if let Some(domain) = &self.domain {
            write!(text, "; Domain={domain}").expect("a string takes all text");
        }
        write!(text, "; Path={}; Secure; HttpOnly", self.path.0).expect("a string takes all text");
        text.push_str(match self.same_site {
            None => "",
            Some(SameSite::Lax) => "; SameSite=Lax",
            Some(SameSite::None) => "; SameSite=None",
            Some(SameSite::Strict) => "; SameSite=Strict",
        });
        text.push_str(if self.is_partitioned { "; Partitioned" } else { "" });
        text
    }
}

impl CookiePath {
    /// The narrowest path whose cookies reach all that the pattern covers.
    pub fn of(resource: &Resource) -> Self {
        let text = resource.as_str();
        let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
        let path = after_scheme.find('/').map_or("/", |start| &after_scheme[start..]);
        let literal = &path[..path.find(['*', '?', '\\']).unwrap_or(path.len())];
        // Cut short of its end, the last segment is only the beginning of a name.
        let whole = if literal.len() == path.len() || path[literal.len()..].starts_with(['?', '\\'])
        {
            literal
        } else {
            &literal[..literal.rfind('/').unwrap_or(0)]
        };
        whole.parse().unwrap_or(Self("/".into()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CookiePath {
    type Err = SetCookieError;

    fn from_str(text: &str) -> Result<Self, SetCookieError> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b';' | b'*' | b'?');
        if text.starts_with('/') && text.bytes().all(is_plain) {
            Ok(Self(text.into()))
        } else {
            Err(SetCookieError::Path(text.chars().take(200).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_reaches_all_that_the_pattern_covers() {
        for (resource, path) in [
            ("https://e.com/private/image1.jpg", "/private/image1.jpg"),
            ("https://e.com/private/*", "/private"),
            ("https://e.com/private/film-*.mp4", "/private"),
            ("https://e.com/a?b=*", "/a"),
            (r"https://e.com/a\?b=*", "/a"),
            ("https://e.com/*", "/"),
            ("https://e.com", "/"),
            ("*", "/"),
            ("https://e.com/a;b/c", "/"),
        ] {
            assert_eq!(CookiePath::of(&Resource::new(resource)).as_str(), path, "{resource}");
        }
    }

    #[test]
    fn refuses_a_path_with_a_wildcard_and_a_domain_that_is_none() {
        assert!("/images/*".parse::<CookiePath>().is_err());
        for domain in ["", ".", "*.cloudfront.net", "a;b", "a..b"] {
            assert!(SetCookie::default().domain(domain).is_err(), "{domain}");
        }
    }
}
