//! What a viewer gets of an object: all of it, parts, or word that it has it already.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::RangeInclusive;

use http::header::{
    AGE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use smallvec::{SmallVec, smallvec};

use crate::cache::head::Head;
use crate::cache::reader::Piece;
use crate::origin::conditions::{LeftOut, Verdict};
use crate::origin::range::{self, Ranges};
use crate::spare;

/// A response, but for the bytes.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The bytes to send; none for a response without a body.
    pub(crate) pieces: Pieces,
    /// Of a 304.
    pub(crate) left_out: Option<LeftOut>,
}

/// Most answers are in one piece.
pub(crate) type Pieces = SmallVec<[Piece; 1]>;

/// Answers a request from a head. `age` is told if the answer was kept. The seed
/// makes boundaries that nobody can foresee.
pub(crate) fn answer(
    head: &Head,
    method: &Method,
    viewer: &HeaderMap,
    age: Option<u64>,
    seed: &RandomState,
) -> Answer {
    // Neither conditions nor ranges are for OPTIONS (RFC 9110, sections 13.2.1 and 14.2).
    let mut answer = if head.status == StatusCode::OK && method != Method::OPTIONS {
        conditional(head, method, viewer, seed)
    } else {
        Answer { status: head.status, ..whole_answer(head, method) }
    };
    if let Some(age) = age {
        let mut digits = itoa::Buffer::new();
        let age = HeaderValue::from_str(digits.format(age)).expect("digits are visible");
        answer.headers.insert(AGE, age);
    }
    answer
}

fn conditional(head: &Head, method: &Method, viewer: &HeaderMap, seed: &RandomState) -> Answer {
    match head.validators.judge(viewer) {
        Verdict::Failed => bare(StatusCode::PRECONDITION_FAILED, HeaderMap::new()),
        Verdict::NotModified => {
            let mut headers = head.headers.clone();
            let mut left_out = HeaderMap::new();
            for name in
                [CONTENT_LENGTH, CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_RANGE]
            {
                if let Some(value) = headers.remove(&name) {
                    left_out.insert(name, value);
                }
            }
            let left_out = Some(LeftOut(left_out));
            Answer { left_out, ..bare(StatusCode::NOT_MODIFIED, headers) }
        }
        Verdict::Met => match (wanted(head, method, viewer), head.length) {
            (Ranges::Parts(parts), Some(length)) => partial(head, &parts, length, seed),
            (Ranges::Unsatisfiable, Some(length)) => {
                let mut headers = HeaderMap::new();
                headers.insert(CONTENT_RANGE, value(format_args!("bytes */{length}")));
                bare(StatusCode::RANGE_NOT_SATISFIABLE, headers)
            }
            _ => whole_answer(head, method),
        },
    }
}

fn whole_answer(head: &Head, method: &Method) -> Answer {
    Answer { pieces: whole(head, method), ..bare(StatusCode::OK, with_room(&head.headers)) }
}

/// The same headers, in a map that has room for what every answer says besides.
fn with_room(headers: &HeaderMap) -> HeaderMap {
    let mut roomy = spare::headers();
    for (name, value) in headers {
        roomy.append(name.clone(), value.clone());
    }
    roomy
}

fn bare(status: StatusCode, headers: HeaderMap) -> Answer {
    Answer { status, headers, pieces: Pieces::new(), left_out: None }
}

/// What a request wants of an object. A `Range` that is sent twice counts as absent, as does
/// one for an object whose length is not known yet.
fn wanted(head: &Head, method: &Method, viewer: &HeaderMap) -> Ranges {
    let Some(length) = head.length.filter(|_| method == Method::GET) else { return Ranges::Whole };
    let mut values = viewer.get_all(RANGE).iter();
    match (values.next().map(HeaderValue::to_str), values.next()) {
        (Some(Ok(range)), None) if head.validators.range_counts(viewer) => {
            range::parse(range, length)
        }
        _ => Ranges::Whole,
    }
}

fn whole(head: &Head, method: &Method) -> Pieces {
    match head.length {
        _ if method == Method::HEAD => Pieces::new(),
        Some(0) => Pieces::new(),
        length => smallvec![Piece::Part(0..length.unwrap_or(u64::MAX))],
    }
}

fn partial(head: &Head, parts: &[RangeInclusive<u64>], length: u64, seed: &RandomState) -> Answer {
    let mut headers = with_room(&head.headers);
    let pieces = if let [part] = parts {
        headers.insert(CONTENT_RANGE, value(content_range(part, length)));
        smallvec![Piece::Part(*part.start()..part.end() + 1)]
    } else {
        let boundary = boundary(head, seed);
        let multipart = format_args!("multipart/byteranges; boundary={boundary}");
        headers.insert(CONTENT_TYPE, value(multipart));
        multipart_pieces(head, parts, length, &boundary)
    };
    let sent: u64 = pieces.iter().map(Piece::length).sum();
    headers.insert(CONTENT_LENGTH, sent.into());
    Answer { pieces, ..bare(StatusCode::PARTIAL_CONTENT, headers) }
}

/// Several parts as `multipart/byteranges` (RFC 9110, section 14.6).
fn multipart_pieces(
    head: &Head,
    parts: &[RangeInclusive<u64>],
    length: u64,
    boundary: &str,
) -> Pieces {
    let content_type = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let mut pieces = Pieces::with_capacity(2 * parts.len() + 1);
    let mut line_end = "";
    for part in parts {
        let mut text = format!("{line_end}--{boundary}\r\n").into_bytes();
        if let Some(content_type) = content_type {
            text.extend_from_slice(b"Content-Type: ");
            text.extend_from_slice(content_type);
            text.extend_from_slice(b"\r\n");
        }
        let range = content_range(part, length);
        text.extend_from_slice(format!("Content-Range: {range}\r\n\r\n").as_bytes());
        pieces.push(Piece::Text(text.into()));
        pieces.push(Piece::Part(*part.start()..part.end() + 1));
        line_end = "\r\n";
    }
    pieces.push(Piece::Text(format!("\r\n--{boundary}--\r\n").into()));
    pieces
}

/// The same for each request of a generation, and not to be guessed from outside.
fn boundary(head: &Head, seed: &RandomState) -> String {
    let (one, two) = (seed.hash_one((head.generation, 1)), seed.hash_one((head.generation, 2)));
    format!("{one:016x}{two:016x}")
}

fn content_range(part: &RangeInclusive<u64>, length: u64) -> impl fmt::Display {
    let (first, last) = (*part.start(), *part.end());
    fmt::from_fn(move |f| write!(f, "bytes {first}-{last}/{length}"))
}

fn value(text: impl fmt::Display) -> HeaderValue {
    HeaderValue::try_from(text.to_string()).expect("numbers and boundaries are visible")
}
