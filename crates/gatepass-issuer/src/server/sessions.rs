//! The sessions of an issuer: their cookie, and those that were ended before their time.
//!
//! The cookie is `__Host-gatepass-session`: with this prefix browsers take it over TLS alone,
//! from the host itself and for all of it, so no sibling host can plant one.
//!
//! A session that was ended is remembered until its absolute end, on disk if there is a
//! folder, so that a cookie that was copied before opens nothing after.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use gatepass::EpochTime;

use super::config::{IssuerConfig, Players};
use super::session::{Lifetimes, Session, SessionEnd, SessionId, Way};
use crate::person::Person;
use crate::seal::Seal;

/// The cookie's name.
pub(crate) const COOKIE: &str = "__Host-gatepass-session";

/// Browsers keep 4,096 bytes of a cookie with its name and attributes.
const LONGEST: usize = 3_900;

/// Reads, writes and ends sessions.
#[derive(Debug)]
pub(crate) struct Sessions {
    seal: Seal,
    lifetimes: Lifetimes,
    attributes: &'static str,
    ended: Mutex<HashMap<SessionId, End>>,
    file: Mutex<Option<File>>,
}

/// Why nobody is signed in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoSession {
    /// There is no cookie, or one that is not ours.
    None,
    /// It ended by itself.
    Ended(SessionEnd),
    /// It was ended.
    SignedOut,
}

/// A session that no browser would keep.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the session has {0} bytes, more than the {LONGEST} that browsers keep: entitlements look at claims that are too long"
)]
pub(crate) struct LongSession(usize);

impl Sessions {
    pub(crate) fn open(config: &IssuerConfig, now: EpochTime) -> io::Result<Self> {
        let attributes = match config.players {
            Players::SameSite => "; Path=/; Secure; HttpOnly; SameSite=Lax",
            Players::CrossSite => "; Path=/; Secure; HttpOnly; SameSite=None",
        };
        let (ended, file) = match &config.state {
            Some(folder) => read_ended(folder, now).map(|(ended, file)| (ended, Some(file)))?,
            None => Default::default(),
        };
        Ok(Self {
            seal: Seal::new(&config.secret, "session"),
            lifetimes: config.session,
            attributes,
            ended: Mutex::new(ended),
            file: Mutex::new(file),
        })
    }

    pub(crate) const fn lifetimes(&self) -> Lifetimes {
        self.lifetimes
    }

    /// The session that a cookie holds, if it still counts.
    pub(crate) fn read(&self, cookie: Option<&str>, now: EpochTime) -> Result<Session, NoSession> {
        let session = self.remembered(cookie).ok_or(NoSession::None)?;
        session.check(now, self.lifetimes).map_err(NoSession::Ended)?;
        let ids = self.ended();
        let all = ids.get(&all_of(&session.person, session.way));
        let is_meant = all.is_some_and(|end| session.began() <= end.when);
        let is_ended = ids.contains_key(&session.id) || is_meant;
        drop(ids);
        if is_ended { Err(NoSession::SignedOut) } else { Ok(session) }
    }

    /// The session that a cookie holds, whether it counts or not.
    pub(crate) fn remembered(&self, cookie: Option<&str>) -> Option<Session> {
        cookie.and_then(|cookie| Session::open(cookie, &self.seal))
    }

    /// The `Set-Cookie` line that keeps a session.
    pub(crate) fn line(&self, session: &Session) -> Result<String, LongSession> {
        let line = format!("{COOKIE}={}{}", session.sealed(&self.seal), self.attributes);
        if line.len() > LONGEST { Err(LongSession(line.len())) } else { Ok(line) }
    }

    /// The line that takes it away.
    pub(crate) fn clearing_line(&self) -> String {
        format!("{COOKIE}={}; Max-Age=0", self.attributes)
    }

    /// Ends a session for good, and waits for the disk. If that can't be written down, it
    /// counts until a restart.
    pub(crate) fn end(&self, session: &Session, now: EpochTime) -> io::Result<()> {
        let is_over = session.ends() <= now.seconds();
        if is_over || self.ended().contains_key(&session.id) {
            return Ok(());
        }
        self.note(session.id.clone(), End { until: session.ends(), when: now.seconds() }, now)
    }

