//! One state after another: read, changed, and the last few remembered.
//!
//! # Invariants
//!
//! - A change is kept whole or not at all, whenever the power fails.
//! - Nothing is built on a state that can't be read, unless the operator says so.
//! - What is in force, and the states before it, are never removed while they are among
//!   the last [`HISTORY`].

use std::cmp::Reverse;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatepass::EpochTime;
use gatepass_distribution::{Facts, Invalidation, Invalidations, Revocation, Revocations};

use crate::address::Address;
use crate::bundle::Bundle;
use crate::error::StoreError;
use crate::folder::{Folder, Kind};
use crate::pointer::Pointer;
use crate::revoked::{Revoked, read};

/// A folder of states. Opening it touches nothing; the first change makes it.
#[derive(Debug)]
pub struct Store {
    folder: Folder,
}

/// What may be added in one change.
#[derive(Debug, Default)]
pub struct State {
    invalidations: Vec<Invalidation>,
    revocations: Vec<Revocation>,
}

/// What a change is built upon.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Base {
    /// The state in force. If it can't be read, nothing is changed.
    #[default]
    InForce,
    /// The latest state that can be read.
    LastGood,
}

/// A state in memory.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub(crate) address: Address,
    pub(crate) bundle: Arc<Bundle>,
    pub(crate) facts: Arc<Facts>,
}

/// So many states can be gone back to.
const HISTORY: usize = 16;

impl State {
    /// Makes content count as absent.
    pub fn invalidate(&mut self, invalidation: Invalidation) {
        self.invalidations.push(invalidation);
    }

    /// Makes a pass not count any more.
    pub fn revoke(&mut self, revocation: Revocation) {
        self.revocations.push(revocation);
    }
}

impl Loaded {
    /// What it says.
    pub const fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }
}

