//! A WebSocket from a viewer through the gate to an origin.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::origin::{Played, played, read_head, say};
use crate::support::Site;

const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Switches, greets, and says everything again until it hears `z`.
fn echoing() -> Played {
    played(|stream, _| {
        say(stream, SWITCHED);
        say(stream, "hello");
        let mut buffer = [0; 1_024];
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            if buffer[..length].contains(&b'z') || stream.write_all(&buffer[..length]).is_err() {
                return;
            }
        }
    })
}

/// Shakes hands as a browser does, and reads the answer's head.
fn shake_hands(site: &Site, cookie: &str) -> (TcpStream, String) {
    let mut stream = site.connect();
    write!(
        stream,
        "GET /private/talk HTTP/1.1\r\nHost: media.test\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: {cookie}\r\n\r\n"
    )
    .unwrap();
    let head = read_head(&mut stream).unwrap();
    (stream, head)
}

fn hear(stream: &mut TcpStream, expected: &str) {
    let mut heard = vec![0; expected.len()];
    stream.read_exact(&mut heard).unwrap();
    assert_eq!(heard, expected.as_bytes());
}

#[test]
fn without_a_pass_a_websocket_is_refused_and_the_origin_is_not_asked() {
    let origin = echoing();
    let site = origin.site().start();
    let elsewhere = site.pass_for("http://media.test/other/*");
    for cookie in ["a=b", &elsewhere] {
        let (_, head) = shake_hands(&site, cookie);
        assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    }
    assert_eq!(origin.heads().len(), 0);
}

#[test]
fn with_a_pass_a_websocket_carries_bytes_both_ways_until_the_origin_closes() {
    let origin = echoing();
    let site = origin.site().start();
    let pass = site.pass_for("http://media.test/private/*");
    let (mut stream, head) = shake_hands(&site, &pass);
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    let head = head.to_ascii_lowercase();
    for line in ["upgrade: websocket", "connection: upgrade", "sec-websocket-accept: s3pplmb"] {
        assert!(head.contains(&format!("\r\n{line}")), "{head}");
    }
    hear(&mut stream, "hello");
    for text in ["one", "two"] {
        say(&mut stream, text);
        hear(&mut stream, text);
    }
    // The pass was good when the request began; what is open stays open.
    site.at(crate::support::NOW + 10_000);
    say(&mut stream, "three");
    hear(&mut stream, "three");
    assert!(shake_hands(&site, &pass).1.starts_with("HTTP/1.1 403 "));
    say(&mut stream, "z");
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "it has ended");

    let [asked] = &origin.heads()[..] else { panic!("{:?}", origin.heads()) };
    let asked = asked.to_ascii_lowercase();
    assert!(asked.contains("\r\nsec-websocket-key: dghlihnhbxbszsbub25jzq==\r\n"), "{asked}");
    assert!(!asked.contains("cloudfront-"), "nothing of the pass: {asked}");
}

#[test]
fn an_origin_that_refuses_to_switch_is_heard() {
    let origin = played(|stream, _| {
        say(stream, "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno");
    });
    let site = origin.site().start();
    let pass = site.pass_for("http://media.test/private/*");
    let (mut stream, head) = shake_hands(&site, &pass);
    assert!(head.starts_with("HTTP/1.1 426 "), "{head}");
    hear(&mut stream, "no");
}

#[test]
fn a_draining_door_waits_for_a_websocket_no_longer_than_its_limit() {
    let limit = Duration::from_millis(500);
    let origin = echoing();
    let mut site = origin.site().with_config(|config| config.limits.drain_timeout = limit).start();
    let pass = site.pass_for("http://media.test/private/*");
    let (mut stream, head) = shake_hands(&site, &pass);
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    hear(&mut stream, "hello");
    let begun = Instant::now();
    site.drain();
    assert!(begun.elapsed() >= limit, "what is open is let go on for a while");
    assert!(begun.elapsed() < limit + Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_)));
}
