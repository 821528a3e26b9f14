//! Range requests, byte for byte. How the header is read is tested where that is done.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, RANGE,
};

use crate::origin;

#[test]
fn one_range_is_partial_content() {
    let origin = origin::serving("a.mp4", "0123456789");
    for (range, expected, content_range) in [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=2-5", "2345", "bytes 2-5/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=7-99", "789", "bytes 7-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=-99", "0123456789", "bytes 0-9/10"),
        ("bytes=0-", "0123456789", "bytes 0-9/10"),
    ] {
        let answer = origin.get_with("/a.mp4", &[(RANGE, range)]);
        assert_eq!(answer.status, 206, "{range}");
        assert_eq!(answer.body, expected.as_bytes(), "{range}");
        assert_eq!(answer.header(&CONTENT_RANGE), content_range);
        assert_eq!(answer.header(&CONTENT_LENGTH), expected.len().to_string());
        assert_eq!(answer.header(&CONTENT_TYPE), "video/mp4");
        assert_eq!(answer.header(&ACCEPT_RANGES), "bytes");
        assert_ne!(answer.header(&ETAG), "");
        assert_ne!(answer.header(&LAST_MODIFIED), "");
    }
}

#[test]
fn head_knows_no_ranges() {
    let origin = origin::serving("a", "0123456789");
    for range in ["bytes=2-5", "bytes=99-"] {
        let answer = origin.head_with("/a", &[(RANGE, range)]);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header(&CONTENT_LENGTH), "10");
        assert_eq!(answer.header(&CONTENT_RANGE), "");
    }
}

#[test]
fn a_range_beyond_the_file_is_not_satisfiable() {
    let origin = origin::serving("a", "0123456789").with("empty", "");
    for (path, range, content_range) in [
        ("/a", "bytes=10-", "bytes */10"),
        ("/a", "bytes=-0", "bytes */10"),
        ("/empty", "bytes=0-", "bytes */0"),
        ("/empty", "bytes=0-0", "bytes */0"),
        ("/empty", "bytes=-1", "bytes */0"),
    ] {
        let answer = origin.get_with(path, &[(RANGE, range)]);
        assert_eq!(answer.status, 416, "{range}");
        assert_eq!(answer.header(&CONTENT_RANGE), content_range);
        assert!(answer.body.is_empty());
    }
}

#[test]
fn ranges_that_can_not_be_read_or_served_together_give_the_whole_file() {
    let origin = origin::serving("a", "0123456789abcdefg");
    let many = (0..17).map(|n| format!("{n}-{n}")).collect::<Vec<_>>();
    let many = format!("bytes={}", many.join(","));
    for range in [
        "bytes=x",
        "bytes=5-2",
        "items=0-1",
        "bytes=5-6,0-1",
        "bytes=0-2,2-3",
        "bytes=0-1,17-",
        &many,
    ] {
        let answer = origin.get_with("/a", &[(RANGE, range)]);
        assert_eq!(answer.status, 200, "{range}");
        assert_eq!(answer.body, b"0123456789abcdefg");
        assert_eq!(answer.header(&CONTENT_RANGE), "");
    }
    let twice = [(RANGE, "bytes=0-0"), (RANGE, "bytes=0-0")];
    assert_eq!(origin.get_with("/a", &twice).status, 200);
}

#[test]
fn several_ranges_are_sent_in_one_multipart_body() {
    let origin = origin::serving("a.txt", "0123456789");
    let answer = origin.get_with("/a.txt", &[(RANGE, "bytes=0-1, 4-4,-2")]);
    assert_eq!(answer.status, 206);
    assert_eq!(answer.header(&CONTENT_RANGE), "");
    let boundary = answer.header(&CONTENT_TYPE).strip_prefix("multipart/byteranges; boundary=");
    let boundary = boundary.unwrap();
    let part = |range: &str, content: &str| {
        format!(
            "--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Range: bytes {range}/10\r\n\r\n{content}\r\n"
        )
    };
    let expected = part("0-1", "01") + &part("4-4", "4") + &part("8-9", "89");
    let expected = format!("{expected}--{boundary}--\r\n");
    assert_eq!(String::from_utf8(answer.body.clone()).unwrap(), expected);
    assert_eq!(answer.header(&CONTENT_LENGTH), expected.len().to_string());
}

#[test]
fn several_long_ranges_are_exact_too() {
    let content = origin::noise(1_000_000);
    let origin = origin::serving("a", &content);
    let answer = origin.get_with("/a", &[(RANGE, "bytes=1-300000,300001-300001,400000-")]);
    assert_eq!(answer.header(&CONTENT_LENGTH), answer.body.len().to_string());
    let mut rest = answer.body.as_slice();
    for part in [&content[1..=300_000], &content[300_001..=300_001], &content[400_000..]] {
        let head = rest.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        assert!(rest[head..].starts_with(part));
        rest = &rest[head + part.len() + 2..];
    }
    assert!(rest.starts_with(b"--") && rest.ends_with(b"--\r\n"));
}

#[test]
fn a_boundary_is_never_the_same_for_two_origins() {
    let boundary = || {
        let origin = origin::serving("a", "0123456789");
        origin.get_with("/a", &[(RANGE, "bytes=0-1,3-4")]).header(&CONTENT_TYPE).to_owned()
    };
    assert_ne!(boundary(), boundary());
}

#[test]
fn the_end_of_five_gibibytes_is_at_hand() {
    let origin = origin::empty();
    let mut file = File::create(origin.path("large")).unwrap();
    file.set_len(5 << 30).unwrap();
    file.seek(SeekFrom::End(-3)).unwrap();
    file.write_all(b"end").unwrap();
    let answer = origin.get_with("/large", &[(RANGE, "bytes=-5")]);
    assert_eq!(answer.status, 206);
    assert_eq!(answer.body, b"\0\0end");
    assert_eq!(answer.header(&CONTENT_RANGE), "bytes 5368709115-5368709119/5368709120");
    assert_eq!(origin.head_with("/large", &[]).header(&CONTENT_LENGTH), "5368709120");
}
