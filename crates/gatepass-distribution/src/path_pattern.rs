//! Which paths a behavior is for, and what a path comes to once nobody can argue about it.
//!
//! A pattern is compared with the **normal** path: percent-decoded once, repeated slashes
//! collapsed, dot segments removed. So `/private/*` is also reached by `/%70rivate/x`,
//! `//private/x` and `/public/../private/x`, and its gate asks for a pass there.
//!
//! Some paths mean different things to different readers: an encoded slash or backslash, a
//! raw backslash, an encoded dot segment, a NUL. An origin may take one for a path that the
//! pattern did not see. Such a path [is ambiguous](NormalPath::is_ambiguous), and a
//! distribution that guards anything refuses it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use gatepass::glob;

/// `*` (any run) and `?` (any one) on the path; both cross `/`. Case-sensitive.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct PathPattern(Box<str>);

/// Text that is no path pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PathPatternError {
    /// It is empty or longer than 255 characters.
    #[error("a path pattern has 1 to 255 characters, not {0}")]
    Length(usize),
    /// It holds a character that CloudFront does not allow.
    #[error(
        "{0:?} can't stand in a path pattern: expected A-Z a-z 0-9 _ - . * ? $ / ~ \" ' @ : + &"
    )]
    Character(char),
}

impl PathPattern {
    /// The pattern of the default behavior: every path.
    pub fn everything() -> Self {
        Self("/*".into())
    }

    /// The pattern as it is compared: with a leading `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether a path is one of these.
    pub fn covers(&self, path: &NormalPath<'_>) -> bool {
        glob(self.0.as_bytes(), &path.decoded)
    }
}

impl FromStr for PathPattern {
    type Err = PathPatternError;

    fn from_str(text: &str) -> Result<Self, PathPatternError> {
        if text.is_empty() || text.len() > 255 {
            return Err(PathPatternError::Length(text.len()));
        }
        let is_allowed =
            |letter: &char| letter.is_ascii_alphanumeric() || "_-.*?$/~\"'@:+&".contains(*letter);
        if let Some(letter) = text.chars().find(|letter| !is_allowed(letter)) {
            return Err(PathPatternError::Character(letter));
        }
        Ok(Self(if text.starts_with('/') { text.into() } else { format!("/{text}").into() }))
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A raw path as every careful reader understands it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NormalPath<'a> {
    decoded: Cow<'a, [u8]>,
    is_ambiguous: bool,
}

impl<'a> NormalPath<'a> {
    /// Reads the raw path of a request.
    pub fn read(raw: &'a str) -> Self {
        if raw.starts_with('/') && !is_suspect(raw.as_bytes()) {
            return Self { decoded: Cow::Borrowed(raw.as_bytes()), is_ambiguous: false };
        }
        let mut is_ambiguous = raw.contains('\\');
        let mut kept: Vec<Cow<'_, [u8]>> = Vec::new();
        let mut ends_open = true;
        let mut follows_nothing = false;
        for (nth, segment) in raw.split('/').enumerate() {
            let decoded = decode(segment.as_bytes());
            let is_escaped = decoded.len() < segment.len();
            ends_open = matches!(&*decoded, b"" | b"." | b"..");
            is_ambiguous |= is_escaped
                && (ends_open || decoded.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0)));
            // Some readers cut parameters off a segment before they look at it.
            is_ambiguous |= matches!(&*decoded, [b'.', b';', ..] | [b'.', b'.', b';', ..]);
            match &*decoded {
                b"" => {}
                b"." => continue,
                // Above the root there is nothing to us, but something to an origin that has
                // its own path in front; and some readers take an empty segment for one.
                b".." => is_ambiguous |= kept.pop().is_none() || follows_nothing,
                _ => kept.push(decoded),
            }
            follows_nothing = nth > 0 && segment.is_empty();
        }
        let mut decoded = Vec::with_capacity(raw.len());
        for segment in kept {
            decoded.push(b'/');
            decoded.extend_from_slice(&segment);
        }
        if ends_open {
            decoded.push(b'/');
        }
        Self { decoded: Cow::Owned(decoded), is_ambiguous }
    }

    /// Says whether readers may differ about what this path names.
    pub const fn is_ambiguous(&self) -> bool {
        self.is_ambiguous
    }

    /// The path's bytes, decoded. Not for fetching: origins are asked with the raw path.
    pub fn as_bytes(&self) -> &[u8] {
        &self.decoded
    }
}

