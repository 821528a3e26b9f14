//! What a remote origin is asked.

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body_util::combinators::UnsyncBoxBody;

use crate::origin::trouble::Trouble;
pub use crate::telemetry::Trace;

/// A request in the origin's terms: what the policies let through, and nothing else.
///
/// It holds no hop-by-hop header, no `Host` unless a policy forwards it, and nothing of a
/// pass. The origin adds what is its own: its path, its host, its headers, its signature.
#[derive(Debug)]
pub struct OriginRequest {
    /// The method.
    pub method: Method,
    /// The raw path, without the origin's own.
    pub path: Box<str>,
    /// The raw query, without `?`.
    pub query: Option<Box<str>>,
    /// The headers.
    pub headers: HeaderMap,
    /// What a PUT or POST carries.
    pub body: RequestBody,
    /// The trace that it is part of; most are part of none.
    pub trace: Trace,
}

/// The body of a request.
#[derive(Debug, Default)]
pub enum RequestBody {
    /// There is none, so the request may be tried again.
    #[default]
    Empty,
    /// What the viewer is still sending.
    Streaming(UnsyncBoxBody<Bytes, Trouble>),
}

impl OriginRequest {
    /// The same request once more, without its body.
    #[must_use]
    pub fn again(&self) -> Self {
        Self {
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            body: RequestBody::Empty,
            trace: self.trace.clone(),
        }
    }
}
