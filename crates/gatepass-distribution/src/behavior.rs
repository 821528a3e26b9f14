//! A cache behavior: the paths it is for, where they come from, and who may see them.

use crate::cors::Cors;
use crate::gate::Gate;
use crate::login_page::LoginPage;
use crate::origin::Origin;
use crate::path_pattern::PathPattern;

/// What holds for the paths of one pattern.
#[derive(Clone, Debug)]
pub struct CacheBehavior {
    pub(crate) path_pattern: PathPattern,
    pub(crate) origin: usize,
    pub(crate) gate: Gate,
    pub(crate) on_denied: Option<LoginPage>,
    pub(crate) cors: Option<Cors>,
}

impl CacheBehavior {
    /// The paths it is for.
    pub const fn path_pattern(&self) -> &PathPattern {
        &self.path_pattern
    }

    /// Its origin, among those of its distribution.
    pub fn origin<'o>(&self, origins: &'o [Origin]) -> &'o Origin {
        &origins[self.origin]
    }

    /// What a request has to pass.
    pub const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Where viewers of pages go that were denied.
    pub const fn on_denied(&self) -> Option<&LoginPage> {
        self.on_denied.as_ref()
    }

    /// Which other sites may read.
    pub const fn cors(&self) -> Option<&Cors> {
        self.cors.as_ref()
    }
}
