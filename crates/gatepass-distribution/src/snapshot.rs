//! The whole truth of a moment: every distribution, checked together.
//!
//! # Invariants
//!
//! - A snapshot that exists is well-formed: no behavior names a missing origin or key group,
//!   no alias belongs to two distributions, no login page redirects to itself.
//! - A behavior that trusts key groups stays closed, even if they hold no key.
//! - Policies and headers are within CloudFront's limits; nothing an operator wrote can end a
//!   header's line or frame a message.

use std::sync::Arc;

use crate::behavior::CacheBehavior;
use crate::check::check;
use crate::distribution::{Distribution, without_port};
use crate::draft::{Draft, Mistake};
use crate::facts::Facts;
use crate::path_pattern::NormalPath;

/// All that a gate knows at one moment. It is never changed, only replaced. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    distributions: Arc<[Distribution]>,
    facts: Arc<Facts>,
}

/// Where a request is going.
#[derive(Clone, Copy, Debug)]
pub struct Route<'s> {
    /// The distribution that its host belongs to.
    pub distribution: &'s Distribution,
    /// The behavior that its path belongs to.
    pub behavior: &'s CacheBehavior,
}

/// Why a request goes nowhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RouteError {
    /// Readers differ about what the path names, and the distribution guards something.
    #[error("the path can be read in several ways")]
    AmbiguousPath,
    /// No distribution has this host name.
    #[error("no distribution has this host name")]
    UnknownHost,
}

impl Snapshot {
    /// Checks a draft whole; every mistake is told, not just the first.
    pub fn check(draft: &Draft) -> Result<Self, Vec<Mistake>> {
        let distributions = check(draft)?.into();
        Ok(Self { distributions, facts: Arc::default() })
    }

    /// Every distribution.
    pub fn distributions(&self) -> &[Distribution] {
        &self.distributions
    }

    /// What was added while things run.
    pub const fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    /// The same distributions, and other facts.
    #[must_use]
    pub fn with_facts(&self, facts: Arc<Facts>) -> Self {
        Self { distributions: Arc::clone(&self.distributions), facts }
    }

    /// Finds where a request goes: its host, perhaps with a port, and its raw path.
    pub fn route(&self, host: &str, path: &NormalPath<'_>) -> Result<Route<'_>, RouteError> {
        let name = without_port(host);
        let distribution = self
            .distributions
            .iter()
            .filter_map(|one| Some((one.claim_to(name)?, one)))
            .max_by_key(|(claim, _)| *claim)
            .map(|(_, distribution)| distribution)
            .ok_or(RouteError::UnknownHost)?;
        if path.is_ambiguous() && distribution.guards_anything() {
            return Err(RouteError::AmbiguousPath);
        }
        Ok(Route { distribution, behavior: distribution.behavior(path) })
    }
}
