//! Who tries names and passwords too often is told to wait, whatever they try next.
//!
//! An attempt from a browser in which the name logged in before is counted with the attempts
//! of that browser for that name, and with nothing else: strangers can't use those up. Any
//! other attempt is counted four times:
//!
//! 1. with the attempts from its address (an IPv6 address counts as its /64);
//! 2. with those from its neighbourhood (/24, /48), which one person may own whole;
//! 3. with those for its name from its address;
//! 4. with those for its name from anywhere, more generously.
//!
//! So strangers who know a name can make it wait in browsers that are new to it, while they
//! keep trying, and never in those that the person uses.
//!
//! # Invariants
//!
//! - An attempt is counted before anything is looked up or hashed; a right password does not
//!   help.
//! - Memory does not grow: what is counted falls into one of [`Slots::COUNT`] slots, by a hash
//!   that nobody outside can know. Two names that share a slot wait for each other.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

/// Somebody tries to log in.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) address: IpAddr,
    pub(crate) name: &'a str,
    /// The browser, if the name logged in from it before.
    pub(crate) browser: Option<&'a str>,
}

/// Too many attempts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Throttled {
    /// When it is worth trying again; at least a second.
    pub(crate) wait: Duration,
}

/// Counts attempts.
pub(crate) struct Throttle<C: Clock = DefaultClock> {
    browser: Limit<C>,
    address: Limit<C>,
    neighbourhood: Limit<C>,
    name_at_address: Limit<C>,
    name: Limit<C>,
    clock: C,
    hasher: RandomState,
}

type Limit<C> = RateLimiter<usize, Slots, C, NoOpMiddleware<<C as Clock>::Instant>>;

impl Default for Throttle {
    fn default() -> Self {
        Self::new(DefaultClock::default())
    }
}

impl<C: Clock + Clone> Throttle<C> {
    pub(crate) fn new(clock: C) -> Self {
        Self {
            browser: limit(10, Duration::from_secs(30), &clock),
            address: limit(30, Duration::from_secs(4), &clock),
            neighbourhood: limit(300, Duration::from_secs(1), &clock),
            name_at_address: limit(5, Duration::from_mins(1), &clock),
            name: limit(100, Duration::from_secs(36), &clock),
            hasher: RandomState::new(),
            clock,
        }
    }

    /// Counts an attempt, and says whether it may be made.
    pub(crate) fn admit(&self, attempt: Attempt<'_>) -> Result<(), Throttled> {
        let Attempt { address, name, browser } = attempt;
        if let Some(browser) = browser {
            return self.count(&self.browser, (browser, name));
        }
        let (narrow, wide) = networks(address);
        self.count(&self.address, narrow)?;
        self.count(&self.neighbourhood, wide)?;
        self.count(&self.name_at_address, (narrow, name))?;
        self.count(&self.name, name)
    }

    fn count(&self, limit: &Limit<C>, what: impl Hash) -> Result<(), Throttled> {
        count(limit, &self.hasher, &self.clock, what)
    }
}

/// Counts what comes from an address, and nothing else of it.
pub(crate) struct AddressThrottle<C: Clock = DefaultClock> {
    limit: Limit<C>,
    clock: C,
    hasher: RandomState,
}

impl Default for AddressThrottle {
    fn default() -> Self {
        Self::new(DefaultClock::default())
    }
}

impl<C: Clock + Clone> AddressThrottle<C> {
    pub(crate) fn new(clock: C) -> Self {
        let limit = limit(10, Duration::from_secs(10), &clock);
        Self { limit, clock, hasher: RandomState::new() }
    }

    /// Counts one more, and says whether it may be heard.
    pub(crate) fn count(&self, address: IpAddr) -> Result<(), Throttled> {
        count(&self.limit, &self.hasher, &self.clock, networks(address).0)
    }
}

/// So many at once, and then one more every so often.
fn limit<C: Clock + Clone>(at_once: u32, every: Duration, clock: &C) -> Limit<C> {
    let at_once = NonZeroU32::new(at_once).expect("some attempts are allowed");
    let quota = Quota::with_period(every).expect("the time is not zero");
    RateLimiter::new(quota.allow_burst(at_once), Slots::default(), clock.clone())
}

fn count<C: Clock>(
    limit: &Limit<C>,
    hasher: &RandomState,
    clock: &C,
    what: impl Hash,
) -> Result<(), Throttled> {
    let slots = u64::try_from(Slots::COUNT).expect("there are fewer slots than numbers");
    let slot = hasher.hash_one(what) % slots;
    let slot = usize::try_from(slot).expect("a slot is a place in memory");
    limit.check_key(&slot).map_err(|early| {
        let wait = early.wait_time_from(clock.now());
        Throttled { wait: wait.max(Duration::from_secs(1)) }
    })
}

impl<C: Clock> fmt::Debug for Throttle<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle").finish_non_exhaustive()
    }
}

impl Throttled {
    /// The value of `Retry-After`: whole seconds.
    pub(crate) fn seconds(self) -> u64 {
        self.wait.as_secs() + u64::from(self.wait.subsec_nanos() > 0)
    }
}

