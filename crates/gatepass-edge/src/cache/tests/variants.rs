//! `Vary`, HEAD, and other ways to ask for the same.

use http::Method;

use crate::asked::sample::{Sample, only};
use crate::cache::script::{Cinema, Film, SLICE, content, until};
use crate::outcome::CacheOutcome;

const LONG: usize = 9 * SLICE as usize + 5;

/// The origin gets `Accept-Language`, and the cache key doesn't hold it.
fn polyglot(vary: &str) -> Cinema {
    let mut cinema = Cinema::showing(Film::of(LONG).with("vary", vary));
    let sample = cinema.sample.clone();
    cinema.sample = sample.sending(|policy| policy.headers = only(["accept-language"]));
    cinema
}

#[test]
fn variants_are_told_apart_by_what_the_origin_was_sent() {
    let cinema = polyglot("Accept-Language, ACCEPT-language");
    for (language, outcome) in [
        ("de", CacheOutcome::Miss),
        ("en", CacheOutcome::Miss),
        ("de", CacheOutcome::Hit),
        ("en", CacheOutcome::Hit),
        ("fr", CacheOutcome::Miss),
    ] {
        let got = cinema.get(&[("accept-language", language), ("user-agent", language)]);
        assert_eq!((got.outcome, got.body.unwrap()), (outcome, content(LONG, 0)), "{language}");
        cinema.settle();
    }
    assert_eq!(cinema.get(&[]).outcome, CacheOutcome::Miss);
}

#[test]
fn who_waits_for_another_variant_gets_its_own() {
    let cinema = polyglot("accept-language");
    cinema.script.answers.forget_permits(usize::MAX);
    std::thread::scope(|scope| {
        let ask = |language| cinema.get(&[("accept-language", language)]);
        let viewers: Vec<_> = ["de", "en", "de", "en", "fr"]
            .map(|language| scope.spawn(move || ask(language)))
            .into();
        until(|| cinema.cache.counts().flights == 1);
        std::thread::sleep(std::time::Duration::from_millis(50));
        cinema.script.answers.add_permits(100);
        for viewer in viewers {
            assert_eq!(viewer.join().unwrap().body.unwrap(), content(LONG, 0));
        }
    });
    assert_eq!(cinema.script.asked().len(), 3);
}

#[test]
fn what_varies_by_everything_is_not_kept() {
    let cinema = polyglot("accept-language, *");
    for _ in 0..2 {
        assert_eq!(cinema.get(&[]).outcome, CacheOutcome::Miss);
        cinema.settle();
    }
}

#[test]
fn forgetting_an_object_forgets_its_variants() {
    let cinema = polyglot("accept-language");
    let ask = |language| cinema.get(&[("accept-language", language)]).outcome;
    for language in ["de", "en"] {
        assert_eq!(ask(language), CacheOutcome::Miss);
        cinema.settle();
    }
    cinema.cache.forget(&cinema.sample.ask(crate::cache::key::CacheKey::of));
    for language in ["de", "en"] {
        assert_eq!(ask(language), CacheOutcome::Miss);
        cinema.settle();
    }
}

#[test]
fn forgetting_an_object_forgets_a_variant_that_is_on_its_way() {
    // By the names that it is told apart by already, and by one more.
    for vary in ["accept-language", "accept-language, x-more"] {
        for length in [100, LONG] {
            let cinema = polyglot("accept-language");
            let ask = |language| cinema.get(&[("accept-language", language)]);
            ask("de");
            cinema.settle();
            let film = || Film::of(length).with("vary", vary);
            cinema.script.change(|shown| *shown = film());
            cinema.script.answers.forget_permits(usize::MAX);
            std::thread::scope(|scope| {
                let on_its_way = scope.spawn(|| ask("en"));
                until(|| cinema.cache.counts().flights == 1);
                cinema.cache.forget(&cinema.sample.ask(crate::cache::key::CacheKey::of));
                let flights = cinema.cache.counts().flights;
                cinema.script.answers.add_permits(100);
                assert_eq!(flights, 0, "nobody boards it from now on");
                assert_eq!(on_its_way.join().unwrap().body.unwrap(), content(length, 0));
            });
            cinema.settle();
            let changed = Film { content: content(length, 1), ..film() };
            cinema.script.change(|shown| *shown = changed);
            let got = ask("en");
            assert_eq!(got.outcome, CacheOutcome::Miss, "{vary} {length}");
            assert_eq!(got.body.unwrap(), content(length, 1));
        }
    }
}

#[test]
fn a_head_request_is_answered_from_a_kept_get() {
    let cinema = Cinema::showing(Film::of(LONG));
    let head = Sample { method: Method::HEAD, ..cinema.sample.clone() };
    let got = cinema.ask(&head);
    assert_eq!((got.status, got.outcome), (200, CacheOutcome::Miss));
    assert_eq!(got.header("content-length"), LONG.to_string());
    assert_eq!(got.body.unwrap(), "");
    cinema.get(&[]);
    cinema.settle();
    let got = cinema.ask(&head);
    assert_eq!((got.status, got.outcome), (200, CacheOutcome::Hit));
    assert_eq!(got.header("content-length"), LONG.to_string());
    assert_eq!(got.body.unwrap(), "");
    assert_eq!(cinema.script.asked(), ["HEAD /film.mp4", "GET /film.mp4"]);
}

#[test]
fn a_policy_that_keeps_nothing_passes_requests_on_as_they_are() {
    let mut cinema = Cinema::showing(Film::of(LONG));
    cinema.sample.cache_policy.ttls.maximum = 0;
    cinema.sample.cache_policy.ttls.default = 0;
    for _ in 0..2 {
        let got = cinema.get(&[("range", "bytes=7-8"), ("if-none-match", "\"x\"")]);
        assert_eq!((got.status, got.outcome), (206, CacheOutcome::Miss));
        assert_eq!(got.body.unwrap(), content(LONG, 0)[7..9]);
    }
    assert_eq!(cinema.script.asked(), ["GET /film.mp4 range: bytes=7-8 if-none-match: \"x\""; 2]);
}
