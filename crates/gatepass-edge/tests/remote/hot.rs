//! What is sent over and over from the cache is what the origin has, every time.

use crate::origin::{played, say};
use crate::support::Site;

/// More than one frame, and text of which every piece depends on where it lies.
fn film() -> String {
    (0..50_001).flat_map(|nth| format!("{nth:06}").into_bytes()).map(char::from).collect()
}

fn asked(site: &Site, headers: &str) -> String {
    let request =
        format!("GET /film HTTP/1.1\r\nHost: media.test\r\nConnection: close\r\n{headers}\r\n");
    let answer = String::from_utf8(site.raw(request.as_bytes())).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn what_is_hot_is_sent_as_it_is() {
    let origin = played(|stream, _| {
        let film = film();
        say(
            stream,
            &format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nCache-Control: max-age=60\r\n\
                 ETag: \"one\"\r\nConnection: close\r\n\r\n{film}",
                film.len()
            ),
        );
    });
    let site = origin.site().start();
    for time in 0..8 {
        assert!(asked(&site, "") == film(), "the {time}. time");
    }
    for time in 0..5 {
        let part = asked(&site, "Range: bytes=7-290000\r\n");
        assert!(part == film()[7..=290_000], "the {time}. time");
    }
    assert_eq!(origin.heads().len(), 1);
}
