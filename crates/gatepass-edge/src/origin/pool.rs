//! Open connections to one endpoint, between two requests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use hyper::client::conn::http1::SendRequest;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;

use crate::origin::dial::Tenant;
use crate::origin::upload::Upload;

/// How long a connection that has just answered may take to be ready for the next request.
const SETTLING: Duration = Duration::from_millis(50);

/// A connection, and the task that drives it: dropped, it is closed at once, however far an
/// answer has come.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<Upload>,
    driver: JoinSet<()>,
    received: Arc<AtomicU64>,
    tenant: Tenant,
    pub(crate) is_reused: bool,
}

/// The connections that wait for a request.
#[derive(Debug)]
pub(crate) struct Pool {
    shelf: Mutex<Shelf>,
    keep_alive: Duration,
    runtime: Handle,
}

#[derive(Debug, Default)]
struct Shelf {
    /// Oldest first.
    connections: Vec<(Instant, Connection)>,
    is_watched: bool,
}

impl Connection {
    pub(crate) fn new(
        sender: SendRequest<Upload>,
        driver: JoinSet<()>,
        received: Arc<AtomicU64>,
        tenant: Tenant,
    ) -> Self {
        Self { sender, driver, received, tenant, is_reused: false }
    }

    /// How many bytes have come over it.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Leaves the connection to whoever it was upgraded for. It counts as a request under way
    /// until they close it.
    pub(crate) fn let_go(mut self, permit: OwnedSemaphorePermit) {
        *self.tenant.lock().unwrap_or_else(PoisonError::into_inner) = Some(permit);
        self.driver.detach_all();
    }
}

impl Pool {
    pub(crate) fn new(keep_alive: Duration, runtime: Handle) -> Arc<Self> {
        Arc::new(Self { shelf: Mutex::default(), keep_alive, runtime })
    }

    pub(crate) const fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Takes the connection that was used last, since it is the likeliest to be alive.
    pub(crate) async fn take(&self) -> Option<Connection> {
        loop {
            let (since, mut connection) = self.lock().connections.pop()?;
            let is_stale = since.elapsed() >= self.keep_alive || connection.sender.is_closed();
            let ready = tokio::time::timeout(SETTLING, connection.sender.ready());
            if !is_stale && matches!(ready.await, Ok(Ok(()))) {
                connection.is_reused = true;
                return Some(connection);
            }
        }
    }

    /// Keeps a connection whose answer has been read to its end.
    pub(crate) fn put(self: &Arc<Self>, connection: Connection) {
        if self.keep_alive.is_zero() || connection.sender.is_closed() {
            return;
        }
        let mut kept = self.lock();
        kept.connections.push((Instant::now(), connection));
        if !std::mem::replace(&mut kept.is_watched, true) {
            self.runtime.spawn(watch(Arc::downgrade(self), self.keep_alive));
        }
    }

    /// Closes what has been idle for too long, and says when to look again.
    fn clear(&self) -> Option<Duration> {
        let mut kept = self.lock();
        kept.connections.retain(|(since, connection)| {
            since.elapsed() < self.keep_alive && !connection.sender.is_closed()
        });
        let oldest = kept.connections.first().map(|(since, _)| *since);
        kept.is_watched = oldest.is_some();
        oldest.map(|since| self.keep_alive.saturating_sub(since.elapsed()))
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs while there are idle connections.
async fn watch(pool: Weak<Pool>, keep_alive: Duration) {
    let mut pause = Some(keep_alive);
    while let Some(length) = pause {
        tokio::time::sleep(length).await;
        pause = pool.upgrade().and_then(|pool| pool.clear());
    }
}
