//! What the leader of a flight does: ask the origin, judge the answer, tell everybody, pour.

use std::sync::Arc;
use std::time::Instant;

use gatepass::EpochTime;
use gatepass_distribution::Admitted;
use http::header::{
    AGE, CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, RANGE, SET_COOKIE,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::Body;
use tokio::sync::oneshot;

use crate::cache::Inner;
use crate::cache::fill::Fill;
use crate::cache::flight::{How, Landed, Landing, Lead};
use crate::cache::freshness::{Freshness, Keeping, Lifetime, Terms, keeping};
use crate::cache::head::{Head, strong};
use crate::cache::inlet::Inlet;
use crate::cache::key::CacheKey;
use crate::cache::marker::Marker;
use crate::cache::part::{LONGEST, Part, range};
use crate::cache::pour::{Filing, Pouring};
use crate::cache::store::{Kept, Place};
use crate::cache::upstream::{Question, Upstream, UpstreamBody};
use crate::cache::vary;
use crate::origin::request::OriginRequest;
use crate::origin::trouble::Trouble;

/// What is to be asked, and all that is needed to judge the answer.
#[derive(Clone, Debug)]
pub(crate) struct Errand {
    pub(crate) inner: Arc<Inner>,
    pub(crate) upstream: Upstream,
    pub(crate) question: Arc<Admitted<Question>>,
    pub(crate) rules: Rules,
    pub(crate) moment: Moment,
    pub(crate) primary: CacheKey,
    pub(crate) marker: Option<Arc<Marker>>,
    /// What there is, if it may still hold.
    pub(crate) stale: Option<Arc<Head>>,
    /// How often something had been [forgotten](Inner::forgets) when it was asked.
    pub(crate) forgets: u64,
    /// The only slice that is wanted of an object of which nothing is known.
    pub(crate) slice: Option<u64>,
}

/// What the behavior says about answers.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) terms: Terms,
    pub(crate) cookies: Cookies,
    /// Statuses, and for how many seconds each is kept.
    pub(crate) errors: Box<[(u16, u64)]>,
}

/// What becomes of `Set-Cookie`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cookies {
    /// The origin sees no cookies, so those it sets are for nobody.
    KeptBack,
    /// It sees them, and an answer that sets one is for its viewer alone.
    Sent,
}

/// A point in time from which the clock is carried on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) epoch: EpochTime,
    pub(crate) since: Instant,
}

impl Moment {
    pub(crate) fn now(&self) -> EpochTime {
        self.epoch.plus(self.since.elapsed().as_secs())
    }
}

/// What the viewer is told that began a flight.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) landing: Landing,
    /// The answer, if it is for this viewer alone.
    pub(crate) private: Option<Landed>,
}

/// The parts of an answer.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: UpstreamBody,
    asked: EpochTime,
    received: EpochTime,
}

impl Answer {
    /// For how long it counts if it is for one viewer alone.
    fn lifetime_for_one(&self) -> Lifetime {
        let age = self.headers.get(AGE);
        let age = age.and_then(|age| age.to_str().ok()?.parse().ok()).unwrap_or(0);
        Lifetime {
            stored: self.received,
            initial_age: age,
            fresh_for: 0,
            stale_while_revalidate: 0,
            stale_if_error: 0,
            must_revalidate: true,
        }
    }
}

/// What has to be done once everybody is told.
type Rest = Option<(Pouring, UpstreamBody)>;

impl Errand {
    /// Leads a flight, or goes alone for one viewer.
    pub(crate) async fn run(mut self, lead: Option<Lead>, viewer: oneshot::Sender<Told>) {
        let asked = self.moment.now();
        let mut result = self.upstream.fetch(self.put()).await;
        if result.as_ref().is_ok_and(|response| self.is_about_another(response)) {
            self.stale = None;
            result = self.upstream.fetch(self.put()).await;
        }
        let received = self.moment.now();
        let (told, rest) = match result {
            Err(trouble) => (self.failed(Arc::new(trouble), received), None),
            Ok(response) => {
                let (parts, body) = response.into_parts();
                let (status, headers) = (parts.status, parts.headers);
                self.judge(Answer { status, headers, body, asked, received }, lead.as_ref())
            }
        };
        if let Some(lead) = &lead {
            lead.land(told.landing.clone());
        }
        // What is in the store already needs no flight to be found, and what failed or is
        // private must not be found by whoever comes next.
        let is_over = rest.as_ref().is_none_or(|(pouring, _)| pouring.keeping != Filing::All);
        let lead = lead.filter(|_| !is_over);
        // A viewer that has left is not told.
        let _ = viewer.send(told);
        if let Some((mut pouring, body)) = rest {
            pouring.lead = lead;
            pouring.run(body).await;
        }
    }

