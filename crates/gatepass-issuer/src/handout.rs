//! What a person is handed: the `Set-Cookie` lines of all their passes, and how to take
//! them back.

use gatepass::{EpochTime, SameSite, SetCookie};
use serde::{Deserialize, Serialize};

/// The passes of one moment for one person, as `Set-Cookie` lines.
#[derive(Clone, Eq, PartialEq)]
pub struct Handout {
    /// The values of the headers, all to be sent together. They are credentials.
    pub lines: Vec<String>,
    /// What the lines set, so that logging out can take it away.
    pub laid: Vec<Laid>,
    /// When the first of the passes ends.
    pub expiry: EpochTime,
}

/// Cookies that a browser was asked to keep: what is needed to clear them.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Laid {
    /// The key after which they are named, unless they are plainly named.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub named_after: Option<Box<str>>,
    /// Their `Domain`, if they have one.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Box<str>>,
    /// Their `Path`.
    #[serde(rename = "p")]
    pub path: Box<str>,
    /// Whether they have `SameSite=None`: without it, browsers don't take from another site
    /// what clears them.
    #[serde(rename = "s", default, skip_serializing_if = "is_not")]
    pub crosses_sites: bool,
    /// Whether they have `Partitioned`: without it, cookies of another jar are cleared.
    #[serde(rename = "c", default, skip_serializing_if = "is_not")]
    pub is_partitioned: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_not(flag: &bool) -> bool {
    !*flag
}

impl Laid {
    /// The lines that take the cookies away, whichever of the four names were set.
    pub fn clearing_lines(&self) -> Vec<String> {
        let path = self.path.parse().unwrap_or_default();
        let mut attributes = SetCookie::default().path(path);
        if let Some(domain) = &self.domain {
            attributes = attributes.clone().domain(domain).unwrap_or(attributes);
        }
        if self.crosses_sites {
            attributes = attributes.same_site(SameSite::None);
        }
        if self.is_partitioned {
            attributes = attributes.partitioned();
        }
        let names = gatepass::CookieName::ALL.map(|name| match &self.named_after {
            Some(key) => format!("{}-{key}", name.as_str()),
            None => name.as_str().to_owned(),
        });
        attributes.clearing_lines(names.iter().map(String::as_str))
    }
}

impl std::fmt::Debug for Handout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { lines: _, laid, expiry } = self;
        f.debug_struct("Handout")
            .field("laid", laid)
            .field("expiry", expiry)
            .finish_non_exhaustive()
    }
}
