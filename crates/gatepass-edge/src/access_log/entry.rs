//! What is known of a request: gathered as it goes through the edge, told when its body ends.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gatepass::{Denial, EpochTime, Pass, Scheme};
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HOST, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body::Body as _;

use crate::body::Body;
use crate::listener::{Connection, TlsParameters};
use crate::metrics::BehaviorMetrics;
use crate::origin::trouble::Trouble;
use crate::outcome::CacheOutcome;
use crate::request_id::RequestId;
use crate::respond::{X_AMZ_CF_ID, X_CACHE};
use crate::telemetry::Trace;
use crate::viewer::Viewer;

mod aside;

use aside::Aside;

/// What is known of a request so far.
#[derive(Debug)]
pub(crate) struct Entry {
    id: RequestId,
    began: Instant,
    pub(super) now: EpochTime,
    pub(super) peer: SocketAddr,
    pub(super) address: IpAddr,
    /// None until the request was read: before that its URL means nothing.
    pub(crate) scheme: Option<Scheme>,
    pub(super) tls: Option<TlsParameters>,
    pub(super) behavior: Arc<BehaviorMetrics>,
    pub(super) pass: Option<Pass>,
    pub(super) refusal: Option<(&'static str, String)>,
    pub(super) reported: Option<&'static str>,
    pub(super) trouble: Option<(&'static str, String)>,
    gate: Option<Duration>,
    outcome: Option<CacheOutcome>,
    body_received: Option<Arc<AtomicU64>>,
    trace: Trace,
}

impl Entry {
    /// Begins when the request arrives. `now` is what the gate will judge by; `unrouted` counts
    /// what is refused before it finds a behavior.
    #[inline]
    pub(crate) fn begin(
        now: EpochTime,
        connection: &Connection,
        unrouted: &Arc<BehaviorMetrics>,
    ) -> Self {
        Self {
            id: RequestId::next(),
            began: Instant::now(),
            now,
            peer: connection.peer,
            address: connection.peer.ip(),
            scheme: None,
            tls: connection.tls,
            behavior: Arc::clone(unrouted),
            pass: None,
            refusal: None,
            reported: None,
            trouble: None,
            gate: None,
            outcome: None,
            body_received: None,
            trace: Trace::default(),
        }
    }

    /// What the request is called.
    pub(crate) const fn id(&self) -> RequestId {
        self.id
    }

    /// It is part of a trace, or of none.
    pub(crate) fn traced(&mut self, trace: Trace) {
        self.trace = trace;
    }

    /// The trace that it is part of.
    pub(crate) const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The request could be read, and this is who asks.
    pub(crate) fn viewer(&mut self, viewer: &Viewer<'_>) {
        self.address = viewer.request().address();
        self.scheme = Some(viewer.url().scheme());
    }

    /// Where it goes.
    pub(crate) fn routed(&mut self, behavior: &Arc<BehaviorMetrics>) {
        self.behavior = Arc::clone(behavior);
    }

    /// The gate let it in, with this pass or none.
    pub(crate) fn admitted(&mut self, pass: Option<&Pass>) {
        self.pass = pass.cloned();
    }

    /// A gate that only reports let it in, and would otherwise not have.
    pub(crate) fn reported(&mut self, denial: &Denial) {
        self.reported = Some(denial.reason());
    }

    /// How long the gate took, whatever it said. Who is asked again has been remembered.
    pub(crate) fn judged(&mut self, took: Duration) {
        self.gate.get_or_insert(took);
    }

    /// The gate denied it.
    pub(crate) fn denied(&mut self, denial: &Denial) {
        self.refused(denial.reason(), &denial.to_string());
    }

    /// The edge refused it: a stable name, and a sentence for the operator.
    pub(crate) fn refused(&mut self, reason: &'static str, sentence: &str) {
        self.refusal = Some((reason, sentence.to_owned()));
    }

    /// The origin failed. To be said as well if the viewer got a stale copy instead.
    pub(crate) fn origin_trouble(&mut self, trouble: &Trouble) {
        self.trouble = Some((trouble.reason(), trouble.to_string()));
    }

    /// The origin failed a fetch that other viewers may share.
    pub(crate) fn shared_trouble(&mut self, reason: &'static str, sentence: Box<str>) {
        self.trouble = Some((reason, sentence.into()));
    }

    /// How the answer came about. Unsaid, the response's `X-Cache` tells, or its status.
    pub(crate) fn outcome(&mut self, outcome: CacheOutcome) {
        self.outcome = Some(outcome);
    }

    /// For what is fetched besides: the answer is to the viewer's own request.
    pub(crate) const fn aside(&mut self) -> Aside<'_> {
        Aside { outcome: self.outcome, entry: self }
    }

    /// Counts the bytes of the viewer's body, if there is one.
    pub(crate) fn body_received(&mut self) -> Arc<AtomicU64> {
        Arc::clone(self.body_received.get_or_insert_default())
    }
}

/// An entry on its way: told when it is dropped, whether the viewer got it all or not.
#[derive(Debug)]
pub(crate) struct Answered {
    entry: Entry,
    head: Request<()>,
    /// None until there is an answer: before that there is nothing to tell.
    status: Option<StatusCode>,
    outcome: CacheOutcome,
    id: Option<[u8; 56]>,
    described: Described,
    body_sent: u64,
    first_byte: Option<Duration>,
    took: Option<Duration>,
    is_whole: bool,
}

/// What the headers of an answer say, as far as only CloudFront's format tells it.
#[derive(Debug, Default)]
pub(super) struct Described {
    content_type: Option<HeaderValue>,
    content_length: Option<u64>,
    content_range: Option<(u64, u64)>,
    head_sent: u64,
}

impl Described {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let number = |name| headers.get(name)?.to_str().ok()?.parse().ok();
        Self {
            content_type: headers.get(CONTENT_TYPE).cloned(),
            content_length: number(CONTENT_LENGTH),
            content_range: headers.get(CONTENT_RANGE).and_then(range),
            head_sent: size(headers) + "HTTP/1.1 200 \r\n\r\n".len() as u64,
        }
    }
}

