//! An origin for tests that says what it is told to say, and a viewer before a cache.

use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gatepass::{EpochTime, ViewerRequest};
use gatepass_distribution::{Gate, Revocations, VerifiedPasses};
use http::{HeaderMap, Method, Response, StatusCode};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use crate::asked::Asked;
use crate::asked::sample::{self, NOW, Sample};
use crate::body::Body;
use crate::cache::lookup::Lookup;
use crate::cache::serve::Serving;
use crate::cache::upstream::{Upstream, UpstreamBody};
use crate::cache::{Cache, Served};
use crate::config::CacheConfig;
use crate::origin::range::{self, Ranges};
use crate::origin::request::OriginRequest;
use crate::origin::trouble::Trouble;
use crate::outcome::CacheOutcome;

/// What the origin has, and how it behaves.
#[derive(Clone, Debug)]
pub(crate) struct Film {
    pub(crate) status: u16,
    pub(crate) content: Bytes,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) knows_ranges: bool,
    pub(crate) tells_length: bool,
    /// It fails after so many bytes of a body.
    pub(crate) breaks_after: Option<u64>,
    pub(crate) breaks_by: Break,
    pub(crate) is_down: bool,
    /// It sends so many bytes at a time.
    pub(crate) chunk: usize,
}

/// How a body fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Break {
    Error,
    Panic,
}

/// The origin.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) film: Mutex<Film>,
    /// Method, path, and the headers that say which part is wanted.
    log: Mutex<Vec<String>>,
    /// With so many permits it answers; with so many it sends a chunk.
    pub(crate) answers: Arc<Semaphore>,
    pub(crate) chunks: Arc<Semaphore>,
    pub(crate) sent: Arc<AtomicU64>,
    pub(crate) open: Arc<AtomicUsize>,
}

/// Bytes that are told apart by their place and by their state.
pub(crate) fn content(length: usize, state: u64) -> Bytes {
    let byte =
        |at: usize| (at as u64 ^ (at as u64 >> 8) ^ (at as u64 >> 16)).wrapping_add(state * 97);
    #[expect(clippy::cast_possible_truncation, reason = "a byte is wanted")]
    (0..length).map(|at| byte(at) as u8).collect::<Vec<_>>().into()
}

impl Film {
    pub(crate) fn of(length: usize) -> Self {
        Self {
            status: 200,
            content: content(length, 0),
            headers: vec![
                ("etag", "\"one\"".into()),
                ("cache-control", "max-age=60".into()),
                ("content-type", "video/mp4".into()),
            ],
            knows_ranges: true,
            tells_length: true,
            breaks_after: None,
            breaks_by: Break::Error,
            is_down: false,
            chunk: 700,
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        if !value.is_empty() {
            self.headers.push((name, value.to_owned()));
        }
        self
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| &**value)
    }

    fn answer(&self, request: &OriginRequest) -> (u16, HeaderMap, Range<usize>) {
        let asked = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(*name, value.parse().unwrap());
        }
        let etag = self.header("etag");
        if asked("if-match").is_some_and(|wanted| Some(wanted) != etag) {
            return (412, headers, 0..0);
        }
        if etag.is_some() && asked("if-none-match") == etag {
            return (304, headers, 0..0);
        }
        let length = self.content.len();
        if self.status == 200
            && self.knows_ranges
            && let Some(wanted) = asked("range")
        {
            match range::parse(wanted, length as u64) {
                // Of several it sends all, as an origin may.
                Ranges::Parts(parts) if parts.len() > 1 => {}
                Ranges::Parts(parts) => {
                    let (first, last) = (*parts[0].start(), *parts[0].end());
                    let told = format!("bytes {first}-{last}/{length}");
                    headers.insert("content-range", told.parse().unwrap());
                    let part = usize::try_from(first).unwrap()..usize::try_from(last + 1).unwrap();
                    return (206, headers, part);
                }
                Ranges::Unsatisfiable => {
                    headers.insert("content-range", format!("bytes */{length}").parse().unwrap());
                    return (416, headers, 0..0);
                }
                Ranges::Whole => {}
            }
        }
        (self.status, headers, 0..length)
    }
}

impl Script {
    pub(crate) fn of(film: Film) -> Arc<Self> {
        Arc::new(Self {
            film: Mutex::new(film),
            log: Mutex::default(),
            answers: Arc::new(Semaphore::new(1 << 20)),
            chunks: Arc::new(Semaphore::new(1 << 28)),
            sent: Arc::default(),
            open: Arc::default(),
        })
    }

    pub(crate) async fn fetch(
        &self,
        request: OriginRequest,
    ) -> Result<Response<UpstreamBody>, Trouble> {
        let mut line = format!("{} {}", request.method, request.path);
        for name in ["range", "if-match", "if-none-match"] {
            if let Some(value) = request.headers.get(name) {
                line = format!("{line} {name}: {}", value.to_str().unwrap());
            }
        }
        self.log.lock().unwrap().push(line);
        self.answers.acquire().await.unwrap().forget();
        let film = self.film.lock().unwrap().clone();
        if film.is_down {
            return Err(Trouble::Unreachable("it is down".into()));
        }
        let (status, mut headers, part) = film.answer(&request);
        let has_body = request.method != Method::HEAD && status != 304;
        if film.tells_length && status != 304 {
            headers.insert("content-length", part.len().into());
        }
        let content = if has_body { film.content.slice(part) } else { Bytes::new() };
        self.open.fetch_add(1, Ordering::SeqCst);
        let body = Reel {
            tells_length: film.tells_length,
            content,
            chunk: film.chunk,
            breaks_after: film.breaks_after,
            breaks_by: film.breaks_by,
            permits: Arc::clone(&self.chunks),
            waiting: None,
            sent: Arc::clone(&self.sent),
            open: Arc::clone(&self.open),
        };
        let mut response = Response::new(body.boxed_unsync());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        *response.headers_mut() = headers;
        Ok(response)
    }

