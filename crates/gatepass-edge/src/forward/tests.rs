use gatepass_distribution::{CachedMethods, Selection};
use http::{HeaderMap, Method, Version};
use proptest::prelude::*;

use super::{each_sent, origin_request};
use crate::asked::Asked;
use crate::asked::sample::{Sample, all_except, get, only};
use crate::chosen::is_websocket;
use crate::listener::TlsParameters;
use crate::origin::request::{OriginRequest, RequestBody};

fn sent(sample: &Sample) -> OriginRequest {
    sample.ask(|asked| origin_request(asked, RequestBody::Empty))
}

/// The values of a header, with `|` between them.
fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<_> =
        headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
    headers.contains_key(name).then(|| values.join("|"))
}

fn all_viewer(sample: Sample) -> Sample {
    sample.sending(|policy| {
        policy.headers = Selection::All;
        policy.cookies = Selection::All;
        policy.query_strings = Selection::All;
    })
}

/// A request with everything that must not be sent on by itself.
fn talkative() -> Sample {
    [
        ("accept", "text/html"),
        ("accept-language", "en"),
        ("accept-encoding", "gzip, br"),
        ("authorization", "Basic x"),
        ("cookie", "a=1; b=2"),
        ("referer", "https://e.com/"),
        ("user-agent", "curl"),
        ("if-none-match", "\"x\""),
        ("range", "bytes=0-1"),
        ("request-range", "bytes=0-1"),
        ("connection", "close, x-hop"),
        ("x-hop", "1"),
        ("keep-alive", "1"),
        ("expect", "100-continue"),
        ("te", "trailers"),
        ("trailer", "x"),
        ("upgrade", "h2c"),
        ("http2-settings", "x"),
        ("proxy-authorization", "x"),
        ("proxy-connection", "x"),
        ("x-edge-anything", "x"),
        ("x-real-ip", "6.6.6.6"),
        ("x-forwarded-proto", "https"),
        ("x-http-method-override", "DELETE"),
        ("cloudfront-viewer-address", "6.6.6.6:1"),
        ("cloudfront-viewer-country", "XX"),
        ("content-length", "5"),
        ("transfer-encoding", "chunked"),
        ("sec-websocket-key", "x"),
        ("x-amz-cf-id", "x"),
        ("x-own", "x"),
    ]
    .into_iter()
    .fold(get("http://one.test:8080/a/../%2e?a=1&b=2"), |sample, (name, value)| {
        sample.with(name, value)
    })
}

