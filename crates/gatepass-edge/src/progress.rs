//! Whether a connection gets on: when it last asked, or took something of an answer.
//!
//! For HTTP/1 the socket's write timeout ends a connection that takes nothing. An HTTP/2
//! connection could stay for ever, as long as it answers pings, and hold back its answers by
//! flow control, which never blocks the socket. A viewer is to blame only for what it could
//! have taken: while an origin is silent there is nothing to take.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::body::Body;

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct Progress {
    /// When it was last seen that something had moved.
    last: Cell<Instant>,
    /// Something moved since. Requests only say so: whoever watches asks for the time.
    has_moved: Cell<bool>,
    has_begun: Cell<bool>,
    /// How many requests are not through yet.
    under_way: Cell<usize>,
    /// How many bodies have something to be taken and never had to wait.
    ready: Cell<usize>,
    /// How many others have something to be taken, as far as anybody knows.
    offered: Arc<AtomicUsize>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            last: Cell::new(Instant::now()),
            has_moved: Cell::default(),
            has_begun: Cell::default(),
            under_way: Cell::default(),
            ready: Cell::default(),
            offered: Arc::default(),
        }
    }
}

impl Progress {
    /// Something was asked.
    pub(crate) fn asked(self: &Rc<Self>) -> UnderWay {
        self.has_begun.set(true);
        self.under_way.update(|requests| requests + 1);
        self.made();
        UnderWay(Rc::clone(self))
    }

    /// Something was asked, or taken.
    fn made(&self) {
        self.has_moved.set(true);
    }

    /// For how long nothing was asked and nothing taken, as far as it was looked at.
    fn still_for(&self) -> Duration {
        if self.has_moved.take() {
            self.last.set(Instant::now());
        }
        self.last.get().elapsed()
    }

    fn has_something_to_take(&self) -> bool {
        self.ready.get() > 0 || self.offered.load(Ordering::SeqCst) > 0
    }

    /// Ends once something was asked for the first time, or `limit` has passed.
    pub(crate) async fn begun_within(&self, limit: Duration) {
        let since = Instant::now();
        while !self.has_begun.get() && since.elapsed() < limit {
            tokio::time::sleep(TICK).await;
        }
    }

    /// Ends once nothing was asked and nothing taken for so long, or a quarter longer.
    pub(crate) async fn idle_for(&self, limit: Duration) {
        while let Some(left) = limit.checked_sub(self.still_for()) {
            tokio::time::sleep(left.min(limit / 4) + TICK).await;
        }
    }

    /// Ends once the next request is overdue: nothing is under way, and that for so long.
    pub(crate) async fn overdue_for(&self, limit: Duration) {
        loop {
            self.idle_for(limit).await;
            if self.under_way.get() == 0 {
                return;
            }
            tokio::time::sleep(limit).await;
        }
    }

    /// Ends once nothing was taken for so long, although there is something to take.
    pub(crate) async fn stalled_for(&self, limit: Duration) {
        let mut is_suspect = false;
        loop {
            let (left, suspect) = match limit.checked_sub(self.still_for()) {
                Some(left) => (left.min(limit / 4) + TICK, false),
                None if !self.has_something_to_take() => (limit, false),
                None if is_suspect => return,
                // It may be here since a moment ago, after a long silence.
                None => (limit / 4 + TICK, true),
            };
            is_suspect = suspect;
            tokio::time::sleep(left).await;
        }
    }
}

const TICK: Duration = Duration::from_millis(10);

/// A request that is not through yet. It is once this is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay(Rc<Progress>);

impl Deref for UnderWay {
    type Target = Progress;

    fn deref(&self) -> &Progress {
        &self.0
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.under_way.update(|requests| requests - 1);
        self.made();
    }
}

/// What comes of asking a body for more.
pub(crate) type Polled = Poll<Option<io::Result<Frame<Bytes>>>>;

