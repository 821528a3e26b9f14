//! The life of a viewer request. Every step may end it; none goes back.
//!
//! ```text
//! limits ─► viewer ─► route ─► protocol ─► preflight? ─► method ─► gate ─► cache, origin ─► error page? ─► answer, logged
//! ```
//!
//! 1. What is too long is refused before it is read.
//! 2. The request is read once: absolute URL, address, the passes presented.
//! 3. Host and path choose distribution and behavior; an unknown host gets the HTML 403.
//! 4. Plain HTTP is redirected or refused, where the behavior says so.
//! 5. A preflight is answered; a method that the behavior doesn't allow gets the HTML 403.
//! 6. The gate admits or denies, at the time the request arrived. Whatever runs after that
//!    runs to its end.
//! 7. Only an [`Admitted`] request reaches the cache or an origin: a hit is as private as a
//!    miss.
//! 8. An error, the gate's or the origin's, may be answered by the distribution's own page.

use std::convert::identity;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use arc_swap::{ArcSwap, Guard};
use gatepass::{Denial, EpochTime};
use gatepass_distribution::{NormalPath, Proxies, RouteError, Snapshot, VerifiedPasses};
use http::{Request, Response};

use crate::access_log::{AccessLog, Entry};
use crate::answering::Answering;
use crate::asking::{Asking, expiry};
use crate::background::Background;
use crate::body::{Body, Logged};
use crate::cache::Cache;
use crate::compress::Copies;
use crate::config::{EdgeConfig, OpenTelemetry};
use crate::fetch::Fetch;
use crate::incoming::Sent;
use crate::listener::{Connection, Door};
use crate::metrics::{CacheStatus, ConfigStatus, Metrics, Observed, Status};
use crate::serving::{EdgeError, Serving};
use crate::telemetry::Telemetry;
use crate::viewer::{Viewer, ViewerError};
use crate::{refuse, respond, wellformed};

/// Compressed copies take so small a part of what the cache may have of memory, besides it.
const COPIES_SHARE: u64 = 8;

/// Says what time it is. Handed in, so that a test can say so too.
pub type Clock = Arc<dyn Fn() -> EpochTime + Send + Sync>;

/// Says the same to the nanosecond, for spans.
pub type PreciseClock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Answers viewers from one snapshot at a time.
pub struct Edge {
    serving: ArcSwap<Serving>,
    background: Background,
    cache: OnceLock<Cache>,
    copies: Copies,
    verified: VerifiedPasses,
    proxies: Proxies,
    config: EdgeConfig,
    clock: Clock,
    log: AccessLog,
    metrics: Arc<Metrics>,
    config_status: ArcSwap<ConfigStatus>,
    telemetry: Telemetry,
}

impl Edge {
    /// Opens every origin that the snapshot names; nothing is served until all are there.
    pub fn open(
        snapshot: Snapshot,
        config: EdgeConfig,
        clock: Clock,
        log: AccessLog,
    ) -> Result<Self, Vec<EdgeError>> {
        let background = Background::default();
        let metrics = Arc::new(Metrics::new());
        let serving = Serving::open(snapshot, None, &background, &metrics)?;
        let cache = OnceLock::new();
        open_cache(&cache, &serving, &config, &background).map_err(|error| vec![error])?;
        Ok(Self {
            metrics,
            serving: ArcSwap::from_pointee(serving),
            background,
            cache,
            copies: Copies::new(config.cache.memory_bytes / COPIES_SHARE),
            verified: VerifiedPasses::with_capacity(config.verified_passes_bytes),
            proxies: Proxies::new(config.trusted_proxies.clone()),
            config,
            clock,
            log,
            config_status: ArcSwap::default(),
            telemetry: Telemetry::default(),
        })
    }

    /// Tells spans of its requests, too. Only a build with the feature `opentelemetry` can.
    pub fn traced(
        mut self,
        config: &OpenTelemetry,
        clock: PreciseClock,
    ) -> Result<Self, EdgeError> {
        self.telemetry = Telemetry::start(config, clock, &self.background.handle())?;
        Ok(self)
    }

    /// Serves another snapshot from now on; if it can't, the one in force stays.
    pub fn install(&self, snapshot: Snapshot) -> Result<(), Vec<EdgeError>> {
        let before = self.serving.load_full();
        let serving = Serving::open(snapshot, Some(&before), &self.background, &self.metrics)?;
        open_cache(&self.cache, &serving, &self.config, &self.background)
            .map_err(|error| vec![error])?;
        self.serving.store(Arc::new(serving));
        Ok(())
    }

    /// Remembers which configuration the snapshot in force is from, for whoever asks.
    pub fn tell_config(&self, status: ConfigStatus) {
        self.config_status.store(Arc::new(status));
    }

