//! A session: somebody logged in here, and until when that counts.
//!
//! It is kept by the browser, sealed, so that an issuer can be restarted or run twice. It ends
//! when the person logs out, when nothing was heard of them for the idle time (nor since their
//! pass has ended: whoever has a long one need not be heard of), and for good at its absolute
//! end, which no renewal moves. A session whose length was said for it alone, as an invitation
//! does, lasts as long as that, heard of or not.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use gatepass::EpochTime;
use serde::{Deserialize, Serialize};

use crate::handout::Laid;
use crate::person::Person;
use crate::seal::Seal;

/// For how long a session lasts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Lifetimes {
    /// It ends when nothing was heard for so long.
    pub idle: Duration,
    /// It ends so long after the login, whatever happens.
    pub absolute: Duration,
    /// Invitations may say how long theirs lasts, up to this; up to `absolute` if unsaid.
    pub(crate) invited: Option<Duration>,
}

impl Default for Lifetimes {
    fn default() -> Self {
        let (idle, absolute) = (Duration::from_mins(30), Duration::from_hours(12));
        Self { idle, absolute, invited: None }
    }
}

impl Lifetimes {
    /// No session is longer: a year.
    pub const LONGEST: Duration = Duration::from_hours(365 * 24);

    /// How long a session is at most whose length was said for it alone.
    pub(crate) fn invited(self) -> Duration {
        self.invited.unwrap_or(self.absolute)
    }

    /// How long any session is at most.
    pub(crate) fn longest(self) -> Duration {
        self.absolute.max(self.invited())
    }
}

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Way {
    /// By OpenID Connect.
    Oidc,
    /// By name and password, from the users file.
    Users,
    /// By what a listed proxy says of them.
    Header,
    /// By a signed invitation link.
    Invitation,
}

impl Way {
    /// All there are.
    pub(crate) const ALL: [Self; 4] = [Self::Oidc, Self::Users, Self::Header, Self::Invitation];
}

/// Somebody who logged in, with what they were handed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Session {
    /// Names the session; made anew at each login, so that nobody can know it beforehand.
    pub id: SessionId,
    /// Who logged in.
    pub person: Person,
    /// How.
    pub way: Way,
    /// When, in epoch seconds.
    began: u64,
    /// When they were last heard of.
    heard: u64,
    /// When they have to log in again, whatever happens.
    ends: u64,
    /// When the first of the passes that they hold ends.
    expiry: u64,
    /// Whether its length was said for it alone: then it does not end when nothing is heard.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_invited: bool,
    /// The password that they logged in with, if they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<PasswordMark>,
    /// What their browser was asked to keep since they logged in.
    pub laid: Vec<Laid>,
}

/// Tells a password from the one before it, and says nothing else of it: a digest of its hash
/// under the secret.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct PasswordMark(Box<str>);

impl PasswordMark {
    /// The mark of a digest, of which half is enough: it is sealed with the session.
    pub(crate) fn new(digest: &[u8]) -> Self {
        Self(BASE64URL_NOPAD.encode(&digest[..digest.len() / 2]).into())
    }
}

/// Names a session: 128 random bits, in hexadecimal.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct SessionId(Box<str>);

impl SessionId {
    /// A new one, from random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        Self(data_encoding::HEXLOWER.encode(&random).into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads a name that was written down.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let is_hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 32 && text.bytes().all(is_hexadecimal)).then(|| Self(text.into()))
    }
}

/// Why a session no longer counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SessionEnd {
    /// Nothing was heard for too long.
    Idle,
    /// Its absolute end has come.
    Absolute,
}

impl Session {
    /// A session that begins now. If `own` says how long it lasts, it lasts so long, as far as
    /// `lifetimes` allow, whether the person is heard of or not.
    pub fn begin(
        id: SessionId,
        person: Person,
        way: Way,
        now: EpochTime,
        lifetimes: Lifetimes,
        own: Option<Duration>,
    ) -> Self {
        let now = now.seconds();
        let (is_invited, laid) = (own.is_some(), Vec::new());
        let length = own.map_or(lifetimes.absolute, |own| own.min(lifetimes.invited()));
        let ends = now.saturating_add(length.as_secs());
        let (began, heard, expiry, password) = (now, now, now, None);
        Self { id, person, way, began, heard, ends, expiry, is_invited, password, laid }
    }

    /// When it ends for good, in epoch seconds: a shorter configuration counts for older
    /// sessions, too.
    pub fn latest_end(&self, lifetimes: Lifetimes) -> u64 {
        let longest = if self.is_invited { lifetimes.invited() } else { lifetimes.absolute };
        self.ends.min(self.began.saturating_add(longest.as_secs()))
    }

