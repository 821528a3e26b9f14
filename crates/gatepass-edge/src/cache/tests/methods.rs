//! OPTIONS, where its answers are kept.

use gatepass_distribution::CachedMethods;
use http::Method;

use crate::asked::sample::Sample;
use crate::cache::script::{Cinema, Film, SLICE, content};
use crate::outcome::CacheOutcome::{Hit, Miss};

fn options(cinema: &Cinema, headers: &[(&str, &str)]) -> Sample {
    let mut sample = Sample { method: Method::OPTIONS, ..cinema.asking(headers) };
    sample.conduct.cached_methods = CachedMethods::GetHeadOptions;
    sample
}

#[test]
fn an_answer_to_options_is_kept_apart_from_one_to_get() {
    let cinema = Cinema::showing(Film::of(100));
    let ask = || cinema.ask(&options(&cinema, &[]));
    assert_eq!((ask().outcome, ask().outcome), (Miss, Hit));
    cinema.script.change(|film| film.content = content(100, 1));
    let got = cinema.get(&[]);
    assert_eq!((got.outcome, got.body.unwrap()), (Miss, content(100, 1)));
    let again = ask();
    assert_eq!((again.outcome, again.body.unwrap()), (Hit, content(100, 0)));
    assert_eq!(cinema.script.asked(), ["OPTIONS /film.mp4", "GET /film.mp4"]);
}

#[test]
fn of_what_options_brings_nobody_gets_a_part() {
    const LONG: usize = 20 * SLICE as usize + 3;

    let cinema = Cinema::showing(Film::of(LONG));
    let particular = [("range", "bytes=5-9"), ("if-none-match", "\"one\"")];
    for _ in 0..3 {
        let got = cinema.ask(&options(&cinema, &particular));
        assert_eq!((got.status, got.body.unwrap()), (200, content(LONG, 0)));
        cinema.settle();
    }
    assert_eq!(cinema.script.asked(), ["OPTIONS /film.mp4"]);
}

#[test]
fn what_is_lost_of_it_is_asked_for_anew_as_a_whole() {
    const LONG: usize = 20 * SLICE as usize + 3;

    let config =
        crate::config::CacheConfig { memory_bytes: 40 << 10, ..crate::cache::script::config() };
    let cinema = Cinema::with(Film::of(LONG), &config);
    for _ in 0..3 {
        let got = cinema.ask(&options(&cinema, &[]));
        assert_eq!((got.status, got.body.unwrap()), (200, content(LONG, 0)));
        cinema.settle();
    }
    assert!(cinema.script.asked().iter().all(|asked| asked == "OPTIONS /film.mp4"));
}
