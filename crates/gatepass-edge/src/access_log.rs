//! One line of JSON a request, written when its body is through.
//!
//! It says who asked for what, what came of it, and why; of a pass it tells the key's ID,
//! the expiry and eight hexadecimal digits of the signature's digest. It never holds a
//! signature, an encoded policy or a cookie; its URL is without reserved parameters.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use gatepass::{Denial, EpochTime, Pass};
use http::{Method, Request, Response, StatusCode};

use crate::body::{Body, Logged};
use crate::viewer::Viewer;

/// Where the lines go. Cheap to clone.
#[derive(Clone)]
pub struct AccessLog(Option<Arc<Sink>>);

struct Sink {
    lines: Arc<Mutex<Vec<u8>>>,
    stop: Mutex<Option<(Sender<()>, JoinHandle<()>)>>,
}

/// Lines wait no longer than this before they are written.
const FLUSH_EVERY: Duration = Duration::from_millis(50);

/// If the sink is so far behind, lines are lost rather than memory.
const MAX_WAITING_BYTES: usize = 16 * 1024 * 1024;

impl AccessLog {
    /// Writes no lines.
    pub const fn off() -> Self {
        Self(None)
    }

    /// Writes to `sink` from a thread of its own, so that no request waits for a disk.
    pub fn to(mut sink: impl Write + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(Vec::with_capacity(64 * 1024)));
        let (stop, stopped) = channel();
        let waiting = Arc::clone(&lines);
        let writer = std::thread::spawn(move || {
            let mut taken = Vec::new();
            loop {
                let is_over = stopped.recv_timeout(FLUSH_EVERY) != Err(RecvTimeoutError::Timeout);
                std::mem::swap(
                    &mut taken,
                    &mut *waiting.lock().unwrap_or_else(PoisonError::into_inner),
                );
                // A log that can't be written must not stop what it logs.
                let _ = sink.write_all(&taken).and_then(|()| sink.flush());
                taken.clear();
                if is_over {
                    break;
                }
            }
        });
        Self(Some(Arc::new(Sink { lines, stop: Mutex::new(Some((stop, writer))) })))
    }

    /// Attaches the entry to the response, to be written when the body ends or is dropped.
    pub(crate) fn follow(&self, mut entry: Entry, response: Response<Body>) -> Response<Body> {
        if self.0.is_none() {
            return response;
        }
        entry.status = response.status();
        let log = self.clone();
        response.map(|body| {
            Body::Logged(Box::new(Logged { body, pending: Pending { entry, bytes: 0, log } }))
        })
    }

    fn write(&self, entry: &Entry, bytes: u64) {
        if let Some(sink) = &self.0 {
            let mut lines = sink.lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() < MAX_WAITING_BYTES {
                entry.write(&mut lines, bytes);
            }
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, writer)) = stop {
            drop(stop);
            let _ = writer.join();
        }
    }
}

impl std::fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AccessLog").field(&self.0.is_some()).finish()
    }
}

/// What is known of a request so far.
#[derive(Debug)]
pub(crate) struct Entry {
    began: Instant,
    now: EpochTime,
    address: IpAddr,
    method: Method,
    url: String,
    status: StatusCode,
    pass: Option<Pass>,
    refusal: Option<(&'static str, String)>,
}

impl Entry {
    pub(crate) fn begin<B>(now: EpochTime, peer: SocketAddr, request: &Request<B>) -> Self {
        Self {
            began: Instant::now(),
            now,
            address: peer.ip(),
            method: request.method().clone(),
            url: String::new(),
            status: StatusCode::OK,
            pass: None,
            refusal: None,
        }
    }

    pub(crate) fn viewer(&mut self, viewer: &Viewer<'_>) {
        self.address = viewer.request().address();
        self.url = viewer.url().to_string();
    }

    pub(crate) fn admitted(&mut self, pass: Option<&Pass>) {
        self.pass = pass.cloned();
    }

    pub(crate) fn denied(&mut self, denial: &Denial) {
        self.refused(denial.reason(), &denial.to_string());
    }

    pub(crate) fn refused(&mut self, reason: &'static str, sentence: &str) {
        self.refusal = Some((reason, sentence.to_owned()));
    }

    /// Written by hand: formatting would cost as much as the rest of the request.
    fn write(&self, out: &mut Vec<u8>, bytes: u64) {
        let took = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        text(out, r#"{"time":"#);
        number(out, self.now.seconds());
        text(out, r#","viewer":""#);
        address(out, self.address);
        text(out, r#"","method":""#);
        escaped(out, self.method.as_str());
        text(out, r#"","url":""#);
        escaped(out, &self.url);
        text(out, r#"","status":"#);
        number(out, self.status.as_u16().into());
        text(out, r#","bytes":"#);
        number(out, bytes);
        text(out, r#","microseconds":"#);
        number(out, took);
        if let Some(pass) = &self.pass {
            text(out, r#","key":""#);
            text(out, pass.key_id().as_str());
            text(out, r#"","expires":"#);
            number(out, pass.expiry().seconds());
            text(out, r#","pass":""#);
            text(out, &HEXLOWER.encode(&pass.digest()[..4]));
            out.push(b'"');
        }
        if let Some((reason, sentence)) = &self.refusal {
            text(out, r#","reason":""#);
            text(out, reason);
            text(out, r#"","detail":""#);
            escaped(out, sentence);
            out.push(b'"');
        }
        text(out, "}\n");
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn address(out: &mut Vec<u8>, address: IpAddr) {
    let IpAddr::V4(address) = address else {
        return drop(write!(out, "{address}"));
    };
    for (nth, octet) in address.octets().into_iter().enumerate() {
        if nth > 0 {
            out.push(b'.');
        }
        number(out, octet.into());
    }
}

fn number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return out.extend_from_slice(&digits[first..]);
        }
    }
}

/// Writes what a viewer sent into a JSON string, where it stays.
fn escaped(out: &mut Vec<u8>, text: &str) {
    let is_special = |byte: u8| byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f..=0x9f);
    if !text.bytes().fold(false, |found, byte| found | is_special(byte)) {
        return out.extend_from_slice(text.as_bytes());
    }
    for letter in text.chars() {
        let _ = match letter {
            '"' | '\\' => write!(out, "\\{letter}"),
            letter if letter.is_control() => write!(out, "\\u{:04x}", u32::from(letter)),
            letter => write!(out, "{letter}"),
        };
    }
}

/// An entry on its way: written when it is dropped, whether the viewer got it all or not.
#[derive(Debug)]
pub(crate) struct Pending {
    entry: Entry,
    bytes: u64,
    log: AccessLog,
}

impl Pending {
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.log.write(&self.entry, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_viewer_writes_stays_inside_its_string() {
        let mut line = Vec::new();
        escaped(&mut line, "a\"b\\c\n\u{7f}é");
        number(&mut line, 0);
        number(&mut line, u64::MAX);
        let expected = r#"a\"b\\c\u000a\u007fé018446744073709551615"#;
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }
}
