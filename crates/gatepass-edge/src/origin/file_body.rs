//! A response body that is read from a file as the viewer takes it.
//!
//! 1. It is read in chunks, one at a time: a request holds the memory of one chunk, however
//!    large the file is. A file of up to one chunk is read at once, so that its bytes leave
//!    together with the head of the response.
//! 2. The runtime's thread reads only what the page cache holds. Where the kernel would have
//!    to wait for the disk (or can't tell, as outside Linux), a blocking thread reads. What is
//!    sent without being read is looked up at both ends of every 128 KiB.
//! 3. The length is promised up front and kept: what a file gains meanwhile is not sent, and
//!    a file that lost bytes ends the body with an error, so that the connection is closed.

use std::fs::File;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{io, mem, vec};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use super::chunk::Chunk;

/// The bytes of a file, or of parts of it.
#[derive(Debug)]
pub struct FileBody {
    source: Source,
    piece: Piece,
    further: vec::IntoIter<Piece>,
    remaining: u64,
    generation: Option<u64>,
}

/// Where a file's bytes are.
#[derive(Debug)]
pub(crate) enum Content {
    /// In memory, all of them.
    Kept(Bytes),
    /// In the file.
    Open(File),
}

/// What a body is made of.
#[derive(Debug)]
pub(crate) enum Piece {
    /// These bytes of the file.
    Part(Range<u64>),
    /// Bytes between those of the file.
    Text(Bytes),
}

#[derive(Debug)]
enum Source {
    Closed,
    Open(File),
    Reading(JoinHandle<(File, io::Result<Bytes>)>),
}

impl FileBody {
    /// No bytes at all.
    pub fn empty() -> Self {
        Self {
            source: Source::Closed,
            piece: Piece::Part(0..0),
            further: vec::IntoIter::default(),
            remaining: 0,
            generation: None,
        }
    }

    /// These bytes of a file.
    pub(crate) fn part(content: Content, part: Range<u64>) -> Self {
        let remaining = part.end - part.start;
        let (source, piece) = match content {
            Content::Kept(bytes) => (Source::Closed, Piece::Text(cut(&bytes, &part))),
            Content::Open(file) => (Source::Open(file), Piece::Part(part)),
        };
        Self { source, piece, remaining, ..Self::empty() }
    }

    /// All of a file, and what tells this state of it from others.
    pub(crate) fn whole(content: Content, length: u64, generation: Option<u64>) -> Self {
        Self { generation, ..Self::part(content, 0..length) }
    }

    /// Parts of a file, and what is between them.
    pub(crate) fn pieces(content: Content, mut pieces: Vec<Piece>) -> Self {
        let remaining = pieces.iter().map(Piece::length).sum();
        let source = match content {
            Content::Open(file) => Source::Open(file),
            Content::Kept(bytes) => {
                for piece in &mut pieces {
                    if let Piece::Part(part) = piece {
                        *piece = Piece::Text(cut(&bytes, part));
                    }
                }
                Source::Closed
            }
        };
        Self { source, further: pieces.into_iter(), remaining, ..Self::empty() }
    }

    /// All bytes, if they are in memory and in one piece.
    pub(crate) fn into_bytes(self) -> Result<Bytes, Self> {
        match self.piece {
            Piece::Text(bytes) if bytes.len() as u64 == self.remaining => Ok(bytes),
            _ if self.remaining == 0 => Ok(Bytes::new()),
            _ => Err(self),
        }
    }

    /// Tells the state of the file from every other, if all of it is sent and that is known.
    pub(crate) const fn generation(&self) -> Option<u64> {
        self.generation
    }

    /// How many bytes are yet to come.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// The file, and which of its bytes come next, if they can be sent without anybody waiting for
    /// a disk.
    pub(crate) fn at_hand(&mut self) -> Option<(&File, Range<u64>)> {
        /// So many are looked after at a time, and so often.
        const FEW: u64 = 512 * 1024;
        const STEP: u64 = 128 * 1024;

        self.skip_what_is_through();
        let (Piece::Part(part), Source::Open(file)) = (&self.piece, &self.source) else {
            return None;
        };
        let is_held = |at: u64| read_cached(file, at, &mut [0]).is_some();
        let last = part.end.min(part.start + FEW).checked_sub(1)?;
        // What lies between two pages that the system holds, it holds as a rule: it reads ahead.
        let mut end = part.start;
        while end <= last && is_held(end) && is_held(last.min(end + STEP - 1)) {
            end = (last + 1).min(end + STEP);
        }
        let part = part.start..end;
        (!part.is_empty()).then_some((file, part))
    }