/// Says whether a path may need a closer look. It never ends early, so that the compiler
/// looks at many bytes at once.
fn is_suspect(raw: &[u8]) -> bool {
    let is_pair = |pair: &[u8; 2]| (pair[0] == b'/') & matches!(pair[1], b'/' | b'.');
    let has_pair = raw.array_windows().fold(false, |found, pair| found | is_pair(pair));
    raw.iter().fold(has_pair, |found, byte| found | matches!(byte, b'%' | b'\\'))
}

fn decode(segment: &[u8]) -> Cow<'_, [u8]> {
    if !segment.contains(&b'%') {
        return Cow::Borrowed(segment);
    }
    let mut decoded = Vec::with_capacity(segment.len());
    let mut rest = segment;
    while let [byte, after @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let Some((high, low)) = escaped {
            decoded.push(high << 4 | low);
            rest = &rest[3..];
        } else {
            decoded.push(*byte);
            rest = after;
        }
    }
    Cow::Owned(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, path: &str, covered: bool) {
        let pattern: PathPattern = pattern.parse().unwrap();
        assert_eq!(pattern.covers(&NormalPath::read(path)), covered, "{pattern} {path}");
    }

    #[test]
    fn covers_as_the_documentation_says() {
        check("images/*.jpg", "/images/a/b.jpg", true);
        check("/images/*.jpg", "/images/a.png", false);
        check("a*.jpg", "/abra/cadabra/magic.jpg", true);
        check("/a/b*", "/a/b/..", false);
        check("/a*", "/a/b/..", true);
        check("/A*", "/a", false);
        check("/a??.css", "/abc.css", true);
        check("*", "/", true);
    }

    #[test]
    fn every_spelling_of_a_guarded_path_is_guarded() {
        for path in [
            "/private/x",
            "//private/x",
            "/private//x",
            "/%70rivate/x",
            "/%70%72%69%76%61%74%65/x",
            "/public/../private/x",
            "/./private/x",
            "/a/%2e%2e/private/x",
            "/../private/x",
        ] {
            check("/private/*", path, true);
        }
        check("/priv@te/*", "/priv%40te/x", true);
        check("/private/*", "/private/../public", false);
    }

    #[test]
    fn knows_what_readers_differ_about() {
        for path in [
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            r"/a\b",
            "/a%00",
            "/%2e%2e/a",
            "/.%2e/a",
            "/%2e",
            "/a/%2e/b",
            "/../v1/films/secret",
            "/x/../../v1/films/secret",
            "/films//../secret",
            "/films//./../secret",
            "/q/..;/films/secret",
            "/q/.;x=1/films/secret",
            "/..",
        ] {
            assert!(NormalPath::read(path).is_ambiguous(), "{path}");
        }
        for path in [
            "/a/../b",
            "/a/b/../..",
            "/a/./../b",
            "/a//b",
            "//a",
            "/a;x=1/b",
            "/%7ea",
            "/a%252fb",
            "/a%2eb",
            "/%2ehidden",
            "/a%zz",
            "/a%",
        ] {
            assert!(!NormalPath::read(path).is_ambiguous(), "{path}");
        }
    }

    #[test]
    fn refuses_what_is_no_pattern() {
        for text in ["", "/a b", "/a%20", "/é", &"a".repeat(256)] {
            assert!(text.parse::<PathPattern>().is_err(), "{text}");
        }
    }
}
