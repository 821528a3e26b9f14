//! Noticing that another state is in force.
//!
//! # Invariants
//!
//! - What can't be read leaves the last good state in force, and is told once.
//! - An older state never takes the place of a newer one while we run: passes that were
//!   revoked would come back. Beginning anew accepts it.

use std::sync::Arc;

use gatepass::EpochTime;
use gatepass_distribution::Facts;

use crate::error::StoreError;
use crate::store::{Loaded, Store};

/// Follows a store. Polling it costs one small file's reading unless something changed.
#[derive(Debug)]
pub struct Follower {
    store: Store,
    in_force: Option<Loaded>,
    /// The pointer as it was when we last looked at what it names.
    seen: Option<Vec<u8>>,
    told: Option<String>,
    /// So many polls go by before what can't be read is tried again.
    pause: u32,
}

const PAUSE: u32 = 20;

impl Follower {
    /// Begins with the state in force. If that can't be read, it begins with the last good
    /// one, and says so; it fails only if there is none.
    pub fn begin(store: Store, now: EpochTime) -> Result<(Self, Option<StoreError>), StoreError> {
        let seen = store.pointer().unwrap_or_default();
        let (in_force, problem) = match store.load(None, now) {
            Ok(loaded) => (loaded, None),
            Err(problem) => match store.load_last_good(now)? {
                Some(good) => (Some(good), Some(problem)),
                None => return Err(problem),
            },
        };
        let told = problem.as_ref().map(ToString::to_string);
        let pause = if told.is_some() { PAUSE } else { 0 };
        Ok((Self { store, in_force, seen, told, pause }, problem))
    }

    /// What holds now.
    pub fn facts(&self) -> Arc<Facts> {
        self.in_force.as_ref().map(|loaded| Arc::clone(&loaded.facts)).unwrap_or_default()
    }

    /// The facts, if they changed since; or why they can't be followed, once. To be called a
    /// few times a second.
    pub fn poll(&mut self, now: EpochTime) -> Option<Result<Arc<Facts>, StoreError>> {
        match self.look(now) {
            Ok(None) => None,
            Ok(Some(loaded)) => {
                let facts = Arc::clone(&loaded.facts);
                self.in_force = Some(loaded);
                self.told = None;
                Some(Ok(facts))
            }
            Err(error) => {
                self.pause = PAUSE;
                let sentence = error.to_string();
                let is_new = self.told.replace(sentence.clone()) != Some(sentence);
                is_new.then_some(Err(error))
            }
        }
    }

    fn look(&mut self, now: EpochTime) -> Result<Option<Loaded>, StoreError> {
        let pointer = self.store.pointer()?;
        if pointer == self.seen {
            if self.told.is_none() {
                return Ok(None);
            }
            self.pause = self.pause.saturating_sub(1);
            if self.pause > 0 {
                return Ok(None);
            }
        }
        self.seen.clone_from(&pointer);
        let in_force = self.in_force.as_ref();
        let Some(pointer) = pointer else {
            return match in_force {
                Some(_) => Err(StoreError::Gone(self.store.pointer_path())),
                None => Ok(None),
            };
        };
        let to = self.store.parse(&pointer)?;
        if let Some(from) = in_force.map(|loaded| loaded.bundle.sequence)
            && to.sequence < from
        {
            let path = self.store.pointer_path();
            return Err(StoreError::WentBack { path, from, to: to.sequence });
        }
        if in_force.is_some_and(|loaded| loaded.address == to.bundle) {
            // Back to where we are.
            self.told = None;
            return Ok(None);
        }
        self.store.load(in_force, now)
    }
}
