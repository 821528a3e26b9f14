//! A file that was found, and what it answers.

use std::fmt;
use std::fs::Metadata;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::conditions::{LeftOut, Validators, Verdict};
use super::content_type;
use super::file_body::{Content, FileBody, Piece};
use super::range::{self, Ranges};
use crate::request_id;

/// A regular file, opened, as it was at that moment.
#[derive(Debug)]
pub(crate) struct Found {
    content: Content,
    facts: Arc<Facts>,
}

/// What is said of one state of a file: put together once, and true as long as it lasts.
#[derive(Debug)]
pub(crate) struct Facts {
    length: u64,
    modified: SystemTime,
    inode: u64,
    place: Place,
    /// Tells this state from every other; none while it might be taken for another.
    generation: Option<u64>,
    content_type: HeaderValue,
    validators: Validators,
    last_modified: Option<HeaderValue>,
}

impl Facts {
    /// Takes a file's facts. A file that seems to be from the future is said to be of `now`.
    pub(crate) fn new(metadata: &Metadata, path: &[u8], now: SystemTime) -> Self {
        let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
        let claimed = modified.min(now);
        let validators = Validators {
            etag: Some(etag(metadata, modified)),
            // HttpDate panics at a time before 1970.
            last_modified: (claimed >= UNIX_EPOCH).then(|| claimed.into()),
        };
        Self {
            length: metadata.len(),
            modified,
            inode: inode(metadata),
            place: place(metadata),
            generation: is_settled(modified, now).then(request_id::number),
            content_type: content_type::of(path),
            last_modified: validators.last_modified.map(value),
            validators,
        }
    }

    /// Says whether the file is still in this state, its time not in the future, and all said
    /// of it that can be.
    pub(crate) fn hold_for(&self, metadata: &Metadata, now: SystemTime) -> bool {
        self.length == metadata.len()
            && self.inode == inode(metadata)
            && self.place == place(metadata)
            && self.modified == metadata.modified().unwrap_or(UNIX_EPOCH)
            && self.modified <= now
            && self.generation.is_some() == is_settled(self.modified, now)
    }
}

impl Found {
    pub(crate) fn new(content: Content, facts: Arc<Facts>) -> Self {
        Self { content, facts }
    }

    /// Answers a GET or HEAD request. The seed makes boundaries that no file can foresee.
    pub(crate) fn answer(
        self,
        method: &Method,
        headers: &HeaderMap,
        seed: &RandomState,
    ) -> Response<FileBody> {
        match self.facts.validators.judge(headers) {
            Verdict::Failed => bare(StatusCode::PRECONDITION_FAILED),
            Verdict::NotModified => {
                let (headers, left_out) = (self.validated(), LeftOut(self.described()));
                let mut response = respond(StatusCode::NOT_MODIFIED, headers, FileBody::empty());
                response.extensions_mut().insert(left_out);
                response
            }
            Verdict::Met if method == Method::HEAD => {
                respond(StatusCode::OK, self.described(), FileBody::empty())
            }
            Verdict::Met => {
                let wanted = self.wanted(headers);
                self.send(&wanted, seed)
            }
        }
    }

    /// What a GET request wants of the file. A `Range` that is sent twice counts as absent.
    fn wanted(&self, headers: &HeaderMap) -> Ranges {
        let mut values = headers.get_all(RANGE).iter();
        match (values.next().map(HeaderValue::to_str), values.next()) {
            (Some(Ok(range)), None) if self.facts.validators.range_counts(headers) => {
                range::parse(range, self.facts.length)
            }
            _ => Ranges::Whole,
        }
    }

    fn send(self, wanted: &Ranges, seed: &RandomState) -> Response<FileBody> {
        match wanted {
            Ranges::Parts(parts) => match parts.as_slice() {
                [part] => self.send_part(part),
                parts => self.send_parts(parts, seed),
            },
            Ranges::Unsatisfiable => {
                let mut response = bare(StatusCode::RANGE_NOT_SATISFIABLE);
                let range = value(format_args!("bytes */{}", self.facts.length));
                response.headers_mut().insert(CONTENT_RANGE, range);
                response
            }
            Ranges::Whole => {
                let headers = self.described();
                let Facts { length, generation, .. } = *self.facts;
                respond(StatusCode::OK, headers, FileBody::whole(self.content, length, generation))
            }
        }
    }

    fn send_part(self, part: &RangeInclusive<u64>) -> Response<FileBody> {
        let mut headers = self.described();
        headers.insert(CONTENT_RANGE, value(content_range(part, self.facts.length)));
        let body = FileBody::part(self.content, *part.start()..part.end() + 1);
        headers.insert(CONTENT_LENGTH, body.remaining().into());
        respond(StatusCode::PARTIAL_CONTENT, headers, body)
    }

