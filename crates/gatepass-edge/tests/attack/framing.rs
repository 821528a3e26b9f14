//! Requests whose ends or names can be read in two ways: the raw material of smuggling.
//!
//! Each is followed by a second request in the same bytes, for `/public/smuggled.txt`. Whoever
//! reads the first one in another way than we do must not find that we answered the second.

use crate::support::{Answer, Site, site};

const SECOND: &str = "GET /public/smuggled.txt HTTP/1.1\r\nHost: media.test\r\n\r\n";

/// What a request's readers could disagree on, and what is to become of it.
struct Case {
    name: &'static str,
    first: &'static [u8],
    /// The answers' statuses, of the whole connection. The last one closes it.
    answers: &'static [u16],
}

const fn case(name: &'static str, first: &'static [u8], answers: &'static [u16]) -> Case {
    Case { name, first, answers }
}

/// 400 and the end of the connection.
const REFUSED: &[u16] = &[400];

const CASES: &[Case] = &[
    case(
        "a plain GET: both are answered, so the cases below can fail",
        b"GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\n\r\n",
        &[200, 200],
    ),
    // Content-Length and Transfer-Encoding.
    case(
        "Content-Length, then Transfer-Encoding",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        &[403],
    ),
    case(
        "Transfer-Encoding, then Content-Length",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        &[403],
    ),
    case(
        "Content-Length twice, differing",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nContent-Length: 0\r\nContent-Length: 61\r\n\r\n",
        REFUSED,
    ),
    case(
        "Content-Length as a list, differing",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nContent-Length: 0, 61\r\n\r\n",
        REFUSED,
    ),
    case(
        "Content-Length as a list of the same",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nContent-Length: 0, 0\r\n\r\n",
        REFUSED,
    ),
    case(
        "Content-Length twice, the same: one and the same end, for everybody",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        &[403, 200],
    ),
    case(
        "Content-Length with a plus",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nContent-Length: +0\r\n\r\n",
        REFUSED,
    ),
    case(
        "Content-Length below zero",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nContent-Length: -1\r\n\r\n",
        REFUSED,
    ),
    case(
        "Content-Length in hexadecimal",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nContent-Length: 0x0\r\n\r\n",
        REFUSED,
    ),
    case(
        "Content-Length beyond 64 bits",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nContent-Length: 18446744073709551616\r\n\r\n",
        REFUSED,
    ),
    case(
        "empty Content-Length",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nContent-Length: \r\n\r\n",
        REFUSED,
    ),
    case(
        "Transfer-Encoding: gzip, chunked",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        REFUSED,
    ),
    case(
        "Transfer-Encoding: chunked, gzip",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        REFUSED,
    ),
    case(
        "Transfer-Encoding: identity",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: identity\r\n\r\n",
        REFUSED,
    ),
    case(
        "Transfer-Encoding: xchunked",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        REFUSED,
    ),
    case(
        "Transfer-Encoding: chunked twice in one line",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        REFUSED,
    ),
    case(
        "Transfer-Encoding on two lines",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        REFUSED,
    ),
    case(
        "Transfer-Encoding twice, the same",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        REFUSED,
    ),
    case(
        "empty Transfer-Encoding",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: \r\n\r\n",
        REFUSED,
    ),
    case(
        "Transfer-Encoding with a tab in front of chunked",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n",
        &[403, 200],
    ),
    case(
        "Transfer-Encoding with a vertical tab in front of chunked",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        REFUSED,
    ),
    case(
        "Transfer-Encoding in HTTP/1.0",
        b"POST /public/a.txt HTTP/1.0\r\nHost: media.test\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        REFUSED,
    ),
    case(
        "space before the colon",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        REFUSED,
    ),
    // Lines.
    case(
        "bare CR in a value",
        b"GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\nX-A: b\rX-C: d\r\n\r\n",
        REFUSED,
    ),
    case("bare CR as line ends", b"GET /public/a.txt HTTP/1.1\rHost: media.test\r\r", REFUSED),
    case(
        "bare LF as line ends (RFC 9112 §2.2 allows it): what everybody reads who reads it",
        b"GET /public/a.txt HTTP/1.1\nHost: media.test\n\n",
        &[200, 200],
    ),
    case(
        "a folded line",
        b"GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\nX-A: b\r\n c\r\n\r\n",
        REFUSED,
    ),
    case(
        "a folded Transfer-Encoding",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        REFUSED,
    ),
    case(
        "a first header that begins with a space",
        b"GET /public/a.txt HTTP/1.1\r\n X-A: b\r\nHost: media.test\r\n\r\n",
        REFUSED,
    ),
    case(
        "NUL in a value",
        b"GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\nX-A: b\0c\r\n\r\n",
        REFUSED,
    ),
    case(
        "NUL in a name",
        b"GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\nX-\0A: b\r\n\r\n",
        REFUSED,
    ),
    case(
        "a header without a name",
        b"GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\n: b\r\n\r\n",
        REFUSED,
    ),
    case(
        "a header without a colon",
        b"GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\nX-A\r\n\r\n",
        REFUSED,
    ),
    case(
        "DEL in a value",
        b"GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\nX-A: b\x7f\r\n\r\n",
        REFUSED,
    ),
    // Hosts.
    case("no Host", b"GET /public/a.txt HTTP/1.1\r\n\r\n", REFUSED),
    case("empty Host", b"GET /public/a.txt HTTP/1.1\r\nHost: \r\n\r\n", REFUSED),
    case(
        "Host twice, differing",
        b"GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\nHost: other.test\r\n\r\n",
        REFUSED,
    ),
    case(
        "Host twice, the same",
        b"GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\nHost: media.test\r\n\r\n",
        REFUSED,
    ),
    case(
        "Host with a space",
        b"GET /public/a.txt HTTP/1.1\r\nHost: media.test other.test\r\n\r\n",
        REFUSED,
    ),
    case(
        "Host with user information",
        b"GET /public/a.txt HTTP/1.1\r\nHost: other.test@media.test\r\n\r\n",
        REFUSED,
    ),
    case(
        "Host with a comma: a name that no distribution has",
        b"GET /public/a.txt HTTP/1.1\r\nHost: media.test,other.test\r\n\r\n",
        &[403, 200],
    ),
    // Targets.
    case(
        "absolute form, same Host",
        b"GET http://media.test/public/a.txt HTTP/1.1\r\nHost: media.test\r\n\r\n",
        &[200, 200],
    ),
    case(
        "absolute form, another Host",
        b"GET http://media.test/public/a.txt HTTP/1.1\r\nHost: other.test\r\n\r\n",
        REFUSED,
    ),
    case(
        "absolute form, no Host",
        b"GET http://media.test/public/a.txt HTTP/1.1\r\n\r\n",
        REFUSED,
    ),
    case(
        "absolute form with user information",
        b"GET http://a@media.test/public/a.txt HTTP/1.1\r\nHost: media.test\r\n\r\n",
        REFUSED,
    ),
    case(
        "absolute form of another scheme",
        b"GET ftp://media.test/public/a.txt HTTP/1.1\r\nHost: media.test\r\n\r\n",
        REFUSED,
    ),
    case("CONNECT", b"CONNECT media.test:443 HTTP/1.1\r\nHost: media.test:443\r\n\r\n", REFUSED),
    case("CONNECT with a path", b"CONNECT /public/a.txt HTTP/1.1\r\nHost: media.test\r\n\r\n", REFUSED),
    case("authority form of GET", b"GET media.test:80 HTTP/1.1\r\nHost: media.test\r\n\r\n", REFUSED),
    case("a target without slash", b"GET public/a.txt HTTP/1.1\r\nHost: media.test\r\n\r\n", REFUSED),
    case("asterisk form", b"OPTIONS * HTTP/1.1\r\nHost: media.test\r\n\r\n", REFUSED),
    case("asterisk form of GET", b"GET * HTTP/1.1\r\nHost: media.test\r\n\r\n", REFUSED),
    case("a space in the target", b"GET /public/a.txt b HTTP/1.1\r\nHost: media.test\r\n\r\n", REFUSED),
    case("a tab in the target", b"GET /public/a.txt\tb HTTP/1.1\r\nHost: media.test\r\n\r\n", REFUSED),
    case("two spaces before the version", b"GET /public/a.txt  HTTP/1.1\r\nHost: media.test\r\n\r\n", REFUSED),
    case("bytes beyond ASCII in the target", b"GET /public/\xc3\xa9 HTTP/1.1\r\nHost: media.test\r\n\r\n", &[404, 200]),
    case("a fragment in the target: cut off before anybody reads it, here and behind us", b"GET /public/a.txt#x HTTP/1.1\r\nHost: media.test\r\n\r\n", &[200, 200]),
    // Versions and methods.
    case("HTTP/0.9", b"GET /public/a.txt\r\n\r\n", REFUSED),
    case("HTTP/1.2", b"GET /public/a.txt HTTP/1.2\r\nHost: media.test\r\n\r\n", REFUSED),
    case("HTTP/2.0 in words", b"GET /public/a.txt HTTP/2.0\r\nHost: media.test\r\n\r\n", REFUSED),
    case("http/1.1 in small letters", b"GET /public/a.txt http/1.1\r\nHost: media.test\r\n\r\n", REFUSED),
    case("HTTP/1.0 ends with its answer", b"GET /public/a.txt HTTP/1.0\r\nHost: media.test\r\n\r\n", &[200]),
    case(
        "HTTP/1.0 that is kept alive",
        b"GET /public/a.txt HTTP/1.0\r\nHost: media.test\r\nConnection: keep-alive\r\n\r\n",
        &[200, 200],
    ),
    case("a method with a control character", b"G\x01T /public/a.txt HTTP/1.1\r\nHost: media.test\r\n\r\n", REFUSED),
    case("a method in small letters", b"get /public/a.txt HTTP/1.1\r\nHost: media.test\r\n\r\n", &[403, 200]),
    // Chunks.
    case(
        "a chunk's size beyond 64 bits",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\nx\r\n0\r\n\r\n",
        &[403],
    ),
    case(
        "a chunk's size below zero",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n",
        &[403],
    ),
    case(
        "a chunk's size in C's hexadecimal",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
        &[403],
    ),
    case(
        "a chunk that is longer than it says",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n",
        &[403],
    ),
    case(
        "a chunk that ends with a bare LF",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\n0\r\n\r\n",
        &[403],
    ),
    case(
        "a chunk extension that holds a bare LF",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: chunked\r\n\r\n0;a=b\nGET / HTTP/1.1\r\n\r\n",
        &[403],
    ),
    case(
        "trailers that name the framing",
        b"POST /public/a.txt HTTP/1.1\r\nHost: media.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 61\r\nTransfer-Encoding: chunked\r\n\r\n",
        &[403, 200],
    ),
];

