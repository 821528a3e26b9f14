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

#[test]
fn who_comes_while_an_object_arrives_gets_it_only_if_it_still_counts() {
    // By the clock, and by an invalidation; the origin has another state by then.
    for is_invalidated in [false, true] {
        for film in
            [Film { tells_length: false, ..Film::of(LONG) }, Film::of(LONG).with("etag", "")]
        {
            let cinema = Cinema::showing(film);
            cinema.script.chunks.forget_permits(usize::MAX);
            cinema.script.chunks.add_permits(2);
            let first = cinema.serve(&cinema.sample);
            let second = cinema.serve(&cinema.sample);
            cinema.script.change(|film| film.content = content(LONG, 1));
            if is_invalidated {
                cinema.invalidated.store(NOW, Ordering::SeqCst);
                cinema.clock.fetch_add(1, Ordering::SeqCst);
            } else {
                cinema.clock.fetch_add(60, Ordering::SeqCst);
            }
            // The first takes some, until it is as far ahead as it may be.
            cinema.script.chunks.add_permits(60);
            let third = cinema.serve(&cinema.sample);
            let fourth = cinema.serve(&cinema.sample);
            cinema.script.chunks.add_permits(1 << 20);
            for (viewer, state) in [(third, 1), (fourth, 1), (first, 0), (second, 0)] {
                assert_eq!(cinema.collect(viewer).body.unwrap(), content(LONG, state));
            }
            assert_eq!(cinema.script.asked(), ["GET /film.mp4", "GET /film.mp4"]);
            // The earlier one ended last, and is not what is kept.
            cinema.settle();
            let got = cinema.get(&[]);
            assert_eq!((got.outcome, got.body.unwrap()), (CacheOutcome::Hit, content(LONG, 1)));
        }
    }
}

#[test]
fn what_has_lapsed_on_its_way_can_still_be_forgotten() {
    let cinema = Cinema::showing(Film { tells_length: false, ..Film::of(LONG) });
    cinema.script.chunks.forget_permits(usize::MAX);
    cinema.script.chunks.add_permits(2);
    let first = cinema.serve(&cinema.sample);
    cinema.clock.fetch_add(60, Ordering::SeqCst);
    cinema.script.chunks.add_permits(60);
    drop(cinema.serve(&cinema.sample));
    cinema.clock.store(0, Ordering::SeqCst);
    cinema.cache.forget(&cinema.sample.ask(CacheKey::of));
    cinema.script.chunks.add_permits(1 << 20);
    assert_eq!(cinema.collect(first).body.unwrap(), content(LONG, 0));
    cinema.settle();
    cinema.script.asked();
    cinema.get(&[]);
    assert_eq!(cinema.script.asked(), ["GET /film.mp4"]);
}
