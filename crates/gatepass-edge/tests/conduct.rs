//! What a stranger can send, and how the edge bears it. Each limit is gone beyond.

mod support;

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use support::{Answer, site};

#[test]
fn a_url_of_8192_bytes_is_read_and_one_more_is_not() {
    let site = site().start();
    let target = |length: usize| format!("/public/a.txt?{}", "x".repeat(length - 14));
    assert_eq!(site.get(&target(8_192)).status(), 200);
    let answer = site.get(&target(8_193)).answer();
    assert_eq!((answer.status, answer.header("Connection")), (414, Some("close")));
}

#[test]
fn headers_beyond_32768_bytes_are_answered_with_494() {
    let site = site().start();
    assert_eq!(site.get("/public/a.txt").with("X-Long", &"x".repeat(32_000)).status(), 200);
    let answer = site.get("/public/a.txt").with("X-Long", &"x".repeat(33_000)).answer();
    assert_eq!((answer.status, answer.header("Connection")), (494, Some("close")));
    let far_beyond = site.get("/public/a.txt").with("X-Long", &"x".repeat(200_000)).answer();
    assert!(far_beyond.status >= 400, "{far_beyond:?}");
}

#[test]
fn a_request_needs_one_host() {
    let site = site().start();
    let none = site.raw(b"GET /public/a.txt HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_eq!(Answer::read(&none).status, 400);
    assert_eq!(site.get("/public/a.txt").with("Host", "other.test").status(), 400);
    assert_eq!(site.get("/public/a.txt").host("media.test/x").status(), 400);
}

#[test]
fn slow_headers_are_cut_off() {
    let site = site()
        .with_config(|config| config.limits.request_timeout = Duration::from_millis(300))
        .start();
    for beginning in [&b""[..], b"G", b"PRI * HT", b"GET / HTTP/1.1\r\nHost: medi"] {
        let begun = Instant::now();
        let answer = site.raw(beginning);
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{beginning:?}");
    }
}

#[test]
fn an_idle_connection_is_closed() {
    let site = site()
        .with_config(|config| config.limits.request_timeout = Duration::from_millis(300))
        .start();
    let mut stream = site.connect();
    write!(stream, "GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(b"for all"));
}

#[test]
fn connections_beyond_the_limit_are_closed_at_once() {
    let site = site().with_config(|config| config.limits.connections = 2).start();
    let first = site.connect();
    let _second = site.connect();
    std::thread::sleep(Duration::from_millis(100));
    let mut third = site.connect();
    let closed = match third.read(&mut [0; 1]) {
        Ok(0) => true,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
        Ok(_) => false,
    };
    assert!(closed);
    drop(first);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(site.get("/public/a.txt").status(), 200);
}

#[test]
fn a_viewer_that_takes_nothing_is_cut_off() {
    let site = site()
        .with_config(|config| config.limits.stall_timeout = Duration::from_millis(300))
        .start();
    std::fs::write(site.path().join("public/big.bin"), vec![0; 64 * 1024 * 1024]).unwrap();
    let mut stream = site.connect();
    write!(stream, "GET /public/big.bin HTTP/1.1\r\nHost: media.test\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    let mut taken = 0;
    let mut buffer = vec![0; 1024 * 1024];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        taken += length;
    }
    assert!(taken < 60 * 1024 * 1024, "{taken} bytes were still to be had");
}

#[test]
fn draining_finishes_what_runs_and_takes_nothing_new() {
    let mut site = site().start();
    std::fs::write(site.path().join("public/big.bin"), vec![7; 16 * 1024 * 1024]).unwrap();
    let mut running = site.connect();
    write!(running, "GET /public/big.bin HTTP/1.1\r\nHost: media.test\r\n\r\n").unwrap();
    let mut begun = [0; 4_096];
    running.read_exact(&mut begun).unwrap();
    let address = site.address;
    let reader = std::thread::spawn(move || {
        let mut rest = Vec::new();
        running.read_to_end(&mut rest).unwrap();
        rest.len()
    });
    site.drain();
    assert!(reader.join().unwrap() + begun.len() > 16 * 1024 * 1024);
    assert!(std::net::TcpStream::connect(address).is_err());
}

/// The preface, empty SETTINGS, and HEADERS on stream 1 for `http://media.test/public/a.txt`.
fn http2_request() -> Vec<u8> {
    http2_request_with(&[])
}

fn http2_request_with(settings: &[u8]) -> Vec<u8> {
    let byte = |length: usize| u8::try_from(length).expect("a frame of ours is short");
    let mut frames = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frames.extend([0, 0, byte(settings.len()), 4, 0, 0, 0, 0, 0]);
    frames.extend(settings);
    let mut block = vec![0x82, 0x86];
    for (name, value) in [(0x04, &b"/public/a.txt"[..]), (0x01, b"media.test")] {
        block.push(name);
        block.push(byte(value.len()));
        block.extend_from_slice(value);
    }
    frames.extend([0, 0, byte(block.len()), 1, 0x05, 0, 0, 0, 1]);
    frames.extend(block);
    frames
}

#[test]
fn speaks_cleartext_http2() {
    let site = site().start();
    let mut stream = site.connect();
    stream.write_all(&http2_request()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut answer = Vec::new();
    let mut buffer = [0; 4_096];
    while !answer.windows(7).any(|window| window == b"for all") {
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "{answer:?}");
        answer.extend_from_slice(&buffer[..length]);
    }
}

#[test]
fn an_idle_http2_connection_is_closed() {
    let site = site()
        .with_config(|config| config.limits.request_timeout = Duration::from_millis(300))
        .start();
    let mut stream = site.connect();
    stream.write_all(&http2_request()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.windows(7).any(|window| window == b"for all"));
}

#[test]
fn an_http2_viewer_that_takes_nothing_is_cut_off() {
    let site = site()
        .with_config(|config| config.limits.stall_timeout = Duration::from_millis(300))
        .start();
    let mut stream = site.connect();
    // SETTINGS_INITIAL_WINDOW_SIZE = 0: no answer may be sent before the viewer says so.
    let no_window = [0, 4, 0, 0, 0, 0];
    stream.write_all(&http2_request_with(&no_window)).unwrap();
    let begun = Instant::now();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.windows(7).any(|window| window == b"for all"));
    assert!(begun.elapsed() < Duration::from_secs(10));
}
