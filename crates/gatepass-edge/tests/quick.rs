//! The quick way and hyper answer alike, to the byte.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::{Site, guarded, open, site};

/// A body of no length makes a request one for hyper, and nothing else of it.
const FOR_HYPER: &str = "Content-Length: 0\r\n";

fn full() -> Site {
    let site = site().with(|site| {
        let mut compressed = open();
        compressed.conduct.compress = true;
        site.behaviors.insert(0, ("/public/*".parse().unwrap(), compressed));
    });
    let site = site.start();
    let many = "a line that is said again and again\n".repeat(20_000);
    std::fs::write(site.path().join("public/many.txt"), many).unwrap();
    std::fs::write(site.path().join("public/empty.txt"), "").unwrap();
    site
}

/// What the edge sends until it closes, but for what no two answers have in common.
fn answer(site: &Site, request: &str) -> String {
    let bytes = site.raw(request.as_bytes());
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
    let comes_anew = |line: &str| match line.split_once(": ") {
        Some((name @ ("X-Amz-Cf-Id" | "Date"), _)) => format!("{name}: …"),
        _ => line.to_owned(),
    };
    let head: Vec<String> = head.split("\r\n").map(comes_anew).collect();
    let body = match body.split_once("Request ID: ") {
        Some((before, behind)) => format!("{before}Request ID: …{}", &behind[56..]),
        None => body.to_owned(),
    };
    format!("{}\r\n\r\n{body}", head.join("\r\n"))
}

#[test]
fn answers_as_hyper_does_to_the_byte() {
    let site = full();
    let pass = site.pass_for("http://media.test/private/*");
    let guarded = format!("Cookie: {pass}\r\n");
    let long = format!("/{}", "a".repeat(9_000));
    let cases = [
        ("/", ""),
        ("/public/a.txt", ""),
        ("/public/a.txt", "Range: bytes=2-3\r\n"),
        ("/public/a.txt", "Range: bytes=0-1,4-\r\n"),
        ("/public/a.txt", "Range: bytes=90-\r\n"),
        ("/public/a.txt", "If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT\r\n"),
        ("/public/empty.txt", ""),
        ("/public/many.txt", ""),
        ("/public/many.txt", "Accept-Encoding: gzip\r\n"),
        ("/private/film.bin", &guarded),
        ("/private/film.bin", &format!("{guarded}Range: bytes=300000-400000\r\n")),
        ("/private/a.txt", ""),
        ("/private/a.txt", "Cookie: CloudFront-Policy=a\r\n"),
        ("/none", ""),
        ("http://media.test/public/a.txt", ""),
        ("http://other.test/public/a.txt", ""),
        ("/public/a.txt", "Host: media.test\r\n"),
        ("/%2e%2e/a", ""),
        (&long, ""),
    ];
    for (target, headers) in cases {
        for method in ["GET", "HEAD"] {
            let request = |more: &str| {
                format!(
                    "{method} {target} HTTP/1.1\r\nHost: media.test\r\n\
                     Connection: close\r\n{headers}{more}\r\n"
                )
            };
            let (quick, hypers) = (answer(&site, &request("")), answer(&site, &request(FOR_HYPER)));
            assert_eq!(quick, hypers, "{method} {target} {headers}");
        }
    }
}

/// A file whose every byte depends on where it lies.
fn film(site: &Site, length: usize) -> Vec<u8> {
    let byte = |at: usize| u8::try_from((at + (at >> 16)) % 251).unwrap();
    let bytes: Vec<u8> = (0..length).map(byte).collect();
    std::fs::write(site.path().join("public/film.bin"), &bytes).unwrap();
    bytes
}

fn bytes_of(site: &Site, headers: &str) -> Vec<u8> {
    let request = format!(
        "GET /public/film.bin HTTP/1.1\r\nHost: media.test\r\nConnection: close\r\n{headers}\r\n"
    );
    let answer = site.raw(request.as_bytes());
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    answer[end + 4..].to_vec()
}

#[test]
fn a_large_file_arrives_byte_by_byte_as_it_is() {
    let site = full();
    let film = film(&site, 5_000_003);
    assert!(bytes_of(&site, "") == film);
    assert!(bytes_of(&site, "Range: bytes=123456-2345678\r\n") == film[123_456..=2_345_678]);
    let parts = "Range: bytes=5-1000004,3000000-4000000\r\n";
    let (quick, hypers) = (bytes_of(&site, parts), bytes_of(&site, &format!("{parts}{FOR_HYPER}")));
    assert_eq!(quick.len(), hypers.len());
    let place = |part: &[u8]| quick.windows(part.len()).position(|window| window == part);
    let (first, second) = (place(&film[5..=1_000_004]), place(&film[3_000_000..=4_000_000]));
    assert!(first.unwrap() + 1_000_000 < second.unwrap());
}

#[test]
fn what_is_sent_of_a_file_is_logged() {
    let site = full();
    film(&site, 3_000_000);
    bytes_of(&site, "");
    bytes_of(&site, FOR_HYPER);
    let log = site.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("film.bin")).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line.contains("\"bytes\":3000000,")), "{log}");
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_breaks_off() {
    let site = full();
    let length = 64 * 1024 * 1024;
    film(&site, length);
    let mut stream = site.connect();
    stream.write_all(get("/public/film.bin", "").as_bytes()).unwrap();
    let mut first = [0; 1_000];
    stream.read_exact(&mut first).unwrap();
    let file = std::fs::File::options().write(true).open(site.path().join("public/film.bin"));
    file.unwrap().set_len(1_000_000).unwrap();
    let mut rest = Vec::new();
    if let Err(error) = stream.read_to_end(&mut rest) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "it is cut off, not held up");
    }
    assert!(rest.len() < length - 1_000, "it passed for all of it");
}

