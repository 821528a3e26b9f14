//! The head of an answer, in HTTP/1.1 and in the bytes that hyper would write.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body::Body;
use hyper::ext::ReasonPhrase;

/// How a viewer learns where a body ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Framing {
    /// It has none.
    Nothing,
    /// After so many bytes, as its headers say.
    Length(u64),
    /// Each piece says how long it is, and the last one that it is the last.
    Chunked,
}

/// Writes the head of an answer behind what is there, and says how its body is to be sent.
pub(super) fn head(
    out: &mut Vec<u8>,
    head: &Parts,
    body: &impl Body,
    is_head: bool,
    is_last: bool,
) -> Framing {
    status(out, head);
    let says_length = !matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let is_empty = body.is_end_stream();
    let mut length = if is_empty { Some(0) } else { body.size_hint().exact() };
    let (mut has_length, mut has_close, mut has_date) = (false, false, false);
    for (name, value) in &head.headers {
        match *name {
            CONTENT_LENGTH if has_length || (is_empty && !is_head) => continue,
            // Of what is only to be looked at, it says how long that would be.
            CONTENT_LENGTH if is_empty => has_length = true,
            CONTENT_LENGTH => {
                length = length.or_else(|| value.to_str().ok()?.parse().ok());
                if let Some(length) = length {
                    content_length(out, length);
                    has_length = true;
                }
                continue;
            }
            // How the bytes travel is told below.
            TRANSFER_ENCODING => continue,
            CONNECTION if says_close(value) => has_close = true,
            CONNECTION if is_last => continue,
            DATE => has_date = true,
            _ => {}
        }
        line(out, name, value.as_bytes());
    }
    let framing = match length {
        _ if is_head || is_empty || !says_length => Framing::Nothing,
        Some(length) => Framing::Length(length),
        None => Framing::Chunked,
    };
    if is_last && !has_close {
        out.extend_from_slice(b"Connection: close\r\n");
    }
    let is_left_open = !says_length || (is_head && is_empty);
    match length {
        _ if has_length || is_left_open => {}
        Some(length) => content_length(out, length),
        None if is_head => {}
        None => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
    }
    if !has_date {
        DATES.with_borrow_mut(|dates| line(out, &DATE, dates.now()));
    }
    out.extend_from_slice(b"\r\n");
    framing
}

/// Whether an answer says that its connection ends with it.
pub(super) fn ends_connection(head: &Parts) -> bool {
    head.headers.get_all(CONNECTION).iter().any(says_close)
}

fn says_close(value: &HeaderValue) -> bool {
    let mut tokens = value.as_bytes().split(|byte| *byte == b',');
    tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"))
}

/// Writes how long a piece of a chunked body is.
pub(super) fn chunk_size(out: &mut Vec<u8>, length: usize) {
    use std::io::Write;
    write!(out, "{length:X}\r\n").expect("memory takes what is written to it");
}

fn status(out: &mut Vec<u8>, head: &Parts) {
    let reason = head.extensions.get::<ReasonPhrase>();
    if head.status == StatusCode::OK && reason.is_none() {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    }
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(head.status.as_str().as_bytes());
    out.push(b' ');
    let known = head.status.canonical_reason().unwrap_or("<none>");
    out.extend_from_slice(reason.map_or(known.as_bytes(), ReasonPhrase::as_bytes));
    out.extend_from_slice(b"\r\n");
}

fn content_length(out: &mut Vec<u8>, length: u64) {
    line(out, &CONTENT_LENGTH, itoa::Buffer::new().format(length).as_bytes());
}

/// A header, its name as CloudFront writes it: captures and scripts are compared with it.
fn line(out: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    let name = name.as_str().as_bytes();
    let begin = out.len();
    out.reserve(name.len() + value.len() + 4);
    out.extend_from_slice(name);
    let mut is_first = true;
    for byte in &mut out[begin..] {
        if is_first {
            byte.make_ascii_uppercase();
        }
        is_first = *byte == b'-';
    }
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

thread_local! {
    static DATES: RefCell<Dates> = const { RefCell::new(Dates { second: None, text: String::new() }) };
}

/// The time of day, spelled out once a second.
struct Dates {
    second: Option<u64>,
    text: String,
}

impl Dates {
    #[expect(clippy::disallowed_methods, reason = "it says when it was written, as hyper does")]
    fn now(&mut self) -> &[u8] {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.second != Some(since.as_secs()) {
            self.second = Some(since.as_secs());
            let second = UNIX_EPOCH + Duration::from_secs(since.as_secs());
            self.text = httpdate::fmt_http_date(second);
        }
        self.text.as_bytes()
    }
}
