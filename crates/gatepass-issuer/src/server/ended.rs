//! Sessions that were ended before their time, one or all of somebody's: remembered until they
//! would have ended, on disk if there is a folder, so that a cookie that was copied before opens
//! nothing after.
//!
//! Issuers may share the folder, and an operator's command writes there, too: what others wrote
//! counts within a second.
//!
//! # Invariants
//!
//! A line is added to the file that stands at its path, under its lock: nothing is lost when
//! another process writes it anew without what has passed.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use gatepass::EpochTime;

use super::locked;
use super::session::{Lifetimes, Session, SessionId, Way};
use crate::person::Person;

/// What was ended, in memory and in the file.
#[derive(Debug)]
pub(crate) struct EndedSessions {
    known: Mutex<HashMap<SessionId, End>>,
    path: Option<PathBuf>,
    noted: Mutex<Noted>,
    /// The second in which the file was last looked at.
    looked: AtomicU64,
}

/// How far the file was read.
#[derive(Debug, Default)]
struct Noted {
    mark: u64,
    read: u64,
    /// How long it was when it was last written anew, or that was tried.
    tidied: u64,
    /// Whether it could not be read, and that was told.
    is_broken: bool,
}

/// The end of a session, or of all that somebody had.
#[derive(Clone, Copy, Debug)]
struct End {
    /// When it need not be remembered any more, in epoch seconds.
    until: u64,
    /// When it came; of somebody's sessions, those that had begun by then are meant.
    when: u64,
}

/// So long a file is, in bytes, before it is written anew without what has passed.
const LONG: u64 = 1 << 20;

const FILE: &str = "ended-sessions";

/// Ends all sessions of whoever is called so, however they logged in, at the issuers whose
/// `state` folder this is: they notice within a second. Later logins are not meant.
///
/// Fails if no issuer has made the folder: one that is made by somebody else could be one that
/// the issuer can't write to.
pub fn end_all_sessions(state: &Path, person: &Person, now: EpochTime) -> io::Result<()> {
    // Whatever the issuer is told, no session is longer.
    let until = now.seconds().saturating_add(Lifetimes::LONGEST.as_secs());
    let end = End { until, when: now.seconds() };
    let lines: String = Way::ALL.iter().map(|way| end.line(&all_of(person, *way))).collect();
    append(&state.join(FILE), &lines, OpenOptions::new().append(true))
}

impl EndedSessions {
    /// Reads what was written down in a folder, and makes it if it is not there.
    pub(crate) fn open(state: Option<&Path>, now: EpochTime) -> io::Result<Self> {
        let ended = Self {
            known: Mutex::default(),
            path: state.map(|folder| folder.join(FILE)),
            noted: Mutex::default(),
            looked: AtomicU64::new(now.seconds()),
        };
        if let (Some(folder), Some(path)) = (state, &ended.path) {
            fs::create_dir_all(folder)?;
            // Nobody adds to it meanwhile.
            let _file = locked::open(path, OpenOptions::new().create(true).append(true))?;
            ended.take_over(now)?;
            if ended.is_long() {
                ended.tidy(path, now)?;
            }
        }
        Ok(ended)
    }

    /// Whether it was ended.
    pub(crate) fn has(&self, session: &Session) -> bool {
        let all = all_of(&session.person, session.way);
        let known = self.known();
        let all = known.get(&all);
        known.contains_key(&session.id) || all.is_some_and(|end| session.began() <= end.when)
    }

    /// Ends one session, which would end by itself at `until`, and waits for the disk. If that
    /// can't be written down, it counts until a restart.
    pub(crate) fn end(&self, session: &Session, until: u64, now: EpochTime) -> io::Result<()> {
        if until <= now.seconds() || self.known().contains_key(&session.id) {
            return Ok(());
        }
        self.note(session.id.clone(), End { until, when: now.seconds() }, now)
    }

    /// Ends all that somebody began by one way until now; none of them is longer than `longest`.
    pub(crate) fn end_all(
        &self,
        person: &Person,
        way: Way,
        longest: std::time::Duration,
        now: EpochTime,
    ) -> io::Result<()> {
        let until = now.seconds().saturating_add(longest.as_secs());
        self.note(all_of(person, way), End { until, when: now.seconds() }, now)
    }

    /// In memory first, so that it counts at once; nobody who reads waits for the disk.
    fn note(&self, id: SessionId, end: End, now: EpochTime) -> io::Result<()> {
        let line = end.line(&id);
        self.learn([(id, end)], now);
        let Some(path) = &self.path else { return Ok(()) };
        append(path, &line, OpenOptions::new().create(true).append(true))
    }

