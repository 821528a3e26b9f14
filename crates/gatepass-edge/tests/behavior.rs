//! What a behavior says about protocol, methods and headers, and a gate that only reports.

mod support;

use gatepass_distribution::{AllowedMethods, BehaviorDraft, ViewerProtocol};
use support::{guarded, open, site};

fn with_protocol(viewer_protocol: ViewerProtocol) -> BehaviorDraft {
    let mut behavior = open();
    behavior.conduct.viewer_protocol = viewer_protocol;
    behavior
}

#[test]
fn plain_http_is_redirected_with_the_request_target_as_it_came() {
    let site = site()
        .with(|site| site.default_behavior = with_protocol(ViewerProtocol::RedirectToHttps))
        .with(|site| site.aliases.push("[::1]".into()))
        .start();
    let answer = site.get("/public/../a%20b?x=1&x=2").answer();
    assert_eq!(answer.status, 301);
    assert_eq!(answer.header("Location"), Some("https://media.test/public/../a%20b?x=1&x=2"));
    assert_eq!(answer.header("X-Cache"), Some("Redirect from cloudfront"));
    assert_eq!(answer.header("Content-Length"), Some("167"));
    assert!(answer.body.contains("<hr><center>CloudFront</center>"));

    let answer = site.get("/").host("media.test:8080").answer();
    assert_eq!(answer.header("Location"), Some("https://media.test/"));
    let answer = site.get("/").host("[::1]:8080").answer();
    assert_eq!(answer.status, 301, "an address in brackets has a port too");
    assert_eq!(answer.header("Location"), Some("https://[::1]/"));
    let answer = site.ask("HEAD", "/").answer();
    assert_eq!((answer.status, &*answer.body), (301, ""));
}

#[test]
fn other_methods_are_redirected_so_that_they_stay_what_they_are() {
    let site = site()
        .with(|site| site.default_behavior = with_protocol(ViewerProtocol::RedirectToHttps))
        .start();
    assert_eq!(site.ask("POST", "/").status(), 307);
    let old = site.raw(b"POST / HTTP/1.0\r\nHost: media.test\r\n\r\n");
    assert!(old.starts_with(b"HTTP/1.0 403 "), "{:?}", String::from_utf8_lossy(&old));
}

#[test]
fn a_redirect_comes_before_the_gate_and_says_nothing_of_it() {
    let site = site()
        .with(|site| {
            site.behaviors[0].1.conduct.viewer_protocol = ViewerProtocol::RedirectToHttps;
        })
        .start();
    assert_eq!(site.get("/private/a.txt").status(), 301);
}

#[test]
fn plain_http_is_refused_where_https_alone_is_served() {
    let site = site()
        .with(|site| site.default_behavior = with_protocol(ViewerProtocol::HttpsOnly))
        .start();
    let answer = site.get("/public/a.txt").answer();
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("<H1>403 ERROR</H1>"), "{}", answer.body);
    assert!(site.log().contains(r#""reason":"https_only""#));
}

#[test]
fn https_is_what_a_trusted_proxy_says_it_was() {
    let site = site()
        .with(|site| site.default_behavior = with_protocol(ViewerProtocol::HttpsOnly))
        .with_config(|config| config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()])
        .start();
    assert_eq!(site.get("/public/a.txt").with("X-Forwarded-Proto", "https").text(), "for all");
    assert_eq!(site.get("/public/a.txt").status(), 403);
}

#[test]
fn methods_are_those_that_the_behavior_allows() {
    let site = site()
        .with(|site| {
            site.default_behavior.conduct.allowed_methods = AllowedMethods::GetHeadOptions;
        })
        .start();
    for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW", "get"] {
        let answer = site.ask(method, "/public/a.txt").answer();
        assert_eq!(answer.status, 403, "{method}");
        assert!(answer.body.contains("supports only cachable requests"), "{method}");
    }
    assert_eq!(site.ask("OPTIONS", "/public/a.txt").status(), 405, "a folder has no answer");
}

#[test]
fn headers_of_the_behavior_are_on_every_answer_and_replace_others() {
    let site = site()
        .with(|site| {
            let headers = &mut site.behaviors[0].1.conduct.response_headers;
            headers.push(("x-frame-options".into(), "DENY".into()));
            headers.push(("content-type".into(), "text/x-own".into()));
        })
        .start();
    let cookie = site.pass_for("http://media.test/private/*");
    let admitted = site.get("/private/a.txt").cookie(&cookie).answer();
    let refused = site.get("/private/a.txt").answer();
    for (answer, status) in [(admitted, 200), (refused, 403)] {
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("X-Frame-Options"), Some("DENY"));
        assert_eq!(answer.header("Content-Type"), Some("text/x-own"));
    }
    assert_eq!(site.get("/public/a.txt").answer().header("X-Frame-Options"), None);
}

#[test]
fn a_gate_that_only_reports_lets_everyone_in_and_tells_whom_it_would_refuse() {
    let site = site()
        .with(|site| {
            site.behaviors[0].1 = BehaviorDraft { is_report_only: true, ..guarded(open()) }
        })
        .start();
    let cookie = site.pass_for("http://media.test/private/*");
    assert_eq!(site.get("/private/a.txt").text(), "for some");
    assert_eq!(site.get("/private/a.txt").cookie("CloudFront-Key-Pair-Id=K").text(), "for some");
    assert_eq!(site.get("/private/a.txt").cookie(&cookie).text(), "for some");
    assert_eq!(site.get("/private/none.txt").status(), 404, "it is only the gate that is open");
    let log = site.log();
    let lines: Vec<_> = log.lines().collect();
    assert!(lines[0].contains(r#""reported":"no_pass""#), "{log}");
    assert!(lines[1].contains(r#""reported":"key_unknown""#), "{log}");
    assert!(!lines[2].contains("reported"), "{log}");
    assert!(lines[2].contains(r#""key":"KTEST""#), "{log}");
}
