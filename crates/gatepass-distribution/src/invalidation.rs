//! Paths whose content counts as absent if it was stored up to a moment.
//!
//! An invalidation is a fact that the cache asks for, not a command that it is given. So it
//! holds for every cache that knows of it, whatever each of them has stored.
//!
//! A path is compared in the form in which it was sent, and also percent-decoded: an
//! operator who writes `/über.mp4` means `/%C3%BCber.mp4`. Too much may be fetched anew, but
//! never too little.

use std::fmt;
use std::str::FromStr;

use gatepass::EpochTime;

/// Paths that count as absent, as of a moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Invalidation {
    /// The ID of the distribution; none means every one.
    pub distribution: Option<Box<str>>,
    /// Which paths.
    pub path: InvalidationPath,
    /// What was stored in this second or before counts as absent.
    pub at: EpochTime,
}

/// `/path`, or `/prefix*`, as CloudFront writes them. Case-sensitive. A query string is part
/// of what is compared, so `/a.jpg` says nothing of `/a.jpg?w=1`, and `/a.jpg*` does.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct InvalidationPath(Box<str>);

/// Text that names no paths to invalidate.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidationPathError {
    /// It is empty or longer than 4,000 characters.
    #[error("a path to invalidate has 1 to 4000 characters, not {0}")]
    Length(usize),
    /// It does not begin with a slash: perhaps a whole URL.
    #[error("a path to invalidate begins with /, and {0:?} does not")]
    Start(Box<str>),
    /// It has a `*` that is not its last character.
    #[error("in a path to invalidate, * may only be the last character: {0:?}")]
    Wildcard(Box<str>),
    /// It has a character that no request line can hold.
    #[error("{0:?} can't stand in a path: percent-encode it")]
    Character(char),
}

/// The longest path that CloudFront takes.
const MAX_LENGTH: usize = 4_000;

impl InvalidationPath {
    /// Everything.
    pub fn everything() -> Self {
        Self("/*".into())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What paths have to begin with; none if only one is meant.
    pub(crate) fn prefix(&self) -> Option<&str> {
        self.0.strip_suffix('*')
    }
}

impl FromStr for InvalidationPath {
    type Err = InvalidationPathError;

    fn from_str(text: &str) -> Result<Self, InvalidationPathError> {
        let shown = || text.chars().take(60).collect();
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(InvalidationPathError::Length(text.len()));
        }
        if text == "*" {
            return Ok(Self::everything());
        }
        if !text.starts_with('/') {
            return Err(InvalidationPathError::Start(shown()));
        }
        if let Some(letter) =
            text.chars().find(|letter| letter.is_control() || "# ".contains(*letter))
        {
            return Err(InvalidationPathError::Character(letter));
        }
        if text.find('*').is_some_and(|at| at + 1 < text.len()) {
            return Err(InvalidationPathError::Wildcard(shown()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for InvalidationPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_path_to_invalidate() {
        for text in [
            "",
            "a.jpg",
            "https://media.example.com/a.jpg",
            "/a*b",
            "/**",
            "/a b",
            "/a#b",
            "/a\n",
            &format!("/{}", "a".repeat(MAX_LENGTH)),
        ] {
            assert!(text.parse::<InvalidationPath>().is_err(), "{text}");
        }
        for text in ["/", "/*", "/a?b=*", "/é", "/a%20b*", &"/".repeat(MAX_LENGTH)] {
            assert_eq!(text.parse::<InvalidationPath>().unwrap().as_str(), text);
        }
        assert_eq!("*".parse(), Ok(InvalidationPath::everything()));
    }
}
