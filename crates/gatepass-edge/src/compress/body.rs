//! A body that is compressed as it comes.
//!
//! Of what comes at once, a piece is compressed at a time, so that neither memory nor the other
//! viewers of the same thread have to make room for all of it. When nothing comes for a while,
//! what there is is sent.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_compression::codecs::brotli::params::EncoderParams;
use async_compression::codecs::flate::params::FlateEncoderParams;
use async_compression::codecs::{BrotliEncoder, Encode, GzipEncoder};
use async_compression::core::{Level, util::PartialBuffer};
use bytes::Bytes;
use http_body::Frame;

use super::Coding;
use super::copies::Making;

/// So much is compressed before others have their turn.
const PIECE_BYTES: usize = 64 << 10;

/// What an encoder writes at once.
const OUTPUT_BYTES: usize = 16 << 10;

/// Another body, compressed. Its trailers are lost.
#[doc(hidden)]
pub struct Compressed<B> {
    body: B,
    encoder: Encoder,
    rest: Bytes,
    state: State,
    copy: Option<Making>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Everything that came has been sent.
    Flushed,
    /// The encoder may hold some of what came.
    Holding,
    /// There is no more to come.
    Over,
}

/// One for each viewer at a time, so it must be small: Brotli holds back half a MiB at most,
/// with this window.
enum Encoder {
    Brotli(Box<BrotliEncoder>),
    Gzip(Box<GzipEncoder>),
}

impl<B> Compressed<B> {
    /// Compresses a body, and keeps what comes out if `copy` is there to hold it.
    pub(super) fn new(body: B, coding: Coding, copy: Option<Making>) -> Self {
        // As quick as gzip, and smaller.
        let quality = |level| EncoderParams::default().quality(Level::Precise(level));
        let encoder = match coding {
            Coding::Brotli => {
                Encoder::Brotli(Box::new(BrotliEncoder::new(quality(4).window_size(18))))
            }
            Coding::Gzip => Encoder::Gzip(Box::new(GzipEncoder::new(FlateEncoderParams::from(
                Level::Precise(6),
            )))),
        };
        Self { body, encoder, rest: Bytes::new(), state: State::Flushed, copy }
    }

    /// What leaves.
    fn sends(&mut self, out: Bytes) -> Frame<Bytes> {
        self.copy = self.copy.take().and_then(|copy| copy.wrote(&out));
        Frame::data(out)
    }
}

impl<B> http_body::Body for Compressed<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: From<io::Error>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        loop {
            if this.state == State::Over {
                return Poll::Ready(None);
            }
            if !this.rest.is_empty() {
                let piece = this.rest.split_to(this.rest.len().min(PIECE_BYTES));
                let out = this.encoder.encode(&piece)?;
                this.state = State::Holding;
                if !out.is_empty() {
                    return Poll::Ready(Some(Ok(this.sends(out))));
                }
                if !this.rest.is_empty() {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
            match Pin::new(&mut this.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    this.rest = frame.into_data().unwrap_or_default();
                    if let Some(copy) = &mut this.copy {
                        copy.read(this.rest.len());
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    this.state = State::Over;
                    this.copy = None;
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) => {
                    this.state = State::Over;
                    let out = this.encoder.finish()?;
                    let last = this.sends(out);
                    if let Some(copy) = this.copy.take() {
                        copy.keep();
                    }
                    return Poll::Ready(Some(Ok(last)));
                }
                Poll::Pending if this.state == State::Holding => {
                    this.state = State::Flushed;
                    let out = this.encoder.flush()?;
                    if !out.is_empty() {
                        return Poll::Ready(Some(Ok(this.sends(out))));
                    }
                    return Poll::Pending;
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.state == State::Over
    }
}

impl Encoder {
    fn encode(&mut self, piece: &[u8]) -> io::Result<Bytes> {
        let mut input = PartialBuffer::new(piece);
        written(|output| {
            match self {
                Self::Brotli(encoder) => Encode::encode(&mut **encoder, &mut input, output)?,
                Self::Gzip(encoder) => Encode::encode(&mut **encoder, &mut input, output)?,
            }
            Ok(input.unwritten().is_empty())
        })
    }

    fn flush(&mut self) -> io::Result<Bytes> {
        written(|output| match self {
            Self::Brotli(encoder) => Encode::flush(&mut **encoder, output),
            Self::Gzip(encoder) => Encode::flush(&mut **encoder, output),
        })
    }

    fn finish(&mut self) -> io::Result<Bytes> {
        written(|output| match self {
            Self::Brotli(encoder) => Encode::finish(&mut **encoder, output),
            Self::Gzip(encoder) => Encode::finish(&mut **encoder, output),
        })
    }
}

type Output = PartialBuffer<Vec<u8>>;

/// All that an encoder writes until it says that it is done.
fn written(mut step: impl FnMut(&mut Output) -> io::Result<bool>) -> io::Result<Bytes> {
    let mut all = Vec::new();
    let mut output = PartialBuffer::new(vec![0; OUTPUT_BYTES]);
    loop {
        let is_done = step(&mut output)?;
        all.extend_from_slice(output.written());
        if is_done {
            return Ok(all.into());
        }
        output.reset();
    }
}

impl<B> fmt::Debug for Compressed<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressed").field("state", &self.state).finish_non_exhaustive()
    }
}
