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

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use gatepass::{Denial, EpochTime, Pass, ViewerUrl};
use gatepass_distribution::{Admitted, Distribution, NormalPath, Proxies, RouteError, Snapshot};
use gatepass_distribution::{Route, VerifiedPasses};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use crate::access_log::{AccessLog, Entry};
use crate::asked::Asked;
use crate::background::Background;
use crate::body::Body;
use crate::cache::Cache;
use crate::cap::cap;
use crate::compress::{Compressed, negotiate, revalidate};
use crate::config::EdgeConfig;
use crate::fetch::Fetch;
use crate::incoming::{self, Sent};
use crate::listener::{Connection, Door};
use crate::metrics::{CacheStatus, ConfigStatus, Metrics, Observed, Status};
use crate::request_id::RequestId;
use crate::serving::{EdgeError, Serving};
use crate::viewer::{Viewer, ViewerError};
use crate::{refuse, renew, respond, wellformed};

/// Says what time it is. Handed in, so that a test can say so too.
pub type Clock = Arc<dyn Fn() -> EpochTime + Send + Sync>;

/// Answers viewers from one snapshot at a time.
pub struct Edge {
    serving: ArcSwap<Serving>,
    background: Background,
    cache: OnceLock<Cache>,
    verified: VerifiedPasses,
    proxies: Proxies,
    config: EdgeConfig,
    clock: Clock,
    log: AccessLog,
    metrics: Arc<Metrics>,
    config_status: ArcSwap<ConfigStatus>,
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
            verified: VerifiedPasses::with_capacity(config.verified_passes_bytes),
            proxies: Proxies::new(config.trusted_proxies.clone()),
            config,
            clock,
            log,
            config_status: ArcSwap::default(),
        })
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

    /// Writes what the cache still has for its disk, and keeps nothing from now on. Waits for a
    /// few seconds at most; what is not written by then costs misses. Not to be called from a
    /// runtime's own thread.
    pub fn close(&self) {
        const PATIENCE: Duration = Duration::from_secs(5);

        if let Some(cache) = self.cache.get() {
            let closing = async { tokio::time::timeout(PATIENCE, cache.close()).await };
            let _ = self.background.handle().block_on(closing);
        }
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
    pub async fn handle(
        &self,
        request: Request<Incoming>,
        connection: &Connection,
    ) -> Response<Body> {
        let now = (self.clock)();
        let (head, sent) = incoming::split(request);
        let mut entry = Entry::begin(now, connection, self.metrics.unrouted());
        let mut response = self.life(&head, sent, connection, now, &mut entry).await;
        respond::sign_off(&mut response, &head, entry.id());
        self.log.follow(entry, head, response)
    }

    async fn life(
        &self,
        request: &Request<()>,
        sent: Sent,
        connection: &Connection,
        now: EpochTime,
        entry: &mut Entry,
    ) -> Response<Body> {
        if let Some(refusal) = refuse::oversized(request, &self.config.limits, entry) {
            return refusal;
        }
        if let Some(problem) = wellformed::problem(request) {
            return refuse::bad_request(problem, request.method(), entry);
        }
        let viewer = match Viewer::read(request, connection, &self.proxies) {
            Ok(viewer) => viewer,
            Err(error @ ViewerError::Host) => {
                return refuse::bad_request(&error.to_string(), request.method(), entry);
            }
        };
        entry.viewer(&viewer);
        let serving = self.serving.load();
        let path = NormalPath::read(viewer.url().path());
        let route = match serving.snapshot().route(viewer.url().host(), &path) {
            Ok(route) => route,
            Err(error @ RouteError::AmbiguousPath) => {
                return refuse::bad_request(&error.to_string(), request.method(), entry);
            }
            Err(error @ RouteError::UnknownHost) => {
                return refuse::unknown_host(&error.to_string(), request.method(), entry);
            }
        };
        if let Some(metrics) = serving.metrics_of(&route) {
            entry.routed(metrics);
        }
        let conduct = route.behavior.conduct();
        if let Some(answer) = refuse::plain_http(request, &viewer, conduct, &self.config, entry) {
            return answer;
        }
        let fetch =
            Fetch { serving: &serving, cache: self.cache.get(), limits: &self.config.limits };
        let id = entry.id();
        let asking = Asking { request, connection, viewer: &viewer, route, fetch, now, id };
        let cors = route.behavior.cors();
        let mut response = match cors.and_then(|cors| refuse::preflight(cors, conduct, request)) {
            Some(answer) => return answer,
            None => self.guarded(&asking, sent, entry).await,
        };
        if let Some(cors) = cors {
            respond::cors(&mut response, cors, request.headers());
        }
        respond::own_headers(&mut response, conduct);
        response
    }

    async fn guarded(&self, asking: &Asking<'_>, sent: Sent, entry: &mut Entry) -> Response<Body> {
        let Asking { request, viewer, route, .. } = asking;
        let conduct = route.behavior.conduct();
        let has_body = matches!(sent, Sent::Body(_));
        if let Some(refusal) = refuse::method(request, has_body, conduct.allowed_methods, entry) {
            return refusal;
        }
        let path = origin_path(route.distribution, viewer.url().path());
        let asked = asking.asked(path, request.headers());
        let revocations = &asking.fetch.serving.snapshot().facts().revocations;
        let gate = route.behavior.gate();
        let began = Instant::now();
        let judged = gate.admit(asked, viewer.request(), &self.verified, revocations, asking.now);
        entry.judged(began.elapsed());
        match judged {
            Ok(admitted) => {
                entry.admitted(admitted.pass());
                if let Some(denial) = admitted.reported() {
                    entry.reported(denial);
                }
                if let Some((renewal, pass)) = route.behavior.renewal().zip(admitted.pass())
                    && let Some(redirect) = renew::due(renewal, request, viewer, pass, asking.now)
                {
                    return redirect;
                }
                let expiry = admitted.pass().map(Pass::expiry);
                let response = asking.fetch.answer(admitted, sent, entry).await;
                let response = asking.compressed(response);
                let mut response = error_page(asking, response, entry).await;
                if let Some(expiry) = expiry.filter(|_| conduct.cap_viewer_cache) {
                    cap(response.headers_mut(), asking.now, expiry);
                }
                response
            }
            Err(denial) => {
                entry.denied(&denial);
                denied(asking, &denial, entry).await
            }
        }
    }
}

