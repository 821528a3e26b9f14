//! From what a person may have to the passes to sign, and where each is laid.
//!
//! CloudFront reads one statement with one resource in a pass, so each resource has a pass of
//! its own. Gatepass reads several, so what is laid at one place is one pass.
//!
//! # Invariants
//!
//! No two passes of a plan are laid at the same place: a browser keeps only the last.

use gatepass::{EpochTime, Network, Policy, Resource, Window};

use crate::laying::{CookieWishes, LayingError, Place, Site};

/// So many passes are laid for one person: browsers and servers bound what they carry.
pub const MOST_PASSES: usize = 16;

/// Who will read the passes.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the two readings there are")]
pub enum Reader {
    /// CloudFront, and so Gatepass as well: one resource in a pass, IPv4, plain names.
    #[default]
    CloudFront,
    /// Gatepass alone.
    Gatepass,
}

/// One resource that a person may have.
#[derive(Clone, Debug)]
pub(crate) struct Grant<'e> {
    /// The ID of the entitlement behind it.
    pub(crate) of: &'e str,
    pub(crate) resource: Resource,
    pub(crate) window: Window,
    pub(crate) network: Option<Network>,
    pub(crate) cookies: &'e CookieWishes,
    pub(crate) reader: Reader,
}

/// A pass to sign.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) place: Place,
    pub(crate) policy: Policy,
    /// When the first of its statements ends.
    pub(crate) first_end: EpochTime,
}

/// Why passes can't be set together.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// There is no place for the cookies.
    #[error("entitlement {of:?}: {error}")]
    Laying {
        /// Whose.
        of: Box<str>,
        /// Why.
        error: LayingError,
    },
    /// One pass would take the place of another.
    #[error(
        "entitlements {one:?} and {other:?} both lay a pass at {place}, and the browser would keep one: cover both with one resource, give one of them another cookies.path that leads to it, or say reader = \"gatepass\" for both, which then share a pass"
    )]
    Overwrites {
        /// The entitlement that came first.
        one: Box<str>,
        /// The other one; it may be the same.
        other: Box<str>,
        /// Where.
        place: Box<str>,
    },
    /// One pass can't be laid in two ways.
    #[error(
        "entitlements {one:?} and {other:?} share a pass at {place} and differ in same-site or partitioned: give them the same, or another cookies.path"
    )]
    Differ {
        /// The entitlement that came first.
        one: Box<str>,
        /// The other one.
        other: Box<str>,
        /// Where.
        place: Box<str>,
    },
    /// More passes than anybody carries.
    #[error(
        "{0} passes would be laid for one person, more than {MOST_PASSES}: give entitlements a common cookies.path and reader = \"gatepass\", or fewer resources"
    )]
    TooMany(usize),
}

/// Arranges grants, in their order, as passes.
pub(crate) fn plan(grants: &[Grant<'_>], site: &Site) -> Result<Vec<Planned>, PlanError> {
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    for grant in grants {
        let laying = |error| PlanError::Laying { of: grant.of.into(), error };
        let place = site.place(&grant.resource, grant.cookies).map_err(laying)?;
        match drafts.iter_mut().find(|draft| draft.place.is_same(&place)) {
            Some(draft) => draft.join(grant, &place)?,
            None => drafts.push(Draft::new(grant, place)),
        }
    }
    if drafts.len() > MOST_PASSES {
        return Err(PlanError::TooMany(drafts.len()));
    }
    Ok(drafts.into_iter().map(Draft::finish).collect())
}

/// A pass in the making.
struct Draft<'e> {
    of: &'e str,
    reader: Reader,
    place: Place,
    statements: Vec<(Window, Option<Network>, Vec<Resource>)>,
}

impl<'e> Draft<'e> {
    fn new(grant: &Grant<'e>, place: Place) -> Self {
        let statement = (grant.window, grant.network.clone(), vec![grant.resource.clone()]);
        Self { of: grant.of, reader: grant.reader, place, statements: vec![statement] }
    }

    fn join(&mut self, grant: &Grant<'e>, place: &Place) -> Result<(), PlanError> {
        let (one, other, at) = (self.of.into(), grant.of.into(), place.to_string().into());
        if self.reader != Reader::Gatepass || grant.reader != Reader::Gatepass {
            return Err(PlanError::Overwrites { one, other, place: at });
        }
        if !self.place.is_alike(place) {
            return Err(PlanError::Differ { one, other, place: at });
        }
        let is_like = |(window, network, _): &&mut (Window, Option<Network>, _)| {
            *window == grant.window && *network == grant.network
        };
        match self.statements.iter_mut().find(is_like) {
            Some((_, _, resources)) if resources.contains(&grant.resource) => {}
            Some((_, _, resources)) => resources.push(grant.resource.clone()),
            None => {
                let resources = vec![grant.resource.clone()];
                self.statements.push((grant.window, grant.network.clone(), resources));
            }
        }
        Ok(())
    }

    fn finish(self) -> Planned {
        let ends = self.statements.iter().map(|(window, ..)| window.expiry());
        let first_end = ends.min().expect("a pass has a statement");
        let policies = self.statements.into_iter().map(|(window, network, resources)| {
            let policy = Policy::new(resources, window);
            network.map_or(policy.clone(), |network| policy.from_network(&network))
        });
        let policy = policies.reduce(Policy::or).expect("a pass has a statement");
        Planned { place: self.place, policy, first_end }
    }
}
