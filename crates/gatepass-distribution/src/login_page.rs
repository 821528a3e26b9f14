//! Where a viewer of pages is sent that has no pass: `on-denied = { redirect-pages-to = … }`.
//!
//! The target is a path of the same distribution, or a URL of one of its hosts. The URL that
//! the viewer asked for travels along in the parameter `return-to`, without any credential.

use std::fmt::Write as _;
use std::str::FromStr;

/// A path of the distribution, or a URL of one of its hosts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoginPage(Box<str>);

/// Text that is no such target.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{0:?} is no target for a redirect: expected a path such as /login.html, or a URL of this distribution"
)]
pub struct LoginPageError(Box<str>);

impl LoginPage {
    /// The target as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, if the target is a whole URL.
    pub fn host(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once("://")?;
        Some(&rest[..rest.find(['/', '?']).unwrap_or(rest.len())])
    }

    /// The target's raw path.
    pub fn path(&self) -> &str {
        let after_host = match self.0.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |start| &rest[start..]),
            None => &self.0,
        };
        &after_host[..after_host.find('?').unwrap_or(after_host.len())]
    }

    /// The `Location` for a viewer that asked for `asked` (a path with its own query).
    pub fn location(&self, asked: &str) -> String {
        let separator = if self.0.contains('?') { '&' } else { '?' };
        let mut location = format!("{}{separator}return-to=", self.0);
        for byte in asked.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~') {
                location.push(char::from(byte));
            } else {
                write!(location, "%{byte:02X}").expect("a string takes all text");
            }
        }
        location
    }
}

impl FromStr for LoginPage {
    type Err = LoginPageError;

    fn from_str(text: &str) -> Result<Self, LoginPageError> {
        let is_clean = text.bytes().all(|byte| byte.is_ascii_graphic())
            && !text.contains(['\\', '"', '<', '>', '#']);
        let is_path = text.starts_with('/') && !text.starts_with("//");
        let is_url = text.starts_with("https://") || text.starts_with("http://");
        if is_clean && (is_path || is_url) {
            Ok(Self(text.into()))
        } else {
            Err(LoginPageError(text.chars().take(200).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carries_the_asked_url_as_one_parameter() {
        let page: LoginPage = "/login.html?lang=en".parse().unwrap();
        assert_eq!(
            page.location("/private/a b?x=1&y=\r\n"),
            "/login.html?lang=en&return-to=/private/a%20b%3Fx%3D1%26y%3D%0D%0A"
        );
        assert_eq!(page.path(), "/login.html");
        let page: LoginPage = "https://e.com?x".parse().unwrap();
        assert_eq!((page.host(), page.path()), (Some("e.com"), "/"));
    }

    #[test]
    fn leads_nowhere_else() {
        for text in ["", "login", "//evil", r"/\evil", "javascript:x", "/a b", "/a\r\nX: y", "/a#b"]
        {
            assert!(text.parse::<LoginPage>().is_err(), "{text}");
        }
    }
}
