//! What stands in for spans in a build without them: nothing, and it costs nothing.
//!
//! It has the functions of the module that tells them, so that nobody else has to know.

use gatepass_distribution::Endpoint;
use http::{HeaderMap, Response};
use tokio::runtime::Handle;

use crate::access_log::Finished;
use crate::config::OpenTelemetry;
use crate::edge::PreciseClock;
use crate::metrics::OriginMetrics;
use crate::origin::request::OriginRequest;
use crate::origin::trouble::Trouble;
use crate::serving::EdgeError;

/// What tells no spans.
#[derive(Debug, Default)]
pub(crate) struct Telemetry;

/// A request's place in no trace.
#[derive(Clone, Debug, Default)]
pub struct Trace;

/// A question to an origin, of which nothing is told.
#[derive(Debug)]
pub(crate) struct Call;

impl Telemetry {
    pub(crate) fn start(_: &OpenTelemetry, _: PreciseClock, _: &Handle) -> Result<Self, EdgeError> {
        Err(EdgeError::NoOpenTelemetry)
    }

    #[expect(clippy::unused_self, reason = "the one that tells spans needs it")]
    pub(crate) const fn is_off(&self) -> bool {
        true
    }

    #[expect(clippy::unused_self, reason = "the one that tells spans needs it")]
    pub(crate) const fn begin(&self, _: &HeaderMap) -> Trace {
        Trace
    }

    #[expect(clippy::unused_self, reason = "the one that tells spans needs it")]
    pub(crate) const fn dropped(&self) -> Option<u64> {
        None
    }

    #[expect(clippy::unused_async, clippy::unused_self, reason = "the one that tells spans waits")]
    pub(crate) async fn close(&self) {}
}

impl Trace {
    #[expect(clippy::unused_self, reason = "the one of a told request needs it")]
    pub(crate) const fn finished(&self, _: &Finished<'_>) {}
}

impl Call {
    pub(crate) const fn begin(
        _: &mut OriginRequest,
        _: &Endpoint,
        _: &str,
        _: Option<&OriginMetrics>,
    ) -> Self {
        Self
    }

    pub(crate) const fn answered<B>(self, _: &Result<Response<B>, Trouble>) {}
}

/// A request without spans is no larger for them.
const _: () = assert!(size_of::<(Telemetry, Trace, Call)>() == 0);
