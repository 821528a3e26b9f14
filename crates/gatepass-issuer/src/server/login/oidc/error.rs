//! Why nobody is logged in: what the person's page is about, and what the log says.
//!
//! # Invariants
//!
//! Neither holds a code, a token, a secret or a cookie. What a stranger wrote stands in the log
//! only, in quotes and cut short.

use std::fmt;

use super::token::TokenError;
use crate::server::page::Trouble;

/// Why a login by OpenID Connect came to nothing. `Display` is for the log.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// The callback can't be read.
    #[error("the callback can't be read: {0}")]
    Callback(&'static str),
    /// The browser that came back is not one that was sent.
    #[error("this browser has no attempt for the state that came back")]
    UnknownAttempt,
    /// It took too long.
    #[error("the attempt is older than {max} seconds", max = super::attempt::Attempt::LIFETIME)]
    LateAttempt,
    /// Somebody else answered.
    #[error("the answer is of another issuer (RFC 9207)")]
    OtherIssuer,
    /// The provider says no.
    #[error("the provider answered the browser with the error {0}")]
    Refused(Quoted),
    /// The provider can't be reached.
    #[error("the provider's {what} can't be reached: {why}")]
    Unreachable {
        /// Which of its places.
        what: &'static str,
        /// What happened.
        why: Box<str>,
    },
    /// The provider answers something else than the standard has.
    #[error("the provider's {what} can't be used: {why}")]
    Unusable {
        /// Which of its places.
        what: &'static str,
        /// What is wrong with it.
        why: Box<str>,
    },
    /// The provider did not take the code.
    #[error("the provider's token endpoint answered with status {status} and the error {error}")]
    NoToken {
        /// Its status.
        status: u16,
        /// Its word for it.
        error: Quoted,
    },
    /// The ID token is not to be believed.
    #[error("the ID token is refused: {0}")]
    Token(TokenError),
    /// The person can't be one here.
    #[error("the person is refused: {0}")]
    Person(#[from] crate::person::PersonError),
}

/// Whose fault it is that nobody is logged in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OidcFault {
    /// Of the browser, or of who sent it: 400.
    Browser,
    /// Nobody's: the person, or the provider for them, said no: 403.
    Person,
    /// The provider's: 502, or 503 if it can't be reached.
    Provider,
}

impl OidcError {
    /// Whose fault it is.
    pub fn fault(&self) -> OidcFault {
        match self {
            // A code that was used already, or was never given: RFC 6749, 5.2.
            Self::NoToken { error, .. } if error.is("invalid_grant") => OidcFault::Browser,
            Self::Callback(_) | Self::UnknownAttempt | Self::LateAttempt | Self::OtherIssuer => {
                OidcFault::Browser
            }
            Self::Refused(_) | Self::Person(_) => OidcFault::Person,
            _ => OidcFault::Provider,
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> u16 {
        match (self, self.fault()) {
            (Self::Unreachable { .. }, _) => 503,
            (_, OidcFault::Browser) => 400,
            (_, OidcFault::Person) => 403,
            (_, OidcFault::Provider) => 502,
        }
    }

    /// What the person's page is about.
    pub(crate) fn trouble(&self) -> Trouble {
        match self {
            Self::Callback(_) | Self::OtherIssuer => Trouble::Asked,
            Self::UnknownAttempt => Trouble::Attempt,
            Self::NoToken { .. } if self.fault() == OidcFault::Browser => Trouble::Attempt,
            Self::LateAttempt => Trouble::AttemptLate,
            Self::Refused(error) if error.is("temporarily_unavailable") => Trouble::ProviderAway,
            Self::Refused(_) => Trouble::ProviderRefused,
            Self::Unreachable { .. } => Trouble::ProviderAway,
            Self::NoToken { .. } | Self::Unusable { .. } | Self::Token(_) | Self::Person(_) => {
                Trouble::Provider
            }
        }
    }
}

/// A stranger's word, fit for a line of a log.
#[derive(Clone, Eq, PartialEq)]
pub struct Quoted(Box<str>);

impl Quoted {
    /// Takes the beginning of a text.
    pub fn new(text: &str) -> Self {
        Self(text.chars().take(64).collect())
    }

    fn is(&self, word: &str) -> bool {
        *self.0 == *word
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_default())
    }
}

impl fmt::Debug for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_word_stays_on_its_line_and_off_the_page() {
        let error = OidcError::Refused(Quoted::new(&format!("<b>\r\nlogged in{}", "x".repeat(99))));
        assert!(!error.to_string().contains(['\r', '\n']));
        assert!(error.to_string().len() < 140, "{error}");
        assert_eq!((error.status(), error.trouble()), (403, Trouble::ProviderRefused));
    }
}