    fn put(&self) -> Admitted<OriginRequest> {
        self.question.derive(|question| {
            let mut request = question.keepable();
            if let Some(stale) = self.conditional() {
                if let Some(etag) = &stale.validators.etag {
                    request.headers.insert(IF_NONE_MATCH, etag.clone());
                }
                if let Some(modified) = stale.headers.get(LAST_MODIFIED) {
                    request.headers.insert(IF_MODIFIED_SINCE, modified.clone());
                }
            } else if let Some(slice) = self.slice.filter(|_| self.stale.is_none()) {
                let first = slice * self.inner.slice_bytes;
                request.headers.insert(RANGE, range(first, first + self.inner.slice_bytes));
            }
            request
        })
    }

    /// What there is, if the origin can be asked whether it still holds.
    fn conditional(&self) -> Option<&Arc<Head>> {
        self.stale.as_ref().filter(|stale| stale.can_be_revalidated())
    }

    /// Whether a 304 speaks of something else than what there is.
    fn is_about_another<B>(&self, response: &Response<B>) -> bool {
        let Some(stale) = self.conditional() else { return false };
        let told = response.headers().get(ETAG);
        response.status() == StatusCode::NOT_MODIFIED
            && told.zip(stale.validators.etag.as_ref()).is_some_and(|(told, had)| {
                let bare =
                    |tag: &HeaderValue| tag.as_bytes().strip_prefix(b"W/").map(<[_]>::to_vec);
                let opaque = |tag: &HeaderValue| bare(tag).unwrap_or(tag.as_bytes().to_vec());
                opaque(told) != opaque(had)
            })
    }

    fn failed(&self, trouble: Arc<Trouble>, now: EpochTime) -> Told {
        let landing = self.stale(now).unwrap_or(Landing::Failed(trouble));
        Told { landing, private: None }
    }

    /// What there is, if it may be served when the origin fails.
    fn stale(&self, now: EpochTime) -> Option<Landing> {
        let head = self.stale.as_ref()?;
        let may = matches!(
            head.lifetime.freshness(now),
            Freshness::Fresh | Freshness::StaleWhileRevalidate | Freshness::StaleIfError
        );
        may.then(|| {
            self.inner.remember_trouble(&self.key(self.marker.as_deref()));
            self.object(Arc::clone(head), How::Stale, self.marker.clone(), None)
        })
    }

    fn object(
        &self,
        head: Arc<Head>,
        how: How,
        marker: Option<Arc<Marker>>,
        fill: Option<Arc<Fill>>,
    ) -> Landing {
        let key = self.key(marker.as_deref());
        Landing::Object(Arc::new(Landed { key, marker, head, how, fill }))
    }

    fn key(&self, marker: Option<&Marker>) -> CacheKey {
        match marker {
            Some(marker) => marker.variant_sent(&self.primary, &self.question.request().headers),
            None => self.primary,
        }
    }

    fn terms(&self, status: StatusCode) -> Terms {
        let errors = self.rules.errors.iter();
        let error = errors.filter(|(error, _)| *error == status.as_u16());
        Terms { error_seconds: error.map(|(_, seconds)| *seconds).next(), ..self.rules.terms }
    }

    fn judge(&self, mut answer: Answer, lead: Option<&Lead>) -> (Told, Rest) {
        match (answer.status, &self.stale) {
            (StatusCode::NOT_MODIFIED, Some(stale)) if stale.can_be_revalidated() => {
                if self.rules.cookies == Cookies::KeptBack {
                    answer.headers.remove(SET_COOKIE);
                }
                return (self.refresh(stale, &answer, lead), None);
            }
            (status, Some(_)) if status.is_server_error() => {
                if let Some(landing) = self.stale(answer.received) {
                    return (Told { landing, private: None }, None);
                }
            }
            (StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE, None)
                if self.slice.is_some() =>
            {
                return self.judge_slice(answer, lead);
            }
            (StatusCode::PARTIAL_CONTENT, _) => {
                let trouble = Trouble::Unreadable("a part that nobody asked for".into());
                return (self.failed(Arc::new(trouble), answer.received), None);
            }
            _ => {}
        }
        let length = length(&answer);
        if length.is_some_and(|length| length > LONGEST) {
            let trouble = Trouble::Unreadable("it is longer than anything".into());
            return (self.failed(Arc::new(trouble), answer.received), None);
        }
        if self.rules.cookies == Cookies::KeptBack {
            answer.headers.remove(SET_COOKIE);
        }
        match self.keeping(answer.status, &answer) {
            Keeping::Kept(lifetime) if self.has_room(&answer, length) => {
                let head = Self::head(answer.status, &mut answer, length, lifetime);
                self.keep(head, answer.body, 0, length, lead)
            }
            _ => self.private(answer, length, lead),
        }
    }

