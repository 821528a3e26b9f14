//! An answer on its way to a viewer.

use std::fs::File;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::file::{self, Wire};
use super::twins::Twins;
use super::unless_gone;
use super::write::{self, Framing};
use crate::progress::Watched;

/// Up to so many bytes are put together before they are written: handing the kernel a list of
/// them takes it longer than copying them takes us.
const SMALL: usize = 8 * 1024;

/// From so many bytes on, a file's are sent without being read.
const LARGE: u64 = 64 * 1024;

/// A viewer that takes all that comes lets others have their turn after so many bytes.
const TURN: u64 = 2 * 1024 * 1024;

/// A body behind its head.
pub(super) struct Outgoing<'q, S> {
    stream: &'q mut S,
    unread: &'q mut BytesMut,
    /// What is yet to be written, ahead of what comes of the body next.
    out: &'q mut Vec<u8>,
    body: Watched,
    /// So much of the body is in there, or was written: whoever counts it was not told yet.
    untold: usize,
    twins: &'q Twins,
    patience: Duration,
    /// The socket waits for full packets.
    is_held: bool,
    in_a_row: u64,
}

impl<'q, S: AsyncRead + AsyncWrite + Wire + Unpin> Outgoing<'q, S> {
    pub(super) fn new(
        stream: &'q mut S,
        unread: &'q mut BytesMut,
        out: &'q mut Vec<u8>,
        body: Watched,
        twins: &'q Twins,
        patience: Duration,
    ) -> Self {
        let (untold, is_held, in_a_row) = (0, false, 0);
        Self { stream, unread, out, body, untold, twins, patience, is_held, in_a_row }
    }

    /// Writes it all. Whoever counts it is told of what the socket took, and only then.
    pub(super) async fn send(mut self, framing: Framing) -> io::Result<()> {
        match framing {
            Framing::Nothing => return self.flush().await,
            Framing::Length(length) => self.measured(length).await?,
            Framing::Chunked => self.chunked().await?,
        }
        self.flush().await?;
        self.body.ended();
        Ok(())
    }

    /// A body that is as long as its head says, or breaks off.
    async fn measured(&mut self, length: u64) -> io::Result<()> {
        if let Some(socket) = self.stream.socket().filter(|_| length >= LARGE) {
            file::hold_back(socket, true);
            self.is_held = true;
        }
        let mut left = length;
        while left > 0 {
            if let Some(went) = self.put_from_file(left).await? {
                left -= went;
                continue;
            }
            let data = self.next().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            left = left.checked_sub(data.len() as u64).ok_or(io::ErrorKind::InvalidData)?;
            self.put(&data).await?;
        }
        Ok(())
    }

    async fn chunked(&mut self) -> io::Result<()> {
        while let Some(data) = self.next().await? {
            if !data.is_empty() {
                write::chunk_size(self.out, data.len());
                self.put(&data).await?;
                self.out.extend_from_slice(b"\r\n");
            }
        }
        self.out.extend_from_slice(b"0\r\n\r\n");
        Ok(())
    }

    /// What comes next of a body. What was put before doesn't wait for it.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let body = &mut self.body;
            let at_once = poll_fn(|context| Poll::Ready(body.poll_untold(context))).await;
            let frame = match at_once {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    self.flush().await?;
                    let body = &mut self.body;
                    let coming = poll_fn(|context| body.poll_untold(context));
                    unless_gone(self.stream, self.unread, coming).await?
                }
            };
            let Some(frame) = frame else { return Ok(None) };
            // Trailers are between an origin and us.
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
    }

    /// Sends what comes next of a body straight from its file, if that goes.
    async fn put_from_file(&mut self, left: u64) -> io::Result<Option<u64>> {
        if left < LARGE || self.stream.socket().is_none() {
            return Ok(None);
        }
        let Some((file, mut part)) = self.body.at_hand() else { return Ok(None) };
        // As `write_out` does, but for the file that is lent by the body.
        self.stream.write_all(self.out).await?;
        self.out.clear();
        let Some(socket) = self.stream.socket() else { return Ok(None) };
        part.end = part.end.min(part.start + left);
        let went = file::send(socket, file, &part, self.patience).await?;
        self.body.skip(went);
        self.tell(usize::try_from(went).unwrap_or(usize::MAX)).await;
        Ok(Some(went))
    }

    /// Writes it, or keeps it to be written together with what follows.
    async fn put(&mut self, data: &Bytes) -> io::Result<()> {
        if self.out.len() + data.len() <= SMALL {
            self.out.extend_from_slice(data);
            self.untold += data.len();
            return Ok(());
        }
        let is_from_memory = self.stream.socket().is_some() && self.body.is_from_memory();
        if let Some(twin) = is_from_memory.then(|| self.twins.of(data)).flatten() {
            return self.put_twin(&twin, data.len()).await;
        }
        self.write_out(data).await?;
        self.tell(data.len()).await;
        Ok(())
    }

    async fn put_twin(&mut self, twin: &File, length: usize) -> io::Result<()> {
        self.write_out(&[]).await?;
        let mut part = 0..length as u64;
        while let Some(socket) = self.stream.socket().filter(|_| !part.is_empty()) {
            let went = file::send(socket, twin, &part, self.patience).await?;
            part.start += went;
            self.tell(usize::try_from(went).unwrap_or(usize::MAX)).await;
        }
        Ok(())
    }

    /// Writes what was kept, and this behind it.
    async fn write_out(&mut self, data: &[u8]) -> io::Result<()> {
        if data.is_empty() {
            self.stream.write_all(self.out).await?;
        } else {
            let mut parts = &mut [IoSlice::new(self.out), IoSlice::new(data)][..];
            IoSlice::advance_slices(&mut parts, 0);
            while !parts.is_empty() {
                match self.stream.write_vectored(parts).await? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    written => IoSlice::advance_slices(&mut parts, written),
                }
            }
        }
        self.out.clear();
        Ok(())
    }

    /// So much more of the body left, with what was kept before it.
    async fn tell(&mut self, bytes: usize) {
        let bytes = std::mem::take(&mut self.untold) + bytes;
        if bytes == 0 {
            return;
        }
        self.body.told(bytes);
        self.in_a_row += bytes as u64;
        if self.in_a_row >= TURN {
            self.in_a_row = 0;
            tokio::task::yield_now().await;
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.write_out(&[]).await?;
        self.stream.flush().await?;
        self.tell(0).await;
        if std::mem::take(&mut self.is_held)
            && let Some(socket) = self.stream.socket()
        {
            file::hold_back(socket, false);
        }
        Ok(())
    }
}