#[test]
fn every_request_is_read_in_one_way_or_refused() {
    let site = site().start();
    std::fs::write(site.path().join("public/smuggled.txt"), "smuggled").unwrap();
    let mut wrong = Vec::new();
    for case in CASES {
        let got = answers(&site, case.first);
        if got != case.answers {
            wrong.push(format!("{}: {got:?} instead of {:?}", case.name, case.answers));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The statuses of all answers to a first request and the second one behind it.
fn answers(site: &Site, first: &[u8]) -> Vec<u16> {
    let last = SECOND.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let bytes = [first, last.as_bytes()].concat();
    statuses(&site.raw(&bytes))
}

fn statuses(mut answers: &[u8]) -> Vec<u16> {
    let mut statuses = Vec::new();
    while answers.windows(4).any(|window| window == b"\r\n\r\n") {
        let answer = Answer::read(answers);
        let length: usize = answer.header("Content-Length").map_or(0, |text| text.parse().unwrap());
        statuses.push(answer.status);
        answers = &answers[(answer.head.len() + 4 + length).min(answers.len())..];
    }
    assert!(answers.is_empty(), "{:?}", String::from_utf8_lossy(answers));
    statuses
}

#[test]
fn what_follows_a_refused_request_with_a_body_is_never_read_as_a_request() {
    let site = site().start();
    std::fs::write(site.path().join("public/smuggled.txt"), "smuggled").unwrap();
    // The body is a request; it is refused before the body is read, or after.
    for target in ["/public/a.txt", "/private/a.txt", "//../a", &format!("/{}", "x".repeat(9_000))]
    {
        for framing in [
            format!("Content-Length: {}\r\n\r\n{SECOND}", SECOND.len()),
            format!("Content-Length: {}\r\n\r\n{SECOND}", SECOND.len() + 1_000_000),
            format!(
                "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{SECOND}\r\n0\r\n\r\n",
                SECOND.len()
            ),
        ] {
            for method in ["GET", "POST", "PUT", "FROB"] {
                let first = format!("{method} {target} HTTP/1.1\r\nHost: media.test\r\n{framing}");
                // Who says that no more is to come may be taken for gone, and get nothing.
                let answers = (0..10).map(|_| site.raw_then_end(first.as_bytes()));
                let answer = answers.into_iter().find(|answer| !answer.is_empty()).unwrap();
                let text = String::from_utf8_lossy(&answer);
                assert!(!text.contains("smuggled"), "{first}\n{text}");
                assert!(text.starts_with("HTTP/1.1 4"), "{first}\n{text}");
            }
        }
    }
}
