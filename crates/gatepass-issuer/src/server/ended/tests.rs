//! What was ended, remembered and shared.

use serde_json::Map;
use std::time::Duration;

use super::*;

const HOUR: Duration = Duration::from_hours(1);

fn at(seconds: u64) -> EpochTime {
    EpochTime::new(1_000_000 + seconds).unwrap()
}

fn person(subject: &str) -> Person {
    Person::new(subject, Map::new()).unwrap()
}

fn session(id: u8, subject: &str, way: Way, began: u64) -> Session {
    let lifetimes = Lifetimes { absolute: HOUR, ..Lifetimes::default() };
    Session::begin(SessionId::new([id; 16]), person(subject), way, at(began), lifetimes, None)
}

fn open(folder: &Path, seconds: u64) -> EndedSessions {
    EndedSessions::open(Some(folder), at(seconds)).unwrap()
}

fn length(folder: &Path) -> u64 {
    fs::metadata(folder.join(FILE)).unwrap().len()
}

fn end(ended: &EndedSessions, session: &Session, now: u64) {
    ended.end(session, at(3_600).seconds(), at(now)).unwrap();
}

#[test]
fn a_session_that_was_ended_stays_ended_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let ended = open(folder.path(), 0);
    let [one, two, three] = [1, 2, 3].map(|id| session(id, "ada", Way::Users, 0));
    end(&ended, &one, 1);
    let mut file = OpenOptions::new().append(true).open(folder.path().join(FILE)).unwrap();
    file.write_all(b"0101").unwrap();
    end(&ended, &two, 1);
    for ended in [ended, open(folder.path(), 2)] {
        assert_eq!([&one, &two, &three].map(|one| ended.has(one)), [true, true, false]);
    }
    assert!(open(folder.path(), 100_000).known().is_empty());
}

#[test]
fn all_sessions_of_a_person_end_at_once_and_later_ones_count() {
    let folder = tempfile::tempdir().unwrap();
    let ended = open(folder.path(), 0);
    let meant = [session(9, "ada", Way::Oidc, 0), session(9, "ada", Way::Oidc, 10)];
    let others = [
        session(9, "eve", Way::Oidc, 0),
        session(9, "ada", Way::Users, 0),
        session(9, "ada", Way::Oidc, 11),
    ];
    ended.end_all(&person("ada"), Way::Oidc, HOUR, at(10)).unwrap();
    for ended in [ended, open(folder.path(), 12)] {
        assert!(meant.iter().all(|session| ended.has(session)));
        assert!(!others.iter().any(|session| ended.has(session)));
    }
}

#[test]
fn what_another_process_ended_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(folder.path(), 0), open(folder.path(), 0));
    let first = session(1, "ada", Way::Users, 0);
    end(&one, &first, 1);
    assert!(!other.has(&first));
    assert!(other.is_due(at(2)) && !other.is_due(at(2)) && other.is_due(at(3)));
    other.follow(at(3)).unwrap();
    assert!(other.has(&first));
    // Line by line, however they arrive.
    let second = session(2, "ada", Way::Users, 0);
    let line = End { until: at(50).seconds(), when: at(3).seconds() }.line(&second.id);
    let mut file = OpenOptions::new().append(true).open(folder.path().join(FILE)).unwrap();
    for (part, is_whole) in [(&line[..20], false), (&line[20..], true)] {
        file.write_all(part.as_bytes()).unwrap();
        other.follow(at(4)).unwrap();
        assert_eq!(other.has(&second), is_whole);
    }
}

#[test]
fn an_operator_ends_all_that_somebody_has_however_they_logged_in() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let by_operator = |now| end_all_sessions(&state, &person("ada"), at(now));
    let refused = by_operator(5).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::NotFound, "no issuer has made it");
    let ended = open(&state, 0);
    by_operator(5).unwrap();
    ended.follow(at(6)).unwrap();
    for way in Way::ALL {
        assert!(ended.has(&session(1, "ada", way, 5)), "{way:?}");
        assert!(!ended.has(&session(1, "ada", way, 6)), "{way:?}");
        assert!(!ended.has(&session(1, "eve", way, 5)), "{way:?}");
    }
    // An earlier end that is read later takes nothing back.
    by_operator(3).unwrap();
    ended.follow(at(7)).unwrap();
    assert!(ended.has(&session(1, "ada", Way::Oidc, 5)));
}

#[test]
fn a_file_that_was_written_anew_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let ended = open(folder.path(), 0);
    let passed = End { until: at(1).seconds(), when: at(0).seconds() };
    let lines = passed.line(&SessionId::new([7; 16])).repeat(30_000);
    append(&folder.path().join(FILE), &lines, OpenOptions::new().append(true)).unwrap();
    let before = length(folder.path());
    let other = open(folder.path(), 2);
    assert!(before > LONG && length(folder.path()) == 0);
    let (first, second) = (session(1, "ada", Way::Users, 0), session(2, "ada", Way::Users, 0));
    end(&other, &first, 3);
    end(&ended, &second, 3);
    for one in [&ended, &other] {
        one.follow(at(4)).unwrap();
        assert!(one.has(&first) && one.has(&second));
    }
}

#[test]
fn a_file_that_grew_is_written_anew_while_the_issuer_runs() {
    let folder = tempfile::tempdir().unwrap();
    let [ended, other] = [open(folder.path(), 0), open(folder.path(), 0)];
    let gone = session(1, "ada", Way::Users, 0);
    end(&other, &gone, 0);
    let passed = End { until: at(2).seconds(), when: at(0).seconds() };
    let lines = passed.line(&SessionId::new([7; 16])).repeat(30_000);
    append(&folder.path().join(FILE), &lines, OpenOptions::new().append(true)).unwrap();
    let line = u64::try_from(passed.line(&SessionId::new([7; 16])).len()).unwrap();
    ended.follow(at(1)).unwrap();
    assert_eq!(length(folder.path()), 2 * line, "each end that has not passed, once");
    ended.follow(at(3)).unwrap();
    assert_eq!(length(folder.path()), 2 * line, "it is short, and is left alone");
    other.follow(at(3)).unwrap();
    assert!([&ended, &other, &open(folder.path(), 4)].iter().all(|one| one.has(&gone)));
}

#[test]
fn what_can_not_be_read_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let ended = open(folder.path(), 0);
    let path = folder.path().join(FILE);
    fs::remove_file(&path).unwrap();
    assert!(ended.follow(at(1)).is_ok(), "there is nothing to read");
    fs::create_dir(&path).unwrap();
    assert!(ended.follow(at(2)).is_err());
    assert!(ended.follow(at(3)).is_ok());
}

#[test]
fn what_was_ended_is_forgotten_when_it_would_have_ended() {
    let ended = EndedSessions::open(None, at(0)).unwrap();
    let end = |until| End { until: at(until).seconds(), when: at(0).seconds() };
    ended.note(SessionId::new([1; 16]), end(5), at(0)).unwrap();
    ended.note(SessionId::new([2; 16]), end(50), at(9)).unwrap();
    assert_eq!(ended.known().len(), 1);
}

#[test]
fn a_session_that_is_over_is_written_down_once() {
    let folder = tempfile::tempdir().unwrap();
    let ended = open(folder.path(), 0);
    let ada = session(1, "ada", Way::Users, 0);
    end(&ended, &ada, 1);
    let once = length(folder.path());
    assert!(once > 0);
    for seconds in [2, 3, 1_000_000] {
        end(&ended, &ada, seconds);
    }
    assert_eq!(length(folder.path()), once);
}
