//! The sessions of an issuer: their cookie, and those that were ended before their time.
//!
//! The cookie is `__Host-gatepass-session`: with this prefix browsers take it over TLS alone,
//! from the host itself and for all of it, so no sibling host can plant one.
//!
//! A session that was ended counts no more, whoever kept a copy of its cookie.

use std::io;
use std::sync::Arc;

use gatepass::EpochTime;

use super::config::{IssuerConfig, Players};
use super::ended::EndedSessions;
use super::session::{Lifetimes, Session, SessionEnd, Way};
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
    ended: Arc<EndedSessions>,
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
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the session has {bytes} bytes, more than the {LONGEST} that browsers keep: the claim {claim:?} has {of_claim} of them. Name other claims in entitlements, or in the webhook's claims"
)]
pub(crate) struct LongSession {
    bytes: usize,
    /// The longest claim.
    claim: Box<str>,
    of_claim: usize,
}

impl LongSession {
    fn new(session: &Session, bytes: usize) -> Self {
        // Sealed text has four letters for three bytes.
        let lengths = session.person.claims().map(|(name, value)| {
            (name.len() + value.to_string().len()).div_ceil(3).saturating_mul(4)
        });
        let longest = session.person.claims().zip(lengths).max_by_key(|(_, length)| *length);
        let (claim, of_claim) =
            longest.map_or(("", 0), |((name, _), length)| (name.as_str(), length));
        Self { bytes, claim: claim.into(), of_claim }
    }
}

impl Sessions {
    pub(crate) fn open(config: &IssuerConfig, now: EpochTime) -> io::Result<Self> {
        let attributes = match config.players {
            Players::SameSite => "; Path=/; Secure; HttpOnly; SameSite=Lax",
            Players::CrossSite => "; Path=/; Secure; HttpOnly; SameSite=None",
        };
        Ok(Self {
            seal: Seal::new(&config.secret, "session"),
            lifetimes: Lifetimes {
                invited: config.login.invitation.as_ref().and_then(|one| one.longest_session),
                ..config.session
            },
            attributes,
            ended: Arc::new(EndedSessions::open(config.state.as_deref(), now)?),
        })
    }

    pub(crate) const fn lifetimes(&self) -> Lifetimes {
        self.lifetimes
    }

    /// The session that a cookie holds, if it still counts.
    pub(crate) fn read(&self, cookie: Option<&str>, now: EpochTime) -> Result<Session, NoSession> {
        let session = self.remembered(cookie).ok_or(NoSession::None)?;
        session.check(now, self.lifetimes).map_err(NoSession::Ended)?;
        if self.ended.has(&session) { Err(NoSession::SignedOut) } else { Ok(session) }
    }

    /// The session that a cookie holds, whether it counts or not.
    pub(crate) fn remembered(&self, cookie: Option<&str>) -> Option<Session> {
        cookie.and_then(|cookie| Session::open(cookie, &self.seal))
    }

    /// The `Set-Cookie` line that keeps a session.
    pub(crate) fn line(&self, session: &Session) -> Result<String, LongSession> {
        let line = format!("{COOKIE}={}{}", session.sealed(&self.seal), self.attributes);
        if line.len() > LONGEST { Err(LongSession::new(session, line.len())) } else { Ok(line) }
    }

    /// The line that takes it away.
    pub(crate) fn clearing_line(&self) -> String {
        format!("{COOKIE}={}; Max-Age=0", self.attributes)
    }

    /// Ends a session for good, and waits for the disk. If that can't be written down, it
    /// counts until a restart.
    pub(crate) fn end(&self, session: &Session, now: EpochTime) -> io::Result<()> {
        self.ended.end(session, session.latest_end(self.lifetimes), now)
    }

    /// Ends all sessions of somebody that began by one way until then, for good; later ones are
    /// not meant.
    pub(crate) fn end_all(&self, person: &Person, way: Way, until: EpochTime) -> io::Result<()> {
        self.ended.end_all(person, way, self.lifetimes.longest(), until)
    }

    /// What was ended, by us or others.
    pub(crate) const fn ended(&self) -> &Arc<EndedSessions> {
        &self.ended
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::seal::Secret;
    use crate::server::session::SessionId;

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
    fn a_session_that_was_ended_counts_no_more() {
        let sessions = Sessions::open(&config(), at(0)).unwrap();
        let (one, two) = (begin(&sessions, 1, Map::new()), begin(&sessions, 2, Map::new()));
        sessions.end(&one, at(1)).unwrap();
        let read = |session| {
            let line = sessions.line(session).unwrap();
            sessions.read(value(&line), at(2)).map(|session| session.id)
        };
        assert_eq!(read(&one), Err(NoSession::SignedOut));
        assert_eq!(read(&two), Ok(two.id.clone()));
        sessions.end_all(&two.person, Way::Users, at(1)).unwrap();
        assert_eq!(read(&two), Err(NoSession::SignedOut));
    }

    #[test]
    fn a_session_that_no_browser_would_keep_is_refused() {
        let sessions = Sessions::open(&config(), at(0)).unwrap();
        let claims = json!({"groups": "a".repeat(3_000)}).as_object().unwrap().clone();
        let told = sessions.line(&begin(&sessions, 1, claims)).unwrap_err().to_string();
        assert!(told.contains(r#"the claim "groups" has 40"#), "{told}");
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
