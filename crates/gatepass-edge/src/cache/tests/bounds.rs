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
