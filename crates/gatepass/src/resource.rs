//! What a pass covers: a URL pattern, matched section by section.
//!
//! A URL has four sections: scheme `://` host `/` path `?` query. `*` stands for any run
//! of characters and `?` for one, each inside its own section, with these shorthands:
//!
//! 1. `*` alone covers every URL.
//! 2. A path that ends in `*` covers any query, or none.
//! 3. A host that ends in `*`, with nothing behind it, covers any path and query.
//! 4. A pattern that begins with `*` and names no scheme covers both.
//!
//! Where the query begins is written `\?` (documented until 2023) or plainly `?`
//! (documented since): each `?` is tried as that place, and as a wildcard. Scheme and host
//! ignore case; path and query don't. The request's bytes are compared undecoded.
//!
//! # Invariants
//!
//! - A raw path with dot segments or repeated slashes is covered only if the normalized
//!   path is covered too, so `/public/*` never reaches `/public/../private/x`. A pattern
//!   that spells out a URL with repeated slashes covers just that URL.

use std::borrow::Cow;
use std::fmt;

use crate::glob::glob;
use crate::url::ViewerUrl;

/// So many `?` of one pattern are tried as the place where its query begins.
const MAX_QUERY_STARTS: usize = 64;

/// A URL pattern with `*` and `?`, kept as its author wrote it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Resource(Box<str>);

impl Resource {
    /// Any text is a pattern; one that is no URL covers nothing.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether the pattern covers this URL.
    pub fn covers(&self, url: &ViewerUrl<'_>) -> bool {
        if &*self.0 == "*" {
            return true;
        }
        if url.is_spelled(&self.0) {
            return !url.has_dot_segments();
        }
        self.matches(url, url.path())
            && url.normalized_path().is_none_or(|normal| self.matches(url, &normal))
    }

    fn matches(&self, url: &ViewerUrl<'_>, path: &str) -> bool {
        let Some((scheme, rest)) = self.scheme_and_rest() else {
            return false;
        };
        let (host, tail) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if !glob_ignoring_case(scheme, url.scheme().as_str())
            || !glob_ignoring_case(host, url.host())
        {
            return false;
        }
        if tail.is_empty() {
            return host.ends_with('*') || (path == "/" && url.query().is_none());
        }
        covers_path_and_query(tail, path, url.query())
    }

    fn scheme_and_rest(&self) -> Option<(&str, &str)> {
        let is_scheme_byte = |byte: u8| byte.is_ascii_alphabetic() || b"*?+.-".contains(&byte);
        match self.0.split_once("://") {
            Some((scheme, rest)) if !scheme.is_empty() && scheme.bytes().all(is_scheme_byte) => {
                Some((scheme, rest))
            }
            _ if self.0.starts_with('*') => Some(("*", &self.0)),
            _ => None,
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn covers_path_and_query(pattern: &str, path: &str, query: Option<&str>) -> bool {
    let covers = |pattern: &str, text: &str| glob(pattern.as_bytes(), text.as_bytes());
    if let Some((path_pattern, query_pattern)) = pattern.split_once(r"\?") {
        return covers(path_pattern, path) && covers(query_pattern, query.unwrap_or_default());
    }
    let without_query = (query.is_none() || pattern.ends_with('*')) && covers(pattern, path);
    without_query
        || query.is_some_and(|query| {
            pattern.match_indices('?').take(MAX_QUERY_STARTS).any(|(start, _)| {
                covers(&pattern[..start], path) && covers(&pattern[start + 1..], query)
            })
        })
}

fn glob_ignoring_case(pattern: &str, text: &str) -> bool {
    glob(lower(pattern).as_bytes(), lower(text).as_bytes())
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(resource: &str, url: &str, covered: bool) {
        let parsed = ViewerUrl::parse(url).unwrap();
        assert_eq!(Resource::new(resource).covers(&parsed), covered, "{resource} {url}");
    }

    #[test]
    fn covers_as_the_documentation_says() {
        for (resource, url, covered) in [
            ("https://e.com/hello*world", "https://e.com/hello-world", true),
            ("https://e.com/hello*world", "https://e.com/hello?world", false),
            ("http://e.com/hello*", "http://e.com/hello/x?y=1", true),
            ("http://e.com*", "http://e.com/a/b?c", true),
            ("*e.com", "https://www.e.com/", true),
            ("*e.com", "https://www.e.com/a", false),
            ("https://*", "http://e.com/a", false),
            ("https://*", "https://e.com/a?b", true),
            ("https://d.net/*g.zip*", "https://d.net/ex_g.zip?license=yes", true),
            (
                "https://d.net/h.jpg?size=large&license=yes",
                "https://d.net/h.jpg?size=large&license=yes",
                true,
            ),
            (
                r"https://d.net/h.jpg\?size=large&license=yes",
                "https://d.net/h.jpg?size=large&license=yes",
                true,
            ),
            ("https://d.net/h.jpg", "https://d.net/h.jpg?size=large", false),
            ("https://d.net/a/", "https://d.net/a", false),
            ("https://d.net/A*", "https://d.net/a1", false),
            ("http*://d.net/v/*", "http://d.net/v/x", true),
            ("http*://d.net/v/*", "https://d.net/v/x", true),
            ("https://d.net/im?ge.jpg?s=l*", "https://d.net/image.jpg?s=large", true),
            ("https://d.net/hello?", "https://d.net/hello", false),
            ("https://d.net/hello?", "https://d.net/hellox", true),
            (r"https://d.net/hello\?*", "https://d.net/hello", true),
            ("HTTPS://D.net/*", "https://d.NET/x", true),
            ("*", "http://anything/at?all", true),
            ("d.net/*", "https://d.net/x", false),
            ("https://e.com", "https://e.com/", true),
            ("https://e.com", "https://e.com/x", false),
        ] {
            check(resource, url, covered);
        }
    }

    #[test]
    fn no_path_trick_leaves_the_covered_folder() {
        check("https://d.net/v/*", "https://d.net/v/../secret", false);
        check("https://d.net/v/*", "https://d.net/v/a/../b", true);
        check("https://d.net/v/../secret", "https://d.net/v/../secret", false);
        check("https://d.net//a//b", "https://d.net//a//b", true);
        check("https://d.net//a/*", "https://d.net//a/b", false);
        check("https://d.net/v/*", "https://d.net/v//b", true);
    }
}
