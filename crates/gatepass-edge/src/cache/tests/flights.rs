//! One fetch for many viewers.

use std::sync::atomic::Ordering;
use std::thread;

use http_body::Body as _;

use crate::cache::script::{Cinema, Film, SLICE, config, content, until};
use crate::config::{CacheConfig, DiskConfig};
use crate::outcome::CacheOutcome;

const LONG: usize = 40 * SLICE as usize + 77;

/// Takes all permits, so that the origin says nothing until it is told to.
fn hush(cinema: &Cinema) {
    cinema.script.answers.forget_permits(usize::MAX);
}

fn still(cinema: &Cinema) {
    cinema.script.chunks.forget_permits(usize::MAX);
}

#[test]
fn many_viewers_make_one_fetch() {
    for length in [500, LONG] {
        let cinema = Cinema::showing(Film::of(length));
        hush(&cinema);
        thread::scope(|scope| {
            let viewers: Vec<_> = (0..20).map(|_| scope.spawn(|| cinema.get(&[]))).collect();
            until(|| cinema.cache.counts().flights == 1);
            thread::sleep(std::time::Duration::from_millis(50));
            cinema.script.answers.add_permits(100);
            let outcomes = viewers.into_iter().map(|viewer| {
                let got = viewer.join().unwrap();
                assert_eq!(got.body.unwrap(), content(length, 0));
                got.outcome
            });
            let outcomes: Vec<_> = outcomes.collect();
            let misses = outcomes.iter().filter(|outcome| **outcome == CacheOutcome::Miss);
            assert_eq!(misses.count(), 1, "{outcomes:?}");
        });
        assert_eq!(cinema.script.asked(), ["GET /film.mp4"]);
    }
}

#[test]
fn the_first_byte_leaves_before_the_last_has_come() {
    for headers in [&[][..], &[("range", "bytes=4200-")]] {
        let cinema = Cinema::showing(Film::of(LONG));
        still(&cinema);
        cinema.script.chunks.add_permits(1);
        let leader = thread::scope(|scope| {
            let leader = scope.spawn(|| cinema.serve(&cinema.asking(headers)));
            leader.join().unwrap()
        });
        let mut follower = cinema.serve(&cinema.asking(headers)).response.into_body();
        let mut leader = leader.response.into_body();
        assert!(!cinema.frame(&mut leader).unwrap().is_empty());
        assert!(!cinema.frame(&mut follower).unwrap().is_empty());
        assert!(cinema.script.sent.load(Ordering::SeqCst) <= 700);
    }
}

#[test]
fn a_viewer_that_leaves_harms_nobody() {
    let cinema = Cinema::showing(Film::of(LONG));
    still(&cinema);
    cinema.script.chunks.add_permits(1);
    let leader = cinema.serve(&cinema.sample);
    let follower = cinema.serve(&cinema.sample);
    drop(leader);
    cinema.script.chunks.add_permits(1 << 20);
    assert_eq!(cinema.collect(follower).body.unwrap(), content(LONG, 0));
    assert_eq!(cinema.script.asked(), ["GET /film.mp4"]);
}

#[test]
fn what_nobody_wants_any_longer_stops_unless_it_is_little() {
    let cinema = Cinema::showing(Film::of(LONG));
    drop(cinema.serve(&cinema.sample));
    cinema.settle();
    until(|| cinema.script.open.load(Ordering::SeqCst) == 0);
    let sent = cinema.script.sent.load(Ordering::SeqCst);
    assert!(sent <= 6 * u64::from(SLICE), "{sent}");

    let little = Cinema::showing(Film::of(3 * SLICE as usize));
    drop(little.serve(&little.sample));
    little.settle();
    assert_eq!(little.get(&[]).outcome, CacheOutcome::Hit);
    assert_eq!(little.script.asked(), ["GET /film.mp4"]);
}

/// The first slice that breaking off in the middle leaves incomplete.
const HALF: usize = LONG / 2 / SLICE as usize * SLICE as usize;

#[test]
fn a_body_that_breaks_off_is_taken_up_where_it_broke() {
    let cinema = Cinema::showing(Film { breaks_after: Some(LONG as u64 / 2), ..Film::of(LONG) });
    assert_eq!(cinema.get(&[]).body.unwrap(), content(LONG, 0));
    let asked = cinema.script.asked();
    let again = format!("GET /film.mp4 range: bytes={HALF}-{} if-match: \"one\"", HALF + 32767);
    assert_eq!(asked[..2], ["GET /film.mp4".to_owned(), again]);
}

