//! One question to the origin for everybody who asks the same meanwhile.
//!
//! A flight is led by a task of its own, never by a viewer: whoever leaves harms nobody.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::cache::fill::Fill;
use crate::cache::head::Head;
use crate::cache::key::CacheKey;
use crate::cache::marker::Marker;
use crate::origin::trouble::Trouble;

/// What a flight comes back with.
#[derive(Clone, Debug)]
pub(crate) enum Landing {
    /// An answer that may be shared.
    Object(Arc<Landed>),
    /// An answer for one viewer alone: everybody else asks for themselves.
    Private,
    /// The origin is to be asked in each viewer's own words.
    Pass,
    /// None.
    Failed(Arc<Trouble>),
}

/// An answer that may be shared.
#[derive(Debug)]
pub(crate) struct Landed {
    /// Where it is filed.
    pub(crate) key: CacheKey,
    /// By what other requests for the same URL may differ.
    pub(crate) marker: Option<Arc<Marker>>,
    pub(crate) head: Arc<Head>,
    pub(crate) how: How,
    /// The bytes that arrive, if any do.
    pub(crate) fill: Option<Arc<Fill>>,
}

/// How an answer was come by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum How {
    /// The origin sent it.
    Fetched,
    /// The origin said that what there was still holds.
    Refreshed,
    /// The origin failed, and what there was may be served nevertheless.
    Stale,
}

/// The flights under way.
#[derive(Debug, Default)]
pub(crate) struct Flights(Arc<Mutex<Table>>);

type Table = HashMap<CacheKey, Arc<Flight>, foldhash::fast::RandomState>;

#[derive(Debug)]
struct Flight {
    /// The object, of which the flight may bring a variant.
    object: CacheKey,
    landing: watch::Sender<Option<Landing>>,
    is_forgotten: AtomicBool,
    is_closed: AtomicBool,
}

/// How one gets on board.
pub(crate) enum Boarding {
    /// As the first.
    Lead(Lead),
    /// As another.
    Follow(watch::Receiver<Option<Landing>>),
}

/// The task's end of a flight; the flight is over when it is dropped.
#[derive(Debug)]
pub(crate) struct Lead {
    key: CacheKey,
    flight: Arc<Flight>,
    table: Arc<Mutex<Table>>,
}

impl Flights {
    /// Boards the flight for `key`: the object itself, or one of its variants.
    pub(crate) fn board(&self, object: &CacheKey, key: &CacheKey) -> Boarding {
        let mut table = lock(&self.0);
        if let Some(flight) = table.get(key) {
            return Boarding::Follow(flight.landing.subscribe());
        }
        let flight = Arc::new(Flight {
            object: *object,
            landing: watch::Sender::new(None),
            is_forgotten: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        });
        table.insert(*key, Arc::clone(&flight));
        Boarding::Lead(Lead { key: *key, flight, table: Arc::clone(&self.0) })
    }

    /// Whoever comes from now on for an object, or for a variant of it, needs a flight of their
    /// own, and those under way keep nothing.
    pub(crate) fn forget(&self, object: &CacheKey) {
        lock(&self.0).retain(|_, flight| {
            let is_meant = flight.object == *object;
            flight.is_forgotten.fetch_or(is_meant, Ordering::Relaxed);
            !is_meant
        });
    }

    /// Lets nobody else on board of a flight whose landing is of no use any longer to who comes
    /// now. For those on board it goes on.
    pub(crate) fn close(&self, key: &CacheKey, seat: &watch::Receiver<Option<Landing>>) {
        let mut table = lock(&self.0);
        if let Some(flight) = table.get(key)
            && flight.landing.subscribe().same_channel(seat)
        {
            flight.is_closed.store(true, Ordering::Relaxed);
            table.remove(key);
        }
    }

    pub(crate) fn under_way(&self) -> usize {
        lock(&self.0).len()
    }
}

impl Lead {
    /// Tells everybody on board.
    pub(crate) fn land(&self, landing: Landing) {
        self.flight.landing.send_replace(Some(landing));
    }

    /// Whether its answer has been declared outdated already.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.flight.is_forgotten.load(Ordering::Relaxed)
    }

    /// Whether it can't be found any longer, and so can't be told that it is outdated.
    pub(crate) fn is_closed(&self) -> bool {
        self.flight.is_closed.load(Ordering::Relaxed)
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        let mut table = lock(&self.table);
        if table.get(&self.key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight)) {
            table.remove(&self.key);
        }
        drop(table);
        // A task that died without a word must not leave anybody waiting.
        self.flight.landing.send_if_modified(|landing| {
            let is_missing = landing.is_none();
            landing.get_or_insert(Landing::Private);
            is_missing
        });
    }
}

/// Waits for a flight.
pub(crate) async fn landing(flight: &mut watch::Receiver<Option<Landing>>) -> Landing {
    match flight.wait_for(Option::is_some).await {
        Ok(landing) => landing.clone().unwrap_or(Landing::Private),
        Err(_) => Landing::Private,
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The fills under way, by the generation whose bytes they bring.
#[derive(Debug, Default)]
pub(crate) struct Fills(Mutex<HashMap<u64, Vec<Arc<Fill>>, foldhash::fast::RandomState>>);

impl Fills {
    /// Calls `visit` with the fills of a generation; nobody else adds one meanwhile.
    pub(crate) fn with<T>(
        &self,
        generation: u64,
        visit: impl FnOnce(&mut Vec<Arc<Fill>>) -> T,
    ) -> T {
        let mut fills = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let result = visit(fills.entry(generation).or_default());
        if fills.get(&generation).is_some_and(Vec::is_empty) {
            fills.remove(&generation);
        }
        result
    }

    pub(crate) fn add(&self, generation: u64, fill: &Arc<Fill>) {
        self.with(generation, |fills| fills.push(Arc::clone(fill)));
    }

    pub(crate) fn remove(&self, generation: u64, fill: &Arc<Fill>) {
        self.with(generation, |fills| fills.retain(|other| !Arc::ptr_eq(other, fill)));
    }

    /// How many bytes all of them hold.
    #[cfg(test)]
    pub(crate) fn held(&self) -> u64 {
        let fills = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fills.values().flatten().map(|fill| fill.held()).sum()
    }

    pub(crate) fn under_way(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().map(Vec::len).sum()
    }
}