fn names(headers: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<_> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn without_policies_an_origin_learns_the_path_and_who_asks() {
    let request = sent(&talkative());
    assert_eq!((&*request.path, request.query.as_deref()), ("/a/../%2e", None));
    assert_eq!(
        names(&request.headers),
        ["accept-encoding", "user-agent", "via", "x-amz-cf-id", "x-forwarded-for"]
    );
    assert_eq!(value(&request.headers, "accept-encoding").unwrap(), "identity");
    assert_eq!(value(&request.headers, "user-agent").unwrap(), "Amazon CloudFront");
    assert_eq!(value(&request.headers, "x-forwarded-for").unwrap(), "192.0.2.7");
    assert_ne!(value(&request.headers, "x-amz-cf-id").unwrap(), "x");
    let via = value(&request.headers, "via").unwrap();
    assert!(via.starts_with("1.1 ") && via.ends_with(".cloudfront.net (CloudFront)"), "{via}");
}

#[test]
fn everything_is_all_but_what_belongs_to_the_hop_the_cache_and_the_edge() {
    let request = sent(&all_viewer(talkative()));
    assert_eq!(request.query.as_deref(), Some("a=1&b=2"));
    assert_eq!(
        names(&request.headers),
        [
            "accept",
            "accept-encoding",
            "accept-language",
            "authorization",
            "cookie",
            "host",
            "referer",
            "user-agent",
            "via",
            "x-amz-cf-id",
            "x-forwarded-for",
            "x-http-method-override",
            "x-own"
        ]
    );
    assert_eq!(value(&request.headers, "host").unwrap(), "one.test:8080");
    assert_eq!(value(&request.headers, "user-agent").unwrap(), "curl");
    assert_eq!(value(&request.headers, "accept-encoding").unwrap(), "gzip, br");
    assert_eq!(value(&request.headers, "cookie").unwrap(), "a=1; b=2");
}

#[test]
fn the_policies_add_up_and_two_block_lists_block_together() {
    let query = |of_cache: &Selection, of_origin: &Selection| {
        let sample = get("https://e.com/?a=1&b=2&c=3").by(|p| p.query_strings = of_cache.clone());
        let sample = sample.sending(|policy| policy.query_strings = of_origin.clone());
        sent(&sample).query.map(String::from).unwrap_or_default()
    };
    let (none, all) = (Selection::None, Selection::All);
    assert_eq!(query(&none, &none), "");
    assert_eq!(query(&only(["a"]), &only(["c"])), "a=1&c=3");
    assert_eq!(query(&only(["a"]), &all_except(["a", "b"])), "a=1&c=3");
    assert_eq!(query(&all, &all_except(["a"])), "a=1&b=2&c=3");
    assert_eq!(query(&all_except(["a"]), &only(["a"])), "a=1&b=2&c=3");
    assert_eq!(query(&all_except(["a"]), &all), "a=1&b=2&c=3");
    assert_eq!(query(&all_except(["a"]), &all_except(["b"])), "c=3");
    assert_eq!(query(&all_except(["a"]), &none), "b=2&c=3");
    assert_eq!(query(&none, &all_except(["b"])), "a=1&c=3");
}

#[test]
fn cookies_are_chosen_one_by_one() {
    let sample = get("https://e.com/")
        .with("cookie", "a=1;b=2 ; c; d=\"4; a=5\"")
        .with("cookie", "e=6")
        .by(|policy| policy.cookies = only(["a", "e"]));
    assert_eq!(value(&sent(&sample).headers, "cookie").unwrap(), "a=1; a=5\"; e=6");
    assert_eq!(value(&sent(&sample.by(|p| p.cookies = only(["c"]))).headers, "cookie"), None);
}

#[test]
fn authorization_is_kept_back_from_what_may_be_cached() {
    let of = |sample: &Sample| value(&sent(sample).headers, "authorization");
    let ask = |method| Sample { method, ..get("https://e.com/") }.with("authorization", "Basic x");
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        let ask = || {
            let mut ask = ask(method.clone());
            ask.conduct.cached_methods = CachedMethods::GetHeadOptions;
            ask
        };
        assert_eq!(of(&ask()), None);
        assert_eq!(of(&ask().sending(|p| p.headers = all_except(["authorization"]))), None);
        for chosen in [
            ask().by(|policy| policy.headers = only(["authorization"])),
            ask().sending(|policy| policy.headers = Selection::All),
            ask().sending(|policy| policy.headers = all_except(["host"])),
        ] {
            assert_eq!(of(&chosen).unwrap(), "Basic x");
        }
    }
    assert_eq!(of(&ask(Method::POST)).unwrap(), "Basic x");
    assert_eq!(of(&ask(Method::OPTIONS)).unwrap(), "Basic x", "its answer is not kept");
}

#[test]
fn what_writes_keeps_its_conditions_and_what_says_how_to_read_its_body() {
    let write = [
        ("content-type", "text/plain"),
        ("content-encoding", "gzip"),
        ("if-match", "\"x\""),
        ("range", "bytes=0-1"),
        ("content-length", "5"),
        ("connection", "content-encoding"),
    ];
    let put = Sample { method: Method::PUT, ..get("https://e.com/") };
    let put = write.into_iter().fold(put, |put, (name, value)| put.with(name, value));
    let headers = sent(&put).headers;
    assert_eq!(value(&headers, "content-type").unwrap(), "text/plain");
    assert_eq!(value(&headers, "if-match").unwrap(), "\"x\"");
    for kept_back in ["content-encoding", "range", "content-length"] {
        assert_eq!(value(&headers, kept_back), None, "{kept_back}");
    }
    let get = Sample { method: Method::GET, ..put };
    assert_eq!(value(&sent(&get).headers, "content-type"), None);
    assert_eq!(value(&sent(&get).headers, "if-match"), None);
}

