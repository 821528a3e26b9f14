//! A follower notices what changed, and keeps the last good state when it can't be read.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use gatepass::EpochTime;
use gatepass_distribution::{Invalidation, Revocation};
use gatepass_store::{Base, Follower, Store, StoreError};
use tempfile::TempDir;

const NOW: u64 = 1_767_290_000;

fn now() -> EpochTime {
    EpochTime::new(NOW).unwrap()
}

struct State {
    folder: TempDir,
}

impl State {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn store(&self) -> Store {
        Store::open(self.folder.path())
    }

    fn revoke(&self, numbers: std::ops::Range<u32>) {
        let change = |state: &mut gatepass_store::State| {
            for number in numbers {
                state.revoke(Revocation::new(&digest(number), now().plus(60)));
            }
        };
        self.store().change(None, Base::InForce, now(), change).unwrap();
    }

    fn invalidate(&self, path: &str) {
        let fact = Invalidation { distribution: None, path: path.parse().unwrap(), at: now() };
        self.store().change(None, Base::InForce, now(), |state| state.invalidate(fact)).unwrap();
    }

    fn follow(&self) -> Follower {
        let (follower, problem) = Follower::begin(self.store(), now()).unwrap();
        assert!(problem.is_none(), "{problem:?}");
        follower
    }

    fn pointer(&self) -> PathBuf {
        self.folder.path().join("current")
    }

    /// The documents of a kind, the oldest first.
    fn documents(&self, kind: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder.path().join(kind)).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
        paths
    }
}

fn digest(number: u32) -> [u8; 32] {
    let mut digest = [7; 32];
    digest[..4].copy_from_slice(&number.to_be_bytes());
    digest
}

fn revoked(follower: &Follower) -> usize {
    let facts = follower.facts();
    (0..10_000).filter(|one| facts.revocations.holds_digest(&digest(*one), now())).count()
}

fn cut(path: &Path) -> Vec<u8> {
    let whole = fs::read(path).unwrap();
    fs::write(path, &whole[..whole.len() / 2]).unwrap();
    whole
}

/// Polls for longer than a follower waits before it tries again.
fn poll_long(follower: &mut Follower) -> Vec<Result<u64, StoreError>> {
    let polls = (0..50).filter_map(|_| follower.poll(now()));
    polls.map(|told| told.map(|facts| facts.version)).collect()
}

#[test]
fn every_change_is_noticed_once() {
    let state = State::new();
    let mut follower = state.follow();
    assert_eq!(follower.facts().version, 0);
    assert!(poll_long(&mut follower).is_empty());
    state.revoke(0..1);
    state.invalidate("/a*");
    assert_eq!(follower.poll(now()).unwrap().unwrap().version, 2);
    assert!(poll_long(&mut follower).is_empty());
    assert_eq!(revoked(&follower), 1);
    assert_eq!(follower.facts().invalidations.as_of("E1", "/ab"), Some(now()));
    state.revoke(1..5_000);
    state.revoke(5_000..5_001);
    assert_eq!(follower.poll(now()).unwrap().unwrap().version, 4);
    assert_eq!(revoked(&follower), 5_001);
    assert_eq!(revoked(&state.follow()), 5_001);
    assert_eq!(state.follow().facts().invalidations.len(), 1);
}

#[test]
fn what_cannot_be_read_leaves_the_last_good_state_in_force_and_is_told_once() {
    let foreign: [&[u8]; 6] = [
        b"",
        b"null",
        br#"{"format":2,"everything":"else"}"#,
        br#"{"format":1,"sequence":9,"bundle":"../../../etc/passwd"}"#,
        br#"{"format":1,"sequence":9,"bundle":"0000000000000000000000000000000000000000000000000000000000000000"}"#,
        &[b' '; 10_000],
    ];
    let state = State::new();
    state.revoke(0..1);
    let mut follower = state.follow();
    for bytes in foreign {
        let good = fs::read(state.pointer()).unwrap();
        fs::write(state.pointer(), bytes).unwrap();
        let told = poll_long(&mut follower);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].is_err());
        assert_eq!(revoked(&follower), 1);
        // After a restart, too.
        let (again, problem) = Follower::begin(state.store(), now()).unwrap();
        assert!(problem.is_some());
        assert_eq!(revoked(&again), 1);
        fs::write(state.pointer(), good).unwrap();
        assert!(poll_long(&mut follower).is_empty());
    }
    state.revoke(1..2);
    assert_eq!(follower.poll(now()).unwrap().unwrap().version, 2);
    assert_eq!(revoked(&follower), 2);
}

#[test]
fn a_document_that_was_cut_off_is_told_and_taken_once_it_is_whole() {
    for kind in ["bundles", "segments"] {
        let state = State::new();
        state.revoke(0..2_000);
        let mut follower = state.follow();
        state.revoke(2_000..9_000);
        let latest = state.documents(kind).pop().unwrap();
        let whole = cut(&latest);
        let told = poll_long(&mut follower);
        assert!(matches!(told[..], [Err(StoreError::Unreadable { .. })]), "{told:?}");
        assert_eq!(revoked(&follower), 2_000);
        let (again, problem) = Follower::begin(state.store(), now()).unwrap();
        assert!(problem.is_some());
        assert_eq!(revoked(&again), 2_000);
        fs::write(latest, whole).unwrap();
        let told = poll_long(&mut follower);
        assert!(matches!(told[..], [Ok(2)]), "{told:?}");
        assert_eq!(revoked(&follower), 9_000);
    }
}

#[test]
fn a_document_of_another_name_is_no_way_in() {
    let state = State::new();
    state.revoke(0..1);
    let mut follower = state.follow();
    state.revoke(1..2);
    let [.., older, newer] = &state.documents("bundles")[..] else { panic!("two bundles") };
    fs::copy(older, newer).unwrap();
    let told = poll_long(&mut follower);
    assert!(matches!(told[..], [Err(StoreError::Unreadable { .. })]), "{told:?}");
}

#[test]
fn revoked_passes_do_not_come_back_by_an_older_pointer_or_none() {
    let state = State::new();
    state.revoke(0..1);
    let old = fs::read(state.pointer()).unwrap();
    state.revoke(1..2);
    let mut follower = state.follow();
    fs::write(state.pointer(), &old).unwrap();
    let told = poll_long(&mut follower);
    assert!(matches!(told[..], [Err(StoreError::WentBack { from: 2, to: 1, .. })]), "{told:?}");
    fs::remove_file(state.pointer()).unwrap();
    let told = poll_long(&mut follower);
    assert!(matches!(told[..], [Err(StoreError::Gone(_))]), "{told:?}");
    assert_eq!(revoked(&follower), 2);
    let (again, problem) = Follower::begin(state.store(), now()).unwrap();
    assert!(matches!(problem, Some(StoreError::Gone(_))));
    assert_eq!(revoked(&again), 2);
}

#[test]
fn nothing_good_at_all_is_no_beginning() {
    let state = State::new();
    state.revoke(0..1);
    state.documents("bundles").iter().for_each(|bundle| drop(cut(bundle)));
    assert!(Follower::begin(state.store(), now()).is_err());
    fs::remove_file(state.pointer()).unwrap();
    assert!(Follower::begin(state.store(), now()).is_err());
}

#[test]
fn what_is_followed_has_all_that_was_ever_added() {
    let state = State::new();
    let mut follower = state.follow();
    for round in 0..40 {
        state.revoke(round * 250..(round + 1) * 250);
        if round % 3 == 0 {
            follower.poll(now());
        }
    }
    follower.poll(now());
    assert_eq!(revoked(&follower), 10_000);
}
