use std::sync::Mutex;

use bytes::Bytes;
use gatepass::{
    EpochTime, HashAlgorithm, KeyType, Policy, Resource, Scheme, SignedPass, Signer, SigningKey,
    Trust, TrustedKeys, Window, verify,
};
use gatepass_distribution::Proxies;
use proptest::prelude::*;

use super::*;
use crate::body::Logged;
use crate::listener::{Connection, TlsParameters};
use crate::metrics::Metrics;
use crate::origin::trouble::Trouble;
use crate::outcome::CacheOutcome;
use crate::viewer::Viewer;

const NOW: u64 = 1_767_290_000;
const ID: &str = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz_A==";

fn connection() -> Connection {
    Connection {
        peer: "192.0.2.7:4711".parse().unwrap(),
        scheme: Scheme::Https,
        tls: Some(TlsParameters {
            protocol: "TLSv1.3",
            cipher: "TLS_AES_128_GCM_SHA256",
            is_resumed: false,
        }),
    }
}

fn now() -> EpochTime {
    EpochTime::new(NOW).unwrap()
}

/// Both lines of a request, after what happened to it.
fn lines(request: Request<()>, happen: impl FnOnce(&mut Entry)) -> [String; 2] {
    let connection = connection();
    let metrics = Metrics::new();
    let mut entry = Entry::begin(now(), &connection, metrics.unrouted());
    if let Ok(viewer) = Viewer::read(&request, &connection, &Proxies::new(Vec::new())) {
        entry.viewer(&viewer);
    }
    happen(&mut entry);
    let response = Response::builder()
        .header("content-type", "text/plain; charset=utf-8")
        .header("content-length", "3")
        .header("x-amz-cf-id", ID)
        .body(Body::Whole(Bytes::from_static(b"abc")))
        .unwrap();
    let mut answered = Answered::new(entry, request);
    answered.answered(&response, Described::of(response.headers()));
    answered.sent_last(3);
    let finished = answered.finished();
    [json::write, cloudfront::write].map(|write| {
        let mut line = Vec::new();
        write(&mut line, &finished);
        String::from_utf8(line).unwrap()
    })
}

fn get(target: &str) -> http::request::Builder {
    Request::get(target).header("host", "e.test")
}

