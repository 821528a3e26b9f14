//! How a GET or HEAD request is answered, and OPTIONS where its answers are kept.
//!
//! ```text
//! look up ─► fresh? ───────────────► answer (Hit)
//!     │  └─► stale, but usable ────► answer (Hit), and fetch anew in the background
//!     └────► missing or stale ─► board a flight ─► land ─► answer (Miss, RefreshHit, Hit)
//! ```
//!
//! What turns out to be for one viewer alone is asked for by each on its own.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use gatepass_distribution::Admitted;
use http::header::{
    IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
};
use http::{HeaderName, Method, Response};
use http_body_util::BodyExt;
use tokio::sync::oneshot;

use crate::asked::Asked;
use crate::body::Body;
use crate::cache::Served;
use crate::cache::fill::Fill;
use crate::cache::flight::{Boarding, How, Landed, Landing, Lead, landing};
use crate::cache::freshness::{Freshness, Terms};
use crate::cache::head::Head;
use crate::cache::key::CacheKey;
use crate::cache::lead::{Cookies, Errand, Moment, Rules, Told};
use crate::cache::lookup::{Found, Lookup};
use crate::cache::part::LONGEST;
use crate::cache::pour::Filing;
use crate::cache::reader::{Broken, Object, Reader};
use crate::cache::slices::Continuation;
use crate::cache::store::{Kept, Place};
use crate::cache::upstream::{Question, Upstream};
use crate::cache::wish::Wish;
use crate::forward::keep_back;
use crate::origin::range::{self, Ranges};
use crate::origin::trouble::Trouble;
use crate::outcome::CacheOutcome;

/// One request on its way through the cache, with an origin behind it.
pub(crate) struct Serving<'s> {
    pub(crate) lookup: Lookup<'s>,
    pub(crate) upstream: &'s (dyn Fn() -> Upstream + Send + Sync),
}

impl<'s> Deref for Serving<'s> {
    type Target = Lookup<'s>;

    fn deref(&self) -> &Lookup<'s> {
        &self.lookup
    }
}

/// An answer that changes under our hands is asked for anew so many times.
const ROUNDS: usize = 3;