    /// Writes what the cache still has for its disk, and keeps nothing from now on; sends the
    /// spans that wait, and takes no more. Waits for a few seconds at most; what is not written
    /// by then costs misses. Not to be called from a runtime's own thread.
    pub fn close(&self) {
        const PATIENCE: Duration = Duration::from_secs(5);

        let cache = self.cache.get();
        if cache.is_none() && self.telemetry.is_off() {
            return;
        }
        let writing = async {
            if let Some(cache) = cache {
                cache.close().await;
            }
        };
        let closing = async {
            let both = async { tokio::join!(writing, self.telemetry.close()) };
            tokio::time::timeout(PATIENCE, both).await
        };
        let _ = self.background.handle().block_on(closing);
    }

    /// How often the cache's disk failed so far, and how it began when it did last.
    pub fn disk_errors(&self) -> (u64, Box<str>) {
        let complaints = self.background.complaints();
        (complaints.count(), complaints.reason())
    }

    /// How it was set up.
    pub const fn config(&self) -> &EdgeConfig {
        &self.config
    }

    /// What it counts.
    pub const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Answers one request, and logs it once its body is through.
    ///
    /// Most are answered at once. Who has to wait goes through the same steps again, in a
    /// future of its own: time, snapshot and request are the same, and so is what comes of them.
    pub fn handle(self: &Arc<Self>, request: Request<Sent>, connection: &Connection) -> Answering {
        let now = (self.clock)();
        let (head, sent) = request.into_parts();
        let head = Request::from_parts(head, ());
        let mut entry = Entry::begin(now, connection, self.metrics.unrouted());
        entry.traced(self.telemetry.begin(head.headers()));
        let mut logged = Logged::new(self.log.begin(entry, head));
        let serving = self.serving.load();
        let moment = Moment { edge: self, serving: &serving, connection, now };
        let mut denied = None;
        if let Some(response) = moment.at_once(&sent, &mut denied, &mut logged) {
            return Answering::ready(logged.answered(response));
        }
        let (edge, connection) = (Arc::clone(self), *connection);
        let serving = Guard::into_inner(serving);
        Answering::waiting(async move {
            let moment = Moment { edge: &edge, serving: &serving, connection: &connection, now };
            let response = moment.in_time(sent, denied, &mut logged).await;
            logged.answered(response)
        })
    }
}

/// When and how a request came, and what it is answered from.
#[derive(Clone, Copy)]
struct Moment<'m> {
    edge: &'m Edge,
    serving: &'m Serving,
    connection: &'m Connection,
    now: EpochTime,
}

impl<'m> Moment<'m> {
    /// A whole life, if no step of it has to wait; else nothing has happened.
    fn at_once(
        self,
        sent: &Sent,
        denied: &mut Option<Denial>,
        logged: &mut Logged,
    ) -> Option<Response<Body>> {
        let (request, entry) = logged.parts();
        let mut response = self.life_at_once(request, sent, denied, entry).unwrap_or_else(Some)?;
        respond::sign_off(&mut response, request, entry.id());
        Some(response)
    }

    fn life_at_once(
        self,
        request: &Request<()>,
        sent: &Sent,
        denied: &mut Option<Denial>,
        entry: &mut Entry,
    ) -> Result<Option<Response<Body>>, Response<Body>> {
        let viewer = self.viewer(request, entry)?;
        let asking = self.asking(request, &viewer, entry)?;
        let mut response;
        match asking.gate(sent, &self.edge.verified, denied, entry)? {
            Ok(admitted) => {
                let Some(fetched) = asking.fetch.at_once(&admitted, sent, entry) else {
                    return Ok(None);
                };
                response = fetched;
                asking.compress(&mut response);
                if asking.page_at_once(&mut response, entry).is_none() {
                    return Ok(None);
                }
                asking.cap(&mut response, expiry(&admitted));
            }
            Err(denial) => {
                response = denial;
                if asking.page_at_once(&mut response, entry).is_none() {
                    return Ok(None);
                }
            }
        }
        asking.leave(&mut response);
        Ok(Some(response))
    }

    /// The same life, with all the time that it takes. Who was denied is not judged again.
    async fn in_time(
        self,
        sent: Sent,
        denied: Option<Denial>,
        logged: &mut Logged,
    ) -> Response<Body> {
        let (request, entry) = logged.parts();
        let life = self.life_in_time(request, sent, denied, entry).await;
        let mut response = life.unwrap_or_else(identity);
        respond::sign_off(&mut response, request, entry.id());
        response
    }

