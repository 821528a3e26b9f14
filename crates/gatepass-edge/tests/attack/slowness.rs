//! Viewers that take their time, or have no end: each is cut off, and others are served meanwhile.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{Answer, Site, site};

fn impatient() -> Site {
    let limit = Duration::from_millis(400);
    site()
        .with_config(|config| {
            config.limits.request_timeout = limit;
            config.limits.stall_timeout = limit;
        })
        .start()
}

/// Sends the pieces one by one, every 50 ms, until the edge closes; how long that took.
fn trickle(stream: &mut TcpStream, pieces: impl Iterator<Item = Vec<u8>>) -> Duration {
    let begun = Instant::now();
    for piece in pieces {
        if stream.write_all(&piece).is_err() || begun.elapsed() > Duration::from_secs(10) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    begun.elapsed()
}

#[test]
fn headers_a_byte_at_a_time_gain_no_time() {
    let site = impatient();
    let mut stream = site.connect();
    let bytes = b"GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\nX-A: ".iter().copied();
    let endless = bytes.chain(std::iter::repeat(b'a')).map(|byte| vec![byte]);
    assert!(trickle(&mut stream, endless) < Duration::from_secs(5));
    assert_eq!(site.get("/public/a.txt").status(), 200);
}

#[test]
fn a_header_line_now_and_then_gains_no_time() {
    let site = impatient();
    let mut stream = site.connect();
    stream.write_all(b"GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\n").unwrap();
    let lines = (0..).map(|number| format!("X-{number}: b\r\n").into_bytes());
    assert!(trickle(&mut stream, lines) < Duration::from_secs(5));
}

#[test]
fn five_hundred_slow_viewers_keep_nobody_waiting() {
    let site = site().start();
    let slow: Vec<_> = (0..500)
        .map(|_| {
            let mut stream = site.connect();
            stream.write_all(b"GET /public/a.txt HTTP/1.1\r\nHost: med").unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    for _ in 0..20 {
        assert_eq!(site.get("/public/a.txt").status(), 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    drop(slow);
}

#[test]
fn a_body_that_nobody_wants_is_not_waited_for() {
    let site = impatient();
    let mut stream = site.connect();
    let head = "POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nContent-Length: 1000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let begun = Instant::now();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(Answer::read(&answer).status, 403);
    assert!(begun.elapsed() < Duration::from_secs(5));
    // And one that trickles in afterwards keeps nothing open.
    let mut stream = site.connect();
    stream.write_all(head.as_bytes()).unwrap();
    assert!(trickle(&mut stream, std::iter::repeat_with(|| vec![b'a'])) < Duration::from_secs(5));
}

#[test]
fn endless_headers_are_refused_before_they_fill_memory() {
    let site = site().start();
    for (what, line) in [("many lines", "X-A: b\r\n"), ("one line", "aaaaaaaaaaaaaaaa")] {
        let mut stream = site.connect();
        stream.write_all(b"GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\nX-B: ").unwrap();
        let mut sent = 0_usize;
        let chunk = line.repeat(4_096 / line.len());
        while sent < 64 * 1024 * 1024 && stream.write_all(chunk.as_bytes()).is_ok() {
            sent += chunk.len();
        }
        assert!(sent < 16 * 1024 * 1024, "{what}: {sent} bytes were taken");
    }
}

#[test]
fn a_request_may_have_100_headers_and_not_one_more() {
    let site = site().start();
    // `Host` and `Connection` are two of them.
    let with = |count: usize| {
        let lines = (2..count).map(|number| format!("X-{number}: b\r\n"));
        let lines = lines.collect::<Vec<_>>().concat();
        let request = format!(
            "GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\nConnection: close\r\n{lines}\r\n"
        );
        Answer::read(&site.raw(request.as_bytes())).status
    };
    assert_eq!(with(100), 200);
    assert!(matches!(with(101), 400..=499));
}

#[test]
fn a_flood_of_pipelined_requests_is_answered_in_order_and_bounded_by_who_reads() {
    let site = impatient();
    let mut stream = site.connect();
    let request = "GET /private/film.bin HTTP/1.1\r\nHost: media.test\r\n\r\n".repeat(64);
    let begun = Instant::now();
    // Nothing is read: the edge stops reading, too, and closes in the end.
    while stream.write_all(request.as_bytes()).is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(15), "it goes on reading");
    }
}

#[test]
fn a_flood_of_chunk_extensions_is_cut_off() {
    let site = impatient();
    let mut stream = site.connect();
    let head =
        "POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: chunked\r\n\r\n1;";
    stream.write_all(head.as_bytes()).unwrap();
    let mut sent = 0;
    while sent < 64 * 1024 * 1024 && stream.write_all(&[b'a'; 4_096]).is_ok() {
        sent += 4_096;
    }
    assert!(sent < 16 * 1024 * 1024, "{sent} bytes were taken");
}
