//! The power fails after each step of a change; segments grow together; history is kept.

use std::fs;
use std::sync::atomic::Ordering::SeqCst;

use tempfile::TempDir;

use super::*;

fn at(seconds: u64) -> EpochTime {
    EpochTime::new(seconds).unwrap()
}

fn digest(number: u32) -> [u8; 32] {
    let mut digest = [7; 32];
    digest[..4].copy_from_slice(&number.to_be_bytes());
    digest
}

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("state"));
    (folder, store)
}

/// Revokes passes with these numbers for a long time.
fn revoke(store: &Store, numbers: std::ops::Range<u32>) -> Result<u64, StoreError> {
    store.change(None, Base::InForce, at(10), |state| {
        for number in numbers {
            state.revoke(Revocation::new(&digest(number), at(1_000)));
        }
    })
}

#[track_caller]
fn assert_revoked(store: &Store, numbers: std::ops::Range<u32>) {
    let facts = store.read(at(10)).unwrap();
    assert_eq!(facts.revocations.len(), numbers.len());
    for number in numbers {
        assert!(facts.revocations.holds_digest(&digest(number), at(10)), "{number}");
    }
}

#[test]
fn a_change_is_kept_whole_or_not_at_all_wherever_the_power_fails() {
    let (_folder, store) = store();
    // The next change makes a segment, too, and clears up.
    for number in 0..15 {
        revoke(&store, number * 64..(number + 1) * 64).unwrap();
    }
    let (before, after) = (0..960, 0..1_200);
    let mut failed = 0;
    loop {
        store.folder.fuse.store(failed, SeqCst);
        let changed = revoke(&store, 960..1_200);
        store.folder.fuse.store(usize::MAX, SeqCst);
        let facts = store.read(at(10)).unwrap();
        let is_kept = facts.revocations.len() > before.len();
        assert_revoked(&store, if is_kept { after.clone() } else { before.clone() });
        assert_eq!(facts.version, if is_kept { 16 } else { 15 });
        if changed.is_ok() {
            assert!(is_kept);
            break;
        }
        if is_kept {
            // It was cut off after it was in force: the next one builds on it.
            break;
        }
        failed += 1;
    }
    // Three documents, each written in six steps, were cut off in each of them.
    assert!(failed >= 16, "{failed}");
    assert_eq!(revoke(&store, 0..1).unwrap(), 17);
    assert_revoked(&store, after);
}

#[test]
fn the_first_change_may_be_cut_off_too() {
    for failed in 0.. {
        let (_folder, store) = store();
        store.folder.fuse.store(failed, SeqCst);
        let changed = revoke(&store, 0..1);
        store.folder.fuse.store(usize::MAX, SeqCst);
        let is_kept = !store.read(at(10)).unwrap().revocations.is_empty();
        assert!(is_kept || changed.is_err());
        revoke(&store, 1..2).unwrap();
        assert_revoked(&store, if is_kept { 0..2 } else { 1..2 });
        if changed.is_ok() {
            // Four documents: the beginning and its pointer, the change and its own.
            assert_eq!(failed, 24);
            break;
        }
    }
}

#[test]
fn clearing_up_may_be_cut_off_too() {
    let (_folder, store) = store();
    for cut in 0..40 {
        for number in 0..15 {
            revoke(&store, number..number + 1).unwrap();
        }
        store.folder.fuse.store(12 + cut, SeqCst);
        revoke(&store, 15..16).unwrap();
        store.folder.fuse.store(usize::MAX, SeqCst);
        assert_revoked(&store, 0..16);
    }
}

#[test]
fn only_the_last_states_are_remembered() {
    let (_folder, store) = store();
    for number in 0..3_200_u32 {
        let numbers = if number % 100 == 0 { number * 11..(number + 100) * 11 } else { 0..1 };
        if number % 10 == 0 {
            revoke(&store, numbers).unwrap();
        }
    }
    let bundles = store.folder.list(Kind::Bundle).unwrap().len();
    assert!((HISTORY..2 * HISTORY).contains(&bundles), "{bundles}");
    let named = store.load(None, at(10)).unwrap().unwrap().bundle.segments.len();
    let segments = store.folder.list(Kind::Segment).unwrap().len();
    assert!(segments <= named + HISTORY, "{segments} of {named}");
    assert_revoked(&store, 0..35_200);
}

#[test]
fn segments_are_few_and_each_is_much_larger_than_the_next() {
    let (_folder, store) = store();
    let mut next = 0;
    for _ in 0..60 {
        revoke(&store, next..next + 700).unwrap();
        next += 700;
        let loaded = store.load(None, at(10)).unwrap().unwrap();
        let counts: Vec<_> = loaded.bundle.segments.iter().map(|one| one.count).collect();
        assert!(counts.windows(2).all(|pair| pair[0] > 2 * pair[1]), "{counts:?}");
    }
    assert_revoked(&store, 0..next);
}

#[test]
fn what_would_have_expired_anyway_is_dropped() {
    let (_folder, store) = store();
    revoke(&store, 0..3_000).unwrap();
    let later = at(1_000);
    store
        .change(None, Base::InForce, later, |state| {
            state.revoke(Revocation::new(&digest(5_000), at(2_000)));
        })
        .unwrap();
    let loaded = store.load(None, later).unwrap().unwrap();
    assert!(loaded.bundle.segments.is_empty());
    assert_eq!(loaded.facts.revocations.len(), 1);
}

#[test]
fn a_change_meant_for_another_state_is_refused() {
    let (_folder, store) = store();
    let change = |expected| store.change(Some(expected), Base::InForce, at(10), |_| ());
    assert!(matches!(change(1), Err(StoreError::Stale { expected: 1, found: 0 })));
    assert_eq!(change(0).unwrap(), 1);
    assert!(matches!(change(0), Err(StoreError::Stale { expected: 0, found: 1 })));
    assert_eq!(change(1).unwrap(), 2);
}

#[test]
fn nothing_is_built_on_what_cannot_be_read_unless_the_operator_says_so() {
    let (_folder, store) = store();
    revoke(&store, 0..1).unwrap();
    revoke(&store, 1..2).unwrap();
    let current = store.load(None, at(10)).unwrap().unwrap().address;
    let path = store.folder.path(Kind::Bundle, current);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(revoke(&store, 2..3), Err(StoreError::Unreadable { .. })));
    let add = |state: &mut State| state.revoke(Revocation::new(&digest(1), at(1_000)));
    assert_eq!(store.change(None, Base::LastGood, at(10), add).unwrap(), 3);
    assert_revoked(&store, 0..2);
}

#[test]
fn two_writers_take_turns() {
    let (folder, store) = store();
    let path = store.folder().to_owned();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let store = Store::open(&path);
            scope.spawn(move || {
                for number in 0..25 {
                    revoke(&store, writer * 25 + number..writer * 25 + number + 1).unwrap();
                }
            });
        }
    });
    assert_eq!(store.read(at(10)).unwrap().version, 100);
    assert_revoked(&store, 0..100);
    drop(folder);
}
