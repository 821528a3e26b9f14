//! The span of one question to an origin: until the head of its answer is there.

use std::time::{Instant, SystemTime};

use gatepass_distribution::Endpoint;
use http::{HeaderValue, Method, Response};

use super::span::{Attributes, Kind, Span, method, named_after};
use super::traceparent::{self, TRACEPARENT, TRACESTATE};
use super::{Trace, new_span};
use crate::access_log::redacted;
use crate::metrics::OriginMetrics;
use crate::origin::request::OriginRequest;
use crate::origin::trouble::Trouble;

/// A question under way. Whoever loses interest before there is an answer tells nothing of it,
/// as in the metrics.
#[derive(Debug, Default)]
pub(crate) struct Call(Option<Box<Open>>);

#[derive(Debug)]
struct Open {
    trace: Trace,
    span: u64,
    method: &'static str,
    began: SystemTime,
    since: Instant,
    attributes: Attributes,
}

impl Call {
    /// Tells the origin which trace it is part of, if it is part of one. `prefix` is what the
    /// origin puts before every path.
    #[inline]
    pub(crate) fn begin(
        request: &mut OriginRequest,
        endpoint: &Endpoint,
        prefix: &str,
        metrics: Option<&OriginMetrics>,
    ) -> Self {
        let Some(sampled) = &request.trace.0 else { return Self::default() };
        let span = new_span();
        // What other tracers said of the viewer's trace is no part of a new one.
        if sampled.parent.is_none() {
            request.headers.remove(&TRACESTATE);
        }
        if let Ok(value) = HeaderValue::try_from(traceparent::text(sampled.trace, span)) {
            request.headers.insert(&TRACEPARENT, value);
        }
        Self(Some(Box::new(Open {
            trace: request.trace.clone(),
            span,
            method: method(&request.method),
            began: (sampled.teller.clock)(),
            since: Instant::now(),
            attributes: attributes(&request.method, endpoint, prefix, &request.path, metrics),
        })))
    }

    /// It was answered, or will not be.
    #[inline]
    pub(crate) fn answered<B>(self, answered: &Result<Response<B>, Trouble>) {
        if let Some(open) = self.0 {
            open.answered(answered);
        }
    }
}

impl Open {
    fn answered<B>(self, answered: &Result<Response<B>, Trouble>) {
        let Self { trace, span, method, began, since, mut attributes } = self;
        let Some(sampled) = &trace.0 else { return };
        let has_failed = match answered {
            Ok(response) => {
                let status = response.status();
                attributes.number("http.response.status_code", status.as_u16().into());
                let has_failed = status.is_client_error() || status.is_server_error();
                if has_failed {
                    attributes.text("error.type", status.as_str());
                }
                has_failed
            }
            Err(trouble) => {
                attributes.text("error.type", trouble.reason());
                true
            }
        };
        sampled.tell(Span {
            trace: sampled.trace,
            id: span,
            parent: Some(sampled.span),
            kind: Kind::Client,
            name: named_after(method).to_owned(),
            began,
            took: since.elapsed(),
            has_failed,
            attributes,
        });
    }
}

fn attributes(
    asked: &Method,
    endpoint: &Endpoint,
    prefix: &str,
    path: &str,
    metrics: Option<&OriginMetrics>,
) -> Attributes {
    let mut told = Attributes::default();
    told.text("http.request.method", method(asked));
    let place = endpoint.to_string();
    let path = redacted::url(path.as_bytes());
    told.pieces("url.full", [place.as_bytes(), prefix.as_bytes()].into_iter().chain(path));
    told.text("server.address", &endpoint.host);
    told.number("server.port", endpoint.port.into());
    told.text("network.protocol.version", "1.1");
    if let Some(metrics) = metrics {
        told.text("gatepass.distribution", metrics.distribution());
        told.text("gatepass.origin", metrics.origin());
    }
    told
}