    /// An answer for one viewer alone.
    fn private(
        &self,
        mut answer: Answer,
        length: Option<u64>,
        lead: Option<&Lead>,
    ) -> (Told, Rest) {
        self.inner.go_alone(&self.key(self.marker.as_deref()));
        self.inner.go_alone(&self.primary);
        if self.stale.is_some() && !self.is_forgotten(lead) {
            self.inner.store.drop(Place::head(&self.key(self.marker.as_deref())));
        }
        let lifetime = answer.lifetime_for_one();
        let head = Arc::new(Self::head(answer.status, &mut answer, length, lifetime));
        let fill = Fill::new(0, self.inner.slice_bytes, false);
        let pouring = Pouring {
            inner: Arc::clone(&self.inner),
            key: self.primary,
            head: Arc::clone(&head),
            inlet: self.inlet(&head, &fill),
            keeping: Filing::Nothing,
            offset: 0,
            until: length,
            lead: None,
            forgets: self.forgets,
            began: Instant::now(),
        };
        let (key, how) = (self.primary, How::Fetched);
        let landed = Landed { key, marker: None, head, how, fill: Some(fill) };
        let told = Told { landing: Landing::Private, private: Some(landed) };
        (told, Some((pouring, answer.body)))
    }

    /// The answer to the question for one slice.
    fn judge_slice(&self, mut answer: Answer, lead: Option<&Lead>) -> (Told, Rest) {
        let pass = Told { landing: Landing::Pass, private: None };
        let first = self.slice.unwrap_or_default() * self.inner.slice_bytes;
        let Some(part) = Part::read(&answer.headers).filter(|part| part.first == first) else {
            return (pass, None);
        };
        if self.rules.cookies == Cookies::KeptBack {
            answer.headers.remove(SET_COOKIE);
        }
        let is_continuable = strong(answer.headers.get(ETAG)).is_some();
        match self.keeping(StatusCode::OK, &answer) {
            Keeping::Kept(lifetime) if is_continuable => {
                answer.headers.remove(CONTENT_RANGE);
                let head = Self::head(StatusCode::OK, &mut answer, Some(part.total), lifetime);
                self.keep(head, answer.body, first, Some(part.end), lead)
            }
            _ => {
                self.inner.go_alone(&self.primary);
                (pass, None)
            }
        }
    }

    /// What can't be continued is of no use once a part of it is lost, and so it is not kept
    /// where it would soon be. What doesn't say how long it is may never end.
    fn has_room(&self, answer: &Answer, length: Option<u64>) -> bool {
        let can_be_continued = strong(answer.headers.get(ETAG)).is_some();
        match length {
            Some(length) => can_be_continued || length <= self.inner.store.share(),
            None => !self.inner.was_too_long(&self.key(self.marker.as_deref())),
        }
    }

    fn keeping(&self, status: StatusCode, answer: &Answer) -> Keeping {
        if vary::read(&answer.headers).is_none() {
            return Keeping::NotKept("vary");
        }
        let terms = self.terms(status);
        keeping(status, &answer.headers, &terms, answer.asked, answer.received)
    }

    fn head(
        status: StatusCode,
        answer: &mut Answer,
        length: Option<u64>,
        lifetime: Lifetime,
    ) -> Head {
        let asked = answer.asked;
        Head::new(status, std::mem::take(&mut answer.headers), length, lifetime, asked)
    }