/// A body whose every step counts as progress.
///
/// It has something to offer until it says that it has to wait, and again once it asks to be
/// polled: whoever doesn't poll it then is held back by the viewer.
#[derive(Debug)]
pub(crate) struct Watched {
    body: Body,
    progress: UnderWay,
    /// From the first time that it has to wait: most never do.
    bell: Option<Arc<Bell>>,
}

impl Watched {
    pub(crate) fn new(body: Body, progress: UnderWay) -> Self {
        progress.ready.update(|bodies| bodies + 1);
        Self { body, progress, bell: None }
    }

    /// A file whose bytes come next, and which, if they can be sent without being read.
    pub(crate) fn at_hand(&mut self) -> Option<(&File, Range<u64>)> {
        self.body.at_hand()
    }

    /// So many of the bytes at hand were sent: others come next.
    pub(crate) fn skip(&mut self, bytes: u64) {
        self.body.skip(bytes);
    }

    /// Whether its bytes lie in memory for as long as they are kept, and at the same place.
    pub(crate) fn is_from_memory(&self) -> bool {
        self.body.is_from_memory()
    }

    /// The same as `poll_frame`, for whoever tells what left.
    pub(crate) fn poll_untold(&mut self, context: &mut Context<'_>) -> Polled {
        self.poll_progress(context, Body::poll_untold)
    }

    /// So much of it left.
    pub(crate) fn told(&mut self, bytes: usize) {
        self.body.told(bytes);
        self.progress.made();
    }

    /// All of it left.
    pub(crate) fn ended(&mut self) {
        self.body.ended();
    }

    fn poll_progress(
        &mut self,
        context: &mut Context<'_>,
        poll: fn(&mut Body, &mut Context<'_>) -> Polled,
    ) -> Polled {
        let polled = self.poll_body(context, poll);
        if polled.is_ready() {
            self.progress.made();
        }
        polled
    }

    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
        poll: fn(&mut Body, &mut Context<'_>) -> Polled,
    ) -> Polled {
        if self.bell.is_none() {
            let polled = poll(&mut self.body, context);
            if polled.is_ready() {
                return polled;
            }
            // It is polled once more, to be woken by the bell.
            self.bell = Some(Arc::new(Bell::new(context.waker(), &self.progress.offered)));
            self.progress.ready.update(|bodies| bodies - 1);
        }
        let Some(bell) = &self.bell else { return Poll::Pending };
        bell.wait_for(context.waker());
        let waker = Waker::from(Arc::clone(bell));
        let mut context = Context::from_waker(&waker);
        let polled = poll(&mut self.body, &mut context);
        if polled.is_ready() {
            bell.offer();
        }
        polled
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        match &self.bell {
            Some(bell) => bell.end(),
            None => self.progress.ready.update(|bodies| bodies - 1),
        }
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled {
        let frame = |body: &mut Body, context: &mut Context<'_>| Pin::new(body).poll_frame(context);
        self.get_mut().poll_progress(context, frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

const OFFERS: u8 = 0;
const WAITS: u8 = 1;
const ENDED: u8 = 2;

/// Rings, from any thread, when a body that had to wait has something again.
#[derive(Debug)]
struct Bell {
    state: AtomicU8,
    offered: Arc<AtomicUsize>,
    waker: Mutex<Waker>,
}

impl Bell {
    fn new(waker: &Waker, offered: &Arc<AtomicUsize>) -> Self {
        offered.fetch_add(1, Ordering::SeqCst);
        Self {
            state: AtomicU8::new(OFFERS),
            offered: Arc::clone(offered),
            waker: Mutex::new(waker.clone()),
        }
    }

    fn wait_for(&self, waker: &Waker) {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner).clone_from(waker);
        if self.turns(OFFERS, WAITS) {
            self.offered.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn offer(&self) {
        if self.turns(WAITS, OFFERS) {
            self.offered.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn end(&self) {
        if self.state.swap(ENDED, Ordering::SeqCst) == OFFERS {
            self.offered.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn turns(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.offer();
        // Woken outside of the lock: it may poll at once.
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).clone();
        waker.wake();
    }
}
