//! From the requests to the collector, without one waiting for the other.
//!
//! Spans are put into a queue of bounded size, and a task of the background sends them in
//! batches, one at a time. If the collector is slow, or gone, the queue fills, and then spans
//! are lost, and counted; no viewer waits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::Trace;
use super::otlp::{self, Resource};
use super::span::Span;
use crate::config::OpenTelemetry;
use crate::origin::http::WebServer;
use crate::origin::remote::{RemoteBody, Surroundings};
use crate::origin::request::{OriginRequest, RequestBody};
use crate::request_id;
use crate::serving::EdgeError;

/// If the collector is so far behind, spans are lost rather than memory.
const MAX_WAITING: usize = 4_096;

/// So many are sent at once, if so many are there within [`SEND_EVERY`].
const BATCH: usize = 512;

/// Spans wait no longer than this before they are sent.
const SEND_EVERY: Duration = Duration::from_secs(1);

/// How long it is waited before a batch is sent again that the collector could not take.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];

/// As much of a collector's answer is read.
const MAX_ANSWER: usize = 64 << 10;

/// The near end of the queue.
#[derive(Debug)]
pub(super) struct Exporter {
    spans: mpsc::Sender<Span>,
    dropped: Arc<AtomicU64>,
    closing: watch::Sender<bool>,
    sending: Mutex<Option<JoinHandle<()>>>,
}

/// The far end of it.
struct Sending {
    spans: mpsc::Receiver<Span>,
    dropped: Arc<AtomicU64>,
    closing: watch::Receiver<bool>,
    is_closing: bool,
    collector: WebServer,
    resource: Resource,
}

/// Why a batch was not taken.
enum Refusal {
    /// Not now.
    Now,
    /// Never.
    Ever,
}

impl Exporter {
    pub(super) fn start(config: &OpenTelemetry, runtime: &Handle) -> Result<Self, EdgeError> {
        let surroundings = Surroundings::new(runtime.clone());
        let collector = WebServer::open(&config.collector, &surroundings)
            .map_err(|trouble| EdgeError::Collector(trouble.to_string().into()))?;
        let (exporter, spans) = Self::queue();
        let sending = Sending {
            spans,
            dropped: Arc::clone(&exporter.dropped),
            closing: exporter.closing.subscribe(),
            is_closing: false,
            collector,
            resource: Resource {
                service_name: config.service_name.clone(),
                instance: request_id::host(),
            },
        };
        let task = runtime.spawn(sending.run());
        *exporter.sending.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(exporter)
    }

    fn queue() -> (Self, mpsc::Receiver<Span>) {
        let (spans, taken) = mpsc::channel(MAX_WAITING);
        let (closing, dropped) = (watch::Sender::new(false), Arc::default());
        (Self { spans, dropped, closing, sending: Mutex::default() }, taken)
    }

    /// Adds a span, or counts it as lost.
    pub(super) fn put(&self, span: Span) {
        if self.spans.try_send(span).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Sends what waits, each batch once, and ends.
    pub(super) async fn close(&self) {
        self.closing.send_replace(true);
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sending) = sending {
            let _ = sending.await;
        }
    }
}

impl Sending {
    async fn run(mut self) {
        loop {
            let batch = self.batch().await;
            if batch.is_empty() {
                return;
            }
            self.send(&batch).await;
        }
    }

    /// The next spans; none once there will be no more.
    async fn batch(&mut self) -> Vec<Span> {
        let Self { spans, closing, is_closing, .. } = self;
        let mut batch = Vec::new();
        let mut due = Instant::now();
        while batch.len() < BATCH {
            let has_begun = !batch.is_empty();
            tokio::select! {
                biased;
                // Who is dropped without having been closed ends as well.
                _ = closing.wait_for(|closing| *closing), if !*is_closing => {
                    *is_closing = true;
                    spans.close();
                }
                span = spans.recv() => match span {
                    Some(span) => {
                        if !has_begun {
                            due = Instant::now() + SEND_EVERY;
                        }
                        batch.push(span);
                    }
                    None => break,
                },
                () = sleep_until(due), if has_begun => break,
            }
        }
        batch
    }

    async fn send(&mut self, batch: &[Span]) {
        let body = Bytes::from(otlp::body(&self.resource, batch));
        let mut lost = batch.len() as u64;
        for pause in PAUSES.into_iter().map(Some).chain([None]) {
            match self.post(body.clone()).await {
                Ok(rejected) => {
                    lost = rejected.min(lost);
                    break;
                }
                Err(Refusal::Ever) => break,
                Err(Refusal::Now) if self.is_ending() => break,
                Err(Refusal::Now) => {
                    if let Some(pause) = pause {
                        let _ = timeout(pause, self.closing.wait_for(|closing| *closing)).await;
                    }
                }
            }
        }
        self.dropped.fetch_add(lost, Ordering::Relaxed);
    }

    fn is_ending(&self) -> bool {
        *self.closing.borrow() || self.closing.has_changed().is_err()
    }

    /// Sends a batch once; says how many spans of it were not taken.
    async fn post(&self, body: Bytes) -> Result<u64, Refusal> {
        let json = HeaderValue::from_static("application/json");
        let body = Full::new(body).map_err(|never| match never {}).boxed_unsync();
        let request = OriginRequest {
            method: Method::POST,
            path: otlp::PATH.into(),
            query: None,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, json)]),
            body: RequestBody::Streaming(body),
            trace: Trace::default(),
        };
        let answer = self.collector.fetch(request).await.map_err(|_| Refusal::Now)?;
        match answer.status() {
            status if status.is_success() => Ok(otlp::rejected(&read(answer.into_body()).await)),
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Err(Refusal::Now),
            _ => Err(Refusal::Ever),
        }
    }
}

/// All of a short answer; what can't be read says nothing.
async fn read(body: RemoteBody) -> Bytes {
    let collected = Limited::new(body, MAX_ANSWER).collect().await;
    collected.map(http_body_util::Collected::to_bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::super::span::{Attributes, Kind};
    use super::*;

    fn span() -> Span {
        Span {
            trace: 1,
            id: 1,
            parent: None,
            kind: Kind::Server,
            name: String::new(),
            began: UNIX_EPOCH,
            took: Duration::ZERO,
            has_failed: false,
            attributes: Attributes::default(),
        }
    }

    #[test]
    fn what_the_queue_has_no_room_for_is_lost_and_counted() {
        let (exporter, mut taken) = Exporter::queue();
        for _ in 0..MAX_WAITING {
            exporter.put(span());
        }
        assert_eq!(exporter.dropped(), 0);
        exporter.put(span());
        exporter.put(span());
        assert_eq!(exporter.dropped(), 2);
        assert!(taken.try_recv().is_ok());
        exporter.put(span());
        assert_eq!((exporter.dropped(), taken.len()), (2, MAX_WAITING), "there is room again");
        drop(taken);
        exporter.put(span());
        assert_eq!(exporter.dropped(), 3, "nobody takes it any longer");
    }
}
