//! Bytes on their way from the origin, for one viewer or for many.
//!
//! One task pours, any number of readers take. What was poured stays for a while, so that
//! readers may be at different places.
//!
//! 1. The pouring task runs at most [`AHEAD`] slices ahead of the furthest reader.
//! 2. What is filed in the store is dropped once everybody has it, or when it lies [`AHEAD`]
//!    slices behind: whoever comes later finds it in the store. What is not going to be filed
//!    is dropped once everybody has it, or when it lies [`AHEAD`] slices behind the furthest
//!    reader: one that is slower than that loses it, and is cut off. To wait for the slowest
//!    would let one viewer that has stopped hold up all others; to keep everything would let
//!    it fill the memory.
//! 3. Once nobody reads, the task learns that it is deserted. Who can get the bytes nowhere
//!    else has a seat even while it reads from the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::cache::chunks::Chunks;
use crate::cache::leftover::Leftover;
use crate::origin::trouble::Trouble;

/// In slices.
pub(crate) const AHEAD: u64 = 4;

/// How long a fill waits for its first reader.
const FIRST_READER: Duration = Duration::from_secs(2);

/// The bytes of one answer from some offset on.
#[derive(Debug)]
pub(crate) struct Fill {
    ahead: u64,
    state: Mutex<State>,
    room: Notify,
}

#[derive(Debug)]
struct State {
    chunks: Chunks,
    /// What lies before this is in the store; nothing ever will be if the answer is private.
    filed: Option<u64>,
    /// What was filed before it turned out that nothing is to be kept.
    leftover: Option<Leftover>,
    end: Option<End>,
    readers: HashMap<u64, Reader, foldhash::fast::FixedState>,
    next_reader: u64,
    /// Whether it still waits for its first reader.
    is_expecting: bool,
    /// Whether it stops because nobody reads.
    is_deserted: bool,
}

#[derive(Debug)]
struct Reader {
    at: u64,
    waker: Option<Waker>,
}

/// How a fill ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// All that was to come has come.
    Whole,
    /// It broke off.
    Broken(Arc<Trouble>),
    /// The origin has another answer by now, so the rest of this one is nowhere.
    Outdated,
}

/// What a reader gets.
#[derive(Debug)]
pub(crate) enum Taken {
    /// The next bytes.
    Bytes(Bytes),
    /// The next bytes are not here any longer, or won't be here soon: they are in the store, or
    /// have to be fetched.
    Elsewhere,
    /// There are no more.
    Ended(End),
}

/// Nobody reads.
#[derive(Debug)]
pub(crate) struct Deserted;

impl Fill {
    /// Begins at `offset` of the object. What is not kept is for one reader alone.
    pub(crate) fn new(offset: u64, slice_bytes: u64, is_kept: bool) -> Arc<Self> {
        Arc::new(Self {
            ahead: AHEAD * slice_bytes,
            state: Mutex::new(State {
                chunks: Chunks::new(offset, slice_bytes),
                filed: is_kept.then_some(offset),
                leftover: None,
                end: None,
                readers: HashMap::default(),
                next_reader: 0,
                is_expecting: true,
                is_deserted: false,
            }),
            room: Notify::new(),
        })
    }

    /// Sits down to read from `offset`, if its bytes are here or close enough to wait for.
    pub(crate) fn join(self: &Arc<Self>, offset: u64, patience: Patience) -> Option<Seat> {
        let mut state = self.lock();
        let (first, poured) = (state.chunks.first(), state.chunks.end());
        let near = match patience {
            Patience::Near => poured + self.ahead,
            Patience::Endless => u64::MAX,
        };
        // Of an answer of unknown length there may be an end to be told, and nothing else.
        let is_over = state.end.is_some()
            && (offset > poured || (offset == poured && patience == Patience::Near));
        let is_stored =
            patience == Patience::Endless && (state.filed.is_some() || state.leftover.is_some());
        let is_gone = offset < first && !is_stored;
        if is_gone || offset > near || is_over || state.is_deserted {
            return None;
        }
        let id = state.next_reader;
        state.next_reader += 1;
        state.is_expecting = false;
        state.readers.insert(id, Reader { at: offset, waker: None });
        drop(state);
        self.room.notify_one();
        Some(Seat { fill: Arc::clone(self), id, patience })
    }

