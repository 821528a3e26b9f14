//! What a viewer asks for, in the terms of cache and origin.

#[cfg(test)]
pub(crate) mod sample;

use std::borrow::Cow;
use std::net::IpAddr;

use gatepass::{EpochTime, ViewerUrl};
use gatepass_distribution::{CacheBehavior, Distribution};
use http::{HeaderMap, Method, Version};

use crate::listener::Connection;
pub use crate::request_id::RequestId;
pub use crate::telemetry::Trace;

/// One viewer request, routed. Borrowed, since most are answered from memory.
#[derive(Clone, Debug)]
pub struct Asked<'r> {
    /// The distribution that the host belongs to.
    pub distribution: &'r Distribution,
    /// The behavior that the path belongs to.
    pub behavior: &'r CacheBehavior,
    /// The method.
    pub method: &'r Method,
    /// The HTTP version that the viewer speaks.
    pub version: Version,
    /// The URL; on a guarded behavior without a pass's reserved parameters.
    pub url: &'r ViewerUrl<'r>,
    /// The raw path that the origin is asked for: the URL's, or the default root object's.
    pub path: Cow<'r, str>,
    /// Everything that the viewer sent, a pass's cookies too: whoever reads it must leave
    /// those out.
    pub headers: &'r HeaderMap,
    /// How it came, and from which socket.
    pub connection: &'r Connection,
    /// Who asks: the other end, or whom a trusted proxy there names.
    pub address: IpAddr,
    /// When it was asked.
    pub now: EpochTime,
    /// The request's ID, as the viewer will hear it.
    pub id: RequestId,
    /// The trace that it is part of; most are part of none.
    pub trace: Trace,
}
