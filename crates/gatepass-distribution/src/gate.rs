//! The gate: the only way in.
//!
//! This file is short on purpose, for privacy ends at the file: [`Admitted`] has no public
//! maker, and whoever serves content accepts nothing else.
//!
//! An [error page](Admitted::error_page) is let in without a pass, since a viewer who lacks
//! one must be able to see the page that says so. Its path is the operator's, never the
//! viewer's.

use std::sync::Arc;

use gatepass::{
    Denial, EpochTime, Pass, PresentedPass, Trust, ViewerRequest, authenticate, first_admitted,
};

use crate::error_response::ErrorResponse;
use crate::verified::{Asked, VerifiedPasses};

/// A request that the gate let through. Caches and origins accept nothing else.
///
/// Its fields are private and the gate is its only maker, so "did we check?" is a question
/// for the compiler:
///
/// ```compile_fail,E0423
/// let smuggled = gatepass_distribution::Admitted("/private/film.mp4");
/// ```
/// ```compile_fail,E0451
/// use gatepass_distribution::Admitted;
/// let smuggled = Admitted { request: "/private/film.mp4", pass: None };
/// ```
#[derive(Debug)]
pub struct Admitted<R> {
    request: R,
    pass: Option<Pass>,
}

/// Stands before everything that a behavior serves.
#[derive(Clone, Debug)]
pub enum Gate {
    /// The behavior trusts no key group: anyone may come in.
    Open,
    /// The behavior trusts these keys: a pass must be shown.
    Guarded(Trust),
}

impl Gate {
    /// Lets a request in, or says why not. `now` is when the request arrived.
    pub fn admit<R>(
        &self,
        request: R,
        shown: &ViewerRequest<'_>,
        verified: &VerifiedPasses,
        now: EpochTime,
    ) -> Result<Admitted<R>, Denial> {
        let pass = match self {
            Self::Open => None,
            Self::Guarded(trust) => Some(judge(shown, trust, verified, now)?),
        };
        Ok(Admitted { request, pass })
    }

    /// Says whether a pass must be shown.
    pub const fn is_guarded(&self) -> bool {
        matches!(self, Self::Guarded(_))
    }
}

impl<R> Admitted<R> {
    /// What was let in.
    pub const fn request(&self) -> &R {
        &self.request
    }

    /// The pass that opened the gate; none if it stood open.
    pub const fn pass(&self) -> Option<&Pass> {
        self.pass.as_ref()
    }

    /// Lets an error response's own page in.
    pub fn error_page(response: &ErrorResponse, ask: impl FnOnce(&str) -> R) -> Self {
        Self { request: ask(response.page()), pass: None }
    }
}

/// Most requests show one pass, and need no list of tries.
fn judge(
    shown: &ViewerRequest<'_>,
    trust: &Trust,
    verified: &VerifiedPasses,
    now: EpochTime,
) -> Result<Pass, Denial> {
    match shown.passes().only() {
        Some(only) => try_one(&only, shown, trust, verified, now),
        None => first_admitted(&shown.passes().tries(trust.reading), |presented| {
            try_one(presented, shown, trust, verified, now)
        }),
    }
}

fn try_one(
    presented: &PresentedPass<'_>,
    shown: &ViewerRequest<'_>,
    trust: &Trust,
    verified: &VerifiedPasses,
    now: EpochTime,
) -> Result<Pass, Denial> {
    let key = presented.key_id().and_then(|id| trust.keys.find(id));
    let asked = key.and_then(|(_, key)| Asked::new(presented, shown.url(), key, trust));
    if let Some(known) = asked.as_ref().and_then(|asked| verified.recall(asked)) {
        return known.admit(shown, now);
    }
    let genuine = authenticate(presented, shown.url(), trust)?;
    if let Some(asked) = &asked {
        verified.keep(asked, Arc::clone(&genuine));
    }
    genuine.admit(shown, now)
}