#[test]
fn both_formats_tell_the_same() {
    let request = get("/a%20b?x=1&Expires=1&y=%7e")
        .header("user-agent", "Mozilla/5.0 (X11)")
        .header("referer", "https://e.test/p?q=1&Signature=abc")
        .header("range", "bytes=0-2")
        .body(());
    let metrics = Metrics::new();
    let [json, cloudfront] = lines(request.unwrap(), |entry| {
        entry.routed(&metrics.of_behavior("E1", "/a*"));
        entry.outcome(CacheOutcome::RefreshHit);
        entry.origin_trouble(&Trouble::BrokeOff("after 3 bytes".into()));
        entry.body_received().fetch_add(7, std::sync::atomic::Ordering::Relaxed);
    });
    let (start, rest) = json.split_once(r#","microseconds":"#).unwrap();
    assert_eq!(
        start,
        r#"{"time":1767290000,"viewer":"192.0.2.7","method":"GET","url":"https://e.test/a%20b?x=1&y=%7e","status":200,"bytes":3"#
    );
    let (_, rest) = rest.split_once(',').unwrap();
    let (middle, rest) = rest.split_once(r#","first_byte_microseconds":"#).unwrap();
    assert_eq!(
        middle,
        r#""distribution":"E1","behavior":"/a*","x_cache":"RefreshHit","origin_trouble":"origin_broke_off","origin_detail":"the origin's answer broke off: after 3 bytes","tls":"TLSv1.3","http":"HTTP/1.1","received":158"#
    );
    let (_, rest) = rest.split_once(',').unwrap();
    assert_eq!(
        rest,
        format!(
            "\"id\":\"{ID}\",\"range\":\"bytes=0-2\",\"user_agent\":\"Mozilla/5.0 (X11)\",\"referer\":\"https://e.test/p?q=1\"}}\n"
        )
    );
    let fields: Vec<&str> = cloudfront.trim_end_matches('\n').split('\t').collect();
    let expected = format!(
        "2026-01-01 17:53:20 GTP50-P1 151 192.0.2.7 GET E1 /a%2520b 200 https://e.test/p?q=1 Mozilla/5.0%20(X11) x=1&y=%257e - RefreshHit {ID} e.test https 158 0.000 - TLSv1.3 TLS_AES_128_GCM_SHA256 RefreshHit HTTP/1.1 - - 4711 0.000 OriginReadError text/plain;%20charset=utf-8 3 - -"
    );
    assert_eq!(fields, expected.split(' ').collect::<Vec<_>>());
}

#[test]
fn a_pass_that_was_encoded_into_the_path_is_not_told() {
    let request = get("/a.mp4%3FPolicy=ZQ__&Signature=c2lnbmF0dXJl&Key-Pair-Id=K").body(());
    for line in lines(request.unwrap(), |_| {}) {
        assert!(
            line.contains("/a.mp4%3FREDACTED") || line.contains("/a.mp4%253FREDACTED"),
            "{line}"
        );
        assert!(!line.contains("c2lnbmF0dXJl") && !line.contains("ZQ__"), "{line}");
    }
}

#[test]
fn a_line_has_as_many_fields_as_its_file_says() {
    let named = cloudfront::HEADER.lines().nth(1).unwrap().split(' ').count() - 1;
    let refused = get("/").body(()).unwrap();
    let [_, line] = lines(refused, |entry| entry.refused("too_long", "x"));
    assert_eq!(line.split('\t').count(), named);
    assert!(cloudfront::HEADER.lines().all(|line| line.starts_with('#')));
}

#[test]
fn a_viewer_that_leaves_early_is_told_apart() {
    let request = Request::get("/").body(()).unwrap();
    let metrics = Metrics::new();
    let entry = Entry::begin(now(), &connection(), metrics.unrouted());
    let body = Body::Whole(Bytes::from_static(b"abc"));
    let mut answered = Answered::new(entry, request);
    answered.answered(&Response::new(body), Described::default());
    let (mut json, mut cloudfront) = (Vec::new(), Vec::new());
    json::write(&mut json, &answered.finished());
    cloudfront::write(&mut cloudfront, &answered.finished());
    assert!(String::from_utf8(json).unwrap().contains(r#","cut_off":true,"#));
    let cloudfront = String::from_utf8(cloudfront).unwrap();
    let fields: Vec<&str> = cloudfront.split('\t').collect();
    assert_eq!([fields[13], fields[22], fields[28]], ["Error", "Miss", "ClientCommError"]);
}

#[test]
fn lines_reach_a_sink_with_what_a_file_begins_with() {
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);
    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let kept = Kept::default();
    let log = AccessLog::to(kept.clone(), LogFormat::CloudFront);
    let metrics = Metrics::new();
    let entry = Entry::begin(now(), &connection(), metrics.unrouted());
    let request = get("/a").body(()).unwrap();
    // Who is gone before there is an answer leaves no line.
    drop(log.begin(entry, get("/gone").body(()).unwrap()));
    let entry = Entry::begin(now(), &connection(), metrics.unrouted());
    let logged = Logged::new(log.begin(entry, request));
    drop(logged.answered(Response::new(Body::Empty)));
    assert_eq!(log.dropped(), 0);
    drop(log);
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    let line = text.strip_prefix(cloudfront::HEADER).unwrap();
    assert!(line.contains("\tGET\t-\t/a\t200\t"), "{line}");
    assert_eq!(line.lines().count(), 1);
}

struct Pass {
    signed: SignedPass,
    trust: Trust,
}

fn pass(algorithm: HashAlgorithm, lasts: u64, resource: &str) -> Pass {
    let key = SigningKey::generate(KeyType::P256).unwrap();
    let keys = TrustedKeys::from_iter([("KTEST".parse().unwrap(), key.public_key().clone())]);
    let window = Window::until(EpochTime::new(NOW - 100 + lasts).unwrap());
    let policy = Policy::new([Resource::new(resource)], window);
    let signed = Signer::new("KTEST".parse().unwrap(), key).sign(&policy, algorithm).unwrap();
    Pass { signed, trust: keys.into() }
}

/// Every run of so many bytes of what opens a gate, as a cookie holds it.
fn secrets(cookies: &str) -> Vec<&str> {
    let values = cookies.split("; ").filter_map(|cookie| cookie.split_once('='));
    let values = values.filter(|(name, _)| name.ends_with("Signature") || name.ends_with("Policy"));
    values
        .flat_map(|(_, value)| (0..=value.len() - 16).map(move |at| &value[at..at + 16]))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Wherever a viewer carries a pass, good or bad, no line holds what opens the gate.
    #[test]
    fn no_credential_is_written_down(
        places in prop::collection::vec(0..8_usize, 1..5),
        lasts in 50_u64..150,
        sha256 in any::<bool>(),
        covered in any::<bool>(),
        broken in prop::option::of(0..90_usize),
        own in prop::option::of("[a-z]{1,8}=[a-z%&=]{0,8}"),
    ) {
        let algorithm = if sha256 { HashAlgorithm::Sha256 } else { HashAlgorithm::Sha1 };
        let resource = if covered { "https://e.test/*" } else { "https://e.test/other" };
        let Pass { signed, trust } = pass(algorithm, lasts, resource);
        let mut cookies = signed.cookies().header();
        let base = own.map_or("https://e.test/a".to_owned(), |own| format!("https://e.test/a?{own}"));
        let mut url = signed.url(&base).unwrap();
        if let Some(at) = broken {
            for carried in [&mut cookies, &mut url] {
                let start = carried.find("Signature=").unwrap() + "Signature=".len();
                let at = start + at % 90;
                carried.replace_range(at..=at, "*");
            }
        }
        let target = url.strip_prefix("https://e.test").unwrap().to_owned();
        let (mut asked, mut request) = ("/a".to_owned(), Request::get("/"));
        for place in places {
            request = match place {
                0 | 1 => request.header("cookie", &cookies),
                2 => request.header("authorization", format!("Bearer {cookies}")),
                3 => request.header("referer", &url),
                4 => request.header("referer", format!("https://e.test/login?return={}", wrapped(&target))),
                5 => {
                    asked = format!("/login?x&return={}", wrapped(&target));
                    request
                }
                _ => {
                    asked.clone_from(&target);
                    request
                }
            };
        }
        let request = request.uri(asked).header("host", "e.test").body(()).unwrap();
        let connection = connection();
        let judged = {
            let viewer = Viewer::read(&request, &connection, &Proxies::new(Vec::new())).unwrap();
            verify(viewer.request(), &trust, now())
        };
        let written = lines(request, |entry| match &judged {
            Ok(pass) => entry.admitted(Some(pass)),
            Err(denial) => {
                entry.denied(denial);
                entry.reported(denial);
            }
        });
        for secret in secrets(&cookies) {
            for line in &written {
                prop_assert!(!line.contains(secret), "{secret} is in {line}");
            }
        }
    }

    /// Whatever a viewer sends, a line is one line with all of its fields.
    #[test]
    fn nobody_writes_a_line_of_his_own(
        agent in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b'\\'), Just(b'\t')], 0..40),
        referer in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut request = get("/").body(()).unwrap();
        let headers = request.headers_mut();
        for (name, bytes) in [("user-agent", agent), ("referer", referer)] {
            if let Ok(value) = http::HeaderValue::from_bytes(&bytes) {
                headers.insert(name, value);
            }
        }
        let [json, cloudfront] = lines(request, |_| ());
        for line in [&json, &cloudfront] {
            let inner = line.strip_suffix('\n').unwrap();
            prop_assert!(!inner.chars().any(|letter| letter.is_control() && letter != '\t'), "{inner:?}");
        }
        prop_assert!(!json.contains('\t'));
        prop_assert_eq!(cloudfront.split('\t').count(), 33);
        let object: serde_json::Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&object["viewer"], "192.0.2.7");
        prop_assert_eq!(&object["status"], 200);
    }
}

/// As a login page hands an address on.
fn wrapped(target: &str) -> String {
    target.replace('%', "%25").replace('?', "%3F").replace('&', "%26").replace('=', "%3D")
}