#[test]
fn a_body_that_breaks_off_for_good_cuts_everybody_off_and_is_continued_by_the_next() {
    let cinema = Cinema::showing(Film { breaks_after: Some(LONG as u64 / 2), ..Film::of(LONG) });
    let (one, other) = (cinema.serve(&cinema.sample), cinema.serve(&cinema.sample));
    cinema.script.change(|film| film.is_down = true);
    assert_eq!(cinema.collect(one).body, None);
    assert_eq!(cinema.collect(other).body, None);
    cinema.settle();
    cinema.script.asked();
    cinema.script.change(|film| (film.is_down, film.breaks_after) = (false, None));
    assert_eq!(cinema.get(&[]).body.unwrap(), content(LONG, 0));
    let rest = format!("GET /film.mp4 range: bytes={HALF}-{} if-match: \"one\"", HALF + 32767);
    assert_eq!(cinema.script.asked()[0], rest);
}

#[test]
fn a_body_that_breaks_off_at_the_same_place_again_is_given_up() {
    let cinema = Cinema::showing(Film { breaks_after: Some(1500), ..Film::of(3000) });
    assert_eq!(cinema.get(&[]).body, None);
    assert_eq!(cinema.script.asked().len(), 2);
    cinema.settle();
    cinema.script.change(|film| film.breaks_after = None);
    assert_eq!(cinema.get(&[]).body.unwrap(), content(3000, 0));
}

#[test]
fn without_a_strong_validator_nothing_is_left_of_what_broke_off() {
    for etag in ["", "W/\"weak\""] {
        let film = Film { breaks_after: Some(20_000), ..Film::of(LONG).with("etag", etag) };
        let cinema = Cinema::showing(film);
        assert_eq!(cinema.get(&[]).body, None);
        cinema.settle();
        cinema.script.change(|film| film.breaks_after = None);
        assert_eq!(cinema.get(&[]).body.unwrap(), content(LONG, 0));
        assert_eq!(cinema.script.asked(), ["GET /film.mp4", "GET /film.mp4"]);
    }
}

#[test]
fn a_body_that_is_not_as_long_as_it_said_is_never_whole() {
    for told in [LONG - 1, LONG + 1] {
        let film = Film { tells_length: false, ..Film::of(LONG) };
        let cinema = Cinema::showing(film.with("content-length", &told.to_string()));
        for _ in 0..2 {
            assert_eq!(cinema.get(&[]).body, None);
            cinema.settle();
        }
    }
}

#[test]
fn what_is_private_is_not_shared() {
    let film = Film::of(LONG).with("cache-control", "private, max-age=60");
    let cinema = Cinema::showing(film);
    hush(&cinema);
    thread::scope(|scope| {
        let viewers: Vec<_> = (0..6).map(|_| scope.spawn(|| cinema.get(&[]))).collect();
        until(|| cinema.cache.counts().flights == 1);
        thread::sleep(std::time::Duration::from_millis(50));
        cinema.script.answers.add_permits(100);
        for viewer in viewers {
            let got = viewer.join().unwrap();
            assert_eq!((got.outcome, got.header("age")), (CacheOutcome::Miss, ""));
            assert_eq!(got.body.unwrap(), content(LONG, 0));
        }
    });
    assert_eq!(cinema.script.asked().len(), 6);
    cinema.settle();
    // It is remembered that there is nothing to wait for, and seeks go through as they are.
    still(&cinema);
    cinema.script.chunks.add_permits(2);
    let waiting = cinema.serve(&cinema.sample);
    let other = cinema.serve(&cinema.asking(&[("range", "bytes=100-199")]));
    cinema.script.chunks.add_permits(1 << 20);
    assert_eq!(cinema.collect(other).body.unwrap(), content(LONG, 0)[100..200]);
    assert_eq!(cinema.collect(waiting).body.unwrap(), content(LONG, 0));
    assert_eq!(cinema.script.asked(), ["GET /film.mp4", "GET /film.mp4 range: bytes=100-199"]);
}

#[test]
fn nothing_is_kept_of_what_is_private_even_if_it_breaks_off_and_is_taken_up() {
    for caching in ["no-store", "private", "no-cache, no-store"] {
        let film = Film { breaks_after: Some(LONG as u64 / 2), ..Film::of(LONG) };
        let film = film.with("cache-control", caching);
        let folder = tempfile::tempdir().unwrap();
        let disk = Some(DiskConfig { directory: folder.path().into(), bytes: 12 << 20 });
        let cinema = Cinema::with(film, &CacheConfig { disk, ..config() });
        assert_eq!(cinema.get(&[]).body.unwrap(), content(LONG, 0));
        assert!(cinema.script.asked().len() > 1, "it was taken up");
        cinema.settle();
        until(|| cinema.script.open.load(Ordering::SeqCst) == 0);
        cinema.runtime.block_on(cinema.cache.inner.store.written());
        let counts = cinema.cache.counts();
        // The disk writes a page of its own when it is opened; no slice fits in that.
        assert_eq!((counts.memory_entries, counts.disk_written_bytes <= 4096), (0, true));
    }
}

