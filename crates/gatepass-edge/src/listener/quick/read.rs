//! The head of a request, if it is one of the plain kind.

use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderName, HeaderValue, Method, Request, Uri, Version};

use crate::incoming::Sent;
use crate::spare;

/// As many as hyper reads without room on the heap; it refuses what has more.
const MOST_HEADERS: usize = 100;

/// Whether a viewer wants its connection to end with the answer.
pub(super) type IsLast = bool;

/// What has been read so far.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once, and most are whole")]
pub(super) enum Read {
    /// A head, and all of it, and whether it is to be the last; what came behind it is left.
    Whole(Request<Sent>, IsLast),
    /// The beginning of a head; it is left.
    Partly,
    /// These bytes, which are for hyper to read: nothing has been taken from them.
    Other(Bytes),
}

/// Reads a head from the beginning of what a viewer sent.
///
/// Who has a body to send, wants more of a connection than that it stays or ends, or says
/// anything that can't be read, is [`Read::Other`]: where a request ends is judged here only if
/// it ends with its head.
pub(super) fn head(unread: &mut BytesMut) -> Read {
    let sent = unread.split().freeze();
    let mut room = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut []);
    let length = match parsed.parse_with_uninit_headers(&sent, &mut room) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => {
            *unread = sent.into();
            return Read::Partly;
        }
        Err(_) => return Read::Other(sent),
    };
    match plain(&parsed, &sent) {
        Some((request, is_last)) => {
            unread.extend_from_slice(&sent[length..]);
            Read::Whole(request, is_last)
        }
        None => Read::Other(sent),
    }
}

fn plain(parsed: &httparse::Request<'_, '_>, sent: &Bytes) -> Option<(Request<Sent>, IsLast)> {
    let method = match parsed.method? {
        "GET" => Method::GET,
        "HEAD" => Method::HEAD,
        _ => return None,
    };
    if parsed.version? != 1 {
        return None;
    }
    let uri = Uri::from_maybe_shared(sent.slice_ref(parsed.path?.as_bytes())).ok()?;
    let mut is_last = false;
    let mut headers = spare::headers();
    for header in parsed.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        match name {
            CONTENT_LENGTH | TRANSFER_ENCODING | EXPECT | UPGRADE => return None,
            CONNECTION if header.value.eq_ignore_ascii_case(b"close") => is_last = true,
            CONNECTION if !header.value.eq_ignore_ascii_case(b"keep-alive") => return None,
            _ => {}
        }
        let value = HeaderValue::from_maybe_shared(sent.slice_ref(header.value)).ok()?;
        headers.try_append(name, value).ok()?;
    }
    let mut request = Request::new(Sent::Nothing);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = headers;
    Some((request, is_last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Read, BytesMut) {
        let mut unread = BytesMut::from(text);
        let read = head(&mut unread);
        (read, unread)
    }

    #[test]
    fn a_plain_head_is_read_and_what_follows_it_is_left() {
        let text = "GET /films/a%20b.mp4?x=1 HTTP/1.1\r\nHost: media.test\r\nCookie: a=1\r\n\
                    cookie: b=2\r\nConnection: Keep-Alive\r\nX-Odd: \u{fc}\r\n\r\nHEAD / HT";
        let (Read::Whole(request, false), rest) = read(text) else { panic!("it is plain") };
        assert_eq!(request.method(), Method::GET);
        assert_eq!(request.uri(), "/films/a%20b.mp4?x=1");
        assert_eq!(request.version(), Version::HTTP_11);
        let cookies: Vec<_> = request.headers().get_all("cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"]);
        assert_eq!(request.headers().len(), 5);
        assert!(matches!(request.body(), Sent::Nothing));
        assert_eq!(rest, "HEAD / HT");
        assert!(matches!(read("HEAD / HTTP/1.1\r\n\r\n").0, Read::Whole(_, false)));
        let last = "GET / HTTP/1.1\r\nConnection: keep-alive\r\nConnection: Close\r\n\r\n";
        assert!(matches!(read(last).0, Read::Whole(_, true)));
    }

    #[test]
    fn a_beginning_is_left_as_it_is() {
        let text = "GET / HTTP/1.1\r\nHost: media.test\r\n\r";
        for length in 1..=text.len() {
            let (read, rest) = read(&text[..length]);
            assert!(matches!(read, Read::Partly), "{length}");
            assert_eq!(rest, &text[..length]);
        }
    }

    #[test]
    fn whatever_is_not_plain_is_for_hyper_with_every_byte_of_it() {
        let with = |line: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\nrest");
        let many = "X: 1\r\n".repeat(MOST_HEADERS);
        for text in [
            with("Content-Length: 4"),
            with("content-length: 0"),
            with("Transfer-Encoding: chunked"),
            with("Transfer-Encoding : chunked"),
            with("Expect: 100-continue"),
            with("Upgrade: websocket"),
            with("Connection: close, upgrade"),
            with("Connection: keep-alive, TE"),
            with("Connection:"),
            with("X: a\r\n b"),
            with("X: a\u{7f}"),
            with(&many),
            "POST / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            "get / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            "GET / HTTP/1.0\r\nHost: a\r\n\r\n".to_owned(),
            "GET / HTTP/2.0\r\nHost: a\r\n\r\n".to_owned(),
            "GET  / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            "GET http:// HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            "nonsense\r\n\r\n".to_owned(),
        ] {
            let (read, rest) = read(&text);
            let Read::Other(bytes) = read else { panic!("{text:?} was taken for plain") };
            assert_eq!(bytes, text);
            assert_eq!(rest, "");
        }
    }
}