    /// What it was asked since this was asked last.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Film)) {
        change(&mut self.film.lock().unwrap());
    }
}

/// A body that is sent chunk by chunk.
struct Reel {
    tells_length: bool,
    content: Bytes,
    chunk: usize,
    breaks_after: Option<u64>,
    breaks_by: Break,
    permits: Arc<Semaphore>,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    sent: Arc<AtomicU64>,
    open: Arc<AtomicUsize>,
}

impl http_body::Body for Reel {
    type Data = Bytes;
    type Error = Trouble;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Trouble>>> {
        let reel = self.get_mut();
        if reel.content.is_empty() {
            return Poll::Ready(None);
        }
        if reel.breaks_after == Some(0) {
            assert_eq!(
                reel.breaks_by,
                Break::Error,
                "the projector is on fire, as the test wants it"
            );
            return Poll::Ready(Some(Err(Trouble::BrokeOff("the reel is torn".into()))));
        }
        let waiting = reel.waiting.get_or_insert_with(|| {
            let permits = Arc::clone(&reel.permits);
            Box::pin(async move { permits.acquire().await.unwrap().forget() })
        });
        std::task::ready!(waiting.as_mut().poll(cx));
        reel.waiting = None;
        let mut length = reel.content.len().min(reel.chunk);
        if let Some(rest) = &mut reel.breaks_after {
            length = length.min(usize::try_from(*rest).unwrap());
            *rest -= length as u64;
        }
        reel.sent.fetch_add(length as u64, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(reel.content.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.tells_length.then_some(self.content.len() as u64);
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Reel {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A cache before an origin.
pub(crate) struct Cinema {
    pub(crate) runtime: Runtime,
    pub(crate) cache: Cache,
    pub(crate) script: Arc<Script>,
    /// Seconds after [`NOW`].
    pub(crate) clock: AtomicU64,
    /// Since when nothing counts.
    pub(crate) invalidated: AtomicU64,
    pub(crate) sample: Sample,
}

pub(crate) const SLICE: u32 = 4096;

/// What a viewer got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) outcome: CacheOutcome,
    /// Nothing if it was cut off.
    pub(crate) body: Option<Bytes>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Cinema {
    pub(crate) fn showing(film: Film) -> Self {
        Self::with(film, &config())
    }

    pub(crate) fn with(film: Film, config: &CacheConfig) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let cache = Cache::open(config, runtime.handle().clone()).unwrap();
        let mut sample = sample::get("https://one.test/film.mp4");
        sample.cache_policy.ttls.default = 60;
        Self {
            runtime,
            cache,
            script: Script::of(film),
            clock: AtomicU64::new(0),
            invalidated: AtomicU64::new(0),
            sample,
        }
    }

    /// Answers a request, but for its body.
    pub(crate) fn serve(&self, sample: &Sample) -> Served {
        let now = EpochTime::new(NOW + self.clock.load(Ordering::SeqCst)).unwrap();
        let since = EpochTime::new(self.invalidated.load(Ordering::SeqCst)).ok();
        sample.ask(|asked| {
            let asked = Asked { now, ..asked.clone() };
            let shown = ViewerRequest::new(asked.url.clone(), asked.address, [""; 0]);
            let verified = VerifiedPasses::with_capacity(1 << 10);
            let admitted =
                Gate::Open.admit(asked, &shown, &verified, &Revocations::default(), now).unwrap();
            let facts = &|_: &str, _: &str| since;
            let lookup = Lookup { inner: &self.cache.inner, admitted: &admitted, facts };
            let upstream = &|| Upstream::Scripted(Arc::clone(&self.script));
            let waiting = || self.runtime.block_on(Serving { lookup, upstream }.run());
            lookup.at_once().unwrap_or_else(waiting)
        })
    }

    /// Answers a GET request for the film.
    pub(crate) fn get(&self, headers: &[(&str, &str)]) -> Got {
        self.ask(&self.asking(headers))
    }

    pub(crate) fn asking(&self, headers: &[(&str, &str)]) -> Sample {
        let sample = self.sample.clone();
        headers.iter().fold(sample, |sample, (name, value)| sample.with(name, value))
    }

    pub(crate) fn ask(&self, sample: &Sample) -> Got {
        self.collect(self.serve(sample))
    }

    pub(crate) fn collect(&self, served: Served) -> Got {
        let outcome = served.outcome;
        let (parts, body) = served.response.into_parts();
        let told = body.size_hint().exact();
        let body = self.runtime.block_on(body.collect());
        let body = body.inspect_err(|why| println!("cut off: {why}")).ok();
        let body = body.map(http_body_util::Collected::to_bytes);
        if let (Some(told), Some(body)) = (told, &body) {
            assert_eq!(told, body.len() as u64);
        }
        Got { status: parts.status.as_u16(), headers: parts.headers, outcome, body }
    }

    /// The next bytes of a body.
    pub(crate) fn frame(&self, body: &mut Body) -> Option<Bytes> {
        let frame = self.runtime.block_on(body.frame())?;
        frame.ok()?.into_data().ok()
    }

    /// Waits until everything that runs in the background has ended.
    pub(crate) fn settle(&self) {
        until(|| {
            let counts = self.cache.counts();
            counts.flights == 0 && counts.fills == 0
        });
    }
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn until(holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(10), "it never came to hold");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn config() -> CacheConfig {
    CacheConfig { memory_bytes: 64 << 20, disk: None, slice_bytes: SLICE }
}