#[test]
fn encodings_are_normalized_if_the_policy_offers_any() {
    let of = |accepted: &str, gzip, brotli| {
        let sample = get("https://e.com/").with("accept-encoding", accepted);
        let sample = all_viewer(sample.by(|p| (p.gzip, p.brotli) = (gzip, brotli)));
        value(&sent(&sample).headers, "accept-encoding").unwrap()
    };
    assert_eq!(of("gzip;q=0.1, br, zstd", true, true), "br,gzip");
    assert_eq!(of("gzip;q=0.1, br, zstd", true, false), "gzip");
    assert_eq!(of("gzip;q=0.1, br, zstd", false, true), "br");
    assert_eq!(of("zstd", true, true), "identity");
    assert_eq!(of("zstd", false, false), "zstd");
}

#[test]
fn the_edge_says_who_asks_and_a_viewer_can_only_put_something_in_front() {
    let sample = Sample { version: Version::HTTP_2, ..get("https://ONE.test/") }
        .with("x-forwarded-for", "6.6.6.6")
        .with("x-forwarded-for", "7.7.7.7, 8.8.8.8")
        .with("via", "1.0 proxy")
        .with("cloudfront-viewer-address", "6.6.6.6:1")
        .with("cloudfront-viewer-country", "XX");
    let names = ["address", "http-version", "header-count", "tls"]
        .map(|name| format!("cloudfront-viewer-{name}"));
    let sample = all_viewer(sample).sending(|policy| {
        policy.cloudfront_headers = names.map(Into::into).into();
        policy.cloudfront_headers.push("cloudfront-forwarded-proto".into());
    });
    let headers = sent(&sample).headers;
    let of = |name: &str| value(&headers, name);
    assert_eq!(of("x-forwarded-for").unwrap(), "6.6.6.6, 7.7.7.7, 8.8.8.8, 192.0.2.7");
    assert!(of("via").unwrap().starts_with("1.0 proxy, 2.0 "));
    assert_eq!(of("host").unwrap(), "one.test");
    assert_eq!(of("cloudfront-viewer-address").unwrap(), "192.0.2.7:4711");
    assert_eq!(of("cloudfront-viewer-http-version").unwrap(), "2.0");
    assert_eq!(of("cloudfront-forwarded-proto").unwrap(), "https");
    assert_eq!(of("cloudfront-viewer-header-count").unwrap(), "5", "each line counts");
    assert_eq!(of("cloudfront-viewer-tls"), None, "it came over plain HTTP");
    for (is_resumed, handshake) in [(false, "fullHandshake"), (true, "sessionResumed")] {
        let (protocol, cipher) = ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256");
        let tls = Some(TlsParameters { protocol, cipher, is_resumed });
        let told = value(&sent(&Sample { tls, ..sample.clone() }).headers, "cloudfront-viewer-tls");
        assert_eq!(told.unwrap(), format!("{protocol}:{cipher}:{handshake}"));
        let behind = Sample { tls, ..sample.clone() }.ask(|asked| {
            let address = "198.51.100.9".parse().unwrap();
            let asked = Asked { address, ..asked.clone() };
            origin_request(&asked, RequestBody::Empty).headers
        });
        assert_eq!(value(&behind, "cloudfront-viewer-tls"), None, "a proxy's own");
    }
    assert_eq!(of("cloudfront-viewer-country"), None);
    let ipv6 = Sample { peer: "[2001:db8::1]:9".parse().unwrap(), ..sample };
    assert_eq!(value(&sent(&ipv6).headers, "cloudfront-viewer-address").unwrap(), "2001:db8::1:9");
    let of_the_hop = get("https://e.com/").with("via", "x").with("connection", "via");
    assert!(value(&sent(&of_the_hop).headers, "via").unwrap().starts_with("1.1 "));
}

