//! Spans of requests, told to an OpenTelemetry collector.
//!
//! ```text
//! request ─► Telemetry::begin ─► Trace ─► … ─► Call (one for each question to an origin) ─┐
//!            sampled, or nothing   └──────────► Trace::finished, with the log's line ─────┤
//!                                                                      queue, then batches ◄┘
//! ```
//!
//! 1. Whether a request is told is decided when it arrives, by one random number. What is not
//!    told costs nothing from then on.
//! 2. A viewer's `traceparent` counts only where the operator wants it: whoever sends one could
//!    otherwise have every request told, or all of them put into one trace.
//! 3. An origin hears of a trace (`traceparent`) as the last thing before it is asked, where no
//!    cache key is made any longer.
//!
//! # Invariants
//!
//! - A span holds no query, no cookie, no `Authorization` and no address of a viewer.
//! - No request waits for a collector. What there is no room for is lost, and counted.

mod call;
mod export;
mod otlp;
mod server;
mod span;
mod traceparent;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::HeaderMap;
use tokio::runtime::Handle;

use crate::access_log::Finished;
use crate::config::OpenTelemetry;
use crate::edge::PreciseClock;
use crate::request_id::number;
use crate::serving::EdgeError;

pub(crate) use call::Call;
use export::Exporter;
use span::Span;
use traceparent::Parent;

/// What tells spans; it may tell none.
#[derive(Debug, Default)]
pub(crate) struct Telemetry(Option<Arc<Teller>>);

struct Teller {
    exporter: Exporter,
    clock: PreciseClock,
    follows_viewers: bool,
    /// Of [`CHANCES`] requests so many are told.
    sampled: u64,
}

/// The bits of a random number that decide, as many as a fraction has.
const CHANCES: u64 = 1 << 53;

impl Telemetry {
    /// Connects to nothing before there is something to tell.
    pub(crate) fn start(
        config: &OpenTelemetry,
        clock: PreciseClock,
        runtime: &Handle,
    ) -> Result<Self, EdgeError> {
        Ok(Self(Some(Arc::new(Teller {
            exporter: Exporter::start(config, runtime)?,
            clock,
            follows_viewers: config.follow_viewers,
            sampled: chances(config.sample),
        }))))
    }

    /// Says whether nothing is told, ever.
    pub(crate) const fn is_off(&self) -> bool {
        self.0.is_none()
    }

    /// Begins the trace of a request, or goes on with the viewer's; mostly there is none.
    #[inline]
    pub(crate) fn begin(&self, headers: &HeaderMap) -> Trace {
        Trace(self.0.as_ref().and_then(|teller| teller.begin(headers)))
    }

    /// How many spans were lost; none if there are never any.
    pub(crate) fn dropped(&self) -> Option<u64> {
        self.0.as_ref().map(|teller| teller.exporter.dropped())
    }

    /// Sends what waits, and takes nothing from then on.
    pub(crate) async fn close(&self) {
        if let Some(teller) = &self.0 {
            teller.exporter.close().await;
        }
    }
}

impl Teller {
    fn begin(self: &Arc<Self>, headers: &HeaderMap) -> Option<Arc<Sampled>> {
        let parent = self.follows_viewers.then(|| Parent::of(headers)).flatten();
        let is_sampled = match &parent {
            Some(parent) => parent.is_sampled,
            None => number() % CHANCES < self.sampled,
        };
        is_sampled.then(|| {
            Arc::new(Sampled {
                teller: Arc::clone(self),
                trace: parent.as_ref().map_or_else(new_trace, |parent| parent.trace),
                span: new_span(),
                parent: parent.map(|parent| parent.span),
                began: (self.clock)(),
            })
        })
    }
}

/// A request's place in a trace; most requests are in none. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Trace(Option<Arc<Sampled>>);

/// A request that is told.
struct Sampled {
    teller: Arc<Teller>,
    trace: u128,
    span: u64,
    /// The viewer's own span, if it is followed.
    parent: Option<u64>,
    began: SystemTime,
}

impl Trace {
    /// The request is over.
    #[inline]
    pub(crate) fn finished(&self, finished: &Finished<'_>) {
        if let Some(sampled) = &self.0 {
            sampled.tell(server::span(sampled, finished));
        }
    }
}

impl Sampled {
    fn tell(&self, span: Span) {
        self.teller.exporter.put(span);
    }
}

/// A trace's name: 128 bits that are not all zero.
fn new_trace() -> u128 {
    u128::from(number()) << 64 | u128::from(new_span())
}

/// A span's name: 64 bits that are not all zero.
fn new_span() -> u64 {
    number().max(1)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a fraction of 2^53 is a whole number once its own fraction is cut off"
)]
fn chances(sample: f64) -> u64 {
    (sample.clamp(0.0, 1.0) * CHANCES as f64) as u64
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller").field("sampled", &self.sampled).finish_non_exhaustive()
    }
}

impl fmt::Debug for Sampled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sampled({})", traceparent::text(self.trace, self.span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_everything_can_be_sampled_and_every_part_between() {
        assert_eq!([chances(0.0), chances(1.0)], [0, CHANCES]);
        assert_eq!(chances(0.5), CHANCES / 2);
        assert!(chances(f64::MIN_POSITIVE) == 0 && chances(f64::NAN) == 0);
    }
}
