//! What an operator adds while things run.

use crate::invalidations::Invalidations;
use crate::revocation::Revocations;

/// Facts of a moment, beside what is configured. Never changed, only replaced.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Grows with every change; 0 if nothing was ever added.
    pub version: u64,
    /// Content that counts as absent.
    pub invalidations: Invalidations,
    /// Passes that no longer count.
    pub revocations: Revocations,
}
