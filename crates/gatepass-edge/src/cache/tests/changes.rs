//! Objects that change at the origin while they are kept or on their way.

use crate::asked::sample::NOW;
use crate::cache::key::CacheKey;
use crate::cache::script::{Cinema, Film, SLICE, content};
use crate::outcome::CacheOutcome;
use std::sync::atomic::Ordering;

const LONG: usize = 30 * SLICE as usize + 5;

/// The origin has another state of the film from now on.
fn change(cinema: &Cinema) {
    cinema.script.change(|film| {
        *film = Film { content: content(LONG, 1), ..film.clone().with("etag", "\"two\"") };
    });
}

#[test]
fn a_viewer_in_mid_object_is_cut_off_rather_than_given_bytes_of_two_states() {
    let cinema = Cinema::showing(Film::of(LONG));
    cinema.get(&[("range", "bytes=0-99")]);
    cinema.settle();
    change(&cinema);
    let served = cinema.serve(&cinema.sample);
    assert_eq!(served.response.headers()["etag"], "\"one\"");
    assert_eq!(cinema.collect(served).body, None);
    // By now the old state is known to be over.
    let got = cinema.get(&[]);
    assert_eq!(got.header("etag"), "\"two\"");
    assert_eq!(got.body.unwrap(), content(LONG, 1));
}

#[test]
fn a_change_that_is_noticed_before_the_first_byte_is_no_trouble() {
    // Whether or not the origin minds `If-Match`, and whether or not it knows ranges.
    for knows_ranges in [true, false] {
        let cinema = Cinema::showing(Film::of(LONG));
        cinema.get(&[("range", "bytes=0-99")]);
        cinema.settle();
        change(&cinema);
        cinema.script.change(|film| film.knows_ranges = knows_ranges);
        let got = cinema.get(&[("range", "bytes=50000-50099")]);
        assert_eq!((got.status, got.header("etag")), (206, "\"two\""));
        assert_eq!(got.body.unwrap(), content(LONG, 1)[50_000..50_100]);
        cinema.settle();
        assert_eq!(cinema.get(&[]).body.unwrap(), content(LONG, 1));
    }
}

#[test]
fn an_origin_that_does_not_know_ranges_is_skipped_through() {
    let cinema = Cinema::showing(Film::of(LONG));
    cinema.get(&[("range", "bytes=0-99")]);
    cinema.settle();
    cinema.script.change(|film| film.knows_ranges = false);
    let got = cinema.get(&[("range", "bytes=50000-50099")]);
    assert_eq!((got.status, got.outcome), (206, CacheOutcome::Miss));
    assert_eq!(got.body.unwrap(), content(LONG, 0)[50_000..50_100]);
}

#[test]
fn an_origin_that_fails_in_mid_object_leaves_what_there_is() {
    let cinema = Cinema::showing(Film::of(LONG));
    cinema.get(&[("range", "bytes=0-99")]);
    cinema.settle();
    cinema.script.change(|film| film.status = 503);
    assert_eq!(cinema.get(&[("range", "bytes=50000-50099")]).status, 502);
    cinema.script.change(|film| film.is_down = true);
    assert_eq!(cinema.get(&[("range", "bytes=60000-60099")]).status, 502);
    assert_eq!(cinema.get(&[("range", "bytes=0-99")]).outcome, CacheOutcome::Hit);
    cinema.script.change(|film| (film.status, film.is_down) = (200, false));
    assert_eq!(cinema.get(&[]).body.unwrap(), content(LONG, 0));
}

#[test]
fn what_is_invalidated_is_fetched_anew() {
    let cinema = Cinema::showing(Film::of(LONG));
    cinema.get(&[]);
    cinema.settle();
    cinema.clock.store(5, Ordering::SeqCst);
    cinema.invalidated.store(NOW + 2, Ordering::SeqCst);
    assert_eq!(cinema.get(&[]).outcome, CacheOutcome::Miss);
    cinema.settle();
    assert_eq!(cinema.get(&[]).outcome, CacheOutcome::Hit);
    assert_eq!(cinema.script.asked(), ["GET /film.mp4", "GET /film.mp4"]);
}

#[test]
fn what_is_forgotten_is_gone_and_so_is_what_was_on_its_way() {
    let cinema = Cinema::showing(Film::of(LONG));
    let key = cinema.sample.ask(CacheKey::of);
    cinema.get(&[]);
    cinema.settle();
    cinema.cache.forget(&key);
    for length in [LONG, 100] {
        cinema.script.change(|film| *film = Film { tells_length: false, ..Film::of(length) });
        let on_its_way = cinema.serve(&cinema.sample);
        assert_eq!(on_its_way.outcome, CacheOutcome::Miss);
        cinema.cache.forget(&key);
        assert_eq!(cinema.collect(on_its_way).body.unwrap(), content(length, 0));
        cinema.settle();
    }
    assert_eq!(cinema.get(&[]).outcome, CacheOutcome::Miss);
}
