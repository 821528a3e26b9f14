//! Names and passwords, from a users file.
//!
//! # Invariants
//!
//! - Whether a name is known can't be told: not from the answer, and not from the work, which is
//!   one check of one hash for each attempt that is admitted.
//! - An attempt that is not admitted is not checked, and its answer is the same for a right
//!   password.

mod followed;
mod form;
mod list;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::hmac;
use http::{HeaderMap, HeaderValue};

pub use self::followed::UsersFileError;
pub(crate) use self::form::LoginForm;
pub use self::list::{Users, UsersError};
use crate::person::Person;
use crate::seal::Secret;
use crate::server::login::Tell;
use crate::server::login::known_browser::KnownBrowsers;
use crate::server::password::{Busy, PasswordChecks, PasswordHash};
use crate::server::session::PasswordMark;
use crate::server::throttle::{Attempt, Throttle, Throttled};

use self::followed::FollowedUsers;

/// Logging in by a users file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsersConfig {
    /// The users file; it is followed.
    pub file: PathBuf,
    /// How many passwords are checked at the same time; one for each processor if not said.
    pub at_once: Option<usize>,
    /// Whether everybody on the machine may read it: hashes can be tried at leisure.
    pub may_be_open: bool,
}

/// Who may log in with a password, and what keeps others from guessing.
#[derive(Debug)]
pub(crate) struct UsersLogin {
    followed: Arc<FollowedUsers>,
    checks: PasswordChecks,
    throttle: Throttle,
    browsers: KnownBrowsers,
    marks: hmac::Key,
}

/// Somebody whose name and password are right.
pub(crate) struct LoggedIn {
    pub(crate) person: Person,
    /// The password that was right.
    pub(crate) password: PasswordMark,
    /// The line that makes their browser known, to be sent along.
    pub(crate) set_cookie: HeaderValue,
}

/// Why somebody is not logged in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LoginRefusal {
    Busy,
    Throttled(Throttled),
    /// The name or the password is wrong; nobody is told which.
    Wrong,
}

impl UsersLogin {
    /// Reads the users file. `tell` hears when it changes.
    pub(crate) fn open(
        config: &UsersConfig,
        secret: &Secret,
        tell: Tell,
    ) -> Result<Self, UsersFileError> {
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            followed: Arc::new(FollowedUsers::open(config, tell)?),
            checks: PasswordChecks::new(config.at_once.unwrap_or_else(processors)),
            throttle: Throttle::default(),
            browsers: KnownBrowsers::new(secret),
            marks: hmac::Key::new(hmac::HMAC_SHA256, &*secret.key_for("password mark")),
        })
    }

    /// Checks a name and a password that came from `address` with these headers.
    pub(crate) async fn log_in(
        &self,
        form: LoginForm,
        address: IpAddr,
        headers: &HeaderMap,
    ) -> Result<LoggedIn, LoginRefusal> {
        let known = self.browsers.read(headers);
        let LoginForm { name, password, .. } = form;
        let browser = known.as_ref().and_then(|browser| browser.knows(&name));
        let attempt = Attempt { address, name: &name, browser };
        self.throttle.admit(attempt).map_err(LoginRefusal::Throttled)?;
        let find = self.finding(name.clone());
        let checked = self.checks.check(password, browser.is_some(), find).await;
        let found = checked.map_err(|Busy| LoginRefusal::Busy)?.ok_or(LoginRefusal::Wrong)?;
        let ((person, password), set_cookie) = (found, self.browsers.remember(known, &name));
        Ok(LoggedIn { person, password, set_cookie })
    }

    /// What the users file says now of somebody who logged in before, and which password they
    /// have; nothing if they are no longer in it.
    pub(crate) async fn current(&self, name: &str) -> Option<(Person, PasswordMark)> {
        let find = self.finding(name.to_owned());
        tokio::task::spawn_blocking(move || find().1).await.ok().flatten()
    }

    /// Finds somebody off the asynchronous threads, and does as much if there is nobody.
    fn finding(
        &self,
        name: String,
    ) -> impl FnOnce() -> (PasswordHash, Option<(Person, PasswordMark)>) + Send + 'static {
        let (followed, marks) = (Arc::clone(&self.followed), self.marks.clone());
        move || {
            let (hash, person) = followed.users().hash_of(&name);
            let mark = PasswordMark::new(hmac::sign(&marks, hash.to_string().as_bytes()).as_ref());
            (hash, person.map(|person| (person, mark)))
        }
    }
}

impl LoginRefusal {
    /// In how many seconds it is worth trying again.
    pub(crate) fn seconds(self) -> u64 {
        match self {
            Self::Busy => 5,
            Self::Throttled(throttled) => throttled.seconds(),
            Self::Wrong => 0,
        }
    }
}

#[cfg(test)]
mod tests;
