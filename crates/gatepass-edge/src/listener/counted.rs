//! A socket that takes a place among those that may be open at once, whatever becomes of it:
//! a connection that was upgraded has left HTTP behind, but not its place.

use std::io::{self, IoSlice, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use smallvec::SmallVec;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A place among the counted; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Place {
    /// None if all `limit` places are taken.
    pub(super) fn take(open: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        let place = Self(Arc::clone(open));
        (open.fetch_add(1, Ordering::Relaxed) < limit).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Up to so many bytes are put together before they are written: handing the kernel a list of
/// them takes it longer than copying them takes us.
const SMALL: usize = 4 * 1024;

/// A socket and its place.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) stream: TcpStream,
    #[expect(dead_code, reason = "held for as long as the socket is open")]
    pub(super) place: Place,
}

/// What a viewer still sent is read before the socket is closed: closed over unread bytes it is
/// reset, and an answer that is on its way, such as a refusal, may be lost with it.
impl Drop for Counted {
    fn drop(&mut self) {
        let socket = SockRef::from(&self.stream);
        let mut unread = [0; 4 * 1024];
        for _ in 0..16 {
            if !matches!((&*socket).read(&mut unread), Ok(1..)) {
                return;
            }
        }
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.get_mut().stream);
        if bytes.iter().map(|part| part.len()).sum::<usize>() > SMALL {
            return stream.poll_write_vectored(context, bytes);
        }
        let mut together = SmallVec::<[u8; SMALL]>::new();
        let whole = match bytes {
            [only] => &**only,
            parts => {
                for part in parts {
                    together.extend_from_slice(part);
                }
                &together
            }
        };
        stream.poll_write(context, whole)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
