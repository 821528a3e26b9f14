//! What an origin is asked is part of the viewer's trace, and the origin hears of it.

use crate::server::{Server, before, end, nowhere};
use crate::support::open;

#[test]
fn a_request_and_what_the_origin_is_asked_are_one_trace() {
    let (collector, origin) = (Server::collector(), Server::origin());
    let site = origin.site().traced(collector.config()).start();
    assert_eq!(site.get("/a?b=c").text(), "ok");
    end(site);
    let spans = collector.spans();
    let [asked, request] = &spans[..] else { panic!("{spans:?}") };
    assert!(request.is_server() && !asked.is_server(), "{spans:?}");
    assert_eq!(request.text("traceId"), asked.text("traceId"));
    assert_eq!(request.text("spanId"), asked.text("parentSpanId"));
    assert_eq!((request.text("parentSpanId"), request.text("traceId").len()), ("", 32));
    let heard = origin.asked_once();
    let place = format!("00-{}-{}-01", asked.text("traceId"), asked.text("spanId"));
    assert_eq!(heard.headers("traceparent"), [place]);
    let target = heard.head.lines().next().unwrap();
    let port = asked.attribute("server.port");
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("url.full", &format!("http://127.0.0.1:{port}/v1/a")),
        ("server.address", "127.0.0.1"),
        ("gatepass.distribution", "E1"),
        ("gatepass.origin", "site"),
    ] {
        assert_eq!(asked.attribute(name), value, "{name} in {asked:?}");
    }
    assert!(target.starts_with("GET /v1/a"), "{target}");
}

#[test]
fn a_trace_is_no_part_of_a_cache_key() {
    let (collector, origin) = (Server::collector(), Server::origin());
    let site = origin.site().traced(collector.config()).start();
    for outcome in ["Miss from cloudfront", "Hit from cloudfront"] {
        assert_eq!(site.get("/a").answer().header("X-Cache"), Some(outcome));
    }
    end(site);
    origin.asked_once();
    let spans = collector.spans();
    let requests: Vec<_> = spans.iter().filter(|span| span.is_server()).collect();
    assert_eq!((spans.len(), requests.len()), (3, 2), "{spans:?}");
    assert_ne!(requests[0].text("traceId"), requests[1].text("traceId"));
    assert_eq!(requests[1].attribute("gatepass.outcome"), "Hit");
}

#[test]
fn an_origin_that_fails_is_an_error_on_both_sides() {
    let collector = Server::collector();
    let site = before(nowhere()).traced(collector.config()).start();
    assert_eq!(site.get("/a").status(), 502);
    end(site);
    let spans = collector.spans();
    assert_eq!(spans.len(), 2);
    for span in spans {
        assert!(span.has_failed(), "{span:?}");
        assert_eq!(span.attribute("error.type"), "origin_unreachable");
    }
}

#[test]
fn what_other_tracers_say_belongs_to_the_trace_that_came_with_it() {
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (follow_viewers, states) in [(false, &[][..]), (true, &["vendor=1"][..])] {
        let (collector, origin) = (Server::collector(), Server::origin());
        let mut config = collector.config();
        config.follow_viewers = follow_viewers;
        let all = |behavior: &mut gatepass_distribution::BehaviorDraft| {
            behavior.origin_request_policy = Some("AllViewer".into());
        };
        let site = origin.site().with(|site| {
            site.default_behavior = open();
            all(&mut site.default_behavior);
        });
        let site = site.traced(config).start();
        let ask = site.get("/a").with("traceparent", parent).with("tracestate", "vendor=1");
        assert_eq!(ask.text(), "ok");
        end(site);
        let heard = origin.asked_once();
        assert_eq!(heard.headers("tracestate"), states);
        let [place] = heard.headers("traceparent")[..] else { panic!("{heard:?}") };
        assert_eq!(place.starts_with(&parent[..36]), follow_viewers, "{place}");
        assert_ne!(place, parent, "the edge's own span is between them");
    }
}
