//! Two futures in one task, of which the second is seldom woken.
//!
//! A connection is woken for each request, and what watches over it every few seconds. Waiting
//! for both with `select!` would ask the timers each time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};

/// A future that is polled only when it has been woken itself.
pub(super) struct Beside<F> {
    future: Pin<Box<F>>,
    bell: Arc<Bell>,
}

struct Bell {
    has_rung: AtomicBool,
    task: OnceLock<Waker>,
}

impl<F: Future<Output = ()>> Beside<F> {
    pub(super) fn new(future: F) -> Self {
        let bell = Bell { has_rung: AtomicBool::new(true), task: OnceLock::new() };
        Self { future: Box::pin(future), bell: Arc::new(bell) }
    }

    /// Waits for the first of both; what came of `other`, if it was that. To be polled by one
    /// task from beginning to end.
    pub(super) async fn of<O: Future>(mut self, other: &mut Pin<&mut O>) -> Option<O::Output> {
        poll_fn(|context| match other.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => self.poll(context).map(|()| None),
        })
        .await
    }

    fn poll(&mut self, context: &Context<'_>) -> Poll<()> {
        if !self.bell.has_rung.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        self.bell.task.get_or_init(|| context.waker().clone());
        self.bell.has_rung.store(false, Ordering::Release);
        let waker = Waker::from(Arc::clone(&self.bell));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        if let Some(task) = self.task.get() {
            task.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn whichever_ends_first_ends_both() {
        let late = || sleep(Duration::from_mins(1));
        let soon = || sleep(Duration::from_millis(1));
        assert_eq!(Beside::new(late()).of(&mut pin!(async { 7 })).await, Some(7));
        assert_eq!(Beside::new(soon()).of(&mut pin!(late())).await, None);
        assert_eq!(Beside::new(late()).of(&mut pin!(soon())).await, Some(()));
    }

    #[tokio::test]
    async fn is_not_asked_because_the_other_was_woken() {
        let mut asked = 0;
        let watching = poll_fn(|_| {
            asked += 1;
            Poll::<()>::Pending
        });
        let busy = async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        };
        Beside::new(watching).of(&mut pin!(busy)).await;
        assert_eq!(asked, 1);
    }
}
