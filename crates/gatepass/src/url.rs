//! The URL a viewer asks for, in the bytes it used: nothing is decoded, sorted or re-encoded.

use std::borrow::Cow;
use std::fmt;

/// `http` or `https`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "an edge speaks nothing else")]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The scheme in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Http => Self::Https,
            Self::Https => Self::Http,
        }
    }
}

/// An absolute URL as a viewer used it: scheme, host with any port, raw path, raw query.
///
/// The default port is dropped; a fragment never travels and is dropped too. Everything
/// else keeps its bytes, for they are what was signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ViewerUrl<'a> {
    scheme: Scheme,
    host: &'a str,
    path: &'a str,
    query: Option<Cow<'a, str>>,
}

/// A URL that a viewer could not ask for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{url:?} is not an absolute URL: expected http:// or https://, a host, and a path")]
pub struct UrlError {
    url: Box<str>,
}

impl<'a> ViewerUrl<'a> {
    /// Puts a URL together from what a request says. `path` begins with `/`.
    pub fn new(scheme: Scheme, host: &'a str, path: &'a str, query: Option<&'a str>) -> Self {
        let default_port = match scheme {
            Scheme::Http => ":80",
            Scheme::Https => ":443",
        };
        let host = host.strip_suffix(default_port).unwrap_or(host);
        Self { scheme, host, path, query: query.map(Cow::Borrowed) }
    }

    /// Reads an absolute URL from text.
    pub fn parse(text: &'a str) -> Result<Self, UrlError> {
        let error = || UrlError { url: text.chars().take(200).collect() };
        let (scheme, rest) = text.split_once("://").ok_or_else(error)?;
        let scheme = match scheme {
            _ if scheme.eq_ignore_ascii_case("http") => Scheme::Http,
            _ if scheme.eq_ignore_ascii_case("https") => Scheme::Https,
            _ => return Err(error()),
        };
        let rest = rest.split_once('#').map_or(rest, |(sent, _)| sent);
        let (host, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if host.is_empty() {
            return Err(error());
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        Ok(Self::new(scheme, host, if path.is_empty() { "/" } else { path }, query))
    }

    /// The scheme the viewer used.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host as sent, with its port unless that is the scheme's default.
    pub const fn host(&self) -> &'a str {
        self.host
    }

    /// The raw path.
    pub const fn path(&self) -> &'a str {
        self.path
    }

    /// The raw query, without the `?`.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The query, for as long as the request's own text lives.
    pub(crate) fn borrowed_query(&self) -> Option<&'a str> {
        match self.query {
            Some(Cow::Borrowed(query)) => Some(query),
            _ => None,
        }
    }

    /// The same URL with another query.
    #[must_use]
    pub(crate) fn with_query(self, query: Option<Cow<'a, str>>) -> Self {
        Self { query, ..self }
    }

    /// The same URL with the other scheme.
    #[must_use]
    pub fn with_scheme(&self, scheme: Scheme) -> Self {
        Self { scheme, ..self.clone() }
    }

    /// Says whether `text` is this URL, byte for byte but for the host's case.
    pub fn is_spelled(&self, text: &str) -> bool {
        let after_host = text
            .strip_prefix(self.scheme.as_str())
            .and_then(|rest| rest.strip_prefix("://"))
            .and_then(|rest| rest.split_at_checked(self.host.len()))
            .filter(|(host, _)| host.eq_ignore_ascii_case(self.host))
            .and_then(|(_, rest)| rest.strip_prefix(self.path));
        match (after_host, self.query()) {
            (Some(rest), None) => rest.is_empty(),
            (Some(rest), Some(query)) => rest.strip_prefix('?') == Some(query),
            (None, _) => false,
        }
    }

    /// Says whether the raw path holds a segment `.` or `..`.
    pub fn has_dot_segments(&self) -> bool {
        self.is_suspect() && self.path.split('/').any(|segment| matches!(segment, "." | ".."))
    }

    /// Says whether the path may hold a dot segment or a repeated slash: one quick look that
    /// settles the matter for most.
    pub(crate) fn is_suspect(&self) -> bool {
        let path = self.path.as_bytes();
        // Stretches of one width, the last over part of the one before: so the compiler looks
        // at all of a stretch at once.
        match path.last_chunk::<17>() {
            Some(end) => {
                path.array_windows::<17>().step_by(16).any(|part| suspicious(part))
                    || suspicious(end)
            }
            None => suspicious(path),
        }
    }

    /// The path without dot segments and repeated slashes, if it has any.
    pub fn normalized_path(&self) -> Option<String> {
        if !self.is_suspect() || !(self.path.contains("//") || self.has_dot_segments()) {
            return None;
        }
        let mut kept: Vec<&str> = Vec::new();
        let mut ends_open = true;
        for segment in self.path.split('/') {
            ends_open = matches!(segment, "" | "." | "..");
            match segment {
                "" | "." => {}
                ".." => drop(kept.pop()),
                name => kept.push(name),
            }
        }
        let mut path = String::with_capacity(self.path.len());
        for segment in &kept {
            path.push('/');
            path.push_str(segment);
        }
        if ends_open {
            path.push('/');
        }
        Some(path)
    }
}

fn suspicious(path: &[u8]) -> bool {
    let pairs = path.iter().zip(path.get(1..).unwrap_or_default());
    // Bytes, not truths, and no early end: so the compiler looks at many at once.
    let is = |byte: u8, wanted: u8| u8::from(byte == wanted);
    let found = |(&one, &next)| is(one, b'/') & (is(next, b'/') | is(next, b'.'));
    pairs.map(found).fold(0, |any, found| any | found) != 0
}

impl fmt::Display for ViewerUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [self.scheme.as_str(), "://", self.host, self.path] {
            f.write_str(part)?;
        }
        self.query().map_or(Ok(()), |query| f.write_str("?").and_then(|()| f.write_str(query)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_byte_but_the_default_port_and_the_fragment() {
        for (text, shown) in [
            ("https://E.com/a%2fb/../c?x=%7e&&y#z", "https://E.com/a%2fb/../c?x=%7e&&y"),
            ("HTTPS://e.com:443/a", "https://e.com/a"),
            ("http://e.com:443/a?", "http://e.com:443/a?"),
            ("http://e.com?a", "http://e.com/?a"),
            ("http://[::1]:8080/", "http://[::1]:8080/"),
        ] {
            let url = ViewerUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), shown);
            assert!(url.is_spelled(shown));
            assert!(!url.is_spelled(&format!("{shown}x")));
        }
        for text in ["", "e.com/a", "ftp://e.com/a", "https:///a", "//e.com/a"] {
            assert!(ViewerUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn normalizes_dots_and_slashes() {
        for (raw, normal) in [
            ("/a/../b/./c", Some("/b/c")),
            ("//a//b/", Some("/a/b/")),
            ("/a/..", Some("/")),
            ("/a/.", Some("/a/")),
            ("/../..//x", Some("/x")),
            ("/a/b", None),
            ("/.well-known/x", None),
            ("/a...b/..c", None),
        ] {
            let url = ViewerUrl::new(Scheme::Https, "e.com", raw, None);
            assert_eq!(url.normalized_path().as_deref(), normal, "{raw}");
        }
    }
}
