//! Whole objects, parts of them, and where they come from.

use crate::cache::script::{Cinema, Film, SLICE, content};
use crate::outcome::CacheOutcome;

#[test]
fn a_small_object_is_fetched_once() {
    let cinema = Cinema::showing(Film::of(1000));
    let first = cinema.get(&[]);
    assert_eq!((first.status, first.outcome), (200, CacheOutcome::Miss));
    assert_eq!(first.body.unwrap(), content(1000, 0));
    cinema.settle();
    let second = cinema.get(&[]);
    assert_eq!((second.status, second.outcome), (200, CacheOutcome::Hit));
    assert_eq!(second.header("content-length"), "1000");
    assert_eq!(second.header("age"), "0");
    assert_eq!(second.body.unwrap(), content(1000, 0));
    assert_eq!(cinema.script.asked(), ["GET /film.mp4"]);
}

#[test]
fn a_large_object_is_fetched_once() {
    let length = 10 * SLICE as usize + 123;
    let cinema = Cinema::showing(Film::of(length));
    for outcome in [CacheOutcome::Miss, CacheOutcome::Hit] {
        let got = cinema.get(&[]);
        assert_eq!((got.status, got.outcome), (200, outcome));
        assert_eq!(got.body.unwrap(), content(length, 0));
        cinema.settle();
    }
    assert_eq!(cinema.script.asked(), ["GET /film.mp4"]);
}

#[test]
fn an_object_of_any_length_is_kept_whole() {
    let slice = SLICE as usize;
    for tells_length in [true, false] {
        for length in [0, 1, slice - 1, slice, slice + 1, 2 * slice, 2 * slice + 1, 7 * slice] {
            let film = Film { tells_length, ..Film::of(length) };
            let cinema = Cinema::showing(film);
            for outcome in [CacheOutcome::Miss, CacheOutcome::Hit] {
                let got = cinema.get(&[]);
                assert_eq!((got.status, got.outcome), (200, outcome), "{length} {tells_length}");
                assert_eq!(got.body.unwrap(), content(length, 0));
                cinema.settle();
            }
            let last = cinema.get(&[("range", "bytes=-1")]);
            assert_eq!(last.status, if length == 0 { 416 } else { 206 });
            assert_eq!(cinema.script.asked(), ["GET /film.mp4"], "{length} {tells_length}");
        }
    }
}

#[test]
fn pieces_of_any_size_come_to_the_same_object() {
    let length = 9 * SLICE as usize + 77;
    for chunk in [1, 7, 300, 5000] {
        for tells_length in [true, false] {
            let cinema = Cinema::showing(Film { tells_length, chunk, ..Film::of(length) });
            let (first, second) = (cinema.serve(&cinema.sample), cinema.serve(&cinema.sample));
            for viewer in [second, first] {
                assert_eq!(cinema.collect(viewer).body.unwrap(), content(length, 0), "{chunk}");
            }
            cinema.settle();
            let kept = cinema.get(&[]);
            assert_eq!((kept.outcome, kept.body.unwrap()), (CacheOutcome::Hit, content(length, 0)));
            assert_eq!(cinema.script.asked(), ["GET /film.mp4"]);
        }
    }
}

#[test]
fn a_seek_fetches_its_slices_alone() {
    let length = 1000 * SLICE as usize;
    let cinema = Cinema::showing(Film::of(length));
    let got = cinema.get(&[("range", "bytes=2048000-2049999")]);
    assert_eq!((got.status, got.outcome), (206, CacheOutcome::Miss));
    assert_eq!(got.header("content-range"), format!("bytes 2048000-2049999/{length}"));
    assert_eq!(got.body.unwrap(), content(length, 0)[2_048_000..2_050_000]);
    cinema.settle();
    assert_eq!(cinema.script.asked(), ["GET /film.mp4 range: bytes=2048000-2052095"]);
    let again = cinema.get(&[("range", "bytes=2048001-2048001")]);
    assert_eq!((again.status, again.outcome), (206, CacheOutcome::Hit));
    let further = cinema.get(&[("range", "bytes=2051000-2060000")]);
    assert_eq!((further.status, further.outcome), (206, CacheOutcome::Hit));
    assert_eq!(further.body.unwrap(), content(length, 0)[2_051_000..=2_060_000]);
    let end = cinema.get(&[("range", "bytes=-10")]);
    assert_eq!(end.body.unwrap(), content(length, 0)[length - 10..]);
    assert_eq!(
        cinema.script.asked(),
        [
            "GET /film.mp4 range: bytes=2052096-2060287 if-match: \"one\"",
            "GET /film.mp4 range: bytes=4091904-4095999 if-match: \"one\"",
        ]
    );
}
