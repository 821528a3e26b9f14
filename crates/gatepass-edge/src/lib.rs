//! The viewers' door: HTTP in, the gate, content from its origin, one log line out.
//!
//! Begin with [`Edge::handle`] in `edge.rs`: the life of a viewer request on one page.
//! Listeners stand outside of it, behind the [`Door`] trait, so that the same request can be
//! answered in a test, behind another listener, or with something in front of it.

#![forbid(unsafe_code)]

// Top-down: the page to begin with comes first, and what it calls follows.
mod edge;

mod asking;

mod answering;

mod incoming;

mod wellformed;

mod viewer;

mod refuse;
mod renew;

mod respond;

mod cap;

mod compress;

#[doc(hidden)]
pub mod origin;

#[doc(hidden)]
pub mod cache;

#[doc(hidden)]
pub mod asked;

mod fetch;

mod chosen;
mod tunnel;

mod serving;

mod forward;

mod background;

mod access_log;

mod metrics;

#[cfg(feature = "opentelemetry")]
mod telemetry;
#[cfg(not(feature = "opentelemetry"))]
#[path = "telemetry/absent.rs"]
mod telemetry;

mod health;

mod outcome;

mod request_id;

mod spare;

mod body;

mod listener;

mod progress;

mod config;

pub use access_log::{AccessLog, FileSink};
pub use answering::Answering;
pub use body::{Body, Logged};
#[doc(hidden)]
pub use compress::Compressed;
pub use config::{
    AcmeConfig, CacheConfig, CertificateFiles, DiskConfig, EdgeConfig, Limits, LogFormat,
    OpenTelemetry,
};
pub use edge::{Clock, Edge, PreciseClock};
pub use health::{ObserveError, Observing, observe};
pub use incoming::Sent;
#[doc(hidden)]
pub use incoming::Unread;
#[doc(hidden)]
pub use listener::plain_head;
pub use listener::{
    Acme, AcmeEvent, CertificateError, CertificateWarning, Certificates, Connection, Door,
    ListenError, Running, TellAcme, TlsParameters, Vitals, listen, listen_on,
};
pub use metrics::{
    BehaviorMetrics, CacheStatus, ConfigStatus, Metrics, Observed, OriginMetrics, Resolved, Status,
};
pub use outcome::CacheOutcome;
pub use serving::EdgeError;
