//! Passwords: kept as Argon2id hashes (RFC 9106), and checked a few at a time.
//!
//! Checking one costs tens of megabytes and a good part of a second, on purpose. So a queue
//! of them is a way to keep everybody else out: beyond a bound, whoever comes is told to come
//! again.
//!
//! # Invariants
//!
//! - A hash is Argon2id, at least as dear as the cheapest that OWASP recommends, and not so dear
//!   that one check could stall the server.
//! - Neither a password nor its hash shows in `Debug`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// The Argon2id hash of a password, with its salt and parameters.
#[derive(Clone, Eq, PartialEq)]
pub struct PasswordHash(phc::PasswordHash);

/// Why a text can't be used as the hash of a password. It is not told: it is a credential.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordHashError {
    /// Nothing that was hashed.
    #[error("this is no hash of a password, which begins with $argon2id$v=19$")]
    NoHash,
    /// Another way to hash.
    #[error("this hash was not made by Argon2id version 19, the only one that is taken")]
    Algorithm,
    /// Cheaper to try out than it should be.
    #[error(
        "m={memory_kib},t={passes} is weaker than anything OWASP recommends: m=19456,t=2 at least"
    )]
    Weak {
        /// Memory, in KiB.
        memory_kib: u32,
        /// Passes over it.
        passes: u32,
    },
    /// Dearer to check than a server can bear.
    #[error(
        "m={memory_kib},t={passes},p={lanes} is more than is checked: up to m=262144,t=16,p=16"
    )]
    Dear {
        /// Memory, in KiB.
        memory_kib: u32,
        /// Passes over it.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
    /// A password that nobody types.
    #[error("the password has {0} bytes: expected 1 to {max}", max = PasswordHash::LONGEST_PASSWORD)]
    Length(usize),
}

impl PasswordHash {
    /// The longest password, in bytes.
    pub const LONGEST_PASSWORD: usize = 1_024;

    /// Hashes a password with 64 MiB in three passes, which is more than OWASP asks for.
    pub fn new(password: &str, salt: [u8; 16]) -> Result<Self, PasswordHashError> {
        Self::with(password, salt, (65_536, 3))
    }

    fn with(
        password: &str,
        salt: [u8; 16],
        (memory_kib, passes): (u32, u32),
    ) -> Result<Self, PasswordHashError> {
        if !is_typed(password) {
            return Err(PasswordHashError::Length(password.len()));
        }
        let params = Params::new(memory_kib, passes, 1, None).expect("the parameters are allowed");
        let hashed = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_with_salt(password.as_bytes(), &salt);
        Ok(Self(hashed.expect("a salt of 16 bytes is allowed")))
    }

    /// The cheapest hash that is taken: tests make many.
    #[cfg(test)]
    pub(crate) fn cheap(password: &str) -> Self {
        Self::with(password, *b"0123456789abcdef", (7_168, 5)).expect("the password is short")
    }

    /// The hash of a password that nobody has, as dear to check as this one.
    pub(crate) fn of_nobody(&self) -> Self {
        let mut hash = self.0.clone();
        hash.salt = Some(phc::Salt::new(b"nobody's salt, 0").expect("16 bytes are a salt"));
        // Whatever is compared with it: no password is known to have a hash of zeros.
        hash.hash = Some(phc::Output::new(&[0; 32]).expect("32 bytes are a hash"));
        Self(hash)
    }

    /// What is checked for an unknown name where no name is known.
    pub(crate) fn of_nobody_at_all() -> Self {
        let text = "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        text.parse().expect("it is a hash")
    }

    fn is_of(&self, password: &str) -> bool {
        // With the parameters of the hash, not of this Argon2; compared in constant time.
        Argon2::default().verify_password(password.as_bytes(), &self.0).is_ok()
    }
}

/// The hash in the form of the Password Hashing Competition.
impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

impl FromStr for PasswordHash {
    type Err = PasswordHashError;

