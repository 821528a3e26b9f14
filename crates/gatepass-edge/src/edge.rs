//! The life of a viewer request. Every step may end it; none goes back.
//!
//! ```text
//! limits ─► viewer ─► route ─► preflight? ─► method ─► gate ─► origin ─► error page? ─► answer, logged
//! ```
//!
//! 1. What is too long is refused before it is read.
//! 2. The request is read once: absolute URL, address, the passes presented.
//! 3. Host and path choose distribution and behavior; an unknown host gets the HTML 403.
//! 4. A preflight is answered; a method that the behavior doesn't know gets the HTML 403.
//! 5. The gate admits or denies, at the time the request arrived. Whatever runs after that
//!    runs to its end.
//! 6. Only an [`Admitted`] request reaches an origin.
//! 7. An error, the gate's or the origin's, may be answered by the distribution's own page.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use gatepass::{Denial, EpochTime};
use gatepass_distribution::{
    Admitted, CacheBehavior, Distribution, Gate, NormalPath, Origin, OriginKind, Route, RouteError,
    Snapshot, VerifiedPasses,
};
use http::{HeaderMap, Request, Response, StatusCode};

use crate::access_log::{AccessLog, Entry};
use crate::body::Body;
use crate::config::EdgeConfig;
use crate::listener::{Connection, Door};
use crate::metrics::{Metrics, Observed, Resolved, Status};
use crate::origin::Wanted;
use crate::origin::directory::{Directory, DirectoryError};
use crate::viewer::{Proxies, Viewer, ViewerError};
use crate::{refuse, respond};

/// Says what time it is. Handed in, so that a test can say so too.
pub type Clock = Arc<dyn Fn() -> EpochTime + Send + Sync>;

/// Answers viewers from one snapshot.
pub struct Edge {
    snapshot: Arc<Snapshot>,
    directories: HashMap<PathBuf, Directory>,
    verified: VerifiedPasses,
    proxies: Proxies,
    config: EdgeConfig,
    clock: Clock,
    log: AccessLog,
    metrics: Arc<Metrics>,
    resolved: Resolved,
}

/// Why an edge can't begin.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct EdgeError(#[from] DirectoryError);

