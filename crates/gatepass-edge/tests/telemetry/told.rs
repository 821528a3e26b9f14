//! What a span tells, and what it doesn't.

use crate::server::{Server, end};
use crate::support::site;

#[test]
fn a_request_is_told_in_the_words_of_the_conventions() {
    let collector = Server::collector();
    let site = site().traced(collector.config()).start();
    let answer = site.get("/public/a.txt?a=b").with("User-Agent", "player/1").answer();
    end(site);
    let spans = collector.spans();
    let [span] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((span.text("name"), span.text("parentSpanId")), ("GET /*", ""));
    assert!(span.is_server() && !span.has_failed(), "{span:?}");
    assert_eq!(span.text("startTimeUnixNano"), "1767290000000000000");
    assert!(span.text("endTimeUnixNano") > span.text("startTimeUnixNano"), "{span:?}");
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("http.response.body.size", "7"),
        ("url.scheme", "http"),
        ("url.path", "/public/a.txt"),
        ("server.address", "media.test"),
        ("server.port", ""),
        ("network.protocol.version", "1.1"),
        ("user_agent.original", "player/1"),
        ("gatepass.distribution", "E1"),
        ("gatepass.behavior", "/*"),
        ("gatepass.outcome", "Miss"),
        ("gatepass.denial", ""),
        ("gatepass.request_id", answer.header("x-amz-cf-id").unwrap()),
    ] {
        assert_eq!(span.attribute(name), value, "{name} in {span:?}");
    }
}

#[test]
fn who_was_denied_is_told_with_the_reason() {
    let collector = Server::collector();
    let site = site().traced(collector.config()).start();
    assert_eq!(site.get("/private/a.txt").status(), 403);
    assert_eq!(site.get("/a").host("elsewhere.test:81").status(), 403);
    assert_eq!(site.ask("STRANGE", "/").status(), 403);
    end(site);
    let spans = collector.spans();
    let [denied, lost, strange] = &spans[..] else { panic!("{spans:?}") };
    for (name, value) in [
        ("http.response.status_code", "403"),
        ("gatepass.behavior", "/private/*"),
        ("gatepass.outcome", "Error"),
        ("gatepass.denial", "no_pass"),
    ] {
        assert_eq!(denied.attribute(name), value, "{name} in {denied:?}");
    }
    assert!(!denied.has_failed(), "it is the viewer's fault: {denied:?}");
    assert_eq!((lost.text("name"), lost.attribute("gatepass.denial")), ("GET", "unknown_host"));
    assert_eq!(
        [lost.attribute("server.address"), lost.attribute("server.port")],
        ["elsewhere.test", "81"]
    );
    assert_eq!(strange.text("name"), "HTTP /*");
    assert_eq!(strange.attribute("http.request.method"), "_OTHER");
}

#[test]
fn nothing_that_opens_a_gate_is_told() {
    let (collector, origin) = (Server::collector(), Server::origin());
    let site = origin.site().traced(collector.config()).start();
    let cookie = site.pass_for("http://media.test/private/*");
    let answer = site
        .get("/private/a?token=s3cret")
        .cookie(&format!("{cookie}; session=s3cret"))
        .with("Authorization", "Bearer s3cret")
        .with("Referer", "http://media.test/?Signature=s3cret")
        .with("User-Agent", "app?Signature=s3cret")
        .answer();
    assert_eq!(answer.status, 200);
    let signed = site.signed_url("http://media.test/private/c?d=s3cret");
    assert_eq!(site.get(signed.strip_prefix("http://media.test").unwrap()).status(), 200);
    assert_eq!(site.get("/x%3FPolicy%3Ds3cret").status(), 200);
    end(site);
    assert_eq!(collector.spans().len(), 6, "three requests, and what the origin was asked");
    let words = cookie.split(['=', ';']).chain(signed.split(['=', '&', '?']));
    let secrets: Vec<_> = words.map(str::trim).filter(|word| word.len() > 20).collect();
    assert!(secrets.len() > 4, "{secrets:?}");
    for asked in collector.asked() {
        for secret in secrets.iter().filter(|secret| !secret.starts_with("http")) {
            assert!(!asked.body.contains(secret), "{secret} in {}", asked.body);
        }
        for word in ["s3cret", "Bearer", "CloudFront-", "KTEST", "Key-Pair-Id", "127.0.0.1\""] {
            let body =
                asked.body.replace(r#""server.address","value":{"stringValue":"127.0.0.1""#, "");
            assert!(!body.contains(word), "{word} in {body}");
        }
    }
}
