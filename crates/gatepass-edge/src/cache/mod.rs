//! What is kept of the origins' answers.
//!
//! An object is a `head` and `slices`: pieces of its body, all of one size but
//! the last. Both lie in the `store`, in memory and on disk. What is missing is fetched
//! by a `flight` that many viewers share, and `poured` to them while it arrives.
//! Begin with `serve`.

use std::fmt;
use std::hash::RandomState;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gatepass::EpochTime;
use gatepass_distribution::{Admitted, Invalidations};
use http::Response;
use tokio::runtime::Handle;

use crate::asked::Asked;
use crate::body::Body;
use crate::config::CacheConfig;
use crate::metrics::CacheStatus;
use crate::origin::remote::Remote;
use crate::outcome::CacheOutcome;

pub mod key;

pub mod cache_control;

pub mod freshness;

mod vary;

mod head;

mod marker;

mod store;

mod record;

mod tally;

mod disk;

mod upstream;

mod chunks;

mod fill;

mod inlet;

mod leftover;

mod flight;

mod part;

mod pour;

mod lead;

mod slices;

mod reader;

mod answer;

mod wish;

mod lookup;

mod serve;

pub(crate) mod outdated;

#[cfg(test)]
mod script;

#[cfg(test)]
mod tests;

pub use disk::CacheError;
pub use reader::Reader;

/// What is kept of the origins' answers. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    store: store::Store,
    slice_bytes: u64,
    runtime: Handle,
    flights: flight::Flights,
    fills: flight::Fills,
    /// What turned out to be for one viewer alone, and until when that is remembered.
    alone: quick_cache::sync::Cache<key::CacheKey, Instant>,
    /// What could not be asked for, and until when it is not asked for again if there is
    /// something to serve.
    troubled: quick_cache::sync::Cache<key::CacheKey, Instant>,
    /// What of unknown length turned out to be too long to be kept, and until when that is
    /// remembered.
    too_long: quick_cache::sync::Cache<key::CacheKey, Instant>,
    forgets: AtomicU64,
    seed: RandomState,
    outcomes: [AtomicU64; CacheOutcome::ALL.len()],
}

/// Since when what is kept doesn't count: the invalidations that hold.
pub trait Facts: Sync {
    /// Everything of this distribution and raw path that was asked for at that second or
    /// before counts as absent.
    fn as_of(&self, distribution_id: &str, path: &str) -> Option<EpochTime>;
}

impl Facts for Invalidations {
    fn as_of(&self, distribution_id: &str, path: &str) -> Option<EpochTime> {
        Self::as_of(self, distribution_id, path)
    }
}

impl<F: Fn(&str, &str) -> Option<EpochTime> + Sync> Facts for F {
    fn as_of(&self, distribution_id: &str, path: &str) -> Option<EpochTime> {
        self(distribution_id, path)
    }
}

/// A response, and where it came from.
#[derive(Debug)]
#[non_exhaustive]
pub struct Served {
    /// The response, without the headers that all responses carry.
    pub response: Response<Body>,
    /// Where it came from.
    pub outcome: CacheOutcome,
    /// What was the matter with the origin: a stable name, and a sentence for the operator. The
    /// response then has a status and nothing else.
    pub trouble: Option<(&'static str, Box<str>)>,
}

/// How a cache is doing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct CacheCounts {
    /// About how many bytes lie in memory.
    pub memory_bytes: u64,
    /// How many entries, heads and slices, lie in memory.
    pub memory_entries: u64,
    /// About how many bytes lie on disk: the blocks in which something is.
    pub disk_bytes: u64,
    /// Bytes written to disk so far.
    pub disk_written_bytes: u64,
    /// Bytes read from disk so far.
    pub disk_read_bytes: u64,
    /// Responses from the cache.
    pub hits: u64,
    /// Responses from the cache after the origin was asked.
    pub refresh_hits: u64,
    /// Responses from the origin.
    pub misses: u64,
    /// Requests that the origin failed.
    pub errors: u64,
    /// Entries that made room for others in memory.
    pub evicted: u64,
    /// Bytes on disk that made room for others, block by block.
    pub disk_freed_bytes: u64,
    /// Entries that were too large to be kept.
    pub rejected: u64,
    /// Entries that were kept in memory alone, since too much waited to be written to disk.
    pub unwritten: u64,
    /// Questions to origins that are shared by those who ask the same.
    pub flights: u64,
    /// Bodies that arrive from origins and are kept.
    pub fills: u64,
}

impl From<CacheCounts> for CacheStatus {
    fn from(counts: CacheCounts) -> Self {
        Self {
            memory_bytes: counts.memory_bytes,
            disk_bytes: counts.disk_bytes,
            entries: counts.memory_entries,
            hits: counts.hits + counts.refresh_hits,
            misses: counts.misses,
            evictions: counts.evicted,
            disk_freed_bytes: counts.disk_freed_bytes,
            rejected_inserts: counts.rejected,
            unwritten_inserts: counts.unwritten,
            disk_errors: 0,
        }
    }
}

/// How long it is remembered that an answer was for one viewer alone.
const ALONE: Duration = Duration::from_secs(5);