#[test]
fn websocket_is_the_one_thing_that_is_upgraded_to() {
    let ask = || {
        get("https://e.com/")
            .with("upgrade", "WebSocket")
            .with("sec-websocket-version", "13")
            .with("sec-websocket-key", "x")
            .with("sec-websocket-protocol", "chat")
    };
    let websocket = ask().with("connection", "keep-alive, UPGRADE");
    assert!(websocket.ask(is_websocket));
    let headers = sent(&websocket).headers;
    assert_eq!(value(&headers, "connection").unwrap(), "Upgrade");
    assert_eq!(value(&headers, "upgrade").unwrap(), "websocket");
    assert_eq!(value(&headers, "sec-websocket-protocol").unwrap(), "chat");

    let others = [
        ask(),
        ask().with("connection", "upgrade").with("upgrade", "h2c"),
        ask().with("connection", "upgrade").with("sec-websocket-key", "y"),
        Sample { method: Method::POST, ..websocket.clone() },
        Sample { version: Version::HTTP_2, ..websocket },
    ];
    for other in others {
        let other = all_viewer(other);
        assert!(!other.ask(is_websocket));
        let headers = sent(&other).headers;
        for name in ["connection", "upgrade", "sec-websocket-key", "sec-websocket-protocol"] {
            assert_eq!(value(&headers, name), None, "{name}");
        }
    }
}

#[test]
fn one_header_is_told_as_it_is_sent_among_all() {
    let policies = |sample: Sample| {
        let some = sample.clone().by(|policy| {
            policy.headers = only(["accept", "host", "cloudfront-forwarded-proto"]);
            policy.cookies = only(["b"]);
            policy.brotli = true;
        });
        let told = sample.clone().sending(|policy| {
            policy.headers = all_except(["accept", "user-agent"]);
            policy.cloudfront_headers = vec!["cloudfront-viewer-address".into()];
        });
        [sample.clone(), some, told, all_viewer(sample)]
    };
    let samples = [talkative(), Sample { method: Method::PUT, ..talkative() }];
    let mut compared = 0;
    for sample in samples.into_iter().flat_map(policies) {
        let mut all = sent(&sample).headers;
        all.remove("x-amz-cf-id");
        let mut names: Vec<_> = sample.headers.keys().chain(all.keys()).cloned().collect();
        names.retain(|name| name != "x-amz-cf-id");
        for name in names {
            let mut alone: Vec<Vec<u8>> = Vec::new();
            sample.ask(|asked| each_sent(asked, name.as_str(), |value| alone.push(value.into())));
            let among: Vec<_> =
                all.get_all(&name).iter().map(http::HeaderValue::as_bytes).collect();
            assert_eq!(alone, among, "{name}");
            compared += among.len();
        }
    }
    assert!(compared > 50, "{compared}");
}

proptest! {
    #[test]
    fn a_pass_never_leaves(
        secrets in prop::array::uniform5("SECRET[A-Za-z0-9~_-]{8,20}"),
        key in "(-K[A-Z0-9]{0,9})?",
        is_guarded: bool,
        in_url: bool,
        method in prop::sample::select(vec![Method::GET, Method::POST]),
        own in "[ab=&]{0,5}",
        space in " ?",
    ) {
        let parts = ["Expires", "Hash-Algorithm", "Key-Pair-Id", "Policy", "Signature"];
        let pass: Vec<_> =
            parts.iter().zip(&secrets).map(|(name, secret)| format!("{name}={secret}")).collect();
        let query = format!("{own}&{}", pass.join("&"));
        // On an open behavior, what looks like a pass in the URL may be the origin's own.
        let url = if in_url && is_guarded { format!("https://e.com/a?{query}") } else { format!("https://e.com/a?{own}") };
        let cookies = parts.iter().zip(&secrets).map(|(name, secret)| {
            format!("CloudFront-{name}{key}{space}={secret}")
        });
        let cookies = cookies.collect::<Vec<_>>().join(";");
        let sample = Sample { method, is_guarded, ..get(&url) }
            .with("cookie", &format!("own={own}; {cookies}; b=1"))
            .with("referer", &format!("https://e.com/list?{query}"))
            .with("x-own", "1");
        let request = sent(&all_viewer(sample).by(|policy| {
            policy.query_strings = Selection::All;
            policy.cookies = Selection::All;
            policy.headers = only(["referer"]);
        }));
        prop_assert!(request.headers.contains_key("x-own") && request.headers.contains_key("cookie"));
        prop_assert!(!format!("{request:?}").contains("SECRET"), "{request:?}");
    }
}
