use std::io::{self, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use http_body::{Body as _, Frame};

use super::{Coding, Compressed, negotiate};
use crate::asked::sample::{Sample, get};

const PAGE: [(&str, &str); 4] = [
    ("content-type", "text/html; charset=utf-8"),
    ("content-length", "1000"),
    ("etag", "\"x\""),
    ("accept-ranges", "bytes"),
];

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn asks(encodings: &str) -> Sample {
    let sample = get("https://e.com/").with("accept-encoding", encodings);
    let mut sample = sample.by(|policy| (policy.gzip, policy.brotli) = (true, true));
    sample.conduct.compress = true;
    sample
}

fn negotiated(sample: &Sample, status: u16, lines: &[(&str, &str)]) -> (Option<Coding>, HeaderMap) {
    let mut headers = headers(lines);
    let status = StatusCode::from_u16(status).unwrap();
    let coding = sample.ask(|asked| negotiate(asked, status, &mut headers));
    (coding, headers)
}

/// The lines of a page, with one of them replaced or added.
fn but<'l>(name: &'l str, value: &'l str) -> Vec<(&'l str, &'l str)> {
    let others = PAGE.into_iter().filter(|(other, _)| *other != name);
    others.chain([(name, value)]).collect()
}

#[test]
fn the_headers_tell_what_became_of_the_body() {
    let (coding, headers) = negotiated(&asks("gzip, br"), 200, &PAGE);
    assert_eq!(coding, Some(Coding::Brotli));
    assert_eq!(headers["content-encoding"], "br");
    assert_eq!(headers["etag"], "W/\"x\"");
    assert_eq!(headers["vary"], "Accept-Encoding");
    assert!(!headers.contains_key("content-length") && !headers.contains_key("accept-ranges"));
    let (coding, headers) = negotiated(&asks("gzip"), 200, &but("content-md5", "x"));
    assert_eq!(coding, Some(Coding::Gzip));
    assert_eq!(headers["content-encoding"], "gzip");
    assert!(!headers.contains_key("content-md5"));
}

#[test]
fn an_etag_is_weakened_or_dropped() {
    for (sent, answered) in [
        ("\"x\"", Some("W/\"x\"")),
        ("W/\"x\"", Some("W/\"x\"")),
        ("\"\"", Some("W/\"\"")),
        ("x", None),
        ("\"x", None),
        ("\"", None),
        ("w/\"x\"", None),
        ("\"a b\"", None),
        ("\"a\"b\"", None),
    ] {
        let (_, headers) = negotiated(&asks("br"), 200, &but("etag", sent));
        let etag = headers.get("etag").map(|etag| etag.to_str().unwrap());
        assert_eq!(etag, answered, "{sent}");
    }
}

#[test]
fn what_might_have_been_compressed_varies_all_the_same() {
    let http_1_0 = Sample { version: Version::HTTP_10, ..asks("br") };
    for sample in [asks("deflate"), asks("br;q=0"), asks("br").with("range", "bytes=0-1"), http_1_0]
    {
        let (coding, headers) = negotiated(&sample, 200, &PAGE);
        assert_eq!(coding, None);
        assert_eq!(headers["vary"], "Accept-Encoding");
        assert_eq!(
            (&headers["etag"], &headers["content-length"]),
            (&PAGE[2].1.parse().unwrap(), &PAGE[1].1.parse().unwrap())
        );
    }
    for varies in ["accept-encoding", "x, Accept-Encoding", "*"] {
        let (_, headers) = negotiated(&asks("br"), 200, &but("vary", varies));
        assert_eq!(headers.get_all("vary").iter().count(), 1, "{varies}");
    }
    let (_, headers) = negotiated(&asks("br"), 200, &but("vary", "Origin"));
    assert_eq!(headers.get_all("vary").iter().count(), 2);
}

#[test]
fn only_what_is_worth_it_is_compressed() {
    let compresses = |status, lines: &[(&str, &str)]| {
        let (coding, headers) = negotiated(&asks("br"), status, lines);
        assert_eq!(coding.is_some(), headers.contains_key("vary"));
        coding.is_some()
    };
    for status in [200, 403, 404] {
        assert!(compresses(status, &PAGE), "{status}");
    }
    for status in [201, 204, 206, 304, 400, 500] {
        assert!(!compresses(status, &PAGE), "{status}");
    }
    for (length, is_compressed) in
        [("999", false), ("1000", true), ("10000000", true), ("10000001", false), ("x", false)]
    {
        assert_eq!(compresses(200, &but("content-length", length)), is_compressed, "{length}");
    }
    assert!(!compresses(200, &PAGE[..1]), "its length isn't known");
    assert!(!compresses(200, &PAGE[1..]), "its type isn't known");
    assert!(!compresses(200, &but("content-type", "video/mp4")));
    assert!(!compresses(200, &but("content-encoding", "identity")));
    assert!(!compresses(200, &but("cache-control", "max-age=1, no-transform")));
}

