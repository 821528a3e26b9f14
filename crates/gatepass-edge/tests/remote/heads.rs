//! When the head of an answer leaves: as soon as it is there, where its body may take long.

use std::io::Read;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use crate::origin::{played, read_head, say};
use crate::support::Site;

/// What an origin says of itself, in front of a body that comes once the viewer has the head.
const STREAMS: [&str; 4] = [
    "Cache-Control: no-store\r\n",
    "Cache-Control: no-cache\r\nContent-Type: text/event-stream\r\n",
    "Cache-Control: no-store\r\nContent-Length: 5\r\n",
    "Cache-Control: max-age=60\r\n",
];

#[test]
fn the_head_of_a_stream_does_not_wait_for_its_body() {
    for headers in STREAMS {
        let (viewer_has_the_head, wait) = mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        let origin = played(move |stream, _| {
            say(stream, &format!("HTTP/1.1 200 OK\r\n{headers}Connection: close\r\n\r\n"));
            let wait = wait.lock().unwrap();
            if wait.recv_timeout(Duration::from_secs(5)).is_ok() {
                say(stream, "event");
            }
        });
        let site = origin.site().start();
        // Once more, when it is known to be for each alone.
        let times = if headers.contains("max-age") { 1 } else { 2 };
        for nth in 0..times {
            let (head, body) = streamed(&site, || viewer_has_the_head.send(()).unwrap());
            assert!(head.starts_with("HTTP/1.1 200"), "{headers} {nth}: {head}");
            assert!(body.contains("event"), "{headers} {nth}: {body}");
        }
    }
}

/// The head, and what comes once it has been read.
fn streamed(site: &Site, once_read: impl FnOnce()) -> (String, String) {
    let mut stream = site.connect();
    say(&mut stream, "GET /events HTTP/1.1\r\nHost: media.test\r\nConnection: close\r\n\r\n");
    stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let head = read_head(&mut stream).expect("the head comes without the body");
    once_read();
    let mut body = String::new();
    stream.read_to_string(&mut body).unwrap();
    (head, body)
}

#[test]
fn an_origin_that_fails_at_once_is_still_told_by_the_status() {
    let origin = played(|stream, _| {
        say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nCache-Control: max-age=60\r\n\r\n");
    });
    let site = origin.site().start();
    let answer = site.get("/broken").answer();
    assert_eq!(answer.status, 502);
}
