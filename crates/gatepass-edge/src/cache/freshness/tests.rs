use std::time::{Duration, UNIX_EPOCH};

use gatepass::EpochTime;
use gatepass_distribution::{Selection, Ttls};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_cache_semantics::{CacheOptions, CachePolicy};
use httpdate::fmt_http_date;
use proptest::prelude::*;

use super::{Freshness, Keeping, Lifetime, Terms, keeping};
use crate::asked::sample::{NOW, Sample, get, only};

const BY_ORIGIN: Ttls = Ttls { minimum: 0, default: 0, maximum: 1 << 31 };
const OPTIMIZED: Ttls = Ttls { minimum: 1, default: 86_400, maximum: 31_536_000 };
const NEVER: Ttls = Ttls { minimum: 0, default: 0, maximum: 0 };
const SHORT: Ttls = Ttls { minimum: 20, default: 60, maximum: 100 };

fn at(seconds: u64) -> EpochTime {
    EpochTime::new(seconds).unwrap()
}

fn date(offset: i64) -> String {
    fmt_http_date(UNIX_EPOCH + Duration::from_secs(NOW.checked_add_signed(offset).unwrap()))
}

fn headers(lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn terms(ttls: Ttls) -> Terms {
    Terms { ttls, has_authorization: false, error_seconds: None }
}

fn keep(status: u16, lines: &[&str], terms: Terms) -> Result<Lifetime, &'static str> {
    let status = StatusCode::from_u16(status).unwrap();
    match keeping(status, &headers(lines), &terms, at(NOW), at(NOW)) {
        Keeping::Kept(lifetime) => Ok(lifetime),
        Keeping::NotKept(reason) => Err(reason),
    }
}

fn seconds(status: u16, lines: &[&str], ttls: Ttls) -> Result<u64, &'static str> {
    keep(status, lines, terms(ttls)).map(|lifetime| lifetime.fresh_for)
}

#[test]
fn cloudfronts_table_holds() {
    let soon = format!("expires: {}", date(50));
    let late = format!("expires: {}", date(5_000));
    let past = format!("expires: {}", date(-50));
    let minimum_0 = Ttls { minimum: 0, ..SHORT };
    for (line, without_minimum, with_minimum) in [
        ("cache-control: max-age=50", Ok(50), 50),
        ("cache-control: max-age=5", Ok(5), 20),
        ("cache-control: max-age=5000", Ok(100), 100),
        ("cache-control: max-age=5, s-maxage=50", Ok(50), 50),
        ("cache-control: max-age=50, s-maxage=5", Ok(5), 20),
        (&soon, Ok(50), 50),
        (&late, Ok(100), 100),
        (&past, Err("no_lifetime"), 20),
        ("x: y", Ok(60), 60),
        ("cache-control: public", Ok(60), 60),
        ("cache-control: no-store, max-age=50", Err("no_store"), 20),
        ("cache-control: private, max-age=50", Err("private"), 20),
        ("cache-control: private=\"x\", max-age=50", Err("private"), 20),
        ("cache-control: no-cache, max-age=50", Err("no_cache"), 20),
        ("pragma: no-cache", Err("no_cache"), 20),
        ("cache-control: max-age=x", Err("no_lifetime"), 20),
    ] {
        assert_eq!(seconds(200, &[line], minimum_0), without_minimum, "{line}");
        assert_eq!(seconds(200, &[line], SHORT), Ok(with_minimum), "{line}");
        assert!(seconds(200, &[line], NEVER).is_err(), "{line}");
    }
    assert_eq!(seconds(200, &[&late, "cache-control: max-age=7"], BY_ORIGIN), Ok(7));
    assert_eq!(seconds(200, &[&late, &soon], BY_ORIGIN), Ok(50));
    assert_eq!(seconds(200, &[&late, "expires: 0"], BY_ORIGIN), Err("no_lifetime"));
    assert_eq!(seconds(200, &[], BY_ORIGIN), Err("no_lifetime"));
    assert_eq!(seconds(200, &["x: y"], OPTIMIZED), Ok(86_400));
}

