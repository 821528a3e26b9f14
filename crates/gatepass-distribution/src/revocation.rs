//! Passes that no longer count, though they have not expired.
//!
//! A pass is named by the digest of its signature, of which 16 bytes are enough: nobody can
//! make two signatures that agree in so many.
//!
//! # Invariants
//!
//! - A million take at most 64 MiB, and a look at them some 20 ns.
//! - One more does not cost a million: what came lately is kept apart, and what came before
//!   is shared with the snapshots before.
//! - What would have expired anyway is dropped when the rest is put together anew.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use gatepass::{EpochTime, Pass};

/// One pass that no longer counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Revocation {
    digest: Digest,
    until: Until,
}

/// All passes that no longer count. Cheap to clone.
#[derive(Clone, Default)]
pub struct Revocations {
    settled: Arc<Passes>,
    recent: Arc<Passes>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Digest([u8; 16]);

/// Digests are spread evenly already, so a part of one is enough for the table's own hash.
impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (part, _) = self.0.split_first_chunk().expect("16 bytes have 8");
        state.write_u64(u64::from_ne_bytes(*part));
    }
}

type Passes = HashMap<Digest, Until, foldhash::fast::RandomState>;

/// An expiry in seconds, in half the room. What lies beyond the year 2106 never ends.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Until(u32);

/// So many are kept apart before they are put with the rest.
const MAX_RECENT: usize = 1_024;

impl Revocation {
    /// The pass with this [digest](Pass::digest), until it would have expired.
    pub fn new(digest: &[u8; 32], expiry: EpochTime) -> Self {
        let (digest, _) = digest.split_first_chunk().expect("32 bytes have 16");
        Self::of_prefix(*digest, expiry)
    }

    /// The pass whose digest begins with these bytes.
    pub fn of_prefix(digest: [u8; 16], expiry: EpochTime) -> Self {
        Self {
            digest: Digest(digest),
            until: Until(u32::try_from(expiry.seconds()).unwrap_or(u32::MAX)),
        }
    }

    /// The first bytes of the digest that names the pass.
    pub const fn digest(&self) -> &[u8; 16] {
        &self.digest.0
    }

    /// When the pass would have expired; none if that is after the year 2106.
    pub fn expiry(&self) -> Option<EpochTime> {
        self.until.time()
    }

    /// Says whether the pass would have expired anyway.
    pub fn is_over(&self, now: EpochTime) -> bool {
        !self.until.is_ahead(now)
    }
}

impl Until {
    const fn is_ahead(self, now: EpochTime) -> bool {
        self.0 == u32::MAX || now.seconds() < self.0 as u64
    }

    fn time(self) -> Option<EpochTime> {
        EpochTime::new(self.0.into()).ok().filter(|_| self.0 < u32::MAX)
    }
}

impl Revocations {
    /// Those that are not over by `now`.
    pub fn new(revocations: impl IntoIterator<Item = Revocation>, now: EpochTime) -> Self {
        Self { settled: Arc::new(together([], revocations, now)), recent: Arc::default() }
    }

    /// These and some more.
    #[must_use]
    pub fn with(&self, more: impl IntoIterator<Item = Revocation>, now: EpochTime) -> Self {
        let recent = together([&*self.recent], more, now);
        if recent.len() <= MAX_RECENT.max(self.settled.len() / 16) {
            return Self { settled: Arc::clone(&self.settled), recent: Arc::new(recent) };
        }
        let settled = together([&*self.settled, &recent], [], now);
        Self { settled: Arc::new(settled), recent: Arc::default() }
    }

    /// Says whether a pass was revoked, or the [other form](Pass::twin_digest) of it was.
    pub fn holds(&self, pass: &Pass, now: EpochTime) -> bool {
        !self.is_empty()
            && (self.holds_digest(pass.digest(), now)
                || pass.twin_digest().is_some_and(|twin| self.holds_digest(twin, now)))
    }

