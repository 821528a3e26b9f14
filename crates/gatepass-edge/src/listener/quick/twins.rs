//! Bytes that are sent over and over, in files of memory.
//!
//! What lies in memory has to be copied for a socket; a file's bytes don't. So what is hot, such
//! as the newest segment of a live stream, gets a twin: a file without a name that holds the same
//! bytes and never changes. It is found by where the bytes lie, and holds on to them, so that
//! nothing else can come to lie there.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// For fewer bytes it is not worth it.
const LEAST: usize = 256 * 1024;

/// Each takes a descriptor, and is looked for among all.
const MOST: usize = 256;

/// So often the same bytes have to come among those that came last.
const OFTEN: u8 = 3;

/// So many are remembered as having come.
const LAST: usize = 64;

/// All twins of a process, up to so many bytes.
#[derive(Debug)]
pub(in crate::listener) struct Twins {
    limit: usize,
    slice: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The one that was sent last comes first.
    twins: VecDeque<Twin>,
    weight: usize,
    came: VecDeque<(Place, u8)>,
}

#[derive(Debug)]
struct Twin {
    bytes: Bytes,
    weight: usize,
    file: Arc<File>,
}

/// Where bytes lie, and how many.
type Place = (usize, usize);

fn place(bytes: &Bytes) -> Place {
    (bytes.as_ptr() as usize, bytes.len())
}

impl Twins {
    /// The twins and, once more, what they are twins of take up to so many bytes. These are
    /// slices of such a size, or parts of one.
    pub(in crate::listener) fn up_to(bytes: u64, slice: u32) -> Self {
        let limit = usize::try_from(bytes).unwrap_or(usize::MAX);
        Self { limit, slice: slice as usize, state: Mutex::default() }
    }

    /// A file that holds just these bytes, if they come often.
    pub(super) fn of(&self, bytes: &Bytes) -> Option<Arc<File>> {
        let weight = bytes.len().max(self.slice);
        if bytes.len() < LEAST || weight > self.limit {
            return None;
        }
        {
            let mut state = self.lock();
            if let Some(file) = state.known(bytes) {
                return Some(file);
            }
            if !state.comes_often(place(bytes)) {
                return None;
            }
        }
        // What takes its time is done while others look up theirs.
        let file = Arc::new(filled(bytes).ok()?);
        let mut gone = Vec::new();
        let mut state = self.lock();
        state.weight += weight;
        state.twins.push_front(Twin { bytes: bytes.clone(), weight, file: Arc::clone(&file) });
        while state.weight > self.limit || state.twins.len() > MOST {
            let Some(last) = state.twins.pop_back() else { break };
            state.weight -= last.weight;
            gone.push(last);
        }
        drop(state);
        drop(gone);
        Some(file)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn known(&mut self, bytes: &Bytes) -> Option<Arc<File>> {
        let at = self.twins.iter().position(|twin| place(&twin.bytes) == place(bytes))?;
        let twin = self.twins.remove(at)?;
        let file = Arc::clone(&twin.file);
        self.twins.push_front(twin);
        Some(file)
    }

    /// What came is only counted: something else may lie there by now, which is then taken for
    /// more often than it is.
    fn comes_often(&mut self, place: Place) -> bool {
        let known = self.came.iter().position(|(known, _)| *known == place);
        let times = known.and_then(|at| self.came.remove(at)).map_or(0, |(_, times)| times) + 1;
        if times >= OFTEN {
            return true;
        }
        self.came.push_front((place, times));
        self.came.truncate(LAST);
        false
    }
}

/// A file in memory that can't be changed any more.
#[cfg(target_os = "linux")]
fn filled(bytes: &[u8]) -> io::Result<File> {
    use std::io::Write;

    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(memfd_create("gatepass-twin", flags)?);
    file.write_all(bytes)?;
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK)?;
    Ok(file)
}

#[cfg(not(target_os = "linux"))]
fn filled(_: &[u8]) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    fn bytes(of: u8) -> Bytes {
        vec![of; LEAST].into()
    }

    fn holds(file: &File, of: u8) -> bool {
        let mut read = vec![0; LEAST];
        file.read_exact_at(&mut read, 0).unwrap();
        read.iter().all(|byte| *byte == of)
    }

    #[test]
    fn what_comes_often_has_a_twin_of_the_same_bytes() {
        let twins = Twins::up_to(10 * LEAST as u64, 0);
        let (hot, other) = (bytes(1), bytes(2));
        let files: Vec<_> = (0..4).map(|_| twins.of(&hot)).collect();
        assert!(files[..2].iter().all(Option::is_none), "it has to come three times");
        assert!(holds(files[2].as_ref().unwrap(), 1));
        assert!(Arc::ptr_eq(files[2].as_ref().unwrap(), files[3].as_ref().unwrap()));
        assert!(twins.of(&other).is_none());
        assert!(twins.of(&hot.slice(..LEAST - 1)).is_none(), "too few");
        assert!(files[2].as_ref().unwrap().set_len(0).is_err(), "it is sealed");
    }

    #[test]
    fn a_place_that_is_used_again_never_has_the_twin_of_what_lay_there_before() {
        let twins = Twins::up_to(2 * LEAST as u64, 0);
        for round in 0..100 {
            let hot = bytes(round);
            let file = (0..4).filter_map(|_| twins.of(&hot)).last();
            assert!(file.is_none_or(|file| holds(&file, round)), "{round}");
        }
        let state = twins.state.lock().unwrap();
        assert!(state.weight <= 2 * LEAST && state.twins.len() <= 2);
        assert!(state.came.len() <= LAST);
    }

    #[test]
    fn a_part_of_a_slice_weighs_as_much_as_what_it_holds_on_to() {
        let slice = 4 * u32::try_from(LEAST).unwrap();
        let twins = Twins::up_to(2 * u64::from(slice), slice);
        let slices: Vec<Bytes> = (0..10).map(|of| vec![of; slice as usize].into()).collect();
        for slice in &slices {
            let part = slice.slice(..LEAST);
            (0..4).for_each(|_| drop(twins.of(&part)));
        }
        assert_eq!(twins.lock().twins.len(), 2);
        let tiny = Twins::up_to(u64::from(slice) - 1, slice);
        assert!((0..9).all(|_| tiny.of(&slices[0].slice(..LEAST)).is_none()));
    }

    #[test]
    fn what_is_asked_for_least_goes_first() {
        let twins = Twins::up_to(2 * LEAST as u64, 0);
        let often = |bytes: &Bytes| (0..4).filter_map(|_| twins.of(bytes)).last().unwrap();
        let (one, two, three) = (bytes(1), bytes(2), bytes(3));
        let first = often(&one);
        often(&two);
        often(&one);
        often(&three);
        assert!(Arc::ptr_eq(&first, &twins.of(&one).unwrap()));
        assert!(twins.of(&two).is_none());
        assert!(holds(&first, 1));
    }
}
