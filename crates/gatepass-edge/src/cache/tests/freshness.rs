//! Asking again, serving stale, and what is kept how long.

use std::sync::atomic::Ordering;
use std::thread;

use crate::cache::script::{Cinema, Film, SLICE, content, until};
use crate::outcome::CacheOutcome;

const LONG: usize = 9 * SLICE as usize + 5;

fn kept(film: Film) -> Cinema {
    let cinema = Cinema::showing(film);
    assert_eq!(cinema.get(&[]).outcome, CacheOutcome::Miss);
    cinema.settle();
    cinema.script.asked();
    cinema
}

fn pass(cinema: &Cinema, seconds: u64) {
    cinema.clock.fetch_add(seconds, Ordering::SeqCst);
}

#[test]
fn what_still_holds_is_refreshed_with_its_new_headers() {
    for length in [100, LONG] {
        let cinema = kept(Film::of(length));
        pass(&cinema, 30);
        assert_eq!(cinema.get(&[]).header("age"), "30");
        pass(&cinema, 31);
        cinema.script.change(|film| {
            *film = film.clone().with("cache-control", "max-age=99").with("x-new", "1");
        });
        let got = cinema.get(&[]);
        assert_eq!((got.status, got.outcome), (200, CacheOutcome::RefreshHit));
        assert_eq!((got.header("x-new"), got.header("cache-control")), ("1", "max-age=99"));
        assert_eq!(got.header("content-length"), length.to_string());
        assert_eq!(got.body.unwrap(), content(length, 0));
        pass(&cinema, 90);
        assert_eq!(cinema.get(&[]).outcome, CacheOutcome::Hit);
        assert_eq!(cinema.script.asked(), ["GET /film.mp4 if-none-match: \"one\""]);
    }
}

#[test]
fn what_does_not_hold_is_replaced() {
    for length in [100, LONG] {
        let cinema = kept(Film::of(length));
        pass(&cinema, 61);
        cinema.script.change(|film| {
            *film = Film { content: content(length, 1), ..film.clone().with("etag", "\"two\"") };
        });
        let got = cinema.get(&[]);
        assert_eq!((got.outcome, got.body.unwrap()), (CacheOutcome::Miss, content(length, 1)));
        cinema.settle();
        let got = cinema.get(&[]);
        assert_eq!((got.outcome, got.body.unwrap()), (CacheOutcome::Hit, content(length, 1)));
        assert_eq!(cinema.script.asked(), ["GET /film.mp4 if-none-match: \"one\""]);
    }
}

#[test]
fn one_question_is_asked_for_many_viewers() {
    let cinema = kept(Film::of(LONG));
    pass(&cinema, 61);
    cinema.script.answers.forget_permits(usize::MAX);
    thread::scope(|scope| {
        let viewers: Vec<_> = (0..10).map(|_| scope.spawn(|| cinema.get(&[]))).collect();
        until(|| cinema.cache.counts().flights == 1);
        thread::sleep(std::time::Duration::from_millis(50));
        cinema.script.answers.add_permits(100);
        for viewer in viewers {
            let got = viewer.join().unwrap();
            assert_eq!(got.outcome, CacheOutcome::RefreshHit);
            assert_eq!(got.body.unwrap(), content(LONG, 0));
        }
    });
    assert_eq!(cinema.script.asked().len(), 1);
}

#[test]
fn what_may_be_stale_for_a_while_is_served_at_once_and_fetched_once() {
    let caching = "max-age=60, stale-while-revalidate=30";
    let cinema = kept(Film::of(LONG).with("cache-control", caching));
    pass(&cinema, 61);
    cinema.script.answers.forget_permits(usize::MAX);
    for _ in 0..3 {
        let got = cinema.get(&[]);
        assert_eq!((got.outcome, got.header("age")), (CacheOutcome::Hit, "61"));
        assert_eq!(got.body.unwrap(), content(LONG, 0));
    }
    cinema.script.answers.add_permits(100);
    cinema.settle();
    assert_eq!(cinema.get(&[]).header("age"), "0");
    assert_eq!(cinema.script.asked(), ["GET /film.mp4 if-none-match: \"one\""]);
}

#[test]
fn when_the_origin_fails_what_there_is_is_served_if_it_may_be() {
    let fail: [fn(&mut Film); 2] = [|film| film.is_down = true, |film| film.status = 503];
    for fail in fail {
        let film = Film::of(LONG).with("cache-control", "max-age=60, stale-if-error=600");
        let cinema = kept(film.with("etag", ""));
        pass(&cinema, 100);
        cinema.script.change(fail);
        let got = cinema.get(&[]);
        assert_eq!((got.status, got.outcome), (200, CacheOutcome::RefreshHit));
        assert_eq!(got.body.unwrap(), content(LONG, 0));
        // It is left alone for a moment.
        assert_eq!(cinema.get(&[]).outcome, CacheOutcome::RefreshHit);
        assert_eq!(cinema.script.asked().len(), 1);
        pass(&cinema, 600);
        assert!(cinema.get(&[]).status >= 502);
    }
    let film = Film::of(LONG).with("cache-control", "max-age=60, must-revalidate");
    let cinema = kept(film);
    pass(&cinema, 61);
    cinema.script.change(|film| film.is_down = true);
    let got = cinema.get(&[]);
    assert_eq!((got.status, got.outcome), (502, CacheOutcome::Error));
}