#[test]
fn what_is_stale_at_once_is_kept_if_it_can_be_asked_for_again() {
    let validators = ["etag: \"x\"", "etag: W/\"x\"", &format!("last-modified: {}", date(-9))];
    for validator in validators {
        assert_eq!(seconds(200, &["cache-control: max-age=0", validator], BY_ORIGIN), Ok(0));
        assert_eq!(seconds(200, &[validator], BY_ORIGIN), Err("no_lifetime"), "nobody said so");
    }
    assert_eq!(seconds(200, &["cache-control: no-cache", "etag: \"x\""], BY_ORIGIN), Ok(0));
    for validator in &validators[1..] {
        let lines = ["cache-control: no-cache", validator];
        assert_eq!(seconds(200, &lines, BY_ORIGIN), Err("no_cache"), "it doesn't tell bytes apart");
    }
    let again = keep(200, &["cache-control: no-cache, max-age=9", "etag: \"x\""], terms(BY_ORIGIN));
    let again = again.unwrap();
    assert_eq!(again.freshness(at(NOW)), Freshness::Stale);
    assert!(!again.serves_followers() && again.must_revalidate);
    let stale = "cache-control: max-age=0, stale-if-error=9";
    assert!(keep(200, &[stale], terms(BY_ORIGIN)).is_ok_and(|one| !one.serves_followers()));
}

#[test]
fn nobodys_cookie_is_shared() {
    for ttls in [BY_ORIGIN, OPTIMIZED, SHORT] {
        let lines = ["cache-control: public, max-age=50, s-maxage=50", "set-cookie: a=b"];
        assert_eq!(seconds(200, &lines, ttls), Err("set_cookie"));
        assert_eq!(seconds(404, &lines, ttls), Err("set_cookie"));
    }
}

#[test]
fn what_answers_an_authorization_is_shared_only_if_it_says_so() {
    for ttls in [BY_ORIGIN, OPTIMIZED] {
        let terms = Terms { has_authorization: true, ..terms(ttls) };
        for shared in ["public, max-age=50", "s-maxage=50", "max-age=50, must-revalidate"] {
            let line = format!("cache-control: {shared}");
            assert_eq!(keep(200, &[&line], terms).unwrap().fresh_for, 50, "{shared}");
        }
        for own in ["max-age=50", "max-age=50, proxy-revalidate", "max-age=50, immutable"] {
            let line = format!("cache-control: {own}");
            assert_eq!(keep(200, &[&line], terms), Err("authorization"), "{own}");
        }
    }
}

#[test]
fn an_authorization_counts_if_the_origin_sees_it_and_the_key_does_not() {
    let has = |sample: &Sample| sample.ask(|asked| Terms::of(asked, None).has_authorization);
    let ask = || get("https://e.com/").with("authorization", "Basic x");
    let all = || ask().sending(|policy| policy.headers = Selection::All);
    assert!(!has(&ask()), "the origin is not sent it");
    assert!(has(&all()));
    assert!(has(&Sample { method: Method::POST, ..ask() }));
    assert!(!has(&all().by(|policy| policy.headers = only(["authorization"]))));
    assert!(!has(&get("https://e.com/").sending(|policy| policy.headers = Selection::All)));
}

#[test]
fn errors_are_kept_as_the_operator_says_or_the_origin_or_cloudfront() {
    let own = |error_seconds| Terms { error_seconds, ..terms(SHORT) };
    let keep = |status, lines: &[&str], own_seconds| {
        keep(status, lines, own(own_seconds)).map(|lifetime| lifetime.fresh_for)
    };
    let max_age = ["cache-control: max-age=50"];
    for status in [404, 410, 414, 500, 501, 502, 503, 504] {
        assert_eq!(keep(status, &[], None), Ok(10), "{status}");
        assert_eq!(keep(status, &max_age, None), Ok(50));
        assert_eq!(keep(status, &["cache-control: max-age=5"], None), Ok(5));
        assert_eq!(keep(status, &["cache-control: max-age=0"], None), Err("no_lifetime"));
        assert_eq!(keep(status, &["cache-control: max-age=5000"], None), Ok(100));
        assert_eq!(keep(status, &[], Some(70)), Ok(70));
        assert_eq!(keep(status, &max_age, Some(70)), Ok(70));
        assert_eq!(keep(status, &max_age, Some(7)), Ok(50));
        assert_eq!(keep(status, &[], Some(0)), Err("no_lifetime"));
        assert_eq!(keep(status, &max_age, Some(0)), Ok(50));
        for own in ["no-store", "private", "no-cache"] {
            let line = format!("cache-control: {own}, max-age=50");
            assert!(keep(status, &[&line], Some(70)).is_err(), "{status} {own}");
        }
    }
    for status in [400, 403, 405, 412, 415, 418, 451, 499, 505, 599] {
        assert_eq!(keep(status, &[], None), Err("no_lifetime"), "{status}");
        assert_eq!(keep(status, &max_age, None), Ok(50));
        assert_eq!(keep(status, &[], Some(70)), Ok(70));
    }
    for status in [401, 407, 408, 416, 421, 425, 428, 429, 431, 511, 304] {
        assert_eq!(keep(status, &max_age, Some(70)), Err("status"), "{status}");
    }
}

