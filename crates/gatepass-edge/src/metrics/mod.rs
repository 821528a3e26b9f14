//! What is counted, and told to Prometheus.
//!
//! Labels are distributions, behaviors and origins of the snapshot in force, and words of
//! fixed lists: nothing that a viewer sends becomes a label.

mod behavior;
mod histogram;
mod origin;
mod page;
mod reasons;
mod status;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gatepass_distribution::{CacheBehavior, Route, Snapshot};

pub use behavior::BehaviorMetrics;
pub use origin::OriginMetrics;
use page::Page;
pub use status::{CacheStatus, ConfigStatus, Observed, Status};

/// Two names: of a distribution, and of something in it.
type Named<T> = BTreeMap<(Box<str>, Box<str>), Arc<T>>;

/// Everything that is counted in one process.
#[derive(Debug)]
pub struct Metrics {
    unrouted: Arc<BehaviorMetrics>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    behaviors: Named<BehaviorMetrics>,
    origins: Named<OriginMetrics>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Has counted nothing yet.
    pub fn new() -> Self {
        let unrouted = Arc::new(BehaviorMetrics::new("", ""));
        Self { unrouted, known: Mutex::default() }
    }

    /// The counters of requests that never find a behavior.
    pub const fn unrouted(&self) -> &Arc<BehaviorMetrics> {
        &self.unrouted
    }

    /// The counters of one behavior: the same for as long as its distribution has this pattern.
    pub fn of_behavior(&self, distribution: &str, path_pattern: &str) -> Arc<BehaviorMetrics> {
        let mut known = self.known();
        let name = (distribution.into(), path_pattern.into());
        let new = || Arc::new(BehaviorMetrics::new(distribution, path_pattern));
        Arc::clone(known.behaviors.entry(name).or_insert_with(new))
    }

    /// The counters of one origin: the same for as long as its distribution has it.
    pub fn of_origin(&self, distribution: &str, origin: &str) -> Arc<OriginMetrics> {
        let mut known = self.known();
        let name = (distribution.into(), origin.into());
        let new = || Arc::new(OriginMetrics::new(distribution, origin));
        Arc::clone(known.origins.entry(name).or_insert_with(new))
    }

    /// Finds the counters of every behavior, and tells nothing more of what a snapshot no
    /// longer has. To be called when it comes into force.
    pub fn resolve(&self, snapshot: &Snapshot) -> Resolved {
        let mut resolved = Resolved::default();
        let (mut behaviors, mut origins) = (BTreeSet::new(), BTreeSet::new());
        for distribution in snapshot.distributions() {
            for behavior in distribution.behaviors() {
                let metrics = self.of_behavior(distribution.id(), behavior.path_pattern().as_str());
                resolved.behaviors.insert(address(behavior), Arc::clone(&metrics));
                behaviors.insert((distribution.id(), behavior.path_pattern().as_str()));
            }
            origins.extend(distribution.origins().iter().map(|it| (distribution.id(), &*it.id)));
        }
        let mut known = self.known();
        known.behaviors.retain(|(one, other), _| behaviors.contains(&(&**one, &**other)));
        known.origins.retain(|(one, other), _| origins.contains(&(&**one, &**other)));
        resolved
    }

    /// The page that Prometheus reads: OpenMetrics text.
    pub fn page(&self, status: Status) -> String {
        let known = self.known();
        let behaviors = [&self.unrouted].into_iter().chain(known.behaviors.values());
        let page = Page {
            behaviors: behaviors.cloned().collect(),
            origins: known.origins.values().cloned().collect(),
            status,
        };
        drop(known);
        page.text()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The counters of every behavior of one snapshot.
#[derive(Debug, Default)]
pub struct Resolved {
    /// By where a behavior lies in memory: a snapshot never changes.
    behaviors: HashMap<usize, Arc<BehaviorMetrics>, foldhash::fast::FixedState>,
}

impl Resolved {
    /// The counters of a route through the snapshot that these are of; none for another one.
    pub fn of(&self, route: &Route<'_>) -> Option<&Arc<BehaviorMetrics>> {
        self.behaviors.get(&address(route.behavior))
    }
}

fn address(behavior: &CacheBehavior) -> usize {
    ptr::from_ref(behavior).addr()
}