#[test]
fn the_operator_has_to_want_it() {
    let mut unwanted = asks("br");
    unwanted.conduct.compress = false;
    let (coding, answered) = negotiated(&unwanted, 200, &PAGE);
    assert_eq!((coding, answered), (None, headers(&PAGE)));
    let gzip = asks("br, gzip").by(|policy| policy.brotli = false);
    assert_eq!(negotiated(&gzip, 200, &PAGE).0, Some(Coding::Gzip));
}

/// A body that comes in steps.
struct Steps(Vec<Step>);

enum Step {
    Data(Bytes),
    Wait,
    BreakOff,
}

impl http_body::Body for Steps {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        match self.0.remove(0) {
            Step::Data(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Step::Wait => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Step::BreakOff => Poll::Ready(Some(Err(io::Error::other("it broke off")))),
        }
    }
}

/// The frames that come out, and whether all of it did.
fn frames(steps: Vec<Step>, coding: Coding) -> (Vec<Bytes>, bool) {
    let mut body = Compressed::new(Steps(steps), coding, None);
    let mut context = Context::from_waker(Waker::noop());
    let mut frames = Vec::new();
    for _ in 0..100_000 {
        match Pin::new(&mut body).poll_frame(&mut context) {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(frame))) => frames.push(frame.into_data().unwrap()),
            Poll::Ready(Some(Err(_))) => return (frames, false),
            Poll::Ready(None) => {
                assert!(body.is_end_stream());
                return (frames, true);
            }
        }
    }
    panic!("it never ends");
}

/// As far as the bytes go.
fn decompressed(frames: &[Bytes], coding: Coding) -> Vec<u8> {
    use async_compression::codecs::{BrotliDecoder, DecodeV2, GzipDecoder};
    use async_compression::core::util::{PartialBuffer, WriteBuffer};

    let mut decoder: Box<dyn DecodeV2> = match coding {
        Coding::Brotli => Box::new(BrotliDecoder::new()),
        Coding::Gzip => Box::new(GzipDecoder::new()),
    };
    let compressed = frames.concat();
    let mut input = PartialBuffer::new(&compressed[..]);
    let mut all = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let mut output = WriteBuffer::new_initialized(&mut buffer);
        let is_over = decoder.decode(&mut input, &mut output).unwrap();
        let written = output.written_len();
        all.write_all(&buffer[..written]).unwrap();
        if is_over || (written < buffer.len() && input.unwritten().is_empty()) {
            return all;
        }
    }
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn what_comes_out_is_what_went_in() {
    let texts = [b"a".repeat(1_000), noise(2_000_000), b"0123456789".repeat(100_000), Vec::new()];
    for coding in [Coding::Brotli, Coding::Gzip] {
        for text in &texts {
            for size in [1_000, 70_000, 1 << 20] {
                let data = text.chunks(size).map(Bytes::copy_from_slice);
                let steps = data.flat_map(|data| [Step::Data(data), Step::Wait]).collect();
                let (frames, is_whole) = frames(steps, coding);
                assert!(is_whole);
                let largest = frames.iter().map(Bytes::len).max();
                assert!(largest < Some(600 << 10), "{largest:?}");
                assert_eq!(&decompressed(&frames, coding), text, "{coding:?} {size}");
            }
        }
    }
}

#[test]
fn nothing_is_held_back_while_an_origin_thinks() {
    for coding in [Coding::Brotli, Coding::Gzip] {
        let steps = vec![
            Step::Data(Bytes::from_static(b"first")),
            Step::Wait,
            Step::Wait,
            Step::Data(Bytes::from_static(b"second")),
            Step::BreakOff,
        ];
        let (frames, is_whole) = frames(steps, coding);
        assert!(!is_whole, "what broke off doesn't look whole");
        assert_eq!(decompressed(&frames, coding), b"first", "{coding:?}");
    }
}