#[test]
fn a_policy_that_keeps_nothing_keeps_errors_only_if_the_operator_says_so() {
    let keep = |error_seconds| keep(404, &[], Terms { error_seconds, ..terms(NEVER) });
    assert_eq!(keep(None), Err("no_lifetime"));
    assert_eq!(keep(Some(7)).unwrap().fresh_for, 7);
}

#[test]
fn the_default_is_for_statuses_that_are_cacheable_by_themselves() {
    for status in [200, 203, 204, 206, 300, 301, 308] {
        assert_eq!(seconds(status, &[], SHORT), Ok(60), "{status}");
    }
    for status in [201, 202, 299, 302, 303, 307] {
        assert_eq!(seconds(status, &[], SHORT), Err("no_lifetime"), "{status}");
        assert_eq!(seconds(status, &["cache-control: max-age=50"], SHORT), Ok(50));
        assert_eq!(seconds(status, &["cache-control: public"], SHORT), Ok(60));
    }
    let known = ["cache-control: max-age=50, must-understand"];
    assert_eq!(seconds(200, &known, SHORT), Ok(50));
    assert_eq!(seconds(299, &known, SHORT), Err("status"));
}

#[test]
fn what_varies_by_everything_is_not_kept() {
    for line in ["vary: *", "vary: x, *", "vary: *, *", "vary: , *"] {
        let lines = ["cache-control: max-age=50", "vary: a", line];
        assert_eq!(seconds(200, &lines, OPTIMIZED), Err("vary"), "{line}");
    }
    assert_eq!(seconds(200, &["cache-control: max-age=50", "vary: x*"], SHORT), Ok(50));
}

#[test]
fn an_answer_is_as_old_as_the_worst_of_what_it_says() {
    let age = |lines: &[&str], took| {
        let mut lines = lines.to_vec();
        lines.push("cache-control: max-age=100");
        let terms = terms(BY_ORIGIN);
        match keeping(StatusCode::OK, &headers(&lines), &terms, at(NOW - took), at(NOW)) {
            Keeping::Kept(lifetime) => Some(lifetime.initial_age),
            Keeping::NotKept(_) => None,
        }
    };
    let dated = |offset| format!("date: {}", date(offset));
    assert_eq!(age(&[], 0), Some(0));
    assert_eq!(age(&[], 3), Some(3), "it may have been made when it was asked for");
    assert_eq!(age(&["age: 7"], 3), Some(10));
    assert_eq!(age(&["age: 007"], 0), Some(7));
    assert_eq!(age(&["age: 7", &dated(-50)], 3), Some(50));
    assert_eq!(age(&["age: 70", &dated(-50)], 3), Some(73));
    assert_eq!(age(&[&dated(50)], 0), Some(0));
    assert_eq!(age(&["date: yesterday"], 0), Some(0));
    assert_eq!(age(&[&dated(-50), &dated(-60)], 0), Some(0), "two dates are none");
    for unreadable in ["age: x", "age: -7", "age: 7.0", "age: 7, 0", "age: 0, 7", "age: 7;a=b"] {
        assert_eq!(age(&[unreadable], 0), None, "{unreadable}");
    }
    assert_eq!(age(&["age: 0", "age: 0"], 0), None);
}

#[test]
fn expires_is_counted_from_the_origins_own_clock() {
    let expires = |expires, dated: &str| {
        seconds(200, &[&format!("expires: {}", date(expires)), dated], BY_ORIGIN)
    };
    assert_eq!(expires(20, &format!("date: {}", date(10))), Ok(10));
    assert_eq!(expires(20, &format!("date: {}", date(-10))), Ok(30));
    assert_eq!(expires(20, "date: yesterday"), Ok(20));
    assert_eq!(expires(300, &format!("date: {}", date(400))), Err("no_lifetime"));
}

#[test]
fn the_minimum_is_counted_from_when_it_arrived() {
    let kept = keep(200, &["cache-control: max-age=50", "age: 500"], terms(SHORT)).unwrap();
    assert_eq!(kept.remaining(at(NOW)), 20);
    assert_eq!(kept.freshness(at(NOW + 19)), Freshness::Fresh);
    assert_ne!(kept.freshness(at(NOW + 20)), Freshness::Fresh);
}

