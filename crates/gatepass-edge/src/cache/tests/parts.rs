//! Ranges and conditions.

use proptest::prelude::*;

use crate::cache::script::{Cinema, Film, SLICE, content};
use crate::origin::range::{self, Ranges};
use crate::outcome::CacheOutcome;

const LONG: usize = 20 * SLICE as usize + 5;

#[test]
fn several_ranges_come_in_parts() {
    let cinema = Cinema::showing(Film::of(LONG));
    for outcome in [CacheOutcome::Miss, CacheOutcome::Hit] {
        let got = cinema.get(&[("range", "bytes=0-9,4090-4100,70000-70009")]);
        assert_eq!((got.status, got.outcome), (206, outcome));
        let kind = got.header("content-type").to_owned();
        let boundary = kind.strip_prefix("multipart/byteranges; boundary=").unwrap();
        let body = got.body.unwrap();
        let mut expected = Vec::new();
        for part in [0..10, 4090..4101, 70_000..70_010] {
            let (first, last) = (part.start, part.end - 1);
            let line_end = if first == 0 { "" } else { "\r\n" };
            expected.extend_from_slice(
                format!(
                    "{line_end}--{boundary}\r\nContent-Type: video/mp4\r\n\
                     Content-Range: bytes {first}-{last}/{LONG}\r\n\r\n"
                )
                .as_bytes(),
            );
            expected.extend_from_slice(&content(LONG, 0)[part]);
        }
        expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        assert_eq!(body, expected);
        cinema.settle();
    }
}

#[test]
fn conditions_are_answered_from_what_is_kept() {
    let film = Film::of(LONG).with("last-modified", "Sun, 09 Sep 2001 01:46:40 GMT");
    let cinema = Cinema::showing(film);
    for _ in 0..2 {
        for (name, value, status) in [
            ("if-none-match", "\"one\"", 304),
            ("if-none-match", "\"two\"", 200),
            ("if-match", "\"two\"", 412),
            ("if-match", "\"one\"", 200),
            ("if-modified-since", "Sun, 09 Sep 2001 01:46:40 GMT", 304),
            ("if-modified-since", "Sun, 09 Sep 2001 01:46:39 GMT", 200),
            ("if-unmodified-since", "Sun, 09 Sep 2001 01:46:39 GMT", 412),
        ] {
            let got = cinema.get(&[(name, value)]);
            assert_eq!(got.status, status, "{name}: {value}");
            if status == 304 {
                assert_eq!((got.header("etag"), got.header("content-length")), ("\"one\"", ""));
                assert_eq!(got.header("cache-control"), "max-age=60");
            }
        }
        cinema.settle();
    }
    let range = |condition| cinema.get(&[("range", "bytes=0-0"), ("if-range", condition)]).status;
    assert_eq!(range("\"one\""), 206);
    assert_eq!(range("\"two\""), 200);
}

#[test]
fn a_range_without_a_byte_is_unsatisfiable_and_costs_nothing_once_the_length_is_known() {
    let cinema = Cinema::showing(Film::of(LONG));
    let beyond = format!("bytes={LONG}-");
    let got = cinema.get(&[("range", &beyond)]);
    assert_eq!((got.status, got.header("content-range")), (416, &*format!("bytes */{LONG}")));
    cinema.get(&[("range", "bytes=0-0")]);
    cinema.settle();
    cinema.script.asked();
    let got = cinema.get(&[("range", &beyond)]);
    assert_eq!((got.status, got.header("content-range")), (416, &*format!("bytes */{LONG}")));
    assert_eq!(cinema.script.asked().len(), 0);
}

#[test]
fn an_origin_without_ranges_is_asked_for_all() {
    for (tells_length, status) in [(true, 206), (false, 200)] {
        let film = Film { knows_ranges: false, tells_length, ..Film::of(LONG) };
        let cinema = Cinema::showing(film);
        let got = cinema.get(&[("range", "bytes=50000-50099")]);
        assert_eq!(got.status, status);
        if status == 206 {
            assert_eq!(got.body.unwrap(), content(LONG, 0)[50_000..50_100]);
        } else {
            assert_eq!(got.body.unwrap(), content(LONG, 0));
        }
    }
}

#[test]
fn without_a_strong_validator_parts_pass_as_they_are_asked_for() {
    let cinema = Cinema::showing(Film::of(LONG).with("etag", "W/\"x\""));
    let got = cinema.get(&[("range", "bytes=50000-50099")]);
    assert_eq!((got.status, got.outcome), (206, CacheOutcome::Miss));
    assert_eq!(got.body.unwrap(), content(LONG, 0)[50_000..50_100]);
    assert_eq!(cinema.get(&[]).body.unwrap(), content(LONG, 0));
    cinema.settle();
    let got = cinema.get(&[("range", "bytes=50000-50099")]);
    assert_eq!((got.status, got.outcome), (206, CacheOutcome::Hit));
}

#[test]
fn what_was_lost_without_a_strong_validator_is_fetched_anew_from_the_start() {
    let small =
        crate::config::CacheConfig { memory_bytes: 40 << 10, ..crate::cache::script::config() };
    let cinema = Cinema::with(Film::of(LONG).with("etag", ""), &small);
    for _ in 0..3 {
        assert_eq!(cinema.get(&[]).body.unwrap(), content(LONG, 0));
        cinema.settle();
    }
}

fn a_range() -> impl Strategy<Value = String> {
    let number = 0..=(LONG as u64 + 100);
    let one = prop_oneof![
        (number.clone(), number.clone()).prop_map(|(one, other)| format!(
            "{}-{}",
            one.min(other),
            one.max(other)
        )),
        number.clone().prop_map(|first| format!("{first}-")),
        number.prop_map(|count| format!("-{count}")),
    ];
    prop::collection::vec(one, 1..4).prop_map(|ranges| format!("bytes={}", ranges.join(",")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn whatever_is_asked_in_whatever_order_the_bytes_are_the_origins(
        length in prop_oneof![Just(LONG), 0..LONG],
        asked in prop::collection::vec(a_range(), 1..12),
        tells_length: bool,
        knows_ranges: bool,
        memory_bytes in prop_oneof![Just(64 << 20), Just(100 << 10)],
    ) {
        let film = Film { knows_ranges, tells_length, ..Film::of(length) };
        let config = crate::config::CacheConfig { memory_bytes, ..crate::cache::script::config() };
        let cinema = Cinema::with(film, &config);
        let all = content(length, 0);
        for header in asked {
            let got = cinema.get(&[("range", &header)]);
            let body = got.body.expect("nobody is cut off");
            match (range::parse(&header, length as u64), got.status) {
                (_, 200) => prop_assert_eq!(body, &all),
                (Ranges::Unsatisfiable, status) => prop_assert_eq!(status, 416),
                (Ranges::Parts(parts), 206) => {
                    let mut rest = &body[..];
                    for part in &parts {
                        let (first, last) = (*part.start(), *part.end());
                        let part = &all[usize::try_from(first).unwrap()..=usize::try_from(last).unwrap()];
                        if parts.len() > 1 {
                            let text = format!("Content-Range: bytes {first}-{last}/{length}\r\n\r\n");
                            let at = memchr::memmem::find(rest, text.as_bytes()).unwrap();
                            rest = &rest[at + text.len()..];
                        }
                        prop_assert!(rest.starts_with(part));
                        rest = &rest[part.len()..];
                    }
                    prop_assert!(parts.len() > 1 || rest.is_empty());
                }
                (wanted, status) => prop_assert!(false, "{status} for {wanted:?}"),
            }
        }
    }
}