impl Store {
    /// The store in this folder, which need not be there yet.
    pub fn open(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Folder::new(folder.into()) }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        self.folder.root()
    }

    /// The facts in force; none at all if nothing was ever kept.
    pub fn read(&self, now: EpochTime) -> Result<Arc<Facts>, StoreError> {
        Ok(self.load(None, now)?.map(|loaded| loaded.facts).unwrap_or_default())
    }

    /// Keeps another state, made by `change` from the one before, and returns its number.
    /// If a number is expected, the one before must have it; 0 stands for none.
    pub fn change(
        &self,
        expected: Option<u64>,
        base: Base,
        now: EpochTime,
        change: impl FnOnce(&mut State),
    ) -> Result<u64, StoreError> {
        let _lock = self.folder.lock()?;
        let (before, bundle) = match self.base(base, now)? {
            Some(before) => before,
            None => self.begin(now)?,
        };
        let found = before.sequence;
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            return Err(StoreError::Stale { expected, found });
        }
        let mut state = State::default();
        change(&mut state);
        let mut invalidations = bundle.invalidations;
        let mut revoked = Revoked { latest: bundle.revocations, segments: bundle.segments };
        invalidations.extend(state.invalidations);
        revoked.add(state.revocations, now, &self.folder)?;
        let next = Bundle {
            sequence: found + 1,
            previous: Some(before.bundle),
            made: now,
            invalidations: Invalidations::settle(invalidations, now),
            revocations: revoked.latest,
            segments: revoked.segments,
        };
        let written = next.write();
        if written.len() as u64 > Bundle::MAX_BYTES {
            return Err(StoreError::TooLarge(written.len()));
        }
        let address = self.folder.put(Kind::Bundle, &written)?;
        self.folder.point(&Pointer::to(next.sequence, address))?;
        if next.sequence.is_multiple_of(HISTORY as u64) {
            // It is kept already. What could not be removed will be next time.
            let _ = self.remove_unused(address);
        }
        Ok(next.sequence)
    }

    /// The state that the pointer names; of `before`, what is the same is used again.
    pub(crate) fn load(
        &self,
        before: Option<&Loaded>,
        now: EpochTime,
    ) -> Result<Option<Loaded>, StoreError> {
        loop {
            let Some(bytes) = self.folder.pointer()? else { return self.nothing() };
            let pointer = self.parse(&bytes)?;
            match self.load_bundle(pointer.bundle, before, now) {
                // Somebody made a new state and removed this one meanwhile.
                Err(StoreError::Read { error, .. })
                    if error.kind() == io::ErrorKind::NotFound
                        && self.folder.pointer()?.is_some_and(|other| other != bytes) => {}
                loaded => return loaded.map(Some),
            }
        }
    }

    /// The latest state that can be read, whatever the pointer says.
    pub(crate) fn load_last_good(&self, now: EpochTime) -> Result<Option<Loaded>, StoreError> {
        let mut bundles: Vec<_> = self
            .folder
            .list(Kind::Bundle)?
            .into_iter()
            .filter_map(|address| Some((self.bundle(address).ok()?, address)))
            .map(|(bundle, address)| (bundle.sequence, bundle.made, address))
            .collect();
        bundles.sort_unstable_by_key(|latest| Reverse(*latest));
        let mut latest = bundles.into_iter();
        Ok(latest.find_map(|(_, _, address)| self.load_bundle(address, None, now).ok()))
    }

    pub(crate) fn pointer(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.folder.pointer()
    }

    pub(crate) fn pointer_path(&self) -> PathBuf {
        self.folder.pointer_path()
    }

    pub(crate) fn parse(&self, pointer: &[u8]) -> Result<Pointer, StoreError> {
        Pointer::read(pointer)
            .map_err(|problem| StoreError::Unreadable { path: self.pointer_path(), problem })
    }

    /// What the next state is made from, and the number and name that it follows.
    fn base(&self, base: Base, now: EpochTime) -> Result<Option<(Pointer, Bundle)>, StoreError> {
        let pointer = match self.folder.pointer() {
            Ok(bytes) => bytes.map(|bytes| self.parse(&bytes)).transpose(),
            Err(error) => Err(error),
        };
        if base == Base::InForce {
            let Some(pointer) = pointer? else { return self.nothing() };
            return Ok(Some((pointer, self.bundle(pointer.bundle)?)));
        }
        let Some(good) = self.load_last_good(now)? else { return self.nothing() };
        let named = pointer.ok().flatten().map_or(0, |pointer| pointer.sequence);
        let bundle = Bundle::clone(&good.bundle);
        Ok(Some((Pointer::to(named.max(bundle.sequence), good.address), bundle)))
    }

    /// A store begins with a state in which nothing is said. So a bundle that says something
    /// shows that there was a pointer, to it or to what it is built upon.
    fn begin(&self, now: EpochTime) -> Result<(Pointer, Bundle), StoreError> {
        let bundle = Bundle::nothing(now);
        let address = self.folder.put(Kind::Bundle, &bundle.write())?;
        let pointer = Pointer::to(bundle.sequence, address);
        self.folder.point(&pointer)?;
        Ok((pointer, bundle))
    }

    /// There is no pointer. That is how a store begins, and not how it goes on.
    fn nothing<T>(&self) -> Result<Option<T>, StoreError> {
        let begins = |address| self.bundle(address).is_ok_and(|bundle| bundle.sequence == 0);
        let is_new = self.folder.list(Kind::Bundle)?.into_iter().all(begins);
        if is_new { Ok(None) } else { Err(StoreError::Gone(self.pointer_path())) }
    }

    fn bundle(&self, address: Address) -> Result<Bundle, StoreError> {
        let bytes = self.folder.get(Kind::Bundle, address)?;
        Bundle::read(&bytes).map_err(|problem| {
            let path = self.folder.path(Kind::Bundle, address);
            StoreError::Unreadable { path, problem }
        })
    }

    fn load_bundle(
        &self,
        address: Address,
        before: Option<&Loaded>,
        now: EpochTime,
    ) -> Result<Loaded, StoreError> {
        let bundle = self.bundle(address)?;
        let invalidations = bundle.invalidations.iter().cloned().collect();
        let known = before.filter(|before| {
            let names = &before.bundle.segments;
            before.bundle.sequence <= bundle.sequence
                && names.iter().all(|known| bundle.segments.contains(known))
        });
        let mut more = bundle.revocations.clone();
        for segment in &bundle.segments {
            if !known.is_some_and(|known| known.bundle.segments.contains(segment)) {
                more.extend(read(&self.folder, segment)?.revocations());
            }
        }
        let revocations = match known {
            Some(known) => known.facts.revocations.with(more, now),
            None => Revocations::new(more, now),
        };
        let facts = Facts { version: bundle.sequence, invalidations, revocations };
        Ok(Loaded { address, bundle: Arc::new(bundle), facts: Arc::new(facts) })
    }

    /// Removes what none of the last states names. Its caller holds the lock.
    fn remove_unused(&self, current: Address) -> Result<(), StoreError> {
        let (mut bundles, mut segments) = (HashSet::new(), HashSet::new());
        let mut next = Some(current);
        while let Some(address) = next.filter(|_| bundles.len() < HISTORY) {
            // The chain ends where states were removed before.
            let Ok(bundle) = self.bundle(address) else { break };
            bundles.insert(address);
            segments.extend(bundle.segments.iter().map(|segment| segment.address));
            next = bundle.previous;
        }
        for (kind, used) in [(Kind::Bundle, bundles), (Kind::Segment, segments)] {
            for address in self.folder.list(kind)? {
                if !used.contains(&address) {
                    self.folder.remove(kind, address)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
