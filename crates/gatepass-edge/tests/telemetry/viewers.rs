//! Who decides which requests are told.

use crate::server::{Server, Span, end};
use crate::support::site;

const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const NOT_SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

/// The spans of one request by a viewer with this place in a trace.
fn spans(sample: f64, follow_viewers: bool, traceparent: &str) -> Vec<Span> {
    let collector = Server::collector();
    let config = gatepass_edge::OpenTelemetry { sample, follow_viewers, ..collector.config() };
    let site = site().traced(config).start();
    assert_eq!(site.get("/").with("traceparent", traceparent).status(), 200);
    end(site);
    collector.spans()
}

#[test]
fn where_nothing_is_sampled_nothing_is_told_whatever_a_stranger_asks() {
    let (collector, origin) = (Server::collector(), Server::origin());
    let config = gatepass_edge::OpenTelemetry { sample: 0.0, ..collector.config() };
    let site = origin.site().traced(config).start();
    for _ in 0..20 {
        assert_eq!(site.get("/a").with("traceparent", SAMPLED).status(), 200);
    }
    let site = end(site);
    assert!(collector.asked().is_empty(), "{:?}", collector.asked());
    assert!(origin.asked_once().headers("traceparent").is_empty());
    assert_eq!(gatepass_edge::Observed::status(&**site.edge()).spans_dropped, Some(0));
}

#[test]
fn a_strangers_trace_is_not_gone_on_with() {
    let spans = spans(1.0, false, SAMPLED);
    let [span] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!(span.text("parentSpanId"), "");
    assert_ne!(span.text("traceId"), "0af7651916cd43dd8448eb211c80319c");
}

#[test]
fn a_viewer_that_is_followed_says_of_which_trace_a_request_is_and_whether_it_is_told() {
    let told = spans(0.0, true, SAMPLED);
    let [span] = &told[..] else { panic!("{told:?}") };
    assert_eq!(span.text("parentSpanId"), "b7ad6b7169203331");
    assert_eq!(span.text("traceId"), "0af7651916cd43dd8448eb211c80319c");
    assert!(spans(1.0, true, NOT_SAMPLED).is_empty());
    assert_eq!(spans(1.0, true, "nonsense").len(), 1, "it counts as none");
    assert!(spans(0.0, true, "nonsense").is_empty());
}
