//! What there is for a request, and the answers that take no waiting.

use std::sync::Arc;

use gatepass::EpochTime;
use gatepass_distribution::Admitted;
use http::{HeaderMap, Response, StatusCode};

use crate::asked::Asked;
use crate::body::Body;
use crate::cache::answer::{Answer, answer};
use crate::cache::freshness::Freshness;
use crate::cache::head::Head;
use crate::cache::key::{CacheKey, invalidated_as};
use crate::cache::marker::Marker;
use crate::cache::reader::Piece;
use crate::cache::store::{Kept, Place};
use crate::cache::wish::Wish;
use crate::cache::{Facts, Inner, Served};
use crate::compress::Generation;
use crate::outcome::CacheOutcome;

/// One request that asks for what is kept.
#[derive(Clone, Copy)]
pub(crate) struct Lookup<'s> {
    pub(crate) inner: &'s Arc<Inner>,
    pub(crate) admitted: &'s Admitted<Asked<'s>>,
    pub(crate) facts: &'s dyn Facts,
}

/// What there is.
pub(crate) struct Found {
    pub(crate) key: CacheKey,
    pub(crate) marker: Option<Arc<Marker>>,
    pub(crate) head: Option<Arc<Head>>,
}

impl Lookup<'_> {
    pub(crate) fn asked(&self) -> &Asked<'_> {
        self.admitted.request()
    }

    /// Answers with what is fresh and lies in memory in one piece. Else nothing has happened.
    pub(crate) fn at_once(&self) -> Option<Served> {
        let asked = self.asked();
        let wish = Wish::of(asked);
        if !asked.behavior.cache_policy().keeps_anything() || wish.no_store {
            return None;
        }
        let primary = CacheKey::of(asked);
        let mut kept = self.inner.store.peek(&Place::head(&primary))?;
        if let Kept::Marker(marker) = kept {
            kept = self.inner.store.peek(&Place::head(&marker.variant(&primary, asked)))?;
        }
        let head = self.counting(kept)?;
        let is_fresh = wish.freshness(&head.lifetime, asked.now) == Freshness::Fresh;
        is_fresh.then(|| self.whole(&head, CacheOutcome::Hit).ok()).flatten()
    }

    /// What there is in memory or on disk.
    pub(crate) async fn look_up(&self, primary: &CacheKey) -> Found {
        let mut found = Found { key: *primary, marker: None, head: None };
        let mut kept = self.inner.store.find(&Place::head(primary)).await;
        if let Some(Kept::Marker(marker)) = &kept {
            found.key = marker.variant(primary, self.asked());
            found.marker = Some(Arc::clone(marker));
            kept = self.inner.store.find(&Place::head(&found.key)).await;
        }
        found.head = kept.and_then(|kept| self.counting(kept));
        found
    }

    /// A head, unless an invalidation made it count as absent.
    fn counting(&self, kept: Kept) -> Option<Arc<Head>> {
        match kept {
            Kept::Head(head) if !self.is_invalidated(head.asked) => Some(head),
            _ => None,
        }
    }

    pub(crate) fn is_invalidated(&self, time: EpochTime) -> bool {
        let asked = self.asked();
        let since = self.facts.as_of(asked.distribution.id(), &invalidated_as(asked));
        since.is_some_and(|since| time <= since)
    }

    /// Answers from a head alone, if it holds all bytes that are wanted; else says what it
    /// answers when they are there.
    pub(crate) fn whole(&self, head: &Arc<Head>, outcome: CacheOutcome) -> Result<Served, Answer> {
        let asked = self.asked();
        let is_kept = outcome != CacheOutcome::Miss || head.lifetime.initial_age > 0;
        let age = is_kept.then(|| head.lifetime.age(asked.now));
        let answer = answer(head, asked.method, asked.headers, age, &self.inner.seed);
        let body = match (&*answer.pieces, &head.body) {
            ([], _) => Body::Empty,
            ([Piece::Part(part)], Some(body)) => {
                let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(body.len());
                Body::Whole(body.slice(place(part.start)..place(part.end)))
            }
            _ => return Err(answer),
        };
        let mut served = self.responded(answer.status, answer.headers, body, outcome);
        self.named(&mut served, head, outcome);
        if let Some(left_out) = answer.left_out {
            served.response.extensions_mut().insert(left_out);
        }
        Ok(served)
    }

    pub(crate) fn responded(
        &self,
        status: StatusCode,
        headers: HeaderMap,
        body: Body,
        outcome: CacheOutcome,
    ) -> Served {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        self.served(response, outcome)
    }

    /// Says what a hit was made from, to whoever makes something else of it. What is no hit may
    /// never be asked for again.
    pub(crate) fn named(&self, served: &mut Served, head: &Head, outcome: CacheOutcome) {
        if outcome != CacheOutcome::Miss && self.asked().behavior.conduct().compress {
            served.response.extensions_mut().insert(Generation(head.generation));
        }
    }

    /// Counts what came of it.
    pub(crate) fn served(&self, response: Response<Body>, outcome: CacheOutcome) -> Served {
        let is_error = response.status().as_u16() >= 400;
        let outcome = if is_error { CacheOutcome::Error } else { outcome };
        self.inner.count(outcome);
        Served { response, outcome, trouble: None }
    }
}