#[test]
fn stale_answers_have_their_uses_in_order() {
    let line = "cache-control: max-age=10, stale-while-revalidate=20, stale-if-error=40";
    let kept = keep(200, &[line], terms(BY_ORIGIN)).unwrap();
    for (second, freshness) in [
        (0, Freshness::Fresh),
        (9, Freshness::Fresh),
        (10, Freshness::StaleWhileRevalidate),
        (29, Freshness::StaleWhileRevalidate),
        (30, Freshness::StaleIfError),
        (49, Freshness::StaleIfError),
        (50, Freshness::Stale),
    ] {
        assert_eq!(kept.freshness(at(NOW + second)), freshness, "{second}");
    }
    assert_eq!((kept.age(at(NOW + 12)), kept.staleness(at(NOW + 12))), (12, Some(2)));
    assert!(kept.serves_followers());

    let uses = |lines: &[&str], ttls| {
        let kept = keep(200, lines, terms(ttls)).unwrap();
        (kept.stale_while_revalidate, kept.stale_if_error)
    };
    assert_eq!(uses(&[line], Ttls { maximum: 15, ..BY_ORIGIN }), (15, 15));
    assert_eq!(uses(&["cache-control: max-age=10"], SHORT), (0, 100), "as CloudFront does");
    assert_eq!(uses(&["cache-control: max-age=10, stale-if-error=0"], SHORT), (0, 0));
    for forbidding in ["must-revalidate", "proxy-revalidate", "s-maxage=10", "no-cache", "private"]
    {
        let forbidden = format!("{line}, {forbidding}");
        assert_eq!(uses(&[&forbidden], SHORT), (0, 0), "{forbidding}");
        let kept = keep(200, &[&forbidden], terms(SHORT)).unwrap();
        assert_eq!(kept.freshness(at(NOW + 20)), Freshness::Stale);
    }
    let error = keep(404, &[line], terms(BY_ORIGIN)).unwrap();
    assert_eq!((error.stale_while_revalidate, error.stale_if_error), (0, 0));
}

/// Answers that HTTP and CloudFront's table agree on, and that the oracle reads: it knows
/// neither apparent ages nor what is malformed.
fn answers() -> impl Strategy<Value = (u16, Vec<String>)> {
    let status = prop::sample::select(vec![200, 203, 204, 300, 301, 302, 307, 308, 404, 410, 414]);
    let directive = prop_oneof![
        3 => (0_u32..200).prop_map(|seconds| format!("max-age={seconds}")),
        1 => (0_u32..200).prop_map(|seconds| format!("s-maxage={seconds}")),
        1 => prop::sample::select(vec![
            "no-store", "no-cache", "private", "public", "must-revalidate", "immutable", "x=\"y\"",
        ]).prop_map(str::to_owned),
    ];
    let directives = prop::collection::hash_map("[a-d]", directive, 0..4).prop_map(|by_letter| {
        let mut seen: Vec<String> = Vec::new();
        for directive in by_letter.into_values() {
            let name = |text: &str| text.split('=').next().unwrap_or_default().to_owned();
            if seen.iter().all(|other| name(other) != name(&directive)) {
                seen.push(directive);
            }
        }
        seen
    });
    let expires = prop::option::weighted(0.3, -100_i64..200);
    let age = prop::option::weighted(0.3, 0_u32..200);
    let vary = prop::option::weighted(0.1, Just("*"));
    (status, directives, expires, age, vary).prop_map(|(status, directives, expires, age, vary)| {
        let mut lines = vec![format!("date: {}", date(0)), "etag: \"x\"".to_owned()];
        if !directives.is_empty() {
            lines.push(format!("cache-control: {}", directives.join(", ")));
        }
        lines.extend(expires.map(|offset| format!("expires: {}", date(offset))));
        lines.extend(age.map(|age| format!("age: {age}")));
        lines.extend(vary.map(|vary| format!("vary: {vary}")));
        (status, lines)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn where_http_and_cloudfront_agree_another_cache_says_the_same(
        (status, lines) in answers(),
        has_authorization: bool,
        later in 0_u64..250,
    ) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let own = Terms { ttls: BY_ORIGIN, has_authorization, error_seconds: Some(0) };
        let is_fresh = keep(status, &lines, own)
            .is_ok_and(|kept| kept.freshness(at(NOW + later)) == Freshness::Fresh);

        let mut request = Request::get("https://e.com/").body(()).unwrap();
        if has_authorization {
            request.headers_mut().insert("authorization", "x".parse().unwrap());
        }
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        *response.headers_mut() = headers(&lines);
        let options = CacheOptions { shared: true, cache_heuristic: 0.0, immutable_min_time_to_live: Duration::ZERO, ..CacheOptions::default() };
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        let oracle = CachePolicy::new_options(&request, &response, now, options);
        let is_fresh_to_it =
            oracle.is_storable() && !oracle.is_stale(now + Duration::from_secs(later));
        prop_assert_eq!(is_fresh, is_fresh_to_it, "{} {:?} {}", status, lines, has_authorization);
    }
}