    /// So many of the bytes at hand were sent: others come next.
    pub(crate) fn skip(&mut self, bytes: u64) {
        if let Piece::Part(part) = &mut self.piece {
            part.start += bytes;
            self.remaining -= bytes;
        }
    }

    fn skip_what_is_through(&mut self) {
        while self.piece.length() == 0
            && let Some(next) = self.further.next()
        {
            self.piece = next;
        }
    }

    /// Takes the next bytes of those that remain, at least one.
    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        self.skip_what_is_through();
        match &mut self.piece {
            Piece::Text(text) => Poll::Ready(Ok(mem::take(text))),
            Piece::Part(part) => {
                let read = ready!(self.source.poll_read(part, cx))?;
                part.start += read.len() as u64;
                Poll::Ready(Ok(read))
            }
        }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let body = self.get_mut();
        if body.is_end_stream() {
            return Poll::Ready(None);
        }
        let bytes = ready!(body.poll_bytes(cx));
        body.remaining = match &bytes {
            Ok(bytes) => body.remaining - bytes.len() as u64,
            Err(_) => 0,
        };
        if body.is_end_stream() {
            body.source = Source::Closed;
        }
        Poll::Ready(Some(bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

fn cut(bytes: &Bytes, part: &Range<u64>) -> Bytes {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    bytes.slice(place(part.start)..place(part.end))
}

impl Piece {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Part(part) => part.end - part.start,
            Self::Text(text) => text.len() as u64,
        }
    }
}

impl Source {
    /// Reads the first bytes of this part: at least one, and no more than a chunk.
    fn poll_read(&mut self, part: &Range<u64>, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let mut reading = match mem::replace(self, Self::Closed) {
            Self::Closed => return Poll::Ready(Err(ended_early())),
            Self::Open(file) => {
                let offset = part.start;
                let mut chunk = Chunk::of(part.end - part.start);
                if let Some(count) = read_cached(&file, offset, chunk.room()) {
                    *self = Self::Open(file);
                    return Poll::Ready(Ok(chunk.first(count)));
                }
                spawn_blocking(move || {
                    let read = read_waiting(&file, offset, chunk.room());
                    (file, read.map(|count| chunk.first(count)))
                })
            }
            Self::Reading(reading) => reading,
        };
        match Pin::new(&mut reading).poll(cx) {
            Poll::Pending => {
                *self = Self::Reading(reading);
                Poll::Pending
            }
            Poll::Ready(done) => {
                let (file, read) = done.map_err(io::Error::other)?;
                *self = Self::Open(file);
                Poll::Ready(read)
            }
        }
    }
}

/// Reads what the page cache holds, if it begins at the offset.
#[cfg(target_os = "linux")]
fn read_cached(file: &File, offset: u64, chunk: &mut [u8]) -> Option<usize> {
    use rustix::io::{ReadWriteFlags, preadv2};

    let mut chunks = [io::IoSliceMut::new(chunk)];
    let count = preadv2(file, &mut chunks, offset, ReadWriteFlags::NOWAIT).ok()?;
    // Not every file system can tell, and Linux 5.9 and 5.10 say 0 where they would have to
    // wait. Whatever is the matter, the read that may wait finds out.
    (count > 0).then_some(count)
}

#[cfg(not(target_os = "linux"))]
fn read_cached(_: &File, _: u64, _: &mut [u8]) -> Option<usize> {
    None
}

/// Reads at least one byte, however long that takes.
fn read_waiting(file: &File, offset: u64, chunk: &mut [u8]) -> io::Result<usize> {
    loop {
        match read_at(file, offset, chunk) {
            Ok(0) => return Err(ended_early()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, offset: u64, chunk: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, chunk, offset)
}

#[cfg(windows)]
fn read_at(file: &File, offset: u64, chunk: &mut [u8]) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, chunk, offset)
}

fn ended_early() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was sent")
}
