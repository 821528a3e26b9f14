//! Something of the provider's that is kept: asked for when it is needed, and again when it is
//! old, by one at a time.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use gatepass::EpochTime;

use super::error::OidcError;

/// What was fetched, and when.
pub(super) struct Kept<T> {
    /// For how long nothing is asked, in seconds.
    fresh: u64,
    /// For how long the old counts while no new can be had, in seconds.
    usable: u64,
    dated: ArcSwapOption<Dated<T>>,
    /// Who holds it may fetch; within is when [`Kept::newer`] last did.
    turn: tokio::sync::Mutex<Option<EpochTime>>,
    failed: Mutex<Option<(EpochTime, OidcError)>>,
}

struct Dated<T> {
    fetched: EpochTime,
    value: Arc<T>,
}

impl<T> Kept<T> {
    pub(super) fn new(fresh: u64, usable: u64) -> Self {
        let (dated, turn) = (ArcSwapOption::empty(), tokio::sync::Mutex::default());
        Self { fresh, usable, dated, turn, failed: Mutex::default() }
    }

    /// What is kept; fetched first if there is nothing, or nothing fresh.
    pub(super) async fn current<F>(
        &self,
        now: EpochTime,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>, OidcError>
    where
        F: Future<Output = Result<T, OidcError>>,
    {
        if let Some(value) = self.younger_than(self.fresh, now) {
            return Ok(value);
        }
        let _turn = self.turn.lock().await;
        if let Some(value) = self.younger_than(self.fresh, now) {
            return Ok(value);
        }
        let fetched = match self.failed_lately(now) {
            Some(error) => Err(error),
            None => self.fetch(now, fetch()).await,
        };
        fetched.or_else(|error| self.younger_than(self.usable, now).ok_or(error))
    }

    /// What is kept, fetched anew since `old` turned out to lack something; for that reason at
    /// most once in `pause` seconds, or anybody could have us ask for ever.
    pub(super) async fn newer<F>(
        &self,
        old: &Arc<T>,
        pause: u64,
        now: EpochTime,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>, OidcError>
    where
        F: Future<Output = Result<T, OidcError>>,
    {
        let mut turn = self.turn.lock().await;
        if let Some(dated) = &*self.dated.load() {
            let is_other = !Arc::ptr_eq(&dated.value, old);
            let is_early = turn.is_some_and(|last| now.seconds_since(last) < pause);
            if is_other || is_early {
                return Ok(dated.value.clone());
            }
        }
        *turn = Some(now);
        self.fetch(now, fetch()).await
    }

    /// Why the last attempt failed, if it did.
    pub(super) fn trouble(&self) -> Option<OidcError> {
        self.failed().as_ref().map(|(_, error)| error.clone())
    }

    async fn fetch(
        &self,
        now: EpochTime,
        fetching: impl Future<Output = Result<T, OidcError>>,
    ) -> Result<Arc<T>, OidcError> {
        match fetching.await {
            Ok(value) => {
                let value = Arc::new(value);
                self.dated.store(Some(Arc::new(Dated { fetched: now, value: value.clone() })));
                *self.failed() = None;
                Ok(value)
            }
            Err(error) => {
                *self.failed() = Some((now, error.clone()));
                Err(error)
            }
        }
    }

    fn younger_than(&self, seconds: u64, now: EpochTime) -> Option<Arc<T>> {
        let dated = self.dated.load();
        let young = dated.as_ref().filter(|dated| now.seconds_since(dated.fetched) < seconds);
        young.map(|dated| dated.value.clone())
    }

    fn failed_lately(&self, now: EpochTime) -> Option<OidcError> {
        let failed = self.failed();
        let lately = failed.as_ref().filter(|(when, _)| now.seconds_since(*when) < PAUSE);
        lately.map(|(_, error)| error.clone())
    }

    fn failed(&self) -> std::sync::MutexGuard<'_, Option<(EpochTime, OidcError)>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For how long a provider that did not answer is not asked again, in seconds.
const PAUSE: u64 = 5;

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn at(seconds: u64) -> EpochTime {
        EpochTime::new(1_000 + seconds).unwrap()
    }

    struct Source {
        asked: Cell<u32>,
        works: Cell<bool>,
    }

    impl Source {
        fn fetch(&self) -> std::future::Ready<Result<u32, OidcError>> {
            self.asked.set(self.asked.get() + 1);
            let why = "down".into();
            let error = OidcError::Unreachable { what: "keys", why };
            std::future::ready(if self.works.get() { Ok(self.asked.get()) } else { Err(error) })
        }
    }

    fn source(works: bool) -> Source {
        Source { asked: Cell::new(0), works: Cell::new(works) }
    }

    #[tokio::test]
    async fn what_is_fresh_is_not_asked_for() {
        let (kept, source) = (Kept::new(10, 20), source(true));
        let mut got = Vec::new();
        for seconds in [0, 9, 10, 19, 25] {
            got.push(*kept.current(at(seconds), || source.fetch()).await.unwrap());
        }
        assert_eq!(got, [1, 1, 2, 2, 3]);
    }

    #[tokio::test]
    async fn the_old_counts_for_a_while_when_no_new_can_be_had() {
        let (kept, source) = (Kept::new(10, 20), source(true));
        kept.current(at(0), || source.fetch()).await.unwrap();
        source.works.set(false);
        assert_eq!(*kept.current(at(19), || source.fetch()).await.unwrap(), 1);
        assert!(kept.trouble().is_some());
        assert!(kept.current(at(20), || source.fetch()).await.is_err());
        source.works.set(true);
        // Asked lately: those who wait for a dead provider don't wait one after the other.
        assert!(kept.current(at(23), || source.fetch()).await.is_err());
        assert_eq!(source.asked.get(), 2);
        assert_eq!(*kept.current(at(24), || source.fetch()).await.unwrap(), 3);
        assert!(kept.trouble().is_none());
    }

    #[tokio::test]
    async fn a_newer_one_is_asked_for_once_in_a_while() {
        let (kept, source) = (Kept::new(1_000, 2_000), source(true));
        let first = kept.current(at(0), || source.fetch()).await.unwrap();
        let newer = async |old: &Arc<u32>, seconds| {
            kept.newer(old, 60, at(seconds), || source.fetch()).await.unwrap()
        };
        let second = newer(&first, 1).await;
        assert_eq!(*second, 2, "the first time it is asked at once");
        assert_eq!(*newer(&second, 60).await, 2);
        let third = newer(&second, 61).await;
        assert_eq!(*third, 3);
        assert_eq!(*newer(&second, 200).await, 3, "who holds an old one gets what is there");
        source.works.set(false);
        assert!(kept.newer(&third, 60, at(300), || source.fetch()).await.is_err());
        assert_eq!(*newer(&third, 359).await, 3);
        assert_eq!(source.asked.get(), 4, "one that fails is not asked more often");
    }
}