impl Serving<'_> {
    pub(crate) async fn run(&self) -> Served {
        let asked = self.asked();
        let wish = Wish::of(asked);
        if !asked.behavior.cache_policy().keeps_anything() || wish.no_store {
            return Box::pin(self.pass()).await;
        }
        let primary = CacheKey::of(asked);
        for _ in 0..ROUNDS {
            let found = self.look_up(&primary).await;
            let freshness =
                found.head.as_ref().map(|head| wish.freshness(&head.lifetime, asked.now));
            let result = match (&found.head, freshness) {
                (Some(head), Some(Freshness::Fresh)) => {
                    self.send(found.key, head, None, CacheOutcome::Hit, Filing::Slices).await
                }
                // An origin that has just failed is not made to fail for each viewer.
                (Some(head), Some(Freshness::StaleIfError | Freshness::StaleWhileRevalidate))
                    if self.inner.has_trouble(&found.key) =>
                {
                    self.send(found.key, head, None, CacheOutcome::RefreshHit, Filing::Slices).await
                }
                (Some(head), Some(Freshness::StaleWhileRevalidate)) => {
                    self.revalidate(&primary, &found);
                    self.send(found.key, head, None, CacheOutcome::Hit, Filing::Slices).await
                }
                _ if wish.only_if_cached => return self.not_kept(),
                _ => Box::pin(self.fly(&primary, found, &wish)).await,
            };
            match result {
                Ok(served) => return served,
                Err(Broken::Trouble(trouble)) => return self.failed(&trouble),
                // The head has been dropped, or goes now: once more from the start.
                Err(Broken::Outdated | Broken::Gone) => {}
            }
        }
        Box::pin(self.pass()).await
    }

    /// What the origin is asked.
    fn question(&self) -> Admitted<Question> {
        self.admitted.derive(Question::of)
    }

    /// Answers from a head, and from the bytes that belong to it.
    async fn send(
        &self,
        key: CacheKey,
        head: &Arc<Head>,
        fill: Option<&Arc<Fill>>,
        outcome: CacheOutcome,
        filing: Filing,
    ) -> Result<Served, Broken> {
        let answer = match self.whole(head, outcome) {
            Ok(served) => return Ok(served),
            Err(answer) => answer,
        };
        // Of what OPTIONS brought, no part can be asked for.
        let is_continued = self.asked().method != Method::OPTIONS && head.can_be_continued();
        let continuation = is_continued.then(|| Continuation {
            upstream: (self.upstream)(),
            question: Arc::new(self.question()),
        });
        let object = Object {
            inner: Arc::clone(self.inner),
            key,
            head: Arc::clone(head),
            fill: fill.cloned(),
            continuation,
            filing,
        };
        let mut reader = Reader::new(object, answer.pieces.into_vec());
        if let Err(broken) = Box::pin(reader.begin()).await {
            self.drop_head(&key, head, &broken);
            return Err(broken);
        }
        let outcome = match outcome {
            CacheOutcome::Hit if reader.has_fetched() => CacheOutcome::Miss,
            outcome => outcome,
        };
        let body = Body::Sliced(Box::new(reader));
        let mut served = self.responded(answer.status, answer.headers, body, outcome);
        self.named(&mut served, head, outcome);
        Ok(served)
    }

    /// A head whose bytes are gone for good leads nowhere.
    fn drop_head(&self, key: &CacheKey, head: &Arc<Head>, broken: &Broken) {
        if matches!(broken, Broken::Gone)
            && let place = Place::head(key)
            && let Some(Kept::Head(kept)) = self.inner.store.peek(&place)
            && kept.generation == head.generation
        {
            self.inner.store.drop(place);
        }
    }

    /// Has it fetched anew, unless that is under way already.
    fn revalidate(&self, primary: &CacheKey, found: &Found) {
        if let Boarding::Lead(lead) = self.inner.flights.board(primary, &found.key) {
            let (viewer, _) = oneshot::channel();
            let errand = self.errand(primary, found, None);
            self.inner.runtime.spawn(errand.run(Some(lead), viewer));
        }
    }

    /// Asks the origin, together with whoever asks the same.
    async fn fly(&self, primary: &CacheKey, found: Found, wish: &Wish) -> Result<Served, Broken> {
        let asked = self.asked();
        let has_head = found.head.is_some();
        if !has_head && (asked.method == Method::HEAD || self.must_pass(&found.key)) {
            return Ok(Box::pin(self.pass()).await);
        }
        if self.inner.is_alone(&found.key) {
            let told = self.lead(primary, &found, None).await;
            return self.land(primary, told, CacheOutcome::Miss).await;
        }
        match self.inner.flights.board(primary, &found.key) {
            Boarding::Lead(lead) => {
                let told = self.lead(primary, &found, Some(lead)).await;
                self.land(primary, told, CacheOutcome::Miss).await
            }
            Boarding::Follow(mut flight) => {
                let landing = landing(&mut flight).await;
                if self.is_over(&landing, wish) {
                    self.inner.flights.close(&found.key, &flight);
                    return Err(Broken::Outdated);
                }
                if is_for_others(&landing) {
                    if !has_head && (asked.method == Method::HEAD || self.is_particular()) {
                        return Ok(Box::pin(self.pass()).await);
                    }
                    let told = self.lead(primary, &found, None).await;
                    return self.land(primary, told, CacheOutcome::Miss).await;
                }
                let told = Told { landing, private: None };
                self.land(primary, told, CacheOutcome::Hit).await
            }
        }
    }

    /// Whether a flight landed with what is of no use any longer, its bytes being still under
    /// way: nobody who comes while they arrive gets what would be too old for them if it were
    /// found in the store.
    fn is_over(&self, landing: &Landing, wish: &Wish) -> bool {
        let Landing::Object(landed) = landing else { return false };
        let lifetime = &landed.head.lifetime;
        let now = self.asked().now;
        let has_lapsed = || {
            let freshness = wish.freshness(lifetime, now);
            // Who waited for it may have it, however soon it is stale.
            now > lifetime.stored
                && !matches!(freshness, Freshness::Fresh | Freshness::StaleWhileRevalidate)
        };
        self.is_invalidated(landed.head.asked) || (landed.how == How::Fetched && has_lapsed())
    }

    /// Whether the origin had better be asked in the viewer's own words.
    fn must_pass(&self, key: &CacheKey) -> bool {
        self.is_particular() && self.inner.is_alone(key)
    }

    /// Whether the viewer asks for a part, or under a condition.
    fn is_particular(&self) -> bool {
        let asked = self.asked();
        asked.method != Method::OPTIONS
            && PARTICULAR.iter().any(|name| asked.headers.contains_key(name))
    }

    async fn lead(&self, primary: &CacheKey, found: &Found, lead: Option<Lead>) -> Told {
        let (viewer, told) = oneshot::channel();
        let slice = found.head.is_none().then(|| self.first_slice()).flatten();
        let errand = self.errand(primary, found, slice.filter(|_| lead.is_some()));
        self.inner.runtime.spawn(errand.run(lead, viewer));
        told.await.unwrap_or_else(|_| {
            let trouble = Trouble::BrokeOff("nobody asks it any longer".into());
            Told { landing: Landing::Failed(Arc::new(trouble)), private: None }
        })
    }

    /// The slice that is wanted first, if the viewer asks for a part.
    fn first_slice(&self) -> Option<u64> {
        let asked = self.asked();
        let header = asked.headers.get(RANGE).filter(|_| asked.method != Method::OPTIONS)?;
        let header = header.to_str().ok()?;
        match range::parse(header, u64::MAX) {
            Ranges::Parts(parts) => match parts.first()? {
                // From the beginning to the end is all of it.
                all if *all.start() == 0 && *all.end() == u64::MAX - 1 => None,
                // Counted from an end that nobody knows yet, or behind the end of all objects:
                // the first slice tells the length.
                last if *last.start() > LONGEST => Some(0),
                first => Some(first.start() / self.inner.slice_bytes),
            },
            _ => None,
        }
    }

    fn errand(&self, primary: &CacheKey, found: &Found, slice: Option<u64>) -> Errand {
        let asked = self.asked();
        Errand {
            inner: Arc::clone(self.inner),
            upstream: (self.upstream)(),
            question: Arc::new(self.question()),
            rules: rules(asked),
            moment: Moment { epoch: asked.now, since: Instant::now() },
            primary: *primary,
            marker: found.marker.clone(),
            stale: found.head.clone(),
            forgets: self.inner.forgets(),
            slice,
        }
    }

    async fn land(
        &self,
        primary: &CacheKey,
        told: Told,
        outcome: CacheOutcome,
    ) -> Result<Served, Broken> {
        match (told.landing, told.private) {
            (Landing::Object(landed), _) if self.is_mine(primary, &landed) => {
                self.send_landed(&landed, outcome, Filing::Slices).await
            }
            // It is of another variant. By now the marker tells which is this viewer's.
            (Landing::Object(_), _) => Err(Broken::Outdated),
            (Landing::Failed(trouble), _) => Ok(self.failed(&trouble)),
            (_, Some(landed)) => {
                self.send_landed(&landed, CacheOutcome::Miss, Filing::Nothing).await
            }
            (Landing::Pass | Landing::Private, None) => Ok(Box::pin(self.pass()).await),
        }
    }

    async fn send_landed(
        &self,
        landed: &Landed,
        outcome: CacheOutcome,
        filing: Filing,
    ) -> Result<Served, Broken> {
        let outcome = match landed.how {
            How::Fetched => outcome,
            How::Refreshed | How::Stale => CacheOutcome::RefreshHit,
        };
        self.send(landed.key, &landed.head, landed.fill.as_ref(), outcome, filing).await
    }

    fn is_mine(&self, primary: &CacheKey, landed: &Landed) -> bool {
        match &landed.marker {
            Some(marker) => marker.variant(primary, self.asked()) == landed.key,
            None => landed.key == *primary,
        }
    }

    /// Asks the origin in the viewer's own words, and keeps nothing.
    async fn pass(&self) -> Served {
        let asked = self.asked();
        let request = self.admitted.derive(|asked| {
            let mut request = Question::of(asked).request(asked.method.clone());
            let is_particular = asked.method != Method::OPTIONS;
            for name in PARTICULAR.iter().filter(|_| is_particular) {
                for value in asked.headers.get_all(name) {
                    request.headers.append(name, value.clone());
                }
            }
            request
        });
        match (self.upstream)().fetch(request).await {
            Err(trouble) => self.failed(&trouble),
            Ok(response) => {
                let (mut parts, body) = response.into_parts();
                keep_back(asked, &mut parts.headers);
                let body = if asked.method == Method::HEAD {
                    Body::Empty
                } else {
                    Body::Passing(body.map_err(std::io::Error::other).boxed_unsync())
                };
                self.served(Response::from_parts(parts, body), CacheOutcome::Miss)
            }
        }
    }

    /// The viewer wanted nothing that has to be fetched.
    fn not_kept(&self) -> Served {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = http::StatusCode::GATEWAY_TIMEOUT;
        self.served(response, CacheOutcome::Error)
    }

    fn failed(&self, trouble: &Trouble) -> Served {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = trouble.status();
        let mut served = self.served(response, CacheOutcome::Error);
        served.trouble = Some((trouble.reason(), trouble.to_string().into()));
        served
    }
}