    /// Ends all sessions of somebody who logged in by one way, for good; later ones are not meant.
    pub(crate) fn end_all(&self, person: &Person, way: Way, now: EpochTime) -> io::Result<()> {
        let until = now.seconds().saturating_add(self.lifetimes.absolute.as_secs());
        self.note(all_of(person, way), End { until, when: now.seconds() }, now)
    }

    /// In memory first, so that it counts at once; nobody who reads waits for the disk.
    fn note(&self, id: SessionId, end: End, now: EpochTime) -> io::Result<()> {
        let line = end.line(&id);
        let mut ids = self.ended();
        ids.insert(id, end);
        if ids.len().is_power_of_two() {
            ids.retain(|_, end| end.until > now.seconds());
        }
        drop(ids);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *file {
            Some(file) => file.write_all(line.as_bytes()).and_then(|()| file.sync_data()),
            None => Ok(()),
        }
    }

    fn ended(&self) -> MutexGuard<'_, HashMap<SessionId, End>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name that no session has, for all those of a person: they are kept as one is.
fn all_of(person: &Person, way: Way) -> SessionId {
    let text = format!("all {way:?} {}", person.subject());
    let hash = digest(&SHA256, text.as_bytes());
    SessionId::new(*hash.as_ref().first_chunk().expect("SHA-256 has 32 bytes"))
}

/// The end of a session, or of all that somebody had.
#[derive(Clone, Copy, Debug)]
struct End {
    /// When it need not be remembered any more, in epoch seconds.
    until: u64,
    /// When it came; of somebody's sessions, those that had begun by then are meant.
    when: u64,
}

impl End {
    /// A line of the file. It begins with a line break, for the one before may be cut off.
    fn line(self, id: &SessionId) -> String {
        format!("\n{} {} {}\n", id.as_str(), self.until, self.when)
    }

    fn read(line: &str) -> Option<(SessionId, Self)> {
        let mut fields = line.split(' ');
        let id = SessionId::read(fields.next()?)?;
        let end = Self { until: fields.next()?.parse().ok()?, when: fields.next()?.parse().ok()? };
        fields.next().is_none().then_some((id, end))
    }
}

/// So long a file is, in bytes, before it is written anew without what has passed.
const LONG: u64 = 1 << 20;

/// Reads what was written down; lines that can't be read are of a write that was cut off.
fn read_ended(folder: &Path, now: EpochTime) -> io::Result<(HashMap<SessionId, End>, File)> {
    fs::create_dir_all(folder)?;
    let path = folder.join("ended-sessions");
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let ids: HashMap<_, _> =
        text.lines().filter_map(End::read).filter(|(_, end)| end.until > now.seconds()).collect();
    if text.len() as u64 > LONG {
        let fresh = path.with_extension("new");
        let mut written = File::create(&fresh)?;
        let lines: String = ids.iter().map(|(id, end)| end.line(id)).collect();
        written.write_all(lines.as_bytes())?;
        written.sync_all()?;
        fs::rename(&fresh, &path)?;
        file = OpenOptions::new().append(true).open(&path)?;
    }
    Ok((ids, file))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::seal::Secret;

    fn at(seconds: u64) -> EpochTime {
        EpochTime::new(1_000_000 + seconds).unwrap()
    }

    fn config() -> IssuerConfig {
        let url = "https://e.com/_gatepass".parse().unwrap();
        IssuerConfig::new(([127, 0, 0, 1], 0).into(), url, Secret::new(&[7; 32]).unwrap())
    }

    fn begin(sessions: &Sessions, id: u8, claims: Map<String, serde_json::Value>) -> Session {
        let ada = Person::new("ada", claims).unwrap();
        Session::begin(SessionId::new([id; 16]), ada, Way::Users, at(0), sessions.lifetimes, None)
    }

    fn value(line: &str) -> Option<&str> {
        line.split_once('=').and_then(|(_, rest)| rest.split(';').next())
    }

    #[test]
    fn a_session_that_was_ended_stays_ended_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let config = IssuerConfig { state: Some(folder.path().to_owned()), ..config() };
        let sessions = Sessions::open(&config, at(0)).unwrap();
        let (one, two) = (begin(&sessions, 1, Map::new()), begin(&sessions, 2, Map::new()));
        let lines = [&one, &two].map(|session| sessions.line(session).unwrap());
        assert!(sessions.read(value(&lines[0]), at(1)).is_ok());
        sessions.end(&one, at(1)).unwrap();
        let cut_off = b"0101";
        OpenOptions::new()
            .append(true)
            .open(folder.path().join("ended-sessions"))
            .unwrap()
            .write_all(cut_off)
            .unwrap();
        for sessions in [sessions, Sessions::open(&config, at(2)).unwrap()] {
            let read = |line| sessions.read(value(line), at(3)).map(|session| session.id);
            assert_eq!(read(&lines[0]), Err(NoSession::SignedOut));
            assert_eq!(read(&lines[1]), Ok(two.id.clone()));
        }
        let later = Sessions::open(&config, at(100_000)).unwrap();
        assert!(later.ended().is_empty());
    }