    /// Files what can be filed at once, and leaves the rest to the pouring.
    fn keep(
        &self,
        head: Head,
        body: UpstreamBody,
        offset: u64,
        until: Option<u64>,
        lead: Option<&Lead>,
    ) -> (Told, Rest) {
        let marker = self.marked(&head.headers, lead);
        let head = Arc::new(head);
        let key = self.key(marker.as_deref());
        self.inner.go_together(&key);
        let fill = Fill::new(offset, self.inner.slice_bytes, true);
        self.inner.fills.add(head.generation, &fill);
        let is_large = head.length.is_some_and(|length| length > self.inner.slice_bytes);
        let keeping = if is_large && head.can_be_continued() {
            if !self.is_forgotten(lead) {
                let kept = Kept::Head(Arc::clone(&head));
                self.inner.store.keep(Place::head(&key), kept);
                // Asked again, as in `Pouring::finish`.
                if self.is_forgotten(lead) {
                    self.inner.store.keep(Place::head(&key), Kept::Gone);
                }
            }
            Filing::Slices
        } else {
            Filing::All
        };
        let landing = self.object(Arc::clone(&head), How::Fetched, marker, Some(Arc::clone(&fill)));
        let (inner, forgets) = (Arc::clone(&self.inner), self.forgets);
        let inlet = self.inlet(&head, &fill);
        let began = Instant::now();
        let pouring =
            Pouring { inner, key, head, inlet, keeping, offset, until, lead: None, forgets, began };
        (Told { landing, private: None }, Some((pouring, body)))
    }

    fn inlet(&self, head: &Head, fill: &Arc<Fill>) -> Inlet {
        let (inner, fill) = (Arc::clone(&self.inner), Arc::clone(fill));
        Inlet { inner, generation: head.generation, fill }
    }

    /// The marker under which an answer is filed, if it has variants.
    fn marked(&self, headers: &HeaderMap, lead: Option<&Lead>) -> Option<Arc<Marker>> {
        let names = vary::read(headers).unwrap_or_default();
        let known = self.marker.as_ref();
        let mut all: Vec<Box<str>> = known.map(|marker| marker.names.to_vec()).unwrap_or_default();
        all.extend(names.iter().cloned());
        all.sort_unstable();
        all.dedup();
        if all.len() > vary::MAX_NAMES {
            all = names;
        }
        if all.is_empty() {
            return None;
        }
        if let Some(marker) = known.filter(|marker| *marker.names == *all) {
            return Some(Arc::clone(marker));
        }
        let marker = Arc::new(Marker::new(all.into()));
        if !self.is_forgotten(lead) {
            let kept = Kept::Marker(Arc::clone(&marker));
            self.inner.store.keep(Place::head(&self.primary), kept);
        }
        Some(marker)
    }

    /// Whether the answer has been declared outdated while it was on its way.
    fn is_forgotten(&self, lead: Option<&Lead>) -> bool {
        lead.map_or_else(|| self.inner.forgets() != self.forgets, Lead::is_forgotten)
    }

    /// What there is, with what a 304 says of it. One that sets a cookie, or must not be kept,
    /// is for the viewer that asked.
    fn refresh(&self, stale: &Arc<Head>, answer: &Answer, lead: Option<&Lead>) -> Told {
        let mut headers = stale.headers.clone();
        // An old date would make it look old, however fresh it is.
        headers.remove(DATE);
        for name in answer.headers.keys() {
            headers.remove(name);
        }
        headers.extend(answer.headers.clone());
        let terms = self.terms(stale.status);
        let key = self.key(self.marker.as_deref());
        let is_forgotten = self.is_forgotten(lead);
        match keeping(stale.status, &headers, &terms, answer.asked, answer.received) {
            Keeping::Kept(lifetime) => {
                let head = Arc::new(stale.refreshed(&answer.headers, lifetime, answer.asked));
                if !is_forgotten {
                    self.inner.store.keep(Place::head(&key), Kept::Head(Arc::clone(&head)));
                    if self.is_forgotten(lead) {
                        self.inner.store.keep(Place::head(&key), Kept::Gone);
                    }
                }
                let landing = self.object(head, How::Refreshed, self.marker.clone(), None);
                Told { landing, private: None }
            }
            Keeping::NotKept(_) => {
                self.inner.go_alone(&key);
                // A cookie says nothing about what it came with.
                if !answer.headers.contains_key(SET_COOKIE) && !is_forgotten {
                    self.inner.store.drop(Place::head(&key));
                }
                let lifetime = answer.lifetime_for_one();
                let head = Arc::new(stale.refreshed(&answer.headers, lifetime, answer.asked));
                let (marker, how) = (self.marker.clone(), How::Refreshed);
                let landed = Landed { key, marker, head, how, fill: None };
                Told { landing: Landing::Private, private: Some(landed) }
            }
        }
    }
}

/// How long the body is, if the origin says so.
fn length(answer: &Answer) -> Option<u64> {
    if answer.status == StatusCode::NO_CONTENT {
        return Some(0);
    }
    answer.body.size_hint().exact().or_else(|| {
        let length = answer.headers.get(CONTENT_LENGTH)?.to_str().ok()?;
        length.parse().ok()
    })
}