    /// Adds bytes.
    pub(crate) fn add(&self, bytes: Bytes) {
        let mut state = self.lock();
        state.chunks.push(bytes);
        // Nobody else makes room if all who sit here wait for what is further on.
        if state.filed.is_none() {
            state.forget(self.ahead);
        }
        let wakers = state.wakers();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// What is not in the store yet, but will be: where it begins, and all that came of it.
    pub(crate) fn unfiled(&self) -> Option<(u64, Vec<Bytes>)> {
        let state = self.lock();
        state.filed.map(|filed| (filed, state.chunks.since(filed)))
    }

    /// Says that everything before `offset` is in the store by now.
    pub(crate) fn filed(&self, offset: u64) {
        let mut state = self.lock();
        state.filed = Some(offset);
        state.forget(self.ahead);
    }

    /// Says that what comes from now on will not be in the store, and what is to be cleared
    /// away there once those have it who read it now.
    pub(crate) fn file_no_more(&self, leftover: Option<Leftover>) {
        let mut state = self.lock();
        state.filed = None;
        state.leftover = leftover;
        state.forget(self.ahead);
    }

    /// Says that nothing more will come.
    pub(crate) fn end(&self, end: End) {
        let mut state = self.lock();
        state.end.get_or_insert(end);
        state.is_expecting = false;
        let wakers = state.wakers();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// How many bytes are held here.
    #[cfg(test)]
    pub(crate) fn held(&self) -> u64 {
        self.lock().held()
    }

    /// Waits until there is room for more. If nobody reads any longer, a fill that may stop
    /// lets nobody sit down from then on.
    pub(crate) async fn wait_for_room(&self, may_stop: bool) -> Result<(), Deserted> {
        loop {
            let is_expecting = {
                let mut state = self.lock();
                match state.readers.values().map(|reader| reader.at).max() {
                    Some(furthest) if state.chunks.end().saturating_sub(furthest) < self.ahead => {
                        return Ok(());
                    }
                    Some(_) => false,
                    None if !state.is_expecting && may_stop => {
                        state.is_deserted = true;
                        return Err(Deserted);
                    }
                    None if !state.is_expecting => return Ok(()),
                    None if state.held() < self.ahead => return Ok(()),
                    None => true,
                }
            };
            let moved = self.room.notified();
            if !is_expecting {
                moved.await;
            } else if tokio::time::timeout(FIRST_READER, moved).await.is_err() {
                self.lock().is_expecting = false;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far ahead of what has arrived a reader sits down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Patience {
    /// A few slices: whatever is further away is fetched sooner by itself.
    Near,
    /// Any distance: it can't be fetched by itself.
    Endless,
}

impl State {
    fn held(&self) -> u64 {
        self.chunks.end() - self.chunks.first()
    }

    fn wakers(&mut self) -> Vec<Waker> {
        self.readers.values_mut().filter_map(|reader| reader.waker.take()).collect()
    }

    /// Drops what nobody needs here any longer.
    fn forget(&mut self, ahead: u64) {
        if self.is_expecting {
            return;
        }
        let poured = self.chunks.end();
        let slowest = self.readers.values().map(|reader| reader.at).min().unwrap_or(poured);
        self.leftover.take_if(|leftover| leftover.until <= slowest);
        let floor = if let Some(filed) = self.filed {
            filed.min(slowest.max(poured.saturating_sub(ahead)))
        } else {
            let furthest = self.readers.values().map(|reader| reader.at).max();
            let furthest = furthest.unwrap_or(poured).min(poured);
            slowest.max(furthest.saturating_sub(ahead))
        };
        self.chunks.drop_before(floor);
    }
}

/// A reader's place at a fill.
#[derive(Debug)]
pub(crate) struct Seat {
    fill: Arc<Fill>,
    id: u64,
    patience: Patience,
}

impl Seat {
    /// Takes the bytes from `offset` on; some of them, at most `most`.
    pub(crate) fn poll_take(&self, offset: u64, most: u64, cx: &Context<'_>) -> Poll<Taken> {
        let mut state = self.fill.lock();
        let state = &mut *state;
        if offset < state.chunks.end() {
            let Some(bytes) = state.chunks.at(offset, most) else {
                return Poll::Ready(Taken::Elsewhere);
            };
            self.move_to(state, offset + bytes.len() as u64);
            return Poll::Ready(Taken::Bytes(bytes));
        }
        if let Some(end) = &state.end {
            return Poll::Ready(Taken::Ended(end.clone()));
        }
        if self.is_far(state, offset) {
            return Poll::Ready(Taken::Elsewhere);
        }
        self.move_to(state, offset);
        if let Some(reader) = state.readers.get_mut(&self.id)
            && !reader.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            reader.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Says that the reader is at `offset`, having got what lies before from elsewhere; and
    /// whether it is still of use to sit here.
    pub(crate) fn follow(&self, offset: u64) -> bool {
        let mut state = self.fill.lock();
        let is_near = !self.is_far(&state, offset);
        if is_near {
            self.move_to(&mut state, offset);
        }
        is_near
    }

    fn is_far(&self, state: &State, offset: u64) -> bool {
        self.patience == Patience::Near && offset > state.chunks.end() + self.fill.ahead
    }

    fn move_to(&self, state: &mut State, offset: u64) {
        if let Some(reader) = state.readers.get_mut(&self.id)
            && reader.at != offset
        {
            reader.at = offset;
            state.forget(self.fill.ahead);
            self.fill.room.notify_one();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.fill.lock();
        state.readers.remove(&self.id);
        state.forget(self.fill.ahead);
        drop(state);
        self.fill.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_before_all_who_read_a_body_that_is_not_kept_takes_no_memory() {
        const SLICE: u64 = 1024;

        let fill = Fill::new(0, SLICE, false);
        let _seat = fill.join(1_000_000 * SLICE, Patience::Endless).unwrap();
        for _ in 0..100 {
            fill.add(Bytes::from(vec![b'x'; 1024]));
            assert!(fill.held() <= SLICE, "{} bytes", fill.held());
        }
    }
}
