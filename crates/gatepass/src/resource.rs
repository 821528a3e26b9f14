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

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::glob::glob;
use crate::url::{Scheme, ViewerUrl};

/// So many `?` of one pattern are tried as the place where its query begins.
const MAX_QUERY_STARTS: usize = 64;

/// A URL pattern with `*` and `?`, kept as its author wrote it.
#[derive(Clone, Debug)]
pub struct Resource {
    text: Box<str>,
    sections: Option<Sections>,
}

/// A pattern taken apart once, so that matching it is quick.
#[derive(Clone, Debug)]
struct Sections {
    /// Whether the scheme covers `http`, and `https`.
    schemes: [bool; 2],
    /// In lower case.
    host: Box<str>,
    /// Where path and query begin in the text.
    tail: usize,
    form: Form,
}

/// What stands behind the host.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// A path and perhaps a query, which `\?` at this place of them parts.
    Escaped(usize),
    /// A path whose one wildcard is the `*` at its end.
    Folder,
    /// Nothing.
    Host,
    /// A path and perhaps a query.
    Other,
}

impl Resource {
    /// Any text is a pattern; one that is no URL covers nothing.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        let text = text.into();
        Self { sections: Sections::of(&text), text }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Says whether the pattern covers this URL.
    pub fn covers(&self, url: &ViewerUrl<'_>) -> bool {
        if !url.is_suspect() {
            return self.matches(url, url.path()) || url.is_spelled(&self.text);
        }
        if url.is_spelled(&self.text) {
            return !url.has_dot_segments();
        }
        self.matches(url, url.path())
            && url.normalized_path().is_none_or(|normal| self.matches(url, &normal))
    }

    fn matches(&self, url: &ViewerUrl<'_>, path: &str) -> bool {
        let Some(Sections { schemes, host, tail, form }) = &self.sections else {
            return false;
        };
        if !schemes[url.scheme() as usize] || !glob_lower(host, url.host()) {
            return false;
        }
        let (tail, query) = (&self.text[*tail..], url.query());
        match *form {
            Form::Escaped(at) => {
                covers(&tail[..at], path) && covers(&tail[at + 2..], query.unwrap_or_default())
            }
            Form::Folder => tail.strip_suffix('*').is_some_and(|folder| path.starts_with(folder)),
            Form::Host => host.ends_with('*') || (path == "/" && query.is_none()),
            Form::Other => covers_path_and_query(tail, path, query),
        }
    }
}

impl Sections {
    fn of(text: &str) -> Option<Self> {
        let is_scheme_byte = |byte: u8| byte.is_ascii_alphabetic() || b"*?+.-".contains(&byte);
        let (scheme, start) = match text.split_once(':') {
            Some((scheme, rest))
                if rest.starts_with("//")
                    && !scheme.is_empty()
                    && scheme.bytes().all(is_scheme_byte) =>
            {
                (scheme, scheme.len() + 3)
            }
            _ if text.starts_with('*') => ("*", 0),
            _ => return None,
        };
        let tail = text[start..].find('/').map_or(text.len(), |at| start + at);
        let scheme = scheme.to_ascii_lowercase();
        Some(Self {
            schemes: [Scheme::Http, Scheme::Https].map(|known| covers(&scheme, known.as_str())),
            host: text[start..tail].to_ascii_lowercase().into(),
            tail,
            form: Form::of(&text[tail..]),
        })
    }
}

impl Form {
    fn of(tail: &str) -> Self {
        let is_wild = |byte: &u8| matches!(byte, b'*' | b'?');
        let tail = tail.as_bytes();
        match (tail.windows(2).position(|pair| pair == br"\?"), tail) {
            (Some(at), _) => Self::Escaped(at),
            (None, []) => Self::Host,
            (None, [folder @ .., b'*']) if !folder.iter().any(is_wild) => Self::Folder,
            _ => Self::Other,
        }
    }
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Resource {}

impl Hash for Resource {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn covers(pattern: &str, text: &str) -> bool {
    glob(pattern.as_bytes(), text.as_bytes())
}

fn covers_path_and_query(pattern: &str, path: &str, query: Option<&str>) -> bool {
    let without_query = (query.is_none() || pattern.ends_with('*')) && covers(pattern, path);
    without_query
        || query.is_some_and(|query| {
            pattern.match_indices('?').take(MAX_QUERY_STARTS).any(|(start, _)| {
                covers(&pattern[..start], path) && covers(&pattern[start + 1..], query)
            })
        })
}

/// Matches a pattern in lower case, whatever the case of the text.
fn glob_lower(pattern: &str, text: &str) -> bool {
    pattern == text
        || if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            covers(pattern, &text.to_ascii_lowercase())
        } else {
            covers(pattern, text)
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
            ("https://e.com/v/*", "https://e.com/v/?x", true),
            ("https://e.com/v/*", "https://e.com/v", false),
            ("*:8443/v/*", "http://e.com:8443/v/x", true),
            ("http?://e.com/v/*", "http://e.com/v/x", false),
            (r"https://e.com/v\?x", r"https://e.com/v\?x", true),
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