impl Answered {
    /// What is known when a request arrives. Its head is kept, since its text is read only when
    /// the line is written.
    #[inline]
    pub(super) fn new(entry: Entry, head: Request<()>) -> Self {
        Self {
            entry,
            head,
            status: None,
            outcome: CacheOutcome::Miss,
            id: None,
            described: Described::default(),
            body_sent: 0,
            first_byte: None,
            took: None,
            is_whole: false,
        }
    }

    pub(super) const fn parts(&mut self) -> (&Request<()>, &mut Entry) {
        (&self.head, &mut self.entry)
    }

    /// What the viewer's headers lay in.
    pub(super) fn take_headers(&mut self) -> HeaderMap {
        std::mem::take(self.head.headers_mut())
    }

    /// What the response says of itself.
    pub(super) fn answered(&mut self, response: &Response<Body>, described: Described) {
        let (status, headers) = (response.status(), response.headers());
        let said = || CacheOutcome::of_x_cache(headers.get(&X_CACHE)?.as_bytes());
        let is_error = status.is_client_error() || status.is_server_error();
        let by_status = if is_error { CacheOutcome::Error } else { CacheOutcome::Miss };
        self.outcome = self.entry.outcome.or_else(said).unwrap_or(by_status);
        self.id = headers.get(&X_AMZ_CF_ID).and_then(|id| id.as_bytes().try_into().ok());
        self.is_whole = *self.head.method() == Method::HEAD || response.body().is_end_stream();
        self.described = described;
        self.status = Some(status);
    }

    pub(super) const fn is_answered(&self) -> bool {
        self.status.is_some()
    }

    /// So much of the body left.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.body_sent += bytes as u64;
        if self.first_byte.is_none() {
            self.first_byte = Some(self.entry.began.elapsed());
        }
    }

    /// So much of the body left, and it was the last of it. Asks for the time once.
    pub(crate) fn sent_last(&mut self, bytes: usize) {
        self.body_sent += bytes as u64;
        let now = self.entry.began.elapsed();
        self.first_byte.get_or_insert(now);
        self.took = Some(now);
        self.is_whole = true;
    }

    /// The body came to its end.
    pub(crate) fn ended(&mut self) {
        self.is_whole = true;
    }

    /// The finished fact, at the moment of asking.
    pub(super) fn finished(&self) -> Finished<'_> {
        let took = self.took.unwrap_or_else(|| self.entry.began.elapsed());
        let first_byte = self.first_byte.unwrap_or(took);
        Finished { answered: self, took, first_byte, received: self.received() }
    }

    /// Bytes that came, with the headers as HTTP/1.1 spells them.
    fn received(&self) -> u64 {
        let target = self.head.uri().path_and_query().map_or(1, |target| target.as_str().len());
        let line = self.head.method().as_str().len() + target + "  HTTP/1.1\r\n\r\n".len();
        let body = self.entry.body_received.as_ref();
        line as u64 + size(self.head.headers()) + body.map_or(0, |bytes| bytes.load(Relaxed))
    }
}

