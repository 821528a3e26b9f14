//! Fetching slices of an object whose head is known.
//!
//! The origin is asked for whole slices of the very answer that the head belongs to. If it has
//! another answer by now, the generation is over: its head is dropped, and nobody gets bytes
//! of both.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use gatepass_distribution::Admitted;
use http::header::{ETAG, IF_MATCH, RANGE};
use http::{Method, Response, StatusCode};
use http_body::Body;

use crate::cache::Inner;
use crate::cache::fill::End;
use crate::cache::head::Head;
use crate::cache::inlet::Inlet;
use crate::cache::key::CacheKey;
use crate::cache::part::{Part, range};
use crate::cache::pour::{Filing, Pouring};
use crate::cache::store::{Kept, Place};
use crate::cache::upstream::{Question, Upstream, UpstreamBody};
use crate::origin::trouble::Trouble;

/// Slices are fetched so many at a time.
pub(crate) const RUN: u64 = 8;

/// How what is missing can be fetched.
#[derive(Clone, Debug)]
pub(crate) struct Continuation {
    pub(crate) upstream: Upstream,
    pub(crate) question: Arc<Admitted<Question>>,
}

/// Some slices of an object, in a row.
pub(crate) struct Fetching {
    pub(crate) inner: Arc<Inner>,
    pub(crate) continuation: Continuation,
    pub(crate) key: CacheKey,
    pub(crate) head: Arc<Head>,
    pub(crate) inlet: Inlet,
    /// The first byte, and the one after the last.
    pub(crate) part: std::ops::Range<u64>,
    /// Nothing if the object is for one viewer alone.
    pub(crate) filing: Filing,
}

/// What an answer means for the bytes that were asked for.
enum Sense {
    /// The body begins at this offset, and ends before that.
    Body(u64, u64),
    /// The origin has something else by now.
    Outdated,
    /// It can't be used.
    Trouble(Trouble),
}

impl Fetching {
    pub(crate) async fn run(self) {
        let asked = self.continuation.question.derive(|question| {
            let mut request = question.request(Method::GET);
            request.headers.insert(RANGE, range(self.part.start, self.part.end));
            if let Some(etag) = self.head.strong_etag() {
                request.headers.insert(IF_MATCH, etag.clone());
            }
            request
        });
        match self.continuation.upstream.fetch(asked).await {
            Err(trouble) => self.inlet.end(End::Broken(Arc::new(trouble))),
            Ok(response) => match self.sense(&response) {
                Sense::Trouble(trouble) => self.inlet.end(End::Broken(Arc::new(trouble))),
                Sense::Outdated => {
                    self.forget_head();
                    self.inlet.end(End::Outdated);
                }
                Sense::Body(offset, until) => self.pour(response, offset, until).await,
            },
        }
    }

    /// Drops the head, unless it is that of a later answer already.
    fn forget_head(&self) {
        if self.filing == Filing::Nothing {
            return;
        }
        let place = Place::head(&self.key);
        let is_ours = match self.inner.store.peek(&place) {
            Some(Kept::Head(head)) => head.generation == self.head.generation,
            Some(_) => false,
            None => true,
        };
        if is_ours {
            self.inner.store.drop(place);
        }
    }

    fn sense(&self, response: &Response<UpstreamBody>) -> Sense {
        let status = response.status();
        let is_same = || {
            let etag = response.headers().get(ETAG);
            etag.is_some() && etag == self.head.strong_etag()
        };
        let total = self.head.length.unwrap_or_default();
        match status {
            StatusCode::PARTIAL_CONTENT if is_same() => match Part::read(response.headers()) {
                Some(part) if part.total != total => Sense::Outdated,
                Some(part) if part.first == self.part.start && part.end <= self.part.end => {
                    Sense::Body(part.first, part.end)
                }
                _ => Sense::Trouble(Trouble::Unreadable("another part than asked for".into())),
            },
            // It knows no ranges: what comes before is skipped.
            StatusCode::OK if is_same() => match response.body().size_hint().exact() {
                Some(length) if length != total => Sense::Outdated,
                _ => Sense::Body(0, total),
            },
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                let told = format!("it answers {status} in the middle of an object");
                Sense::Trouble(Trouble::Unreadable(told.into()))
            }
            _ => Sense::Outdated,
        }
    }

    async fn pour(self, response: Response<UpstreamBody>, offset: u64, until: u64) {
        let body = response.into_body();
        let pouring = Pouring {
            inner: self.inner,
            key: self.key,
            head: self.head,
            inlet: self.inlet,
            keeping: self.filing,
            offset: self.part.start,
            until: Some(until),
            lead: None,
            forgets: 0,
            began: Instant::now(),
        };
        if offset == pouring.offset {
            return pouring.run(body).await;
        }
        let skip = pouring.offset - offset;
        pouring.run(skipping(body, skip)).await;
    }
}

/// The body without its first bytes.
fn skipping(body: UpstreamBody, skip: u64) -> UpstreamBody {
    use http_body_util::BodyExt;
    let mut rest = skip;
    body.map_frame(move |frame| {
        frame.map_data(|mut bytes: Bytes| {
            let skipped = bytes.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
            rest -= skipped as u64;
            bytes.split_off(skipped)
        })
    })
    .boxed_unsync()
}