/// What counts as one address, and what as its neighbourhood: bits that one party holds.
fn networks(address: IpAddr) -> ((bool, u64), (bool, u64)) {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let bits = u64::from(address.to_bits());
            ((false, bits), (false, bits >> 8))
        }
        IpAddr::V6(address) => {
            let bits = u64::try_from(address.to_bits() >> 64).expect("a half of 128 bits is left");
            ((true, bits), (true, bits >> 16))
        }
    }
}

/// The states of one limit: as many as there are slots, from the start.
pub(crate) struct Slots(Box<[InMemoryState]>);

impl Slots {
    /// How many there are for each limit: 1 MiB.
    const COUNT: usize = 1 << 17;
}

impl Default for Slots {
    fn default() -> Self {
        Self(std::iter::repeat_with(InMemoryState::default).take(Self::COUNT).collect())
    }
}

impl StateStore for Slots {
    type Key = usize;

    fn measure_and_replace<T, F, E>(&self, slot: &usize, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0[*slot].measure_and_replace(&NotKeyed::NonKey, decide)
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn throttle() -> (Throttle<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Throttle::new(clock.clone()), clock)
    }

    fn attempt<'a>(address: &str, name: &'a str) -> Attempt<'a> {
        Attempt { address: address.parse().unwrap(), name, browser: None }
    }

    /// How many of these in a row may be made.
    fn admitted<'a>(
        throttle: &Throttle<FakeRelativeClock>,
        attempts: impl IntoIterator<Item = Attempt<'a>>,
    ) -> usize {
        attempts.into_iter().take_while(|attempt| throttle.admit(*attempt).is_ok()).count()
    }

    #[test]
    fn a_name_waits_at_an_address_that_tried_it_five_times() {
        let (throttle, clock) = throttle();
        let ada = attempt("192.0.2.1", "ada");
        assert_eq!(admitted(&throttle, [ada; 9]), 5);
        assert_eq!(throttle.admit(ada).unwrap_err().seconds(), 60);
        assert_eq!(throttle.admit(attempt("192.0.2.1", "bob")), Ok(()));
        assert_eq!(throttle.admit(attempt("192.0.2.2", "ada")), Ok(()));
        clock.advance(Duration::from_millis(59_500));
        assert_eq!(throttle.admit(ada).unwrap_err().seconds(), 1);
        clock.advance(Duration::from_millis(500));
        assert_eq!(admitted(&throttle, [ada; 9]), 1);
    }

    #[test]
    fn an_address_waits_whatever_names_it_tries() {
        let (throttle, _) = throttle();
        let names: Vec<_> = (0..100).map(|number| format!("name{number}")).collect();
        let tried = names.iter().map(|name| attempt("192.0.2.1", name));
        assert_eq!(admitted(&throttle, tried), 30);
        let mapped = names.iter().map(|name| attempt("::ffff:192.0.2.1", name));
        assert_eq!(admitted(&throttle, mapped), 0);
    }

    #[test]
    fn whoever_holds_a_64_holds_one_address_and_whoever_holds_a_48_not_many() {
        let (throttle, _) = throttle();
        let names: Vec<_> = (0..1_000).map(|number| format!("name{number}")).collect();
        let within = |format: &dyn Fn(usize) -> String| {
            let tried = names.iter().enumerate().map(|(at, name)| attempt(&format(at), name));
            admitted(&throttle, tried.collect::<Vec<_>>())
        };
        assert_eq!(within(&|at| format!("2001:db8:1:1::{at:x}")), 30);
        assert_eq!(within(&|at| format!("2001:db8:2:{at:x}::1")), 300);
    }

    #[test]
    fn strangers_make_a_name_wait_but_not_where_it_is_known() {
        let (throttle, clock) = throttle();
        let addresses: Vec<_> = (0..500).map(|at| format!("2001:db8:{at:x}::1")).collect();
        let strangers = || addresses.iter().map(|address| attempt(address, "ada"));
        assert_eq!(admitted(&throttle, strangers()), 100);
        assert!(throttle.admit(attempt("198.51.100.7", "ada")).is_err());
        let known = Attempt { browser: Some("b1"), ..attempt("2001:db8:1::1", "ada") };
        assert_eq!(admitted(&throttle, [known; 99]), 10);
        assert_eq!(throttle.admit(Attempt { browser: Some("b2"), ..known }), Ok(()));
        assert_eq!(throttle.admit(Attempt { name: "bob", ..known }), Ok(()));
        // Nor for good anywhere else: a hundred an hour are left to all together.
        clock.advance(Duration::from_secs(36));
        assert_eq!(throttle.admit(attempt("198.51.100.7", "ada")), Ok(()));
    }

    #[test]
    fn however_many_names_there_are_each_finds_a_slot() {
        let (throttle, _) = throttle();
        let names = (0..300_000_u32).map(|number| number.to_string());
        // A slot that is not there would panic.
        let found = names.filter(|name| throttle.admit(attempt("192.0.2.1", name)).is_ok());
        assert_eq!(found.count(), 30);
    }
}