    /// Whether it still counts.
    pub fn check(&self, now: EpochTime, lifetimes: Lifetimes) -> Result<(), SessionEnd> {
        let now = now.seconds();
        let silent = self.heard.saturating_add(lifetimes.idle.as_secs()).max(self.expiry);
        if now >= self.latest_end(lifetimes) {
            Err(SessionEnd::Absolute)
        } else if now >= silent && !self.is_invited {
            Err(SessionEnd::Idle)
        } else {
            Ok(())
        }
    }

    /// Notes that the person was heard of, and what they were handed.
    pub fn renewed(&mut self, now: EpochTime, expiry: EpochTime, laid: &[Laid]) {
        self.heard = now.seconds();
        self.expiry = expiry.seconds();
        for one in laid {
            if !self.laid.contains(one) {
                self.laid.push(one.clone());
            }
        }
    }

    /// When it began, in epoch seconds.
    pub(crate) const fn began(&self) -> u64 {
        self.began
    }

    /// When the first of the passes that were handed out ends, in epoch seconds.
    pub const fn expiry(&self) -> u64 {
        self.expiry
    }

    /// The session as a browser keeps it.
    pub fn sealed(&self, seal: &Seal) -> String {
        seal.seal(&serde_json::to_vec(self).expect("a session has text for keys"))
    }

    /// The session that a browser kept; whether it still counts is not asked.
    pub fn open(sealed: &str, seal: &Seal) -> Option<Self> {
        serde_json::from_slice(&seal.open(sealed)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::seal::Secret;

    const LIFETIMES: Lifetimes = Lifetimes {
        idle: Duration::from_secs(10),
        absolute: Duration::from_secs(100),
        invited: None,
    };

    fn at(seconds: u64) -> EpochTime {
        EpochTime::new(1_000 + seconds).unwrap()
    }

    fn session(own: Option<u64>, lifetimes: Lifetimes) -> Session {
        let (id, ada) = (SessionId::new([1; 16]), Person::new("ada", Map::new()).unwrap());
        let own = own.map(Duration::from_secs);
        Session::begin(id, ada, Way::Invitation, at(0), lifetimes, own)
    }

    #[test]
    fn a_session_ends_when_nothing_is_heard() {
        let mut session = session(None, LIFETIMES);
        assert_eq!(session.check(at(9), LIFETIMES), Ok(()));
        assert_eq!(session.check(at(10), LIFETIMES), Err(SessionEnd::Idle));
        session.renewed(at(9), at(15), &[]);
        assert_eq!(session.check(at(18), LIFETIMES), Ok(()));
        assert_eq!(session.check(at(19), LIFETIMES), Err(SessionEnd::Idle));
        session.renewed(at(18), at(50), &[]);
        assert_eq!(session.check(at(49), LIFETIMES), Ok(()), "their pass lasts longer");
        assert_eq!(session.check(at(50), LIFETIMES), Err(SessionEnd::Idle));
    }

    #[test]
    fn a_session_ends_for_good_whatever_is_heard() {
        let mut session = session(None, LIFETIMES);
        session.renewed(at(99), at(200), &[]);
        assert_eq!(session.check(at(99), LIFETIMES), Ok(()));
        assert_eq!(session.check(at(100), LIFETIMES), Err(SessionEnd::Absolute));
        let shorter = Lifetimes { absolute: Duration::from_secs(50), ..LIFETIMES };
        assert_eq!(session.check(at(99), shorter), Err(SessionEnd::Absolute));
    }

    #[test]
    fn a_length_of_its_own_counts_as_far_as_it_may_and_without_being_heard_of() {
        let longer = Lifetimes { invited: Some(Duration::from_secs(500)), ..LIFETIMES };
        for (own, lifetimes, end) in
            [(50, LIFETIMES, 50), (300, LIFETIMES, 100), (300, longer, 300), (900, longer, 500)]
        {
            let session = session(Some(own), lifetimes);
            assert_eq!(session.check(at(end - 1), lifetimes), Ok(()), "{own}");
            assert_eq!(session.check(at(end), lifetimes), Err(SessionEnd::Absolute), "{own}");
        }
        let session = session(Some(300), longer);
        assert_eq!(
            session.check(at(100), LIFETIMES),
            Err(SessionEnd::Absolute),
            "it is shorter now"
        );
    }

    #[test]
    fn what_was_laid_is_remembered_once() {
        let secret = Secret::new(&[7; 32]).unwrap();
        let seal = Seal::new(&secret, "session");
        let laid = Laid { path: "/films".into(), ..Laid::default() };
        let mut session = session(None, LIFETIMES);
        for seconds in 1..3 {
            session.renewed(at(seconds), at(seconds + 5), std::slice::from_ref(&laid));
        }
        let opened = Session::open(&session.sealed(&seal), &seal).unwrap();
        assert_eq!((opened.laid, opened.expiry), (vec![laid], 1_007));
        assert!(Session::open("x", &seal).is_none());
    }
}