/// Whether those who waited for an answer have to ask for themselves: it is for one viewer
/// alone, or it has to be asked for each time.
fn is_for_others(landing: &Landing) -> bool {
    match landing {
        Landing::Private => true,
        Landing::Object(landed) => {
            landed.how != How::Stale && !landed.head.lifetime.serves_followers()
        }
        Landing::Pass | Landing::Failed(_) => false,
    }
}

/// With these a viewer asks for less than everything.
const PARTICULAR: [HeaderName; 6] =
    [RANGE, IF_RANGE, IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE];

fn rules(asked: &Asked<'_>) -> Rules {
    const ERRORS: [u16; 13] = [400, 403, 404, 405, 412, 414, 415, 416, 500, 501, 502, 503, 504];
    let errors = ERRORS.into_iter().filter_map(|status| {
        let response = asked.distribution.error_response(status)?;
        Some((status, response.cache_seconds()))
    });
    Rules { terms: Terms::of(asked, None), cookies: cookies(asked), errors: errors.collect() }
}

fn cookies(asked: &Asked<'_>) -> Cookies {
    let policy = asked.behavior.origin_request_policy();
    let are_sent = !asked.behavior.cache_policy().cookies.is_none()
        || policy.is_some_and(|policy| !policy.cookies.is_none());
    if are_sent { Cookies::Sent } else { Cookies::KeptBack }
}