impl Edge {
    /// Opens every folder that the snapshot names; nothing is served until all are there.
    pub fn open(
        snapshot: Arc<Snapshot>,
        config: EdgeConfig,
        clock: Clock,
        log: AccessLog,
    ) -> Result<Self, Vec<EdgeError>> {
        let mut directories = HashMap::new();
        let mut errors = Vec::new();
        for origin in snapshot.distributions().iter().flat_map(Distribution::origins) {
            if let OriginKind::Directory(path) = &origin.kind {
                match Directory::open(path) {
                    Ok(directory) => drop(directories.insert(path.clone(), directory)),
                    Err(error) => errors.push(error.into()),
                }
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let metrics = Arc::new(Metrics::new());
        Ok(Self {
            resolved: metrics.resolve(&snapshot),
            metrics,
            snapshot,
            directories,
            verified: VerifiedPasses::with_capacity(config.verified_passes_bytes),
            proxies: Proxies::new(config.trusted_proxies.clone()),
            config,
            clock,
            log,
        })
    }

    /// How it was set up.
    pub const fn config(&self) -> &EdgeConfig {
        &self.config
    }

    /// Answers one request, and logs it once its body is through.
    pub fn handle<B: http_body::Body>(
        &self,
        request: Request<B>,
        connection: &Connection,
    ) -> Response<Body> {
        let now = (self.clock)();
        let mut entry = Entry::begin(now, connection.peer, &request);
        entry.routed(self.metrics.unrouted());
        let mut response = self.life(&request, connection, now, &mut entry);
        respond::sign_off(&mut response, &request);
        self.log.follow(entry, request.map(drop), response)
    }

    /// What it counts.
    pub const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    fn life<B: http_body::Body>(
        &self,
        request: &Request<B>,
        connection: &Connection,
        now: EpochTime,
        entry: &mut Entry,
    ) -> Response<Body> {
        if let Some(refusal) = refuse::oversized(request, &self.config.limits, entry) {
            return refusal;
        }
        let viewer = match Viewer::read(request, connection, &self.proxies) {
            Ok(viewer) => viewer,
            Err(error @ ViewerError::Host) => {
                return refuse::bad_request(&error.to_string(), request.method(), entry);
            }
        };
        entry.viewer(&viewer);
        let path = NormalPath::read(viewer.url().path());
        let route = match self.snapshot.route(viewer.url().host(), &path) {
            Ok(route) => route,
            Err(error @ RouteError::AmbiguousPath) => {
                return refuse::bad_request(&error.to_string(), request.method(), entry);
            }
            Err(error @ RouteError::UnknownHost) => {
                return refuse::unknown_host(&error.to_string(), request.method(), entry);
            }
        };
        if let Some(metrics) = self.resolved.of(&route) {
            entry.routed(metrics);
        }
        let mut response =
            match route.behavior.cors().and_then(|cors| refuse::preflight(cors, request)) {
                Some(answer) => return answer,
                None => self.guarded(request, &viewer, route, now, entry),
            };
        if let Some(cors) = route.behavior.cors() {
            respond::cors(&mut response, cors, request.headers());
        }
        response
    }

    fn guarded<B: http_body::Body>(
        &self,
        request: &Request<B>,
        viewer: &Viewer<'_>,
        route: Route<'_>,
        now: EpochTime,
        entry: &mut Entry,
    ) -> Response<Body> {
        if let Some(refusal) = refuse::method(request, entry) {
            return refusal;
        }
        let wanted = Wanted {
            method: request.method(),
            path: origin_path(route.distribution, viewer.url().path()),
            headers: request.headers(),
        };
        let gate: &Gate = route.behavior.gate();
        let began = Instant::now();
        let judged = gate.admit(wanted, viewer.request(), &self.verified, now);
        entry.judged(began.elapsed());
        match judged {
            Ok(admitted) => {
                entry.admitted(admitted.pass());
                if let Some(denial) = admitted.reported() {
                    entry.reported(denial);
                }
                let response = self.fetch(route.distribution, route.behavior, &admitted, now);
                self.error_page(request, route.distribution, response, now)
            }
            Err(denial) => {
                entry.denied(&denial);
                self.denied(request, viewer, route, &denial, now)
            }
        }
    }

    fn denied<B>(
        &self,
        request: &Request<B>,
        viewer: &Viewer<'_>,
        route: Route<'_>,
        denial: &Denial,
        now: EpochTime,
    ) -> Response<Body> {
        match route.behavior.on_denied() {
            Some(page) if refuse::asks_for_a_page(request) => refuse::to_login(page, viewer.url()),
            _ => {
                let refusal = refuse::forbidden(denial, route.behavior.gate(), request.method());
                self.error_page(request, route.distribution, refusal, now)
            }
        }
    }

    fn fetch(
        &self,
        distribution: &Distribution,
        behavior: &CacheBehavior,
        admitted: &Admitted<Wanted<'_>>,
        now: EpochTime,
    ) -> Response<Body> {
        let now = UNIX_EPOCH + Duration::from_secs(now.seconds());
        let origin: &Origin = behavior.origin(distribution.origins());
        let directory = match &origin.kind {
            OriginKind::Directory(path) => self.directories.get(path),
            _ => None,
        };
        match directory {
            Some(directory) => directory.fetch(admitted, now).map(Body::File),
            None => respond::empty(StatusCode::BAD_GATEWAY),
        }
    }

    /// Answers an error with the distribution's own page, if it has one and it can be read.
    fn error_page<B>(
        &self,
        request: &Request<B>,
        distribution: &Distribution,
        response: Response<Body>,
        now: EpochTime,
    ) -> Response<Body> {
        let Some(custom) = distribution.error_response(response.status().as_u16()) else {
            return response;
        };
        let nothing_conditional = HeaderMap::new();
        let method = request.method();
        let admitted = Admitted::error_page(custom, |path| Wanted {
            method,
            path: path.to_owned().into(),
            headers: &nothing_conditional,
        });
        let behavior = distribution.behavior(&NormalPath::read(custom.page()));
        let page = self.fetch(distribution, behavior, &admitted, now);
        if page.status() == StatusCode::OK {
            respond::as_error_page(page, custom.response_status(), &response)
        } else {
            response
        }
    }
}

impl Door for Edge {
    async fn answer(
        &self,
        request: Request<hyper::body::Incoming>,
        connection: &Connection,
    ) -> Response<Body> {
        self.handle(request, connection)
    }
}

impl Observed for Edge {
    fn status(&self) -> Status {
        Status {
            is_ready: true,
            verified_passes: self.verified.len() as u64,
            log_lines_dropped: self.log.dropped(),
            ..Status::default()
        }
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge").field("config", &self.config).finish_non_exhaustive()
    }
}

/// `/` is fetched as the default root object; every other path as it came.
fn origin_path<'p>(distribution: &Distribution, path: &'p str) -> Cow<'p, str> {
    match distribution.default_root_object() {
        Some(object) if path == "/" => Cow::Owned(format!("/{object}")),
        _ => Cow::Borrowed(path),
    }
}
