//! One browser uses an invitation, whatever happens.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const ID: [u8; 16] = [1; 16];
const ADA: BrowserMark = [7; 16];
const EVE: BrowserMark = [8; 16];

fn at(seconds: u64) -> EpochTime {
    EpochTime::new(1_000_000 + seconds).unwrap()
}

fn is_open(used: &UsedInvitations, browser: BrowserMark, seconds: u64) -> bool {
    used.is_open(ID, at(1_000), Some(browser), at(seconds))
}

fn take(used: &UsedInvitations, browser: BrowserMark, seconds: u64) -> Result<(), UseError> {
    used.take(ID, at(1_000), browser, at(seconds))
}

#[test]
fn an_invitation_is_used_once_however_many_try() {
    let folder = tempfile::tempdir().unwrap();
    let used = UsedInvitations::open(&folder.path().join("a/b"), at(0)).unwrap();
    let succeeded = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for browser in 0..8 {
            let (used, succeeded) = (&used, &succeeded);
            scope.spawn(move || {
                if take(used, [browser; 16], 0).is_ok() {
                    succeeded.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(succeeded.into_inner(), 1);
    assert!(used.take([2; 16], at(1_000), ADA, at(0)).is_ok());
}

#[test]
fn the_same_browser_may_use_it_again_for_five_minutes() {
    let folder = tempfile::tempdir().unwrap();
    let used = UsedInvitations::open(folder.path(), at(0)).unwrap();
    assert!(used.is_open(ID, at(1_000), None, at(10)));
    take(&used, ADA, 10).unwrap();
    assert!(!used.is_open(ID, at(1_000), None, at(10)), "who has no cookie is another");
    for seconds in [10, 309] {
        assert!(is_open(&used, ADA, seconds) && !is_open(&used, EVE, seconds));
        take(&used, ADA, seconds).unwrap();
        assert!(matches!(take(&used, EVE, seconds), Err(UseError::Used)));
    }
    // Counted from the first time; and a clock that was set back makes it no longer.
    for seconds in [310, 9] {
        assert!(!is_open(&used, ADA, seconds));
        assert!(matches!(take(&used, ADA, seconds), Err(UseError::Used)));
    }
}

#[test]
fn a_restart_forgets_nothing_until_the_invitation_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let open = |seconds| UsedInvitations::open(folder.path(), at(seconds)).unwrap();
    take(&open(0), ADA, 0).unwrap();
    let again = open(50);
    assert!(is_open(&again, ADA, 50) && !is_open(&again, EVE, 50));
    assert!(!is_open(&open(1_000 + UsedInvitations::GRACE), EVE, 50));
    assert!(is_open(&open(1_001 + UsedInvitations::GRACE), EVE, 50));
}

#[test]
fn what_is_given_back_can_be_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let used = UsedInvitations::open(folder.path(), at(0)).unwrap();
    take(&used, ADA, 0).unwrap();
    used.give_back(ID, at(1_000)).unwrap();
    assert!(is_open(&used, EVE, 0));
    take(&used, EVE, 0).unwrap();
    assert!(!is_open(&used, ADA, 0));
}

#[test]
fn of_two_uses_by_one_browser_the_one_that_came_to_something_counts() {
    let folder = tempfile::tempdir().unwrap();
    let used = UsedInvitations::open(folder.path(), at(0)).unwrap();
    take(&used, ADA, 0).unwrap();
    take(&used, ADA, 1).unwrap();
    used.give_back(ID, at(1_000)).unwrap();
    assert!(!is_open(&used, EVE, 2), "the other one stands");
    used.give_back(ID, at(1_000)).unwrap();
    assert!(is_open(&used, EVE, 2));
}

#[test]
fn what_can_not_be_noted_or_read_is_not_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let used = UsedInvitations::open(&folder.path().join("a"), at(0)).unwrap();
    fs::write(used.place(ID, at(1_000)), "who knows").unwrap();
    assert!(!is_open(&used, ADA, 0));
    assert!(matches!(take(&used, ADA, 0), Err(UseError::Used)));
    fs::remove_dir_all(folder.path().join("a")).unwrap();
    assert!(matches!(take(&used, ADA, 0), Err(UseError::Unwritable { .. })));
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(UsedInvitations::open(&file, at(0)).is_err());
}

#[test]
fn no_more_are_remembered_than_there_is_room_for() {
    let folder = tempfile::tempdir().unwrap();
    let opened = UsedInvitations::open(folder.path(), at(0)).unwrap();
    let used = UsedInvitations { most: 3, ..opened };
    for number in 0..3 {
        used.take([number; 16], at(u64::from(number)), ADA, at(0)).unwrap();
    }
    assert!(matches!(used.take([9; 16], at(9), ADA, at(0)), Err(UseError::Full(_))));
    assert!(used.take([2; 16], at(2), ADA, at(1)).is_ok(), "it is there already");
    assert!(used.take([9; 16], at(9), ADA, at(1 + UsedInvitations::GRACE)).is_ok());
}
