//! HTTP/2 written by hand, frame by frame, so that it can be wrong.

#![expect(unreachable_pub, reason = "part of a test")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::Site;

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const ACK: u8 = 0x1;
pub const END_STREAM: u8 = 0x1;
pub const END_HEADERS: u8 = 0x4;
pub const PADDED: u8 = 0x8;
pub const WITH_PRIORITY: u8 = 0x20;

/// All of a request that has no body.
pub const WHOLE: u8 = END_STREAM | END_HEADERS;

/// Error codes (RFC 9113 §7).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    NoError,
    Protocol,
    Internal,
    FlowControl,
    SettingsTimeout,
    StreamClosed,
    FrameSize,
    RefusedStream,
    Cancel,
    Compression,
    Other(u32),
}

impl Code {
    fn of(bytes: &[u8]) -> Self {
        match u32::from_be_bytes(bytes.try_into().unwrap()) {
            0 => Self::NoError,
            1 => Self::Protocol,
            2 => Self::Internal,
            3 => Self::FlowControl,
            4 => Self::SettingsTimeout,
            5 => Self::StreamClosed,
            6 => Self::FrameSize,
            7 => Self::RefusedStream,
            8 => Self::Cancel,
            9 => Self::Compression,
            other => Self::Other(other),
        }
    }
}

/// What the edge does about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reaction {
    /// GOAWAY with an error: the whole connection ends.
    Connection(Code),
    /// `RST_STREAM`: one request ends.
    Stream(Code),
    /// An answer with status 200.
    Answered,
    /// An answer with another status.
    Refused,
    /// The connection goes on as if nothing had been sent.
    Nothing,
    /// The connection ends without a word.
    Closed,
}

/// A frame, of any kind.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Header lines, each as a literal that is not indexed and not compressed.
pub fn block(lines: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in lines {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).ok().filter(|length| *length < 127).unwrap());
            block.extend(text.as_bytes());
        }
    }
    block
}

/// The lines of a good request.
pub const REQUEST: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", "media.test"),
    (":path", "/public/a.txt"),
];

/// A good request with more lines behind it.
pub fn request_with(lines: &[(&str, &str)]) -> Vec<u8> {
    block(&[&REQUEST, lines].concat())
}

/// A good request, all of it.
pub fn get(stream: u32) -> Vec<u8> {
    frame(HEADERS, WHOLE, stream, &block(&REQUEST))
}

pub fn setting(id: u16, value: u32) -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[&id.to_be_bytes()[..], &value.to_be_bytes()].concat())
}

pub fn window_update(stream: u32, by: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &by.to_be_bytes())
}

pub fn ping() -> Vec<u8> {
    frame(PING, 0, 0, b"are you?")
}

/// A frame that the edge sent.
#[derive(Debug)]
pub struct Received {
    pub kind: u8,
    pub flags: u8,
    pub payload: Vec<u8>,
}

/// A connection with preface and empty SETTINGS sent.
pub struct Conversation {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Conversation {
    pub fn begin(site: &Site) -> Self {
        let mut conversation = Self::begin_without_settings(site);
        conversation.say(&frame(SETTINGS, 0, 0, &[])).unwrap();
        conversation
    }

    pub fn begin_without_settings(site: &Site) -> Self {
        let mut conversation = Self { stream: site.connect(), read: Vec::new() };
        conversation.say(PREFACE).unwrap();
        conversation
    }

    pub fn say(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next frame; none if there is none in time, or no more.
    pub fn hear(&mut self, patience: Duration) -> Result<Received, ErrorKind> {
        let until = Instant::now() + patience;
        let mut buffer = [0; 16 * 1024];
        loop {
            if let Some(frame) = self.take() {
                return Ok(frame);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut);
            }
            self.stream.set_read_timeout(Some(left)).unwrap();
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof),
                Ok(length) => self.read.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.kind()),
            }
        }
    }

    fn take(&mut self) -> Option<Received> {
        let [a, b, c, kind, flags, ..] = self.read.get(..9)? else { return None };
        let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap();
        let (kind, flags) = (*kind, *flags);
        let payload = self.read.get(9..9 + length)?.to_vec();
        self.read.drain(..9 + length);
        Some(Received { kind, flags, payload })
    }

    /// What becomes of what was said.
    pub fn reaction(&mut self) -> Reaction {
        // Whatever is ignored is ignored before this is answered.
        let _ = self.say(&ping());
        let mut patience = Duration::from_secs(5);
        let mut kept_quiet = Reaction::Closed;
        loop {
            match self.hear(patience) {
                Ok(Received { kind: GOAWAY, payload, .. })
                    if Code::of(&payload[4..8]) != Code::NoError =>
                {
                    return Reaction::Connection(Code::of(&payload[4..8]));
                }
                Ok(Received { kind: RST_STREAM, payload, .. }) => {
                    return Reaction::Stream(Code::of(&payload));
                }
                Ok(Received { kind: HEADERS, payload, .. }) => {
                    // `:status 200` stands in the static table.
                    let is_ok = payload.first() == Some(&0x88);
                    return if is_ok { Reaction::Answered } else { Reaction::Refused };
                }
                Ok(Received { kind: PING, flags: ACK, .. }) => {
                    // An answer may still be on its way.
                    (patience, kept_quiet) = (Duration::from_millis(200), Reaction::Nothing);
                }
                Ok(_) => {}
                Err(ErrorKind::TimedOut) => return kept_quiet,
                Err(_) => return Reaction::Closed,
            }
        }
    }
}
