//! One line a request, written when its body is through.
//!
//! It says who asked for what, what came of it, and why; in JSON also which pass opened the
//! gate: the key's ID, the expiry and the beginning of the signature's digest, by
//! which it can be revoked.
//!
//! # Invariants
//!
//! - A line holds no signature, no encoded policy, no cookie and no `Authorization`; URLs are
//!   without reserved parameters.
//! - What a viewer wrote stays in its field, and a line is one line.
//! - No request waits for a disk.

mod cloudfront;
mod entry;
mod json;
pub(crate) mod redacted;
mod sink;
mod text;

use std::cell::Cell;
use std::io::Write;
use std::sync::Arc;

use http::{HeaderMap, Request, Response, Version};

use crate::body::Body;
use crate::config::LogFormat;
use crate::spare;

use entry::{Answered, Described};
pub(crate) use entry::{Entry, Finished};
pub(crate) use json::labels;
pub use sink::FileSink;
use sink::{Destination, Queue};

/// Where the lines go, and how they are written. Cheap to clone.
#[derive(Clone)]
pub struct AccessLog(Option<Arc<Open>>);

struct Open {
    queue: Queue,
    format: LogFormat,
}

impl AccessLog {
    /// Writes no lines.
    pub const fn off() -> Self {
        Self(None)
    }

    /// Writes to `sink` from a thread of its own.
    pub fn to(sink: impl Write + Send + 'static, format: LogFormat) -> Self {
        Self::open(Destination::Other(Box::new(sink)), format)
    }

    /// Appends to a file from a thread of its own.
    pub fn to_file(file: FileSink, format: LogFormat) -> Self {
        Self::open(Destination::File(file), format)
    }

    fn open(destination: Destination, format: LogFormat) -> Self {
        let header = match format {
            LogFormat::CloudFront => cloudfront::HEADER,
            LogFormat::Json => "",
        };
        Self(Some(Arc::new(Open { queue: Queue::start(destination, header), format })))
    }

    /// Opens the file again, soon: to be called once it was moved away. Other sinks don't mind.
    pub fn reopen(&self) {
        if let Some(log) = &self.0 {
            log.queue.reopen();
        }
    }

    /// How many lines were lost, because the sink was too slow or failed.
    pub fn dropped(&self) -> u64 {
        self.0.as_ref().map_or(0, |log| log.queue.dropped())
    }

    /// Begins a line, to be written when the answer's body ends or is dropped.
    #[inline]
    pub(crate) fn begin(&self, entry: Entry, head: Request<()>) -> Pending {
        Pending { answered: Answered::new(entry, head), log: self.clone() }
    }

    /// What this log wants to know of an answer's headers.
    fn described(&self, headers: &HeaderMap) -> Described {
        match &self.0 {
            Some(log) if log.format == LogFormat::CloudFront => Described::of(headers),
            _ => Described::default(),
        }
    }

    fn write(&self, finished: &Finished<'_>) {
        let Some(log) = &self.0 else { return };
        let mut line = LINE.try_with(Cell::take).unwrap_or_default();
        match log.format {
            LogFormat::CloudFront => cloudfront::write(&mut line, finished),
            LogFormat::Json => json::write(&mut line, finished),
        }
        log.queue.put(&line);
        line.clear();
        let _ = LINE.try_with(|kept| kept.set(line));
    }
}

thread_local! {
    /// A line is made here, so that the queue is held only for as long as it takes to copy it.
    static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl std::fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AccessLog").field(&self.0.as_ref().map(|log| log.format)).finish()
    }
}

/// Goes along with a body, and tells when it ends.
#[derive(Debug)]
pub(crate) struct Pending {
    answered: Answered,
    log: AccessLog,
}

impl Pending {
    /// What was asked, and what is known of it so far.
    pub(crate) const fn parts(&mut self) -> (&Request<()>, &mut Entry) {
        self.answered.parts()
    }

    /// What the response says of itself.
    pub(crate) fn answered(&mut self, response: &Response<Body>) {
        let described = self.log.described(response.headers());
        self.answered.answered(response, described);
    }

    /// So much of the body left.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.answered.sent(bytes);
    }

    /// So much of the body left, and it was the last of it.
    pub(crate) fn sent_last(&mut self, bytes: usize) {
        self.answered.sent_last(bytes);
    }

    /// The body came to its end.
    pub(crate) fn ended(&mut self) {
        self.answered.ended();
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // Who was gone before there was an answer got none.
        if self.answered.is_answered() {
            let finished = self.answered.finished();
            finished.behavior().finished(&finished);
            finished.entry().trace().finished(&finished);
            self.log.write(&finished);
        }
        spare::give_back(self.answered.take_headers());
    }
}

const fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/1.1",
    }
}

#[cfg(test)]
mod tests;