/// One request, as far as it was read before the gate.
struct Asking<'r> {
    request: &'r Request<()>,
    connection: &'r Connection,
    viewer: &'r Viewer<'r>,
    route: Route<'r>,
    fetch: Fetch<'r>,
    now: EpochTime,
    id: RequestId,
}

impl<'r> Asking<'r> {
    fn asked(&self, path: Cow<'r, str>, headers: &'r HeaderMap) -> Asked<'r> {
        Asked {
            distribution: self.route.distribution,
            behavior: self.route.behavior,
            method: self.request.method(),
            version: self.request.version(),
            url: match self.route.behavior.gate().trust() {
                Some(_) => self.viewer.url(),
                None => self.viewer.sent(),
            },
            path,
            headers,
            connection: self.connection,
            address: self.viewer.request().address(),
            now: self.now,
            id: self.id,
        }
    }

    /// Compresses an answer where the behavior wants it and it is worth it.
    fn compressed(&self, response: Response<Body>) -> Response<Body> {
        if !self.route.behavior.conduct().compress {
            return response;
        }
        let (mut head, body) = response.into_parts();
        let asked = self.asked(Cow::Borrowed(""), self.request.headers());
        if head.status == StatusCode::NOT_MODIFIED {
            revalidate(&asked, head.extensions.get(), &mut head.headers);
            return Response::from_parts(head, body);
        }
        let coding = negotiate(&asked, head.status, &mut head.headers);
        let body = match coding.filter(|_| *self.request.method() != Method::HEAD) {
            Some(coding) => Body::Compressed(Box::new(Compressed::new(body, coding))),
            None => body,
        };
        Response::from_parts(head, body)
    }
}

async fn denied(asking: &Asking<'_>, denial: &Denial, entry: &mut Entry) -> Response<Body> {
    let Asking { request, viewer, route, .. } = asking;
    match route.behavior.on_denied() {
        Some(page) if refuse::asks_for_a_page(request) => refuse::to_login(page, viewer.url()),
        _ => {
            let refusal = refuse::forbidden(denial, route.behavior.gate(), request.method());
            error_page(asking, refusal, entry).await
        }
    }
}

/// Answers an error with the distribution's own page, if it has one and it can be read.
async fn error_page(
    asking: &Asking<'_>,
    response: Response<Body>,
    entry: &mut Entry,
) -> Response<Body> {
    let distribution = asking.route.distribution;
    let custom = distribution.error_response(response.status().as_u16());
    let Some((custom, page)) = custom.and_then(|custom| Some((custom, custom.page()?))) else {
        return response;
    };
    let nothing_sent = HeaderMap::new();
    let viewers = asking.viewer.url();
    let url = ViewerUrl::new(viewers.scheme(), viewers.host(), page, None);
    // A page is fetched as one, whatever failed.
    let method = if *asking.request.method() == Method::HEAD { Method::HEAD } else { Method::GET };
    let admitted = Admitted::error_page(custom, |path| Asked {
        behavior: distribution.behavior(&NormalPath::read(path)),
        method: &method,
        url: &url,
        ..asking.asked(Cow::Owned(path.to_owned()), &nothing_sent)
    });
    let Some(admitted) = admitted else { return response };
    let page = Box::pin(asking.fetch.answer(admitted, Sent::Nothing, entry)).await;
    if page.status() == StatusCode::OK {
        respond::as_error_page(page, custom.response_status(), &response)
    } else {
        response
    }
}

impl Door for Edge {
    async fn answer(&self, request: Request<Incoming>, connection: &Connection) -> Response<Body> {
        self.handle(request, connection).await
    }
}

impl Observed for Edge {
    fn status(&self) -> Status {
        let serving = self.serving.load();
        Status {
            is_ready: true,
            verified_passes: self.verified.len() as u64,
            revoked_passes: serving.snapshot().facts().revocations.len() as u64,
            log_lines_dropped: self.log.dropped(),
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

/// `/` is fetched as the default root object; every other path as it came.
fn origin_path<'p>(distribution: &Distribution, path: &'p str) -> Cow<'p, str> {
    match distribution.default_root_object() {
        Some(object) if path == "/" => Cow::Owned(format!("/{object}")),
        _ => Cow::Borrowed(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// hyper moves the whole future of a request into its place, whatever of it is in use.
    #[test]
    fn the_life_of_a_request_is_cheap_to_move() {
        fn size<'r, F>(_: impl FnOnce(&'r Edge, Request<Incoming>, &'r Connection) -> F) -> usize {
            size_of::<F>()
        }
        let bytes = size(Edge::handle);
        assert!(bytes <= 4_096, "{bytes} bytes");
    }
}