/// A request that is over. The log and the metrics are told the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished<'a> {
    answered: &'a Answered,
    /// From the request's arrival to the end of the body.
    pub(crate) took: Duration,
    /// From the request's arrival to the first byte of the body.
    pub(crate) first_byte: Duration,
    /// Bytes that came, with the headers.
    pub(crate) received: u64,
}

impl<'a> Finished<'a> {
    pub(crate) const fn entry(&self) -> &'a Entry {
        &self.answered.entry
    }

    pub(crate) fn method(&self) -> &'a Method {
        self.answered.head.method()
    }

    pub(crate) fn version(&self) -> Version {
        self.answered.head.version()
    }

    pub(crate) fn headers(&self) -> &'a HeaderMap {
        self.answered.head.headers()
    }

    /// The host as sent.
    pub(crate) fn host(&self) -> &'a [u8] {
        match self.answered.head.uri().authority() {
            Some(authority) => authority.as_str().as_bytes(),
            None => self.headers().get(HOST).map(HeaderValue::as_bytes).unwrap_or_default(),
        }
    }

    /// The raw path.
    pub(crate) fn path(&self) -> &'a str {
        self.answered.head.uri().path()
    }

    /// The raw query, with all that a viewer put there.
    pub(super) fn raw_query(&self) -> Option<&'a str> {
        self.answered.head.uri().query()
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.answered.status.unwrap_or_default()
    }

    pub(crate) const fn outcome(&self) -> CacheOutcome {
        self.answered.outcome
    }

    /// The value of `X-Amz-Cf-Id`.
    pub(crate) fn id(&self) -> &'a [u8] {
        self.answered.id.as_ref().map(<[u8; 56]>::as_slice).unwrap_or_default()
    }

    pub(super) fn content_type(&self) -> Option<&'a [u8]> {
        self.answered.described.content_type.as_ref().map(HeaderValue::as_bytes)
    }

    pub(super) const fn content_length(&self) -> Option<u64> {
        self.answered.described.content_length
    }

    pub(super) const fn content_range(&self) -> Option<(u64, u64)> {
        self.answered.described.content_range
    }

    /// Bytes of the body that were sent.
    pub(crate) const fn body_sent(&self) -> u64 {
        self.answered.body_sent
    }

    /// Bytes that were sent, with the headers as HTTP/1.1 spells them.
    pub(super) const fn sent(&self) -> u64 {
        self.answered.described.head_sent + self.answered.body_sent
    }

    /// Says whether the viewer got all of it.
    pub(crate) const fn is_whole(&self) -> bool {
        self.answered.is_whole
    }

    pub(crate) fn refusal(&self) -> Option<&'static str> {
        self.answered.entry.refusal.as_ref().map(|(reason, _)| *reason)
    }

    /// Why the origin failed.
    pub(crate) fn trouble(&self) -> Option<&'static str> {
        self.answered.entry.trouble.as_ref().map(|(reason, _)| *reason)
    }

    pub(crate) const fn reported(&self) -> Option<&'static str> {
        self.answered.entry.reported
    }

    pub(crate) const fn gate(&self) -> Option<Duration> {
        self.answered.entry.gate
    }

    pub(crate) fn behavior(&self) -> &'a BehaviorMetrics {
        &self.answered.entry.behavior
    }
}

/// `name: value`, and the end of the line.
fn size(headers: &HeaderMap) -> u64 {
    headers.iter().map(|(name, value)| (name.as_str().len() + value.len() + 4) as u64).sum()
}

/// The first and last byte of `bytes 0-99/1234`.
fn range(value: &HeaderValue) -> Option<(u64, u64)> {
    let range = value.to_str().ok()?.strip_prefix("bytes ")?.split_once('/')?.0;
    let (start, end) = range.split_once('-')?;
    Some((start.parse().ok()?, end.parse().ok()?))
}
