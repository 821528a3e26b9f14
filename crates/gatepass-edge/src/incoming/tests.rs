//! Viewers who send slowly, and origins that take slowly, on a clock of our own.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::task::Waker;

use super::*;

const PATIENCE: Duration = Duration::from_secs(30);

/// What a viewer sends is here at once, or not yet.
struct Viewer(VecDeque<Poll<&'static [u8]>>);

impl http_body::Body for Viewer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.get_mut().0.pop_front().unwrap_or(Poll::Pending);
        next.map(|bytes| Some(Ok(Frame::data(bytes.into()))))
    }
}

/// An upload, and what time it is.
struct Upload {
    body: Bounded<Viewer>,
    now: Instant,
}

#[derive(Debug, Eq, PartialEq)]
enum Polled {
    Bytes,
    Nothing,
    CutOff,
}

impl Upload {
    fn begin(sent: impl IntoIterator<Item = Poll<&'static [u8]>>) -> Self {
        let limits = Limits { stall_timeout: PATIENCE, ..Limits::default() };
        let viewer = Viewer(sent.into_iter().collect());
        Self { body: Bounded::new(viewer, &limits, Arc::default()), now: Instant::now() }
    }

    /// What there is for the origin some time after it was asked for last.
    fn after(&mut self, seconds: u64) -> Polled {
        self.now += Duration::from_secs(seconds);
        match self.body.poll_at(self.now, &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(Ok(_))) => Polled::Bytes,
            Poll::Pending => Polled::Nothing,
            Poll::Ready(_) => Polled::CutOff,
        }
    }
}

#[tokio::test]
async fn an_upload_whose_origin_pauses_is_not_cut_off() {
    let mut upload = Upload::begin([
        Poll::Ready(&b"x"[..]),
        Poll::Ready(b"x"),
        Poll::Pending,
        Poll::Ready(b"x"),
    ]);
    assert_eq!(upload.after(0), Polled::Bytes);
    assert_eq!(upload.after(1_000), Polled::Bytes);
    assert_eq!(upload.after(1_000), Polled::Nothing, "the viewer begins to be waited for now");
    assert_eq!(upload.after(29), Polled::Bytes);
    assert_eq!(upload.after(1_000), Polled::Nothing);
    assert_eq!(upload.after(2), Polled::CutOff, "31 seconds in all");
}

#[tokio::test]
async fn an_upload_that_trickles_is_cut_off() {
    let mut upload =
        Upload::begin([Poll::Pending, Poll::Pending, Poll::Ready(&b"x"[..])].repeat(100));
    let polled = std::iter::from_fn(|| Some(upload.after(1)));
    let lasted = polled.take_while(|polled| *polled != Polled::CutOff).count();
    assert_eq!(lasted, 15 * 3 + 1, "a byte came 15 times, after two seconds each");
}

#[tokio::test]
async fn an_upload_that_is_fast_enough_goes_on_until_it_is_silent() {
    let mut upload = Upload::begin([Poll::Pending, Poll::Ready(&[b'x'; 1024][..])].repeat(100));
    assert!((0..200).all(|_| upload.after(1) != Polled::CutOff));
    assert_eq!(upload.after(1), Polled::Nothing);
    assert_eq!(upload.after(29), Polled::Nothing);
    assert_eq!(upload.after(1), Polled::CutOff);
}