/// How long an origin that failed is left alone where there is something to serve: the least
/// time for which CloudFront keeps errors.
const TROUBLED: Duration = Duration::from_secs(10);

/// How long it is remembered that an object of unknown length was too long to be kept: so often
/// its beginning takes the place of others.
const TOO_LONG: Duration = Duration::from_mins(1);

/// Of how many objects each of that is remembered.
const ALONE_OBJECTS: usize = 10_000;

impl Cache {
    /// Opens the store. What a disk still holds is there again at once. Everything that
    /// outlives a request runs on `runtime`, which must have threads of its own.
    pub fn open(config: &CacheConfig, runtime: Handle) -> Result<Self, CacheError> {
        let store = disk::open(config, &runtime)?;
        let inner = Inner {
            store,
            slice_bytes: config.slice_bytes.max(1).into(),
            runtime,
            flights: flight::Flights::default(),
            fills: flight::Fills::default(),
            alone: quick_cache::sync::Cache::new(ALONE_OBJECTS),
            troubled: quick_cache::sync::Cache::new(ALONE_OBJECTS),
            too_long: quick_cache::sync::Cache::new(ALONE_OBJECTS),
            forgets: AtomicU64::new(0),
            seed: RandomState::new(),
            outcomes: Default::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Answers a GET or HEAD request from what is kept, or from the origin.
    pub async fn serve(
        &self,
        admitted: &Admitted<Asked<'_>>,
        remote: &Remote,
        facts: &dyn Facts,
    ) -> Served {
        let upstream = || upstream::Upstream::Remote(remote.clone());
        let lookup = lookup::Lookup { inner: &self.inner, admitted, facts };
        serve::Serving { lookup, upstream: &upstream }.run().await
    }

    /// Answers a GET or HEAD request if that takes no waiting: what is asked for is fresh, and
    /// in memory. Else nothing has happened.
    pub fn at_once(&self, admitted: &Admitted<Asked<'_>>, facts: &dyn Facts) -> Option<Served> {
        lookup::Lookup { inner: &self.inner, admitted, facts }.at_once()
    }

    /// Drops an object and its variants: it was changed by a request that the edge let through.
    pub fn forget(&self, key: &key::CacheKey) {
        self.inner.forgets.fetch_add(1, Ordering::SeqCst);
        self.inner.flights.forget(key);
        self.inner.store.drop(store::Place::head(key));
    }

    /// How it is doing.
    pub fn counts(&self) -> CacheCounts {
        let (bytes, entries) = self.inner.store.usage();
        let (written, read) = self.inner.store.disk_traffic();
        let tally = self.inner.store.tally();
        let outcome =
            |outcome| self.inner.outcomes[CacheOutcome::index(outcome)].load(Ordering::Relaxed);
        CacheCounts {
            memory_bytes: bytes as u64,
            memory_entries: entries as u64,
            disk_bytes: tally.disk_bytes(),
            disk_written_bytes: written as u64,
            disk_read_bytes: read as u64,
            hits: outcome(CacheOutcome::Hit),
            refresh_hits: outcome(CacheOutcome::RefreshHit),
            misses: outcome(CacheOutcome::Miss),
            errors: outcome(CacheOutcome::Error),
            evicted: tally.evicted(),
            disk_freed_bytes: tally.freed_bytes(),
            rejected: self.inner.store.rejected(),
            unwritten: tally.overflowed(),
            flights: self.inner.flights.under_way() as u64,
            fills: self.inner.fills.under_way() as u64,
        }
    }

    /// Writes what waits to be written to disk. Nothing is kept afterwards.
    pub async fn close(&self) {
        self.inner.store.close().await;
    }
}

impl Inner {
    fn is_alone(&self, key: &key::CacheKey) -> bool {
        self.alone.get(key).is_some_and(|until| Instant::now() < until)
    }

    fn go_alone(&self, key: &key::CacheKey) {
        self.alone.insert(*key, Instant::now() + ALONE);
    }

    fn go_together(&self, key: &key::CacheKey) {
        self.alone.remove(key);
    }

    fn has_trouble(&self, key: &key::CacheKey) -> bool {
        self.troubled.get(key).is_some_and(|until| Instant::now() < until)
    }

    fn remember_trouble(&self, key: &key::CacheKey) {
        self.troubled.insert(*key, Instant::now() + TROUBLED);
    }

    fn was_too_long(&self, key: &key::CacheKey) -> bool {
        self.too_long.get(key).is_some_and(|until| Instant::now() < until)
    }

    fn remember_as_too_long(&self, key: &key::CacheKey) {
        self.too_long.insert(*key, Instant::now() + TOO_LONG);
    }

    /// How often something was forgotten: what is on its way without a flight that could be
    /// told is not kept if that was while it was.
    fn forgets(&self) -> u64 {
        self.forgets.load(Ordering::SeqCst)
    }

    fn count(&self, outcome: CacheOutcome) {
        self.outcomes[outcome.index()].fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("slice_bytes", &self.slice_bytes).finish_non_exhaustive()
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("counts", &self.counts()).finish()
    }
}
