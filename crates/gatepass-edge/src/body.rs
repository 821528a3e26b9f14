//! What leaves the edge: a file, a few bytes of our own, or nothing.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;

use crate::access_log::{Entry, Pending};
use crate::cache::Reader;
use crate::compress::Compressed;
use crate::origin::file_body::FileBody;
use crate::origin::remote::RemoteBody;

/// The body of a response.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// A file, or parts of it.
    File(Box<FileBody>),
    /// What an origin is sending.
    Remote(Box<RemoteBody>),
    /// All of it at once.
    Whole(Bytes),
    /// An object from the cache, slice by slice.
    Sliced(Box<Reader>),
    /// Any of these, compressed on its way.
    #[doc(hidden)]
    Compressed(Box<Compressed<Body>>),
    /// What an origin sends, as it comes.
    Passing(UnsyncBoxBody<Bytes, std::io::Error>),
    /// Any of these, with a line for the log when it is through.
    #[doc(hidden)]
    Logged(Box<Logged>),
}

/// A request from its arrival to the end of its answer: it stays in one place in memory.
#[doc(hidden)]
#[derive(Debug)]
pub struct Logged {
    body: Body,
    pending: Pending,
}

impl Logged {
    /// Begins when the request arrives.
    #[inline]
    pub(crate) fn new(pending: Pending) -> Box<Self> {
        Box::new(Self { body: Body::Empty, pending })
    }

    /// What was asked, and what is known of it so far.
    pub(crate) const fn parts(&mut self) -> (&Request<()>, &mut Entry) {
        self.pending.parts()
    }

    /// Goes out with the response, and tells the log when its body is through.
    pub(crate) fn answered(mut self: Box<Self>, response: Response<Body>) -> Response<Body> {
        self.pending.answered(&response);
        let (head, body) = response.into_parts();
        self.body = body;
        Response::from_parts(head, Body::Logged(self))
    }

    /// So much of the body left.
    fn left(&mut self, bytes: usize) {
        // A body that says that it is at its end is not asked again.
        if self.body.is_end_stream() {
            self.pending.sent_last(bytes);
        } else {
            self.pending.sent(bytes);
        }
    }
}

impl Body {
    /// A file whose bytes come next, and which, if they can be sent without being read.
    pub(crate) fn at_hand(&mut self) -> Option<(&File, Range<u64>)> {
        match self {
            Self::File(file) => file.at_hand(),
            Self::Logged(logged) => logged.body.at_hand(),
            _ => None,
        }
    }

    /// So many of the bytes at hand were sent: others come next.
    pub(crate) fn skip(&mut self, bytes: u64) {
        match self {
            Self::File(file) => file.skip(bytes),
            Self::Logged(logged) => logged.body.skip(bytes),
            _ => {}
        }
    }

    /// Whether its bytes lie in memory for as long as they are kept, and at the same place.
    pub(crate) fn is_from_memory(&self) -> bool {
        match self {
            Self::Whole(_) | Self::Sliced(_) => true,
            Self::Logged(logged) => logged.body.is_from_memory(),
            _ => false,
        }
    }

    /// The same as `poll_frame`, but the log hears nothing of it: whoever asks tells what left.
    pub(crate) fn poll_untold(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let body = match self {
            Self::Logged(logged) => &mut logged.body,
            body => body,
        };
        Pin::new(body).poll_frame(context)
    }

    /// So much of it left.
    pub(crate) fn told(&mut self, bytes: usize) {
        if let Self::Logged(logged) = self {
            logged.left(bytes);
        }
    }

    /// All of it left.
    pub(crate) fn ended(&mut self) {
        if let Self::Logged(logged) = self {
            logged.pending.ended();
        }
    }
}

impl From<FileBody> for Body {
    fn from(file: FileBody) -> Self {
        match file.into_bytes() {
            Ok(bytes) => Self::Whole(bytes),
            Err(file) => Self::File(Box::new(file)),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::File(file) => Pin::new(&mut **file).poll_frame(context),
            // The viewer is cut off: what it has must not pass for all of it.
            Self::Remote(remote) => {
                Pin::new(&mut **remote).poll_frame(context).map_err(io::Error::other)
            }
            Self::Sliced(reader) => Pin::new(&mut **reader).poll_frame(context),
            Self::Compressed(body) => Pin::new(&mut **body).poll_frame(context),
            Self::Passing(body) => Pin::new(body).poll_frame(context),
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Logged(logged) => {
                let polled = Pin::new(&mut logged.body).poll_frame(context);
                match &polled {
                    Poll::Ready(Some(Ok(frame))) => {
                        logged.left(frame.data_ref().map_or(0, Bytes::len));
                    }
                    Poll::Ready(None) => logged.pending.ended(),
                    Poll::Ready(Some(Err(_))) | Poll::Pending => {}
                }
                polled
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::File(file) => file.is_end_stream(),
            Self::Remote(remote) => remote.is_end_stream(),
            Self::Sliced(reader) => reader.is_end_stream(),
            Self::Compressed(body) => body.is_end_stream(),
            Self::Passing(body) => body.is_end_stream(),
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Logged(logged) => logged.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::File(file) => file.size_hint(),
            Self::Remote(remote) => remote.size_hint(),
            Self::Sliced(reader) => reader.size_hint(),
            Self::Compressed(body) => body.size_hint(),
            Self::Passing(body) => body.size_hint(),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Logged(logged) => logged.body.size_hint(),
        }
    }
}