    #[test]
    fn all_sessions_of_a_person_end_at_once_and_later_ones_count() {
        let folder = tempfile::tempdir().unwrap();
        let config = IssuerConfig { state: Some(folder.path().to_owned()), ..config() };
        let sessions = Sessions::open(&config, at(0)).unwrap();
        let of = |subject, way, seconds| {
            let person = Person::new(subject, Map::new()).unwrap();
            let id = SessionId::new([9; 16]);
            let session = Session::begin(id, person, way, at(seconds), sessions.lifetimes, None);
            sessions.line(&session).unwrap()
        };
        let ada = Person::new("ada", Map::new()).unwrap();
        let meant = [of("ada", Way::Oidc, 0), of("ada", Way::Oidc, 10)];
        let others = [of("eve", Way::Oidc, 0), of("ada", Way::Users, 0), of("ada", Way::Oidc, 11)];
        sessions.end_all(&ada, Way::Oidc, at(10)).unwrap();
        for sessions in [sessions, Sessions::open(&config, at(12)).unwrap()] {
            let read = |line| sessions.read(value(line), at(12)).map(drop);
            assert!(meant.iter().all(|line| read(line) == Err(NoSession::SignedOut)));
            assert!(others.iter().all(|line| read(line) == Ok(())));
        }
    }

    #[test]
    fn what_was_ended_is_forgotten_when_it_would_have_ended() {
        let sessions = Sessions::open(&config(), at(0)).unwrap();
        let end = |until| End { until: at(until).seconds(), when: at(0).seconds() };
        sessions.note(SessionId::new([1; 16]), end(5), at(0)).unwrap();
        sessions.note(SessionId::new([2; 16]), end(50), at(9)).unwrap();
        assert_eq!(sessions.ended().len(), 1);
    }

    #[test]
    fn a_session_that_is_over_is_written_down_once() {
        let folder = tempfile::tempdir().unwrap();
        let config = IssuerConfig { state: Some(folder.path().to_owned()), ..config() };
        let sessions = Sessions::open(&config, at(0)).unwrap();
        let session = begin(&sessions, 1, Map::new());
        let length = || fs::metadata(folder.path().join("ended-sessions")).unwrap().len();
        sessions.end(&session, at(1)).unwrap();
        let once = length();
        assert!(once > 0);
        for seconds in [2, 3, 1_000_000] {
            sessions.end(&session, at(seconds)).unwrap();
        }
        assert_eq!(length(), once);
    }

    #[test]
    fn a_session_that_no_browser_would_keep_is_refused() {
        let sessions = Sessions::open(&config(), at(0)).unwrap();
        let claims = json!({"groups": "a".repeat(3_000)}).as_object().unwrap().clone();
        assert!(sessions.line(&begin(&sessions, 1, claims)).is_err());
        assert!(sessions.line(&begin(&sessions, 1, Map::new())).is_ok());
    }

    #[test]
    fn the_cookie_is_bound_to_its_host() {
        let sessions = Sessions::open(&config(), at(0)).unwrap();
        let line = sessions.line(&begin(&sessions, 1, Map::new())).unwrap();
        assert!(line.starts_with("__Host-gatepass-session="));
        assert!(line.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"));
        let none = sessions.clearing_line();
        assert_eq!(value(&none), Some(""));
        assert!(none.ends_with("; Max-Age=0"));
    }
}
