//! The head of a response to a plain GET or HEAD.

use std::fs::File;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{
    ACCEPT_RANGES, ALLOW, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE,
    LAST_MODIFIED,
};
use http::{HeaderMap, Method};

use crate::origin::{self, Origin, admitted};

fn touch(origin: &Origin, name: &str, time: SystemTime) {
    File::options().write(true).open(origin.path(name)).unwrap().set_modified(time).unwrap();
}

#[test]
fn a_file_is_described() {
    let origin = origin::serving("page.html", "<p>hello</p>");
    touch(&origin, "page.html", UNIX_EPOCH + Duration::from_millis(784_111_777_900));
    let answer = origin.get("/page.html");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, b"<p>hello</p>");
    assert_eq!(answer.header(&CONTENT_TYPE), "text/html; charset=utf-8");
    assert_eq!(answer.header(&CONTENT_LENGTH), "12");
    assert_eq!(answer.header(&ACCEPT_RANGES), "bytes");
    assert_eq!(answer.header(&LAST_MODIFIED), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert!(answer.headers.contains_key(ETAG));
    assert_eq!(answer.headers.len(), 5);
}

#[test]
fn head_answers_as_get_without_the_body() {
    let origin = origin::serving("film.mp4", "moving pictures");
    let (get, head) = (origin.get("/film.mp4"), origin.head_with("/film.mp4", &[]));
    assert_eq!(head.status, 200);
    assert_eq!(head.headers, get.headers);
    assert_eq!(head.header(&CONTENT_LENGTH), "15");
    assert!(head.body.is_empty());
}

#[test]
fn other_methods_are_told_which_are_allowed() {
    let origin = origin::serving("a", "");
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let answer = origin.ask(&method, "/a", &[]);
        assert_eq!(answer.status, 405);
        assert_eq!(answer.header(&ALLOW), "GET, HEAD");
    }
}

#[test]
fn an_empty_file_is_a_file() {
    let answer = origin::serving("empty.bin", "").get("/empty.bin");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header(&CONTENT_LENGTH), "0");
    assert_eq!(answer.header(&CONTENT_TYPE), "application/octet-stream");
    assert_eq!(answer.header(&CONTENT_RANGE), "");
    assert!(answer.body.is_empty());
}

#[test]
fn the_etag_is_strong_and_changes_with_length_time_and_file() {
    let origin = origin::serving("a", "one");
    let time = UNIX_EPOCH + Duration::new(1_000_000_000, 5);
    let etag = || origin.get("/a").header(&ETAG).to_owned();
    touch(&origin, "a", time);
    let first = etag();
    assert!(first.starts_with('"') && first.ends_with('"') && first.len() > 10, "{first}");
    assert_eq!(etag(), first);

    touch(&origin, "a", time + Duration::from_nanos(1));
    assert_ne!(etag(), first, "a nanosecond later");

    std::fs::write(origin.path("a"), "four").unwrap();
    touch(&origin, "a", time);
    assert_ne!(etag(), first, "a byte longer");

    std::fs::write(origin.path("b"), "two").unwrap();
    touch(&origin, "b", time);
    std::fs::rename(origin.path("b"), origin.path("a")).unwrap();
    assert_ne!(etag(), first, "another file");
}

#[test]
fn no_file_is_from_the_future() {
    let origin = origin::serving("a", "one");
    let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    touch(&origin, "a", now + Duration::from_hours(24));
    let nothing = HeaderMap::new();
    let answer = origin.directory.fetch(&admitted(&Method::GET, "/a", &nothing), now);
    assert_eq!(answer.headers()[LAST_MODIFIED], "Sun, 09 Sep 2001 01:46:40 GMT");
}

#[test]
fn a_file_from_before_1970_has_no_date() {
    let origin = origin::serving("a", "one");
    touch(&origin, "a", UNIX_EPOCH - Duration::from_nanos(1));
    let answer = origin.get_with("/a", &[(IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:37 GMT")]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header(&LAST_MODIFIED), "");
    let before = answer.header(&ETAG).to_owned();
    touch(&origin, "a", UNIX_EPOCH + Duration::from_nanos(1));
    let answer = origin.get("/a");
    assert_ne!(answer.header(&ETAG), before);
    assert_eq!(answer.header(&LAST_MODIFIED), "Thu, 01 Jan 1970 00:00:00 GMT");
}
