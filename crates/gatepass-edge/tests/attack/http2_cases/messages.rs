//! §8: requests.

use super::{Case, case, either, lines, post, with, without};
use crate::http2::Code::Protocol;
use crate::http2::Reaction::{Answered, Connection, Refused, Stream};
use crate::http2::{DATA, END_STREAM, HEADERS, REQUEST, WHOLE, block, frame};

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn messages() -> Vec<Case> {
    let malformed = || either(Protocol);
    let mut cases = vec![
        case("§8.1", "HEADERS twice without an end", [post(&[]), post(&[])], malformed()),
        case(
            "§8.1",
            "trailers",
            [
                post(&[]),
                frame(DATA, 0, 1, b"a"),
                frame(HEADERS, WHOLE, 1, &block(&[("x-sum", "1")])),
            ],
            [Refused],
        ),
        case(
            "§8.1",
            "a pseudo-header in the trailers",
            [
                post(&[]),
                frame(DATA, 0, 1, b"a"),
                frame(HEADERS, WHOLE, 1, &block(&[(":path", "/")])),
            ],
            [Stream(Protocol), Connection(Protocol), Refused],
        ),
        case(
            "§8.1.1",
            "content-length without a body",
            with(&[("content-length", "5")]),
            malformed(),
        ),
        case(
            "§8.1.1",
            "content-length of less than the body",
            [post(&[("content-length", "1")]), frame(DATA, END_STREAM, 1, b"abc")],
            malformed(),
        ),
        case(
            "§8.1.1",
            "content-length of more than the body",
            [post(&[("content-length", "9")]), frame(DATA, END_STREAM, 1, b"abc")],
            malformed(),
        ),
        case(
            "§8.1.1",
            "content-length that is none",
            with(&[("content-length", "+0")]),
            malformed(),
        ),
        case(
            "§8.1.1",
            "content-length twice, differing",
            with(&[("content-length", "0"), ("content-length", "1")]),
            malformed(),
        ),
        case("§8.2.2", "te: trailers", with(&[("te", "trailers")]), [Answered]),
        case("§8.2.2", "te: gzip", with(&[("te", "gzip")]), malformed()),
        case("§8.3", "an unknown pseudo-header", without("", Some((":unknown", "a"))), malformed()),
        case(
            "§8.3",
            "an answer's pseudo-header",
            without("", Some((":status", "200"))),
            malformed(),
        ),
        case(
            "§8.3",
            "a pseudo-header after a header",
            lines(&[
                (":method", "GET"),
                (":scheme", "http"),
                ("a", "b"),
                (":path", "/public/a.txt"),
                (":authority", "media.test"),
            ]),
            malformed(),
        ),
        case(
            "§8.3.1",
            "no :authority but host",
            lines(&[
                (":method", "GET"),
                (":scheme", "http"),
                (":path", "/public/a.txt"),
                ("host", "media.test"),
            ]),
            [Answered],
        ),
        case("§8.3.1", "neither :authority nor host", without(":authority", None), [Refused]),
        case("§8.3.1", "host that says the same", with(&[("host", "media.test")]), [Answered]),
        case("§8.3.1", "host that says something else", with(&[("host", "other.test")]), [Refused]),
        case(
            "§8.3.1",
            "host twice",
            with(&[("host", "media.test"), ("host", "media.test")]),
            [Refused],
        ),
        case(
            "§8.3.1",
            "user information in :authority",
            without(":authority", Some((":authority", "a@media.test"))),
            [Refused, Stream(Protocol)],
        ),
        case("§8.3.1", "an empty :path", without(":path", Some((":path", ""))), malformed()),
        case(
            "§8.3.1",
            ":path without a slash",
            without(":path", Some((":path", "public/a.txt"))),
            [Stream(Protocol), Refused],
        ),
        case("§8.3.1", ":path of * in a GET", without(":path", Some((":path", "*"))), [Refused]),
        case(
            "§8.3.1",
            "a space in :path",
            without(":path", Some((":path", "/public/a.txt HTTP/1.1"))),
            malformed(),
        ),
        case(
            "§8.3.1",
            "another web address in :path",
            without(":path", Some((":path", "http://other.test/"))),
            [Stream(Protocol), Refused],
        ),
        case(
            "§8.3.1",
            "a scheme that is no scheme",
            without(":scheme", Some((":scheme", "http://a/?"))),
            malformed(),
        ),
        case(
            "§8.3.1",
            "a scheme that is none of the web's",
            without(":scheme", Some((":scheme", "ftp"))),
            [Refused],
        ),
        case(
            "§8.5",
            "CONNECT",
            lines(&[(":method", "CONNECT"), (":authority", "media.test:443")]),
            [Refused],
        ),
        case(
            "§8.5",
            "CONNECT with a path",
            without(":method", Some((":method", "CONNECT"))),
            [Stream(Protocol), Refused],
        ),
    ];
    for (name, line) in [
        ("connection", ("connection", "close")),
        ("keep-alive", ("keep-alive", "5")),
        ("proxy-connection", ("proxy-connection", "close")),
        ("transfer-encoding", ("transfer-encoding", "chunked")),
        ("upgrade", ("upgrade", "websocket")),
    ] {
        cases.push(case("§8.2.2", name, with(&[line]), malformed()));
    }
    for (name, line) in [
        ("capitals in a name", ("X-A", "b")),
        ("a space in a name", ("x a", "b")),
        ("a colon in a name", ("x:a", "b")),
        ("a control character in a name", ("x\x01a", "b")),
        ("an empty name", ("", "b")),
        ("NUL in a value", ("x-a", "b\0c")),
        ("LF in a value", ("x-a", "b\nx-c: d")),
        ("CR in a value", ("x-a", "b\rc")),
    ] {
        cases.push(case("§8.2.1", name, with(&[line]), malformed()));
    }
    for (name, value) in [("a space before a value", " b"), ("a tab after a value", "b\t")] {
        cases.push(case("§8.2.1", name, with(&[("x-a", value)]), [Refused]));
    }
    for name in [":method", ":scheme", ":path"] {
        cases.push(case("§8.3.1", name, without(name, None), malformed()));
        let twice = REQUEST.iter().find(|line| line.0 == name).copied();
        cases.push(case("§8.3", name, without("", twice), malformed()));
    }
    cases
}