    /// Sends several parts as `multipart/byteranges` (RFC 9110, section 14.6).
    fn send_parts(self, parts: &[RangeInclusive<u64>], seed: &RandomState) -> Response<FileBody> {
        let boundary = boundary(self.facts.validators.etag.as_ref(), seed);
        let mut headers = self.described();
        let multipart = format_args!("multipart/byteranges; boundary={boundary}");
        headers.insert(CONTENT_TYPE, value(multipart));
        let pieces = self.pieces(parts, &boundary);
        let body = FileBody::pieces(self.content, pieces);
        headers.insert(CONTENT_LENGTH, body.remaining().into());
        respond(StatusCode::PARTIAL_CONTENT, headers, body)
    }

    fn pieces(&self, parts: &[RangeInclusive<u64>], boundary: &str) -> Vec<Piece> {
        let content_type = String::from_utf8_lossy(self.facts.content_type.as_bytes());
        let mut pieces = Vec::with_capacity(2 * parts.len() + 1);
        let mut line_end = "";
        for part in parts {
            let range = content_range(part, self.facts.length);
            let head = format!(
                "{line_end}--{boundary}\r\n\
                 Content-Type: {content_type}\r\n\
                 Content-Range: {range}\r\n\r\n"
            );
            pieces.push(Piece::Text(head.into()));
            pieces.push(Piece::Part(*part.start()..part.end() + 1));
            line_end = "\r\n";
        }
        pieces.push(Piece::Text(format!("\r\n--{boundary}--\r\n").into()));
        pieces
    }

    /// The headers that go with the whole file.
    fn described(&self) -> HeaderMap {
        let mut headers = self.validated();
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(CONTENT_LENGTH, self.facts.length.into());
        headers.insert(CONTENT_TYPE, self.facts.content_type.clone());
        headers
    }

    /// The headers that tell which state of the file this is.
    fn validated(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(HEADERS);
        if let Some(etag) = &self.facts.validators.etag {
            headers.insert(ETAG, etag.clone());
        }
        if let Some(modified) = &self.facts.last_modified {
            headers.insert(LAST_MODIFIED, modified.clone());
        }
        headers
    }
}

/// Whether a file's time is so old that another write would have changed it: two within a tick
/// of the clock may leave the same.
fn is_settled(modified: SystemTime, now: SystemTime) -> bool {
    modified.checked_add(SETTLED).is_some_and(|settled| settled < now)
}

/// A response without a body.
pub(crate) fn bare(status: StatusCode) -> Response<FileBody> {
    respond(status, HeaderMap::new(), FileBody::empty())
}

fn respond(status: StatusCode, headers: HeaderMap, body: FileBody) -> Response<FileBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A strong entity tag: it changes with the file's length, its time, and the file itself, as
/// when another is renamed to its place.
fn etag(metadata: &Metadata, modified: SystemTime) -> HeaderValue {
    let (sign, since) = match modified.duration_since(UNIX_EPOCH) {
        Ok(since) => ("", since),
        Err(before) => ("-", before.duration()),
    };
    let (length, inode) = (metadata.len(), inode(metadata));
    let (seconds, nanoseconds) = (since.as_secs(), since.subsec_nanos());
    value(format_args!("\"{length:x}-{sign}{seconds:x}.{nanoseconds:x}-{inode:x}\""))
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

/// Where a file is, and when anything was last done to it, its time being set back included.
type Place = (u64, i64, i64);

#[cfg(unix)]
fn place(metadata: &Metadata) -> Place {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn place(_: &Metadata) -> Place {
    Place::default()
}

/// The same for each request of a state of a file, and not to be guessed from outside: else
/// who writes a file could put parts of their own into it.
fn boundary(etag: Option<&HeaderValue>, seed: &RandomState) -> String {
    format!("{:016x}{:016x}", seed.hash_one((etag, 1)), seed.hash_one((etag, 2)))
}

fn content_range(part: &RangeInclusive<u64>, length: u64) -> impl fmt::Display {
    let (first, last) = (*part.start(), *part.end());
    fmt::from_fn(move |f| write!(f, "bytes {first}-{last}/{length}"))
}

/// Writes a header's value with a single allocation, of the right size.
fn value(text: impl fmt::Display) -> HeaderValue {
    let mut buffer = [0; 128];
    let mut rest = buffer.as_mut_slice();
    write!(rest, "{text}").expect("our values are numbers, dates and boundaries, and short");
    let room = rest.len();
    let length = buffer.len() - room;
    HeaderValue::from_bytes(&buffer[..length]).expect("our values are of visible characters")
}

/// So old must a file's time be, to tell its state from others.
pub(crate) const SETTLED: Duration = Duration::from_secs(2);

/// Room for ours, and for those the edge adds.
const HEADERS: usize = 12;
