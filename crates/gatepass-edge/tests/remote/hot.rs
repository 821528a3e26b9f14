//! What is sent over and over from the cache is what the origin has, every time.

use std::io::{Read, Write};

use crate::origin::{Played, played, say};
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

fn showing(film: String) -> Played {
    played(move |stream, _| {
        say(
            stream,
            &format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nCache-Control: max-age=60\r\n\
                 ETag: \"one\"\r\nConnection: close\r\n\r\n{film}",
                film.len()
            ),
        );
    })
}

#[test]
fn what_is_hot_is_sent_as_it_is() {
    let origin = showing(film());
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

#[test]
fn what_no_socket_took_is_not_logged_as_sent() {
    // In one piece, and more than the sockets' buffers hold.
    let length = 32 << 20;
    let origin = showing("x".repeat(length));
    let site = origin.site().with_config(|config| {
        config.cache.slice_bytes = 32 << 20;
        config.cache.memory_bytes = 1 << 30;
    });
    let site = site.start();
    assert_eq!(asked(&site, "").len(), length);
    let mut gone = site.connect();
    gone.write_all(b"GET /film HTTP/1.1\r\nHost: media.test\r\n\r\n").unwrap();
    gone.read_exact(&mut [0; 1_000]).unwrap();
    drop(gone);
    let vitals = site.vitals();
    while vitals.connections() > 0 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let log = site.log();
    let lines = log.lines().filter(|line| line.contains("/film")).collect::<Vec<_>>();
    assert!(lines[0].contains(&format!("\"bytes\":{length},")), "{}", lines[0]);
    assert!(lines[1].contains("\"x_cache\":\"Hit\""), "{}", lines[1]);
    assert!(!lines[1].contains(&format!("\"bytes\":{length},")), "{}", lines[1]);
}
