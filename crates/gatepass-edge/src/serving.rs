//! One snapshot, and the places that its content comes from.

use std::cell::LazyCell;
use std::sync::Arc;

use gatepass_distribution::{CacheBehavior, Distribution, Origin, OriginKind, Route, Snapshot};

use crate::background::Background;
use crate::cache::CacheError;
use crate::metrics::{BehaviorMetrics, Metrics, OriginMetrics, Resolved};
use crate::origin::directory::{Directory, DirectoryError};
use crate::origin::remote::{Remote, Surroundings};

/// What requests are answered from, until another takes its place. A request keeps the one
/// that it began with.
#[derive(Debug)]
pub(crate) struct Serving {
    snapshot: Snapshot,
    /// By distribution and origin, in the order of the snapshot.
    sources: Vec<Vec<Source>>,
    metrics: Resolved,
}

/// Where content comes from, opened.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Directory(Arc<Directory>),
    Remote(Remote),
}

impl Serving {
    /// Opens every origin that the snapshot names. What `before` already had open and is
    /// described as it was stays open: connections, descriptors and what is remembered live on.
    pub(crate) fn open(
        snapshot: Snapshot,
        before: Option<&Self>,
        background: &Background,
        metrics: &Metrics,
    ) -> Result<Self, Vec<EdgeError>> {
        let mut errors = Vec::new();
        let mut sources = Vec::new();
        let around = LazyCell::new(|| Surroundings::new(background.handle()));
        for distribution in snapshot.distributions() {
            let mut opened = Vec::new();
            for origin in distribution.origins() {
                let counters = || metrics.of_origin(distribution.id(), &origin.id);
                let known = before.and_then(|before| before.same(distribution, origin));
                match known.map_or_else(|| open(origin, &around, &counters), Ok) {
                    Ok(source) => opened.push(source),
                    Err(error) => errors.push(error.into()),
                }
            }
            // An origin is missing if there was an error, and then nothing is served anyhow.
            if errors.is_empty() {
                errors.extend(join(distribution.origins(), &mut opened));
            }
            sources.push(opened);
        }
        if errors.is_empty() {
            Ok(Self { metrics: metrics.resolve(&snapshot), snapshot, sources })
        } else {
            Err(errors)
        }
    }

    pub(crate) const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Says whether anything comes from further away than a folder.
    pub(crate) fn has_remotes(&self) -> bool {
        self.sources.iter().flatten().any(|source| matches!(source, Source::Remote(_)))
    }

    /// The counters of a route through this snapshot.
    pub(crate) fn metrics_of(&self, route: &Route<'_>) -> Option<&Arc<BehaviorMetrics>> {
        self.metrics.of(route)
    }

    /// The opened origin of a behavior of this snapshot.
    pub(crate) fn source(&self, distribution: &Distribution, behavior: &CacheBehavior) -> &Source {
        &self.sources[distribution.position()][behavior.origin_position()]
    }

    /// The open origin of the same distribution, if nothing that it depends on changed.
    fn same(&self, distribution: &Distribution, origin: &Origin) -> Option<Source> {
        let ours =
            self.snapshot.distributions().iter().find(|one| one.id() == distribution.id())?;
        if matches!(origin.kind, OriginKind::Group(_)) && ours.origins() != distribution.origins() {
            return None;
        }
        let at = ours.origins().iter().position(|known| known == origin)?;
        Some(self.sources[ours.position()][at].clone())
    }
}

fn open(
    origin: &Origin,
    around: &LazyCell<Surroundings, impl FnOnce() -> Surroundings>,
    counters: &dyn Fn() -> Arc<OriginMetrics>,
) -> Result<Source, DirectoryError> {
    if let OriginKind::Directory(path) = &origin.kind {
        return Ok(Source::Directory(Arc::new(Directory::open(path)?)));
    }
    Ok(Source::Remote(Remote::open(origin, around).counted_by(counters())))
}

/// Makes groups of what is open by now, and says which can't be made.
fn join(origins: &[Origin], opened: &mut [Source]) -> Vec<EdgeError> {
    let member = |opened: &[Source], id: &str| {
        let at = origins.iter().position(|origin| *origin.id == *id)?;
        match &opened[at] {
            Source::Remote(remote) => Some(remote.clone()),
            Source::Directory(_) => None,
        }
    };
    let mut errors = Vec::new();
    for (at, origin) in origins.iter().enumerate() {
        let OriginKind::Group(group) = &origin.kind else { continue };
        match member(opened, &group.primary).zip(member(opened, &group.secondary)) {
            Some((primary, secondary)) => {
                opened[at] = Source::Remote(Remote::group(group, primary, secondary));
            }
            None => errors.push(EdgeError::Group(origin.id.clone())),
        }
    }
    errors
}

/// Why an edge can't serve a snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EdgeError {
    /// A folder can't be opened.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The cache can't be opened.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// A group has a folder in it.
    #[error("the origin group {0:?} has a folder in it: it may have web servers and buckets")]
    Group(Box<str>),
    /// The collector of spans can't be asked, ever.
    #[error("the collector of spans can't be used: {0}")]
    Collector(Box<str>),
    /// Spans are wanted, and this was built without them.
    #[error("this was built without the feature opentelemetry, and so tells no spans")]
    NoOpenTelemetry,
}
