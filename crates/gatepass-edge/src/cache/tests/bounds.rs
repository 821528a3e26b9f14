//! What a stranger, or an origin, can't make the cache hold or compute.

use crate::cache::script::{Cinema, Film, SLICE, content};

const LONG: usize = 200 * SLICE as usize + 77;

/// Of which nothing can be fetched again.
fn endless() -> Film {
    Film { tells_length: false, ..Film::of(LONG).with("etag", "") }
}

fn forget(cinema: &Cinema) {
    cinema.cache.forget(&cinema.sample.ask(crate::cache::key::CacheKey::of));
}

#[test]
fn what_is_forgotten_on_its_way_does_not_pile_up_behind_a_slow_viewer() {
    for etag in ["", "\"one\""] {
        for others in [false, true] {
            let cinema = Cinema::showing(endless().with("etag", etag));
            let mut viewer = cinema.serve(&cinema.sample).response.into_body();
            let slow = others.then(|| cinema.serve(&cinema.sample));
            let mut got = Vec::new();
            while let Some(frame) = cinema.frame(&mut viewer) {
                got.extend_from_slice(&frame);
                if got.len() < 40 << 10 && got.len() > 20 << 10 {
                    forget(&cinema);
                }
                let held = cinema.cache.inner.fills.held();
                assert!(held <= 10 * u64::from(SLICE), "{held} at {}", got.len());
            }
            assert_eq!(got, content(LONG, 0));
            cinema.settle();
            // It has been left behind, and there is nowhere to get the rest of it from.
            if let Some(slow) = slow {
                assert_eq!(cinema.collect(slow).body, None);
            }
            assert_eq!(cinema.script.asked(), ["GET /film.mp4"]);
        }
    }
}

#[test]
fn a_slow_viewer_of_what_is_forgotten_gets_all_of_it_while_it_is_the_only_one() {
    let cinema = Cinema::showing(endless());
    let viewer = cinema.serve(&cinema.sample);
    forget(&cinema);
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert!(cinema.cache.inner.fills.held() <= 6 * u64::from(SLICE));
    assert_eq!(cinema.collect(viewer).body.unwrap(), content(LONG, 0));
}

#[test]
fn a_range_at_the_end_of_all_numbers_is_answered_like_any_other() {
    let ends = [
        "18446744073709551600-18446744073709551610",
        "18446744073709551615-",
        "-18446744073709551615",
    ];
    let middle =
        ["9223372036854775807-9223372036854775808", "9223372036854775806-9223372036854775807"];
    for range in ends.into_iter().chain(middle) {
        for knows_ranges in [true, false] {
            let cinema = Cinema::showing(Film { knows_ranges, ..Film::of(LONG) });
            let got = cinema.get(&[("range", &format!("bytes={range}"))]);
            let is_suffix = range.starts_with('-');
            assert_eq!(got.status, if is_suffix { 206 } else { 416 }, "{range}");
        }
    }
}

#[test]
fn an_object_that_says_it_is_longer_than_anything_is_not_believed() {
    for length in ["9223372036854775808", "18446744073709551614", "18446744073709551615"] {
        // As a whole, and as a part.
        let film = Film { tells_length: false, ..Film::of(SLICE as usize) };
        let whole = Cinema::showing(film.clone().with("content-length", length));
        assert_eq!(whole.get(&[]).status, 502, "{length}");
        let part = Film { knows_ranges: false, status: 206, ..film };
        let told = format!("bytes 0-4095/{length}");
        let part = Cinema::showing(part.with("content-range", &told));
        let got = part.get(&[("range", "bytes=0-9")]);
        assert_eq!(got.outcome, crate::outcome::CacheOutcome::Miss);
        part.settle();
        assert_eq!(part.cache.counts().memory_entries, 0);
    }
}