    fn from_str(text: &str) -> Result<Self, PasswordHashError> {
        let hash = phc::PasswordHash::new(text).map_err(|_| PasswordHashError::NoHash)?;
        if hash.algorithm.as_str() != "argon2id" || hash.version != Some(19) {
            return Err(PasswordHashError::Algorithm);
        }
        if hash.salt.is_none() || hash.hash.is_none() {
            return Err(PasswordHashError::NoHash);
        }
        let params = Params::try_from(&hash).map_err(|_| PasswordHashError::NoHash)?;
        let (memory_kib, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
        if memory_kib > 262_144 || passes > 16 || lanes > 16 {
            return Err(PasswordHashError::Dear { memory_kib, passes, lanes });
        }
        // The cheapest that OWASP lists are m=7168,t=5 and its like, each about as dear.
        if memory_kib < 7_168 || memory_kib * passes < 7_168 * 5 {
            return Err(PasswordHashError::Weak { memory_kib, passes });
        }
        Ok(Self(hash))
    }
}

/// Whether somebody can have typed this.
fn is_typed(password: &str) -> bool {
    (1..=PasswordHash::LONGEST_PASSWORD).contains(&password.len())
}

/// Checks passwords off the asynchronous threads, a few at a time.
#[derive(Debug)]
pub(crate) struct PasswordChecks {
    running: Arc<Semaphore>,
    /// Running or waiting.
    admitted: Arc<Semaphore>,
    /// The same, of browsers that have logged in before: however many strangers there are, these
    /// have a turn.
    acquainted: Arc<Semaphore>,
    made: Arc<AtomicU64>,
}

/// So many passwords are being checked that another would wait too long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Busy;

impl PasswordChecks {
    /// How many may wait for each that is checked.
    const WAITING: usize = 8;

    /// Checks as many at the same time as are `at_once`.
    pub(crate) fn new(at_once: usize) -> Self {
        let at_once = at_once.clamp(1, 64);
        Self {
            running: Arc::new(Semaphore::new(at_once)),
            admitted: Arc::new(Semaphore::new(at_once * (1 + Self::WAITING))),
            acquainted: Arc::new(Semaphore::new(at_once * (1 + Self::WAITING))),
            made: Arc::default(),
        }
    }

    /// Finds a hash and checks a password against it. What was found is told if it matches.
    ///
    /// `is_known` is said of browsers that have logged in before.
    ///
    /// `find` runs off the asynchronous threads too, and has to come with some hash always:
    /// then nobody can tell from the time whether there was one.
    pub(crate) async fn check<T: Send + 'static>(
        &self,
        password: Zeroizing<String>,
        is_known: bool,
        find: impl FnOnce() -> (PasswordHash, Option<T>) + Send + 'static,
    ) -> Result<Option<T>, Busy> {
        let queue = if is_known { &self.acquainted } else { &self.admitted };
        let admitted = Arc::clone(queue).try_acquire_owned().map_err(|_| Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Busy)?;
        let made = Arc::clone(&self.made);
        let checked = tokio::task::spawn_blocking(move || {
            // The check goes on though nobody waits for it any more, and counts until it ends.
            let _held = (admitted, running);
            let (hash, found) = find();
            made.fetch_add(1, Ordering::Relaxed);
            let is_it = hash.is_of(&password) && is_typed(&password);
            found.filter(|_| is_it)
        });
        // A check that broke down found nobody.
        Ok(checked.await.unwrap_or_default())
    }

    /// How many were checked so far.
    #[cfg(test)]
    pub(crate) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap(password: &str) -> PasswordHash {
        PasswordHash::cheap(password)
    }

    fn typed(password: &str) -> Zeroizing<String> {
        Zeroizing::new(password.to_owned())
    }

    #[test]
    fn a_hash_is_of_its_password_alone() {
        let hash: PasswordHash = cheap("correct horse").to_string().parse().unwrap();
        assert!(hash.is_of("correct horse"));
        assert!(!hash.is_of("correct horsE") && !hash.is_of(""));
        assert!(!hash.of_nobody().is_of("correct horse"));
        let (own, nobody) = (hash.to_string(), hash.of_nobody().to_string());
        assert_eq!(own[..30], nobody[..30], "they are equally dear");
        assert_eq!(format!("{hash:?}"), "PasswordHash");
    }

