//! Conditional requests, from header to status. Their rules are tested where they are kept.

use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};

use crate::origin;

const BEFORE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

#[test]
fn what_the_viewer_has_is_not_modified() {
    let origin = origin::serving("a.txt", "text");
    let first = origin.get("/a.txt");
    let (etag, modified) = (first.header(&ETAG), first.header(&LAST_MODIFIED));
    let weak = format!("W/{etag}");
    let list = format!("\"x\", {etag}");
    for header in [
        (IF_NONE_MATCH, etag),
        (IF_NONE_MATCH, &weak),
        (IF_NONE_MATCH, &list),
        (IF_NONE_MATCH, "*"),
        (IF_MODIFIED_SINCE, modified),
    ] {
        for answer in [
            origin.get_with("/a.txt", &[header.clone(), (RANGE, "bytes=0-0")]),
            origin.head_with("/a.txt", &[header]),
        ] {
            assert_eq!(answer.status, 304);
            assert_eq!(answer.header(&ETAG), etag);
            assert_eq!(answer.header(&LAST_MODIFIED), modified);
            for absent in [ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_TYPE] {
                assert_eq!(answer.header(&absent), "");
            }
            assert!(answer.body.is_empty());
        }
    }
}

#[test]
fn what_is_new_to_the_viewer_is_sent() {
    let origin = origin::serving("a.txt", "text");
    for header in [(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, BEFORE)] {
        let answer = origin.get_with("/a.txt", &[header]);
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, &b"text"[..]));
    }
}

#[test]
fn the_wrong_state_fails() {
    let origin = origin::serving("a.txt", "text");
    let first = origin.get("/a.txt");
    let weak = format!("W/{}", first.header(&ETAG));
    for header in [(IF_MATCH, "\"x\""), (IF_MATCH, &weak), (IF_UNMODIFIED_SINCE, BEFORE)] {
        let answer = origin.get_with("/a.txt", &[header]);
        assert_eq!(answer.status, 412);
        assert!(answer.body.is_empty());
    }
    for header in [
        (IF_MATCH, first.header(&ETAG)),
        (IF_MATCH, "*"),
        (IF_UNMODIFIED_SINCE, first.header(&LAST_MODIFIED)),
    ] {
        assert_eq!(origin.get_with("/a.txt", &[header]).status, 200);
    }
}

#[test]
fn an_absent_file_is_not_found_whatever_the_conditions() {
    let origin = origin::empty();
    for header in [(IF_MATCH, "*"), (IF_NONE_MATCH, "*")] {
        assert_eq!(origin.get_with("/a", &[header]).status, 404);
    }
}

#[test]
fn a_range_is_continued_only_in_the_same_state() {
    let origin = origin::serving("a.txt", "text");
    let first = origin.get("/a.txt");
    let status = |value: &str| {
        origin.get_with("/a.txt", &[(RANGE, "bytes=1-2"), (IF_RANGE, value)]).status.as_u16()
    };
    assert_eq!(status(first.header(&ETAG)), 206);
    assert_eq!(status(first.header(&LAST_MODIFIED)), 206);
    assert_eq!(status(&format!("W/{}", first.header(&ETAG))), 200);
    assert_eq!(status("\"x\""), 200);
    assert_eq!(status(BEFORE), 200);
    assert_eq!(status("Fri, 01 Jan 2100 00:00:00 GMT"), 200);
    let beyond = [(RANGE, "bytes=9-"), (IF_RANGE, "\"x\"")];
    assert_eq!(origin.get_with("/a.txt", &beyond).status, 200);
}
