//! One line of JSON a request, written when its body is through.
//!
//! It says who asked for what, what came of it, and why; of a pass it tells the key's ID,
//! the expiry and eight hexadecimal digits of the signature's digest. It never holds a
//! signature, an encoded policy or a cookie; its URL is without reserved parameters.

use std::fmt::Write as _;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

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

    fn write(&self, out: &mut Vec<u8>, bytes: u64) {
        let mut line = String::with_capacity(320);
        let _ = write!(
            line,
            r#"{{"time":{},"viewer":"{}","method":"{}","url":"{}","status":{},"bytes":{bytes},"seconds":{:.6}"#,
            self.now.seconds(),
            self.address,
            Escaped(self.method.as_str()),
            Escaped(&self.url),
            self.status.as_u16(),
            self.began.elapsed().as_secs_f64(),
        );
        if let Some(pass) = &self.pass {
            let digest = data_encoding::HEXLOWER.encode(&pass.digest()[..4]);
            let (key, expires) = (pass.key_id(), pass.expiry().seconds());
            let _ = write!(line, r#","key":"{key}","expires":{expires},"pass":"{digest}""#);
        }
        if let Some((reason, sentence)) = &self.refusal {
            let _ = write!(line, r#","reason":"{reason}","detail":"{}""#, Escaped(sentence));
        }
        line.push_str("}\n");
        out.extend_from_slice(line.as_bytes());
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

/// Text inside a JSON string.
struct Escaped<'t>(&'t str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = self.0;
        while let Some(at) =
            rest.find(|letter: char| letter.is_control() || matches!(letter, '"' | '\\'))
        {
            let (plain, after) = rest.split_at(at);
            f.write_str(plain)?;
            let mut letters = after.chars();
            match letters.next() {
                Some(letter @ ('"' | '\\')) => write!(f, "\\{letter}")?,
                Some(letter) => write!(f, "\\u{:04x}", u32::from(letter))?,
                None => {}
            }
            rest = letters.as_str();
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_viewer_writes_stays_inside_its_string() {
        assert_eq!(Escaped("a\"b\\c\n\u{7f}é").to_string(), r#"a\"b\\c\u000a\u007fé"#);
    }
}