    /// Says whether the pass with this digest was revoked.
    pub fn holds_digest(&self, digest: &[u8; 32], now: EpochTime) -> bool {
        let Some((digest, _)) = digest.split_first_chunk::<16>() else { return false };
        [&self.recent, &self.settled]
            .into_iter()
            .any(|passes| passes.get(&Digest(*digest)).is_some_and(|until| until.is_ahead(now)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.settled.len() + self.recent.len()
    }

    /// Says whether there is none.
    pub fn is_empty(&self) -> bool {
        self.settled.is_empty() && self.recent.is_empty()
    }
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Of a pass that is named twice, the later expiry counts.
fn together<const N: usize>(
    old: [&Passes; N],
    new: impl IntoIterator<Item = Revocation>,
    now: EpochTime,
) -> Passes {
    let new = new.into_iter();
    let room = old.iter().map(|passes| passes.len()).sum::<usize>() + new.size_hint().0;
    let mut all = Passes::with_capacity_and_hasher(room, foldhash::fast::RandomState::default());
    let old = old.into_iter().flatten().map(|(digest, until)| (*digest, *until));
    for (digest, until) in old.chain(new.map(|one| (one.digest, one.until))) {
        if until.is_ahead(now) {
            let kept = all.entry(digest).or_insert(until);
            *kept = until.max(*kept);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> EpochTime {
        EpochTime::new(seconds).unwrap()
    }

    fn digest(number: u32) -> [u8; 32] {
        let mut digest = [7; 32];
        digest[4..8].copy_from_slice(&number.to_le_bytes());
        digest
    }

    #[test]
    fn a_pass_is_revoked_until_it_would_have_expired() {
        let all = Revocations::new([Revocation::new(&digest(1), at(100))], at(1));
        assert!(all.holds_digest(&digest(1), at(99)));
        assert!(!all.holds_digest(&digest(1), at(100)));
        assert!(!all.holds_digest(&digest(2), at(99)));
    }

    #[test]
    fn what_never_expires_stays_revoked() {
        let forever = Revocation::new(&digest(1), at(40_000_000_000));
        assert_eq!(forever.expiry(), None);
        let all = Revocations::new([forever], at(39_999_999_999));
        assert!(all.holds_digest(&digest(1), at(39_999_999_999)));
    }

    #[test]
    fn more_are_added_one_by_one_and_what_is_over_is_forgotten() {
        let mut all = Revocations::default();
        let expiry = |number: u32| at(1_000 + u64::from(number) % 2 * 10_000);
        for number in 0..5_000 {
            all = all.with([Revocation::new(&digest(number), expiry(number))], at(1));
        }
        assert_eq!(all.len(), 5_000);
        assert!((0..5_000).all(|number| all.holds_digest(&digest(number), at(999))));
        for number in 5_000..8_000 {
            all = all.with([Revocation::new(&digest(number), at(11_000))], at(2_000));
        }
        assert_eq!(all.len(), 5_500);
        assert!((0..8_000).all(|number| {
            all.holds_digest(&digest(number), at(2_000)) == (number % 2 == 1 || number >= 5_000)
        }));
    }

    #[test]
    fn the_later_expiry_counts() {
        let [early, late] = [50, 100].map(|end| Revocation::new(&digest(1), at(end)));
        for pair in [[early, late], [late, early]] {
            assert!(Revocations::new(pair, at(1)).holds_digest(&digest(1), at(99)));
            let one_by_one = Revocations::new([pair[0]], at(1)).with([pair[1]], at(1));
            assert!(one_by_one.holds_digest(&digest(1), at(99)));
        }
    }

    #[test]
    fn a_million_fit_into_64_mebibytes() {
        let all = Revocations::new(
            (0..1_000_000).map(|number| Revocation::new(&digest(number), at(100))),
            at(1),
        );
        // A slot holds the entry and a control byte; one in eight stays free.
        let slots = (all.settled.capacity() * 8).div_ceil(7);
        let bytes = slots * (size_of::<(Digest, Until)>() + 1);
        assert_eq!(all.len(), 1_000_000);
        assert!(bytes <= 64 * 1024 * 1024, "{bytes}");
    }
}