#[test]
fn a_304_about_another_state_is_not_believed() {
    let cinema = kept(Film::of(100));
    pass(&cinema, 61);
    cinema.script.change(|film| *film = Film { status: 304, ..film.clone().with("etag", "\"x\"") });
    let got = cinema.get(&[]);
    assert_ne!(got.outcome, CacheOutcome::RefreshHit);
    assert_eq!(cinema.script.asked().len(), 2);
}

#[test]
fn errors_are_kept_for_a_moment() {
    let film = Film { status: 404, ..Film::of(100).with("cache-control", "") };
    let cinema = Cinema::showing(film);
    for _ in 0..2 {
        let got = cinema.get(&[]);
        assert_eq!((got.status, got.outcome), (404, CacheOutcome::Error));
        cinema.settle();
    }
    assert_eq!(cinema.script.asked().len(), 1);
    cinema.script.change(|film| film.status = 200);
    pass(&cinema, 10);
    assert_eq!(cinema.get(&[]).status, 200);
}

#[test]
fn redirects_are_kept_and_not_followed() {
    let film = Film { status: 301, ..Film::of(0).with("location", "https://one.test/other") };
    let cinema = kept(film);
    let got = cinema.get(&[("range", "bytes=0-1"), ("if-none-match", "\"one\"")]);
    assert_eq!((got.status, got.header("location")), (301, "https://one.test/other"));
    assert_eq!(got.outcome, CacheOutcome::Hit);
    assert_eq!(cinema.script.asked().len(), 0);
}

#[test]
fn cookies_that_nobody_sent_are_kept_back_and_others_make_an_answer_personal() {
    let film = Film::of(100).with("set-cookie", "a=b");
    let mut cinema = Cinema::showing(film);
    for outcome in [CacheOutcome::Miss, CacheOutcome::Hit] {
        let got = cinema.get(&[]);
        assert_eq!((got.outcome, got.header("set-cookie")), (outcome, ""));
        cinema.settle();
    }
    cinema.sample = cinema.sample.sending(|policy| {
        policy.cookies = gatepass_distribution::Selection::All;
    });
    cinema.sample.url = "https://one.test/other".into();
    for _ in 0..2 {
        let got = cinema.get(&[]);
        assert_eq!((got.outcome, got.header("set-cookie")), (CacheOutcome::Miss, "a=b"));
        cinema.settle();
    }
}

#[test]
fn a_304_that_sets_a_cookie_refreshes_what_there_is_where_cookies_are_kept_back() {
    for length in [100, LONG] {
        let cinema = kept(Film::of(length));
        cinema.script.change(|film| *film = film.clone().with("set-cookie", "a=b"));
        pass(&cinema, 61);
        for outcome in [CacheOutcome::RefreshHit, CacheOutcome::Hit] {
            let got = cinema.get(&[]);
            assert_eq!((got.outcome, got.header("set-cookie")), (outcome, ""));
            assert_eq!(got.body.unwrap(), content(length, 0));
        }
        assert_eq!(cinema.script.asked(), ["GET /film.mp4 if-none-match: \"one\""]);
    }
}

#[test]
fn a_304_that_sets_a_cookie_is_for_one_viewer_alone_where_cookies_are_sent() {
    for length in [100, LONG] {
        let mut cinema = Cinema::showing(Film::of(length));
        cinema.sample = cinema.sample.sending(|policy| {
            policy.cookies = gatepass_distribution::Selection::All;
        });
        cinema.get(&[]);
        cinema.settle();
        cinema.script.asked();
        cinema.script.change(|film| *film = film.clone().with("set-cookie", "a=b"));
        pass(&cinema, 61);
        cinema.script.answers.forget_permits(usize::MAX);
        thread::scope(|scope| {
            let viewers: Vec<_> = (0..3).map(|_| scope.spawn(|| cinema.get(&[]))).collect();
            until(|| cinema.cache.counts().flights == 1);
            thread::sleep(std::time::Duration::from_millis(50));
            cinema.script.answers.add_permits(100);
            for viewer in viewers {
                let got = viewer.join().unwrap();
                assert_eq!((got.header("set-cookie"), got.header("age")), ("a=b", "0"));
                assert_eq!(got.body.unwrap(), content(length, 0));
            }
        });
        // Each asked for itself, and none got a body: what there is has not been dropped.
        assert_eq!(cinema.script.asked(), ["GET /film.mp4 if-none-match: \"one\""; 3]);
        cinema.settle();
        // Once none is set any longer it is refreshed for everybody, without a cookie.
        cinema.script.change(|film| *film = film.clone().with("set-cookie", ""));
        for outcome in [CacheOutcome::RefreshHit, CacheOutcome::Hit] {
            let got = cinema.get(&[]);
            assert_eq!((got.outcome, got.header("set-cookie")), (outcome, ""));
        }
    }
}

#[test]
fn a_304_that_forbids_to_keep_it_is_for_who_asked_and_drops_what_there_is() {
    let cinema = kept(Film::of(LONG));
    cinema.script.change(|film| *film = film.clone().with("cache-control", "private"));
    pass(&cinema, 61);
    assert_eq!(cinema.get(&[]).body.unwrap(), content(LONG, 0));
    assert_eq!(cinema.get(&[]).outcome, CacheOutcome::Miss);
    let told = ["GET /film.mp4 if-none-match: \"one\"", "GET /film.mp4"];
    assert_eq!(cinema.script.asked(), told);
}