    fn learn(&self, ends: impl IntoIterator<Item = (SessionId, End)>, now: EpochTime) {
        let mut known = self.known();
        for (id, end) in ends.into_iter().filter(|(_, end)| end.until > now.seconds()) {
            // All that somebody had may end several times, and lines come in any order.
            let end = known.get(&id).map_or(end, |other| end.and(*other));
            if known.insert(id, end).is_none() && known.len().is_power_of_two() {
                known.retain(|_, end| end.until > now.seconds());
            }
        }
    }

    /// Whether the file is to be looked at: in each second once.
    pub(crate) fn is_due(&self, now: EpochTime) -> bool {
        self.path.is_some() && self.looked.swap(now.seconds(), Ordering::Relaxed) != now.seconds()
    }

    /// Takes over what others wrote down, and writes the file anew if it has grown. It waits for
    /// the disk. What goes wrong is told once.
    pub(crate) fn follow(&self, now: EpochTime) -> io::Result<()> {
        self.take_over(now)?;
        let Some(path) = self.path.as_ref().filter(|_| self.is_long()) else { return Ok(()) };
        // Nobody adds to it meanwhile, and what was added until now is taken over.
        let _file = locked::open(path, OpenOptions::new().append(true))?;
        self.take_over(now)?;
        self.tidy(path, now)
    }

    fn take_over(&self, now: EpochTime) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut noted = self.noted();
        let read = noted.read_on(path);
        let was_told = std::mem::replace(&mut noted.is_broken, read.is_err());
        match read {
            Ok(text) => self.learn(text.lines().filter_map(End::read), now),
            Err(error) if !was_told => return Err(error),
            Err(_) => {}
        }
        Ok(())
    }

    /// Whether the file is long, and twice as long as when it was last written anew.
    fn is_long(&self) -> bool {
        let noted = self.noted();
        noted.read > LONG.max(noted.tidied.saturating_mul(2))
    }

    /// Writes the file anew without what has passed. Its lock is ours.
    fn tidy(&self, path: &Path, now: EpochTime) -> io::Result<()> {
        let mut noted = self.noted();
        // If it can't be done, it is tried again when there is more, and not each second.
        noted.tidied = noted.read;
        let fresh = path.with_extension("new");
        let mut written = File::create(&fresh)?;
        let lines: String = {
            let mut known = self.known();
            known.retain(|_, end| end.until > now.seconds());
            known.iter().map(|(id, end)| end.line(id)).collect()
        };
        written.write_all(lines.as_bytes())?;
        written.sync_all()?;
        fs::rename(&fresh, path)?;
        let data = written.metadata()?;
        (noted.mark, noted.read) = (locked::mark(&data), data.len());
        noted.tidied = data.len();
        Ok(())
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<SessionId, End>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Noted {
    /// The whole lines that were added, or all of them if it is another file.
    fn read_on(&mut self, path: &Path) -> io::Result<String> {
        let data = match fs::metadata(path) {
            Ok(data) => data,
            // Taken away, and made again with the next end.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
            Err(error) => return Err(error),
        };
        if locked::mark(&data) == self.mark && data.len() == self.read {
            return Ok(String::new());
        }
        let mut file = File::open(path)?;
        let data = file.metadata()?;
        if locked::mark(&data) != self.mark || data.len() < self.read {
            (self.mark, self.read) = (locked::mark(&data), 0);
        }
        file.seek(SeekFrom::Start(self.read))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        // The rest of a line may still be on its way.
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        self.read += bytes.len() as u64;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// A name that no session has, for all those of a person: they are kept as one is.
fn all_of(person: &Person, way: Way) -> SessionId {
    let text = format!("all {way:?} {}", person.subject());
    let hash = digest(&SHA256, text.as_bytes());
    SessionId::new(*hash.as_ref().first_chunk().expect("SHA-256 has 32 bytes"))
}

impl End {
    /// A line of the file. It begins with a line break, for the one before may be cut off.
    fn line(self, id: &SessionId) -> String {
        format!("\n{} {} {}\n", id.as_str(), self.until, self.when)
    }

    fn and(self, other: Self) -> Self {
        Self { until: self.until.max(other.until), when: self.when.max(other.when) }
    }

    /// Nothing, of a line that was cut off.
    fn read(line: &str) -> Option<(SessionId, Self)> {
        let mut fields = line.split(' ');
        let id = SessionId::read(fields.next()?)?;
        let end = Self { until: fields.next()?.parse().ok()?, when: fields.next()?.parse().ok()? };
        fields.next().is_none().then_some((id, end))
    }
}

fn append(path: &Path, lines: &str, options: &OpenOptions) -> io::Result<()> {
    let mut file = locked::open(path, options)?;
    file.write_all(lines.as_bytes())?;
    file.sync_data()
}

#[cfg(test)]
mod tests;
