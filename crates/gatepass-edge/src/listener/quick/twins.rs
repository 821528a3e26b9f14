//! Bytes that are sent over and over, in files of memory.
//!
//! What lies in memory has to be copied for a socket; a file's bytes don't. So what is hot, such
//! as the newest segment of a live stream, gets a twin: a file without a name that holds the same
//! bytes and never changes. It is found by where the bytes lie, and holds on to them, so that
//! nothing else can come to lie there.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// For fewer bytes it is not worth it.
const LEAST: usize = 64 * 1024;

/// So often the same bytes have to come among those that came last.
const OFTEN: u8 = 3;

/// So many are remembered as having come.
const LAST: usize = 64;

/// All twins of a process, up to so many bytes.
#[derive(Debug)]
pub(in crate::listener) struct Twins {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The one that was sent last comes first.
    twins: VecDeque<Twin>,
    bytes: usize,
    came: VecDeque<(Place, u8)>,
}

#[derive(Debug)]
struct Twin {
    bytes: Bytes,
    file: Arc<File>,
}

/// Where bytes lie, and how many.
type Place = (usize, usize);

fn place(bytes: &Bytes) -> Place {
    (bytes.as_ptr() as usize, bytes.len())
}

impl Twins {
    /// As much memory again is held by what they are twins of.
    pub(in crate::listener) fn up_to(bytes: u64) -> Self {
        let limit = usize::try_from(bytes).unwrap_or(usize::MAX);
        Self { limit, state: Mutex::default() }
    }

    /// A file that holds just these bytes, if they come often.
    pub(super) fn of(&self, bytes: &Bytes) -> Option<Arc<File>> {
        if bytes.len() < LEAST || bytes.len() > self.limit {
            return None;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let known = state.twins.iter().position(|twin| place(&twin.bytes) == place(bytes));
        if let Some(at) = known {
            let twin = state.twins.remove(at)?;
            let file = Arc::clone(&twin.file);
            state.twins.push_front(twin);
            return Some(file);
        }
        if !state.comes_often(place(bytes)) {
            return None;
        }
        let file = Arc::new(filled(bytes).ok()?);
        state.bytes += bytes.len();
        state.twins.push_front(Twin { bytes: bytes.clone(), file: Arc::clone(&file) });
        while state.bytes > self.limit {
            let last = state.twins.pop_back()?;
            state.bytes -= last.bytes.len();
        }
        Some(file)
    }
}

impl State {
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
        let twins = Twins::up_to(10 * LEAST as u64);
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
        let twins = Twins::up_to(2 * LEAST as u64);
        for round in 0..100 {
            let hot = bytes(round);
            let file = (0..4).filter_map(|_| twins.of(&hot)).last();
            assert!(file.is_none_or(|file| holds(&file, round)), "{round}");
        }
        let state = twins.state.lock().unwrap();
        assert!(state.bytes <= 2 * LEAST && state.twins.len() <= 2);
        assert!(state.came.len() <= LAST);
    }

    #[test]
    fn what_is_asked_for_least_goes_first() {
        let twins = Twins::up_to(2 * LEAST as u64);
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
