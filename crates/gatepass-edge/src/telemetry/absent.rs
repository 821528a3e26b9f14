//! What stands in for spans in a build without them: nothing, and it costs nothing.
//!
//! It has the functions of the module that tells them, so that nobody else has to know.

#![expect(
    clippy::unused_async,
    clippy::unused_self,
    reason = "the functions that tell spans wait, and need what they are called on"
)]

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
pub(crate) struct Telemetry(());

/// A request's place in no trace.
#[derive(Clone, Debug, Default)]
pub struct Trace(());

/// A question to an origin, of which nothing is told.
#[derive(Debug)]
pub(crate) struct Call;

impl Telemetry {
    pub(crate) fn start(_: &OpenTelemetry, _: PreciseClock, _: &Handle) -> Result<Self, EdgeError> {
        Err(EdgeError::NoOpenTelemetry)
    }

    pub(crate) const fn is_off(&self) -> bool {
        true
    }

    pub(crate) const fn begin(&self, _: &HeaderMap) -> Trace {
        Trace(())
    }

    pub(crate) const fn dropped(&self) -> Option<u64> {
        None
    }

    pub(crate) async fn close(&self) {}
}

impl Trace {
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
