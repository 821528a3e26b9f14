//! The cookies that together carry one pass.
//!
//! CloudFront's names are fixed (`CloudFront-Policy`); Gatepass also knows names that end
//! in the key's ID (`CloudFront-Policy-K2JCJMDEHXQW5F`), so that passes of several keys
//! don't collide. Names are case-sensitive, as CloudFront's are.

use std::fmt::Write as _;

use crate::trusted_keys::PublicKeyId;

/// One of the five parts of a pass; a cookie and a query parameter are named after it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "CloudFront's list; a sixth would change what a pass is"
)]
pub enum CookieName {
    /// When a canned pass ends.
    Expires,
    /// What was signed over, if not SHA-1.
    HashAlgorithm,
    /// The public key's ID.
    KeyPairId,
    /// The policy of a custom pass.
    Policy,
    /// The signature.
    Signature,
}

impl CookieName {
    /// Every part.
    pub const ALL: [Self; 5] =
        [Self::Expires, Self::HashAlgorithm, Self::KeyPairId, Self::Policy, Self::Signature];

    /// The cookie's plain name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expires => "CloudFront-Expires",
            Self::HashAlgorithm => "CloudFront-Hash-Algorithm",
            Self::KeyPairId => "CloudFront-Key-Pair-Id",
            Self::Policy => "CloudFront-Policy",
            Self::Signature => "CloudFront-Signature",
        }
    }

    /// The query parameter's name.
    pub fn parameter(self) -> &'static str {
        &self.as_str()[PREFIX.len()..]
    }

    /// Recognizes a cookie of ours among others; the second part is the key's ID in its name.
    pub fn recognize(name: &[u8]) -> Option<(Self, Option<&[u8]>)> {
        match Self::begins(name)? {
            (ours, []) => Some((ours, None)),
            (ours, [b'-', id @ ..]) if PublicKeyId::is_one(id) => Some((ours, Some(id))),
            _ => None,
        }
    }

    /// Reads `name=value` if it is a cookie of ours: the name, the key's ID in it, the value.
    pub(crate) fn read(cookie: &[u8]) -> Option<Cookie<'_>> {
        match Self::begins(cookie)? {
            (ours, [b'=', value @ ..]) => Some((ours, None, value)),
            (ours, [b'-', rest @ ..]) => {
                let (id, value) = rest.split_at(memchr::memchr(b'=', rest)?);
                PublicKeyId::is_one(id).then_some((ours, Some(id), &value[1..]))
            }
            _ => None,
        }
    }

    /// The name that this begins with, and what follows.
    fn begins(text: &[u8]) -> Option<(Self, &[u8])> {
        let text = text.strip_prefix(PREFIX.as_bytes())?;
        match text.first()? {
            b'E' => Self::Expires.after(text),
            b'H' => Self::HashAlgorithm.after(text),
            b'K' => Self::KeyPairId.after(text),
            b'P' => Self::Policy.after(text),
            b'S' => Self::Signature.after(text),
            _ => None,
        }
    }

    /// What follows this parameter's name.
    #[inline]
    fn after(self, text: &[u8]) -> Option<(Self, &[u8])> {
        Some((self, text.strip_prefix(self.parameter().as_bytes())?))
    }
}

/// A cookie of ours: its name, the key's ID in it, and its value.
type Cookie<'c> = (CookieName, Option<&'c [u8]>, &'c [u8]);

/// What every cookie of ours begins with.
pub(crate) const PREFIX: &str = "CloudFront-";

/// How the cookies are named.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the two namings that people know")]
pub enum CookieNaming {
    /// `CloudFront-Policy`: all that CloudFront itself reads.
    #[default]
    Plain,
    /// `CloudFront-Policy-<KEYID>`: a Gatepass gate reads these too.
    PerKey,
}

/// Cookies made for one pass: names and values, in the order in which they are set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedCookies(Vec<(String, String)>);

impl SignedCookies {
    pub(crate) fn new<'v>(
        naming: CookieNaming,
        id: &PublicKeyId,
        values: impl IntoIterator<Item = (CookieName, &'v str)>,
    ) -> Self {
        let named = |name: CookieName| match naming {
            CookieNaming::Plain => name.as_str().to_owned(),
            CookieNaming::PerKey => format!("{}-{id}", name.as_str()),
        };
        Self(values.into_iter().map(|(name, value)| (named(name), value.to_owned())).collect())
    }

    /// The pairs of name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The value of a request's `Cookie` header.
    pub fn header(&self) -> String {
        self.iter().fold(String::new(), |mut header, (name, value)| {
            let separator = if header.is_empty() { "" } else { "; " };
            write!(header, "{separator}{name}={value}").expect("a string takes all text");
            header
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_plain_and_per_key_names_and_nothing_else() {
        let name = |text: &'static str| CookieName::recognize(text.as_bytes());
        assert_eq!(name("CloudFront-Policy"), Some((CookieName::Policy, None)));
        assert_eq!(
            name("CloudFront-Key-Pair-Id-K2"),
            Some((CookieName::KeyPairId, Some(&b"K2"[..])))
        );
        for other in [
            "cloudfront-policy",
            "CloudFront-Policy-",
            "CloudFront-PolicyX",
            "Policy",
            "CloudFront-",
            "CloudFront-is-mobile",
            "CloudFront-Policy-a b",
        ] {
            assert_eq!(name(other), None, "{other}");
        }
        assert_eq!(CookieName::HashAlgorithm.parameter(), "Hash-Algorithm");
    }
}
