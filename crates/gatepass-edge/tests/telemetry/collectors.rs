//! Collectors, and what they cost: nothing, whatever they do.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use gatepass_edge::{Observed, OpenTelemetry};
use serde_json::Value;

use crate::server::{Server, config, end, nowhere};
use crate::support::{Site, site};

fn dropped(site: &Site) -> u64 {
    site.edge().status().spans_dropped.unwrap()
}

#[test]
fn a_collector_is_asked_where_and_as_it_wants() {
    let collector = Server::collector();
    let mut config = collector.config();
    config.collector.path = "/otlp".into();
    config.collector.headers = vec![("X-Api-Key".into(), "k".into())];
    let config = OpenTelemetry { service_name: "films".into(), ..config };
    let site = site().traced(config).start();
    site.get("/").text();
    assert_eq!(dropped(&end(site)), 0);
    let asked = collector.asked_once();
    assert!(asked.head.starts_with("POST /otlp/v1/traces HTTP/1.1\r\n"), "{}", asked.head);
    assert_eq!(asked.headers("content-type"), ["application/json"]);
    assert_eq!(asked.headers("x-api-key"), ["k"]);
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    let resource = &body["resourceSpans"][0]["resource"]["attributes"];
    assert_eq!(resource[0]["key"], "service.name");
    assert_eq!(resource[0]["value"]["stringValue"], "films");
}

#[test]
fn spans_come_without_being_asked_for() {
    let collector = Server::collector();
    let site = site().traced(collector.config()).start();
    site.get("/").text();
    collector.asked_times(1);
    assert_eq!(collector.spans().len(), 1);
    assert_eq!(dropped(&end(site)), 0);
}

#[test]
fn a_collector_that_is_gone_costs_spans_and_no_viewer() {
    let site = site().traced(config(nowhere())).start();
    for _ in 0..20 {
        assert_eq!(site.get("/public/a.txt").text(), "for all");
    }
    let site = end(site);
    assert_eq!(dropped(&site), 20);
    let page = site.edge().metrics().page(site.edge().status());
    assert!(page.contains("\ngatepass_spans_dropped_total 20\n"), "{page}");
}

#[test]
fn what_a_collector_can_not_take_now_is_sent_again() {
    let collector = Server::answering(&[
        "503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    ]);
    let site = site().traced(collector.config()).start();
    site.get("/").text();
    let asked = collector.asked_times(2);
    assert_eq!(asked[0].body, asked[1].body);
    assert_eq!(dropped(&end(site)), 0);
    assert_eq!(collector.asked().len(), 2);
}

#[test]
fn what_a_collector_does_not_take_is_counted_and_not_sent_again() {
    for (answer, lost) in [
        (&["400 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"], 3),
        (&["302 There\r\nConnection: close\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"], 3),
        (
            &["200 OK\r\nConnection: close\r\nContent-Length: 41\r\n\r\n\
               {\"partialSuccess\":{\"rejectedSpans\":\"2\"}} "],
            2,
        ),
    ] {
        let collector = Server::answering(answer);
        let site = site().traced(collector.config()).start();
        for _ in 0..3 {
            site.get("/").text();
        }
        // The three may have come in two batches.
        let site = end(site);
        let batches = collector.asked().len() as u64;
        assert!((lost..=lost * batches).contains(&dropped(&site)), "{answer:?}");
        assert_eq!(collector.spans().len(), 3, "each was sent once");
    }
}

/// It takes connections, and says nothing.
#[test]
fn a_collector_that_is_silent_is_not_waited_for_at_the_end() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let site = site().traced(config(silent.local_addr().unwrap())).start();
    for _ in 0..20 {
        assert_eq!(site.get("/public/a.txt").text(), "for all");
    }
    let began = Instant::now();
    end(site);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