#[test]
fn what_a_viewer_left_behind_is_not_logged_as_sent() {
    let site = full();
    let length = 64 * 1024 * 1024;
    film(&site, length);
    let mut stream = site.connect();
    stream.write_all(get("/public/film.bin", "").as_bytes()).unwrap();
    stream.read_exact(&mut [0; 1_000]).unwrap();
    drop(stream);
    let vitals = site.vitals();
    while vitals.connections() > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let log = site.log();
    let line = log.lines().find(|line| line.contains("film.bin")).unwrap();
    let bytes = line.split_once("\"bytes\":").unwrap().1.split_once(',').unwrap().0;
    assert!(bytes.parse::<usize>().unwrap() < length, "{line}");
}

#[test]
fn a_viewer_that_takes_nothing_of_a_file_is_cut_off() {
    let site = site()
        .with_config(|config| config.limits.stall_timeout = Duration::from_millis(300))
        .start();
    std::fs::create_dir_all(site.path().join("public")).unwrap();
    film(&site, 64 * 1024 * 1024);
    let mut stream = site.connect();
    stream.write_all(get("/public/film.bin", "").as_bytes()).unwrap();
    stream.read_exact(&mut [0; 1]).unwrap();
    let vitals = site.vitals();
    let began = std::time::Instant::now();
    while vitals.connections() > 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "it is still served");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends requests on one connection, each once the answer to the one before is there.
fn in_turn(stream: &mut TcpStream, requests: &[String]) -> Vec<String> {
    let mut bodies = Vec::new();
    for request in requests {
        stream.write_all(request.as_bytes()).unwrap();
        bodies.push(body(stream));
    }
    bodies
}

/// Reads one answer whose length is told.
fn body(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: media.test\r\n{more}\r\n")
}

#[test]
fn a_connection_goes_on_with_hyper_where_it_has_to() {
    let site = full();
    let requests = [
        get("/public/a.txt", ""),
        get("/", "Connection: keep-alive\r\n"),
        get("/public/a.txt", FOR_HYPER),
        get("/", ""),
        get("/public/a.txt", ""),
    ];
    let bodies = in_turn(&mut site.connect(), &requests);
    assert_eq!(bodies, ["for all", "welcome", "for all", "welcome", "for all"]);
}

#[test]
fn requests_in_one_piece_are_answered_in_their_order() {
    let site = full();
    let mut stream = site.connect();
    let first = [get("/", ""), get("/public/many.txt", ""), get("/public/a.txt", "")].concat();
    let all = first + &get("/", FOR_HYPER) + &get("/public/a.txt", "");
    stream.write_all(all.as_bytes()).unwrap();
    let lengths: Vec<usize> = (0..5).map(|_| body(&mut stream).len()).collect();
    assert_eq!(lengths, [7, 720_000, 7, 7, 7]);
}

#[test]
fn a_head_in_pieces_is_read_whoever_reads_it() {
    let site = full();
    for pieces in [2, 5, 9, 20] {
        let mut stream = site.connect();
        stream.set_nodelay(true).unwrap();
        let request = get("/public/a.txt", "X-Some: header\r\n");
        for piece in request.as_bytes().chunks(request.len().div_ceil(pieces)) {
            stream.write_all(piece).unwrap();
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(body(&mut stream), "for all", "{pieces} pieces");
    }
}

#[test]
fn a_head_beyond_all_limits_is_refused_by_whoever_reads_it() {
    let site = full();
    let long = get("/", &format!("X-Long: {}\r\n", "x".repeat(70_000)));
    let answer = String::from_utf8_lossy(&site.raw(long.as_bytes())).into_owned();
    // The edge's own limit, if hyper had all of it at once.
    let is_refused = ["HTTP/1.1 431 ", "HTTP/1.1 494 "].iter().any(|line| answer.starts_with(line));
    assert!(is_refused, "{answer}");
    let many = get("/", &"X: 1\r\n".repeat(101));
    let answer = String::from_utf8_lossy(&site.raw(many.as_bytes())).into_owned();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[test]
fn a_door_that_closes_lets_an_answer_come_to_its_end() {
    let mut site = full();
    let mut stream = site.connect();
    stream.write_all(get("/public/many.txt", "").as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let reading = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        let length = body(&mut stream).len();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        (length, rest.len())
    });
    site.drain();
    assert_eq!(reading.join().unwrap(), (720_000, 0));
}

#[test]
fn a_gate_is_before_the_quick_way_too() {
    let site = site().with(|site| site.default_behavior = guarded(open())).start();
    let mut stream = site.connect();
    let pass = site.pass_for("http://media.test/index.html");
    let requests = [
        get("/", ""),
        get("/index.html", &format!("Cookie: {pass}\r\n")),
        get("/index.html", ""),
        get("/public/a.txt", &format!("Cookie: {pass}\r\n")),
    ];
    let bodies = in_turn(&mut stream, &requests);
    assert_eq!(bodies[1], "welcome");
    for refused in [0, 2, 3] {
        assert!(bodies[refused].contains("<Error><Code>"), "{}", bodies[refused]);
    }
}