    async fn life_in_time(
        self,
        request: &Request<()>,
        sent: Sent,
        mut denied: Option<Denial>,
        entry: &mut Entry,
    ) -> Result<Response<Body>, Response<Body>> {
        let viewer = self.viewer(request, entry)?;
        let asking = self.asking(request, &viewer, entry)?;
        let mut response;
        match asking.gate(&sent, &self.edge.verified, &mut denied, entry)? {
            Ok(admitted) => {
                let expiry = expiry(&admitted);
                response = asking.fetch.answer(admitted, sent, entry).await;
                asking.compress(&mut response);
                asking.page(&mut response, entry).await;
                asking.cap(&mut response, expiry);
            }
            Err(denial) => {
                response = denial;
                asking.page(&mut response, entry).await;
            }
        }
        asking.leave(&mut response);
        Ok(response)
    }

    /// Reads who asks for what, unless it is too long or can be read in two ways.
    fn viewer<'r>(
        self,
        request: &'r Request<()>,
        entry: &mut Entry,
    ) -> Result<Viewer<'r>, Response<Body>> {
        if let Some(refusal) = refuse::oversized(request, &self.edge.config.limits, entry) {
            return Err(refusal);
        }
        if let Some(problem) = wellformed::problem(request) {
            return Err(refuse::bad_request(problem, request.method(), entry));
        }
        let viewer = Viewer::read(request, self.connection, &self.edge.proxies);
        let viewer = viewer.map_err(|error @ ViewerError::Host| {
            refuse::bad_request(&error.to_string(), request.method(), entry)
        })?;
        entry.viewer(&viewer);
        Ok(viewer)
    }

    /// Finds distribution and behavior, and answers what is answered before the gate.
    fn asking<'r>(
        self,
        request: &'r Request<()>,
        viewer: &'r Viewer<'r>,
        entry: &mut Entry,
    ) -> Result<Asking<'r>, Response<Body>>
    where
        'm: 'r,
    {
        let Self { edge, serving, connection, now } = self;
        let path = NormalPath::read(viewer.url().path());
        let route = match serving.snapshot().route(viewer.url().host(), &path) {
            Ok(route) => route,
            Err(error @ RouteError::AmbiguousPath) => {
                return Err(refuse::bad_request(&error.to_string(), request.method(), entry));
            }
            Err(error @ RouteError::UnknownHost) => {
                return Err(refuse::unknown_host(&error.to_string(), request.method(), entry));
            }
        };
        if let Some(metrics) = serving.metrics_of(&route) {
            entry.routed(metrics);
        }
        let conduct = route.behavior.conduct();
        if let Some(answer) = refuse::plain_http(request, viewer, conduct, &edge.config, entry) {
            return Err(answer);
        }
        let cors = route.behavior.cors();
        if let Some(answer) = cors.and_then(|cors| refuse::preflight(cors, conduct, request)) {
            return Err(answer);
        }
        let fetch = Fetch { serving, cache: edge.cache.get(), limits: &edge.config.limits };
        let (copies, id, trace) = (&edge.copies, entry.id(), entry.trace().clone());
        Ok(Asking { request, connection, viewer, route, fetch, copies, now, id, trace })
    }
}

impl Door for Edge {
    fn answer(self: &Arc<Self>, request: Request<Sent>, connection: &Connection) -> Answering {
        self.handle(request, connection)
    }
}

impl Observed for Edge {
    fn status(&self) -> Status {
        let serving = self.serving.load();
        Status {
            is_ready: true,
            verified_passes: self.verified.len() as u64,
            pass_checks: self.verified.checks(),
            revoked_passes: serving.snapshot().facts().revocations.len() as u64,
            log_lines_dropped: self.log.dropped(),
            compressed_copies_bytes: self.copies.bytes(),
            spans_dropped: self.telemetry.dropped(),
            cache: self.cache.get().map(|cache| CacheStatus {
                disk_errors: self.background.complaints().count(),
                ..cache.counts().into()
            }),
            config: ConfigStatus::clone(&self.config_status.load()),
            ..Status::default()
        }
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Folders are their own cache: without another origin none is opened.
fn open_cache(
    cache: &OnceLock<Cache>,
    serving: &Serving,
    config: &EdgeConfig,
    background: &Background,
) -> Result<(), EdgeError> {
    if serving.has_remotes() && cache.get().is_none() {
        let opened = Cache::open(&config.cache, background.handle())?;
        let _ = cache.set(opened);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// hyper moves what comes of a request into its place, whatever of it is in use.
    #[test]
    fn an_answer_is_cheap_to_move() {
        assert!(size_of::<Answering>() <= 192, "{} bytes", size_of::<Answering>());
        assert!(size_of::<Logged>() <= 1_000, "{} bytes", size_of::<Logged>());
    }
}
