//! What a pass allows, from and to CloudFront's JSON.
//!
//! ```json
//! {"Statement":[{"Resource":"URL","Condition":{"DateLessThan":{"AWS:EpochTime":N},
//!  "IpAddress":{"AWS:SourceIp":"A.B.C.D/N"},"DateGreaterThan":{"AWS:EpochTime":N}}}]}
//! ```
//!
//! There are two readings. **CloudFront**'s grammar has one statement, one `Resource` and
//! IPv4. **Gatepass** also reads several statements, a list of resources, and IPv6. In both:
//!
//! 1. `DateLessThan` must be there. A pass without an end is no pass.
//! 2. A repeated member anywhere, or an unknown one inside a statement, is refused: a
//!    restriction that one reader overlooks would widen what another granted.
//! 3. Times are whole seconds, unquoted. Milliseconds are refused.
//! 4. A statement without `Resource` covers every URL behind the gates that trust the key.
//!
//! # Invariants
//!
//! - A [`Policy`] is well-formed by construction. It says nothing about who signed it.
//! - The signed bytes are read, never written anew and compared.

mod error;
mod read;
#[cfg(test)]
mod tests;
mod write;

use crate::network::Network;
use crate::resource::Resource;
use crate::time::{EpochTime, Window};
use crate::url::ViewerUrl;

pub use error::PolicyError;
pub(crate) use write::{canned_json, quote};

/// A policy of more decoded bytes than this is refused.
pub(crate) const MAX_POLICY_BYTES: usize = 8_192;

/// What a pass allows: one or more statements, of which any one may admit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    statements: Box<[Statement]>,
}

/// Some URLs, for one span of time, perhaps from one network.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement {
    scope: Scope,
    window: Window,
    network: Option<Network>,
}

/// The URLs that a statement covers.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "CloudFront knows no fourth scope")]
pub enum Scope {
    /// Every URL: the statement has no `Resource`.
    Everything,
    /// One URL, in which `*` and `?` mean themselves: a canned policy.
    Exactly(Box<str>),
    /// The URLs that any of these patterns covers.
    Patterns(Vec<Resource>),
}

/// Whose grammar is read.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a third grammar would be a new major version")]
pub enum Reading {
    /// CloudFront's, and nothing that CloudFront would refuse.
    CloudFront,
    /// CloudFront's, and several resources, statements and passes, and IPv6.
    #[default]
    Gatepass,
}

/// How a custom policy is spelled: the order of its conditions, and letters beyond ASCII.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum JsonStyle {
    /// As botocore: expiry, network, start; ASCII with `\uXXXX`.
    #[default]
    Botocore,
    /// As AWS's JavaScript signer: expiry, start, network; UTF-8.
    JavaScript,
}

impl Policy {
    /// One statement over some patterns; over every URL if there are none.
    pub fn new(resources: impl IntoIterator<Item = Resource>, window: Window) -> Self {
        let resources: Vec<_> = resources.into_iter().collect();
        let scope =
            if resources.is_empty() { Scope::Everything } else { Scope::Patterns(resources) };
        Self { statements: [Statement { scope, window, network: None }].into() }
    }

    /// What a canned pass says: this very URL, until then.
    pub(crate) fn canned(url: &ViewerUrl<'_>, expiry: EpochTime) -> Self {
        let scope = Scope::Exactly(url.to_string().into());
        let window = Window::until(expiry);
        Self { statements: [Statement { scope, window, network: None }].into() }
    }

    /// The same policy, good only from this network.
    #[must_use]
    pub fn from_network(mut self, network: &Network) -> Self {
        for statement in &mut self.statements {
            statement.network = Some(network.clone());
        }
        self
    }

    /// What this one admits, or the other: the statements of both, which only Gatepass reads
    /// in one policy.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { statements: self.statements.into_iter().chain(other.statements).collect() }
    }

    /// Its statements: at least one.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The last second in which any of it admits is the one before this.
    pub fn expiry(&self) -> EpochTime {
        let expiries = self.statements.iter().map(|statement| statement.window.expiry());
        expiries.max().expect("a policy has a statement")
    }
}

impl From<Statement> for Policy {
    fn from(statement: Statement) -> Self {
        Self { statements: Box::new([statement]) }
    }
}

impl Statement {
    /// The same for other URLs.
    pub(crate) fn with_scope(&self, scope: Scope) -> Self {
        Self { scope, ..self.clone() }
    }

    /// The URLs it covers.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// When it admits.
    pub const fn window(&self) -> &Window {
        &self.window
    }

    /// Where the viewer must be, if that is restricted.
    pub const fn network(&self) -> Option<&Network> {
        self.network.as_ref()
    }
}

impl Scope {
    /// Says whether the URL is among them.
    pub fn covers(&self, url: &ViewerUrl<'_>) -> bool {
        match self {
            Self::Everything => true,
            Self::Exactly(text) => url.is_spelled(text) && !url.has_dot_segments(),
            Self::Patterns(patterns) => patterns.iter().any(|pattern| pattern.covers(url)),
        }
    }

    /// The URL or the patterns, as text; none if it covers everything.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::Everything => Vec::new(),
            Self::Exactly(url) => vec![url],
            Self::Patterns(patterns) => patterns.iter().map(Resource::as_str).collect(),
        }
    }
}