    #[test]
    fn a_new_hash_is_as_dear_as_promised() {
        let hash = PasswordHash::new("correct horse", [7; 16]).unwrap().to_string();
        assert!(hash.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"), "{hash}");
        assert_eq!(PasswordHash::of_nobody_at_all().to_string()[..31], hash[..31]);
        assert_eq!(PasswordHash::new("", [7; 16]), Err(PasswordHashError::Length(0)));
        let long = |length| PasswordHash::with(&"a".repeat(length), [7; 16], (7_168, 5)).err();
        assert_eq!(long(1_024), None);
        assert_eq!(long(1_025), Some(PasswordHashError::Length(1_025)));
    }

    #[test]
    fn hashes_that_are_weak_or_too_dear_are_refused() {
        let rest = "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let error = |parameters: &str| {
            format!("$argon2id$v=19${parameters}{rest}").parse::<PasswordHash>().err()
        };
        for good in ["m=47104,t=1,p=1", "m=19456,t=2,p=1", "m=7168,t=5,p=1", "m=262144,t=16,p=16"] {
            assert_eq!(error(good), None, "{good}");
        }
        for weak in ["m=7167,t=16,p=1", "m=19456,t=1,p=1", "m=8,t=1,p=1"] {
            assert!(matches!(error(weak), Some(PasswordHashError::Weak { .. })), "{weak}");
        }
        for dear in ["m=262145,t=1,p=1", "m=65536,t=17,p=1", "m=65536,t=3,p=17"] {
            assert!(matches!(error(dear), Some(PasswordHashError::Dear { .. })), "{dear}");
        }
        for (text, problem) in [
            ("hunter2", PasswordHashError::NoHash),
            ("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA", PasswordHashError::NoHash),
            ("$argon2i$v=19$m=19456,t=2,p=1", PasswordHashError::Algorithm),
            ("$argon2id$v=16$m=19456,t=2,p=1", PasswordHashError::Algorithm),
            ("$2b$12$abcdefghijklmnopqrstuv", PasswordHashError::NoHash),
        ] {
            assert_eq!(text.parse::<PasswordHash>().err(), Some(problem), "{text}");
        }
    }

    #[tokio::test]
    async fn only_a_right_password_finds_anybody() {
        let checks = PasswordChecks::new(1);
        let hash = cheap("correct horse");
        let check = |password: &str, found: Option<&'static str>| {
            let hash = hash.clone();
            checks.check(typed(password), false, move || (hash, found))
        };
        assert_eq!(check("correct horse", Some("ada")).await, Ok(Some("ada")));
        assert_eq!(check("wrong", Some("ada")).await, Ok(None));
        assert_eq!(check("correct horse", None).await, Ok(None));
        assert_eq!(checks.made(), 3);
    }

    #[tokio::test]
    async fn a_queue_of_checks_has_an_end() {
        let checks = PasswordChecks::new(1);
        let (let_go, held) = std::sync::mpsc::channel::<()>();
        let slow = checks.check(typed("a"), false, move || {
            held.recv().unwrap();
            (cheap("a"), Some(()))
        });
        let mut waiting: Vec<_> = (0..PasswordChecks::WAITING)
            .map(|_| Box::pin(checks.check(typed("b"), false, || (cheap("a"), Some(())))))
            .collect();
        let mut slow = Box::pin(slow);
        assert!(futures_now(slow.as_mut()).await.is_none());
        for one in &mut waiting {
            assert!(futures_now(one.as_mut()).await.is_none());
        }
        assert_eq!(checks.check(typed("c"), false, || (cheap("a"), Some(()))).await, Err(Busy));
        // Strangers don't keep out who has logged in here before.
        let mut known = Box::pin(checks.check(typed("a"), true, || (cheap("a"), Some(()))));
        assert!(futures_now(known.as_mut()).await.is_none());
        // Whoever does not wait any longer makes room, but for what is running.
        drop(waiting);
        drop(slow);
        let next = checks.check(typed("a"), false, || (cheap("a"), Some(())));
        let mut next = Box::pin(next);
        assert!(futures_now(next.as_mut()).await.is_none());
        let_go.send(()).unwrap();
        assert_eq!(known.await, Ok(Some(())));
        assert_eq!(next.await, Ok(Some(())));
    }

    /// What a future comes to without waiting.
    async fn futures_now<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        tokio::time::timeout(std::time::Duration::ZERO, future).await.ok()
    }
}