#[test]
fn the_origin_runs_a_few_slices_ahead_of_a_slow_viewer_and_no_further() {
    let slice = 1 << 20;
    let length = 64 * slice as usize;
    let film = Film { content: vec![7; length].into(), chunk: 64 << 10, ..Film::of(0) };
    for caching in ["max-age=60", "private"] {
        let film = film.clone().with("cache-control", caching);
        let small = CacheConfig { memory_bytes: 8 << 20, slice_bytes: slice, ..config() };
        let cinema = Cinema::with(film, &small);
        let mut body = cinema.serve(&cinema.sample).response.into_body();
        let mut taken = 0;
        while let Some(frame) = cinema.frame(&mut body) {
            taken += frame.len() as u64;
            let sent = cinema.script.sent.load(Ordering::SeqCst);
            assert!(sent <= taken + 5 * u64::from(slice), "{sent} of {taken}");
            if taken.is_multiple_of(u64::from(slice)) {
                let held = cinema.cache.inner.fills.held();
                assert!(held <= 6 * u64::from(slice), "{held}");
                assert!(cinema.cache.counts().memory_bytes <= 9 << 20);
            }
        }
        assert_eq!(taken, length as u64);
    }
}

#[test]
fn a_viewer_far_behind_the_others_gets_the_same_bytes() {
    // With a memory that holds it all, and with one that has lost what the last one needs.
    for memory_bytes in [64 << 20, 40 << 10] {
        let cinema = Cinema::with(Film::of(LONG), &CacheConfig { memory_bytes, ..config() });
        let slow = cinema.serve(&cinema.sample);
        let quick = cinema.get(&[]);
        assert_eq!(quick.body.unwrap(), content(LONG, 0));
        cinema.settle();
        assert_eq!(cinema.collect(slow).body.unwrap(), content(LONG, 0));
        let asked = cinema.script.asked();
        assert_eq!(asked.len() == 1, memory_bytes > 1 << 20, "{asked:?}");
    }
}

#[test]
fn an_origin_that_is_down_fails_everybody_at_once_and_nobody_later() {
    let cinema = Cinema::showing(Film { is_down: true, ..Film::of(100) });
    let got = cinema.get(&[]);
    assert_eq!((got.status, got.outcome), (502, CacheOutcome::Error));
    cinema.script.change(|film| film.is_down = false);
    assert_eq!(cinema.get(&[]).status, 200);
}

#[test]
fn what_is_kept_is_told_in_full() {
    let cinema = Cinema::showing(Film::of(LONG));
    let served = cinema.serve(&cinema.sample);
    assert_eq!(served.response.body().size_hint().exact(), Some(LONG as u64));
    cinema.collect(served);
    cinema.settle();
    let counts = cinema.cache.counts();
    assert_eq!((counts.misses, counts.hits, counts.memory_entries), (1, 0, 42));
    assert!(counts.memory_bytes >= LONG as u64);
}

#[test]
fn a_task_that_dies_leaves_nobody_waiting() {
    let torn = Film { breaks_after: Some(LONG as u64 / 2), panics: true, ..Film::of(LONG) };
    for film in [
        torn.clone().with("etag", ""),
        torn.clone().with("cache-control", "private").with("etag", ""),
        Film { tells_length: false, ..torn.clone() },
        // The one that takes it up dies as well.
        Film { breaks_after: Some(100), ..torn.clone() },
    ] {
        let cinema = Cinema::showing(film);
        let (one, other) = (cinema.serve(&cinema.sample), cinema.serve(&cinema.sample));
        assert_eq!(cinema.collect(one).body, None);
        assert_eq!(cinema.collect(other).body, None);
        cinema.settle();
        cinema.script.change(|film| film.breaks_after = None);
        assert_eq!(cinema.get(&[]).body.unwrap(), content(LONG, 0));
    }
    // What can be taken up is taken up.
    let cinema = Cinema::showing(torn);
    assert_eq!(cinema.get(&[]).body.unwrap(), content(LONG, 0));
    cinema.settle();
}
