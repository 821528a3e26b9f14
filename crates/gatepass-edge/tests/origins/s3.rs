//! A bucket that checks every signature.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gatepass_distribution::{Endpoint, Origin, OriginKind, S3Origin, SigningBehavior};
use gatepass_edge::origin::remote::Remote;
use gatepass_edge::origin::request::OriginRequest;
use gatepass_edge::origin::trouble::Trouble;
use http::Method;

use crate::script::*;
use crate::signature::{Reading, Received};

pub(crate) const ACCESS: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const IN_ENVIRONMENT: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", ACCESS),
    ("AWS_SECRET_ACCESS_KEY", SECRET),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A bucket that answers 200 to what this secret signed, and 403 to all else.
pub(crate) fn guarded_by(secret: &'static str) -> Scripted {
    scripted(move |line| {
        while let Some(head) = line.hear() {
            let received = Received::parse(&head);
            let length = received.header("content-length").map_or(0, |text| text.parse().unwrap());
            line.hear_bytes(length);
            let text = verdict(&received, secret);
            let status = if text == "ok" { "200 OK" } else { "403 Forbidden" };
            line.say(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{text}", text.len()));
        }
    })
}

fn verdict(received: &Received<'_>, secret: &str) -> String {
    let Some(claim) = received.claim() else { return "unsigned".into() };
    let unsigned = received.names().find(|name| {
        (*name == "host" || name.starts_with("x-amz-"))
            && !claim.signed_headers.iter().any(|signed| signed == name)
    });
    if let Some(name) = unsigned {
        return format!("{name} is not signed");
    }
    for reading in [Reading::AsSent, Reading::Respelled] {
        if received.expected(&claim, secret, reading) != claim.signature {
            return format!("not signed {reading:?}");
        }
    }
    "ok".into()
}

pub(crate) fn bucket(endpoint: Endpoint) -> S3Origin {
    S3Origin {
        bucket: "films".into(),
        endpoint,
        region: "eu-central-1".into(),
        is_path_style: true,
        path: "".into(),
        signing: SigningBehavior::Always,
        profile: None,
        patience: hurried(),
        allow_private_addresses: false,
    }
}

pub(crate) fn opened(origin: S3Origin, variables: &[(&str, &str)]) -> Remote {
    let surroundings = surroundings().with_variables(variables.iter().copied(), None);
    let origin = Origin { id: "bucket".into(), kind: OriginKind::S3(origin) };
    Remote::open(&origin, &surroundings)
}

pub(crate) async fn answer(remote: &Remote, request: OriginRequest) -> String {
    match fetch(remote, request).await {
        Ok(response) => read(response).await.unwrap().1,
        Err(trouble) => trouble.reason().into(),
    }
}

#[tokio::test]
async fn every_key_is_signed_as_it_is_sent() {
    let site = guarded_by(SECRET);
    let remote = opened(bucket(site.endpoint()), &IN_ENVIRONMENT);
    for (path, sent) in [
        ("/a.mp4", "/films/a.mp4"),
        ("/a/b%20c+%C3%A9~=%2525.bin", "/films/a/b%20c%2B%C3%A9~%3D%2525.bin"),
        ("/a/b%20c+\u{e9}~=%2525.bin", "/films/a/b%20c%2B%C3%A9~%3D%2525.bin"),
        (
            "/film(1)!*';:@&$,[x]|.mp4",
            "/films/film%281%29%21%2A%27%3B%3A%40%26%24%2C%5Bx%5D%7C.mp4",
        ),
        ("//double//slash/", "/films//double//slash/"),
        ("/a/../b/./c", "/films/a/../b/./c"),
        ("/%e2%9c%93", "/films/%E2%9C%93"),
    ] {
        assert_eq!(answer(&remote, get(path)).await, "ok", "{path}");
        let requests = site.requests();
        assert_eq!(Received::parse(requests.last().unwrap()).path(), sent);
    }
    assert_eq!(site.connections(), 1);
}

#[tokio::test]
async fn a_key_that_no_bucket_can_have_is_refused() {
    let site = guarded_by(SECRET);
    let remote = opened(bucket(site.endpoint()), &IN_ENVIRONMENT);
    let trouble = fetch(&remote, get("/%ff%fe")).await.unwrap_err();
    assert_eq!(trouble.status(), 400);
    assert_eq!(site.requests().len(), 0);
}

#[tokio::test]
async fn a_query_is_signed_as_it_is_sent() {
    let site = guarded_by(SECRET);
    let remote = opened(bucket(site.endpoint()), &IN_ENVIRONMENT);
    for target in [
        "/a?versionId=3%2FL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY",
        "/a?response-content-type=text/plain&acl&&b=",
        "/a?response-content-disposition=%c3%a9+\u{e9}~&partNumber=2&versionId=1&versionId=%7e",
        "/a?",
    ] {
        assert_eq!(answer(&remote, get(target)).await, "ok", "{target}");
    }
}

#[tokio::test]
async fn a_bucket_is_never_asked_for_itself() {
    let site = guarded_by(SECRET);
    let remote = opened(bucket(site.endpoint()), &IN_ENVIRONMENT);
    for target in ["/", "/?list-type=2", "/?policy", "//", "/%2f", "/.", "/a/..", "/a/%2e%2E/"] {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE] {
            let trouble = fetch(&remote, ask(method.clone(), target)).await.unwrap_err();
            assert_eq!(trouble.status(), 404, "{method} {target}: {trouble}");
        }
    }
    assert!(fetch(&remote, get("/%2e%2e/other/key")).await.is_err());
    assert_eq!(site.requests().len(), 0);
    // Below a folder of the bucket its path is a key.
    let folder = S3Origin { path: "/2024".into(), ..bucket(site.endpoint()) };
    let remote = opened(folder, &IN_ENVIRONMENT);
    assert_eq!(answer(&remote, get("/")).await, "ok");
    assert!(fetch(&remote, get("/..")).await.is_err());
    let in_host = S3Origin {
        is_path_style: false,
        ..bucket(Endpoint { host: "localhost".into(), ..site.endpoint() })
    };
    assert!(matches!(
        fetch(&opened(in_host, &IN_ENVIRONMENT), get("/?list-type=2")).await,
        Err(Trouble::NoObject)
    ));
    assert_eq!(site.requests().len(), 1);
}

#[tokio::test]
async fn a_query_has_nothing_signed_but_the_object() {
    let site = guarded_by(SECRET);
    let remote = opened(bucket(site.endpoint()), &IN_ENVIRONMENT);
    for name in [
        "acl",
        "attributes",
        "legal-hold",
        "list-type",
        "location",
        "policy",
        "restore",
        "retention",
        "select",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versions",
        "X-Amz-Signature",
        "%61cl",
        "ACL",
        "versionid",
    ] {
        for query in [name.to_owned(), format!("{name}=x&versionId=7&v=1&response-expires=0")] {
            let (target, kept) = (format!("/a?{query}"), query.contains('&'));
            assert_eq!(answer(&remote, get(&target)).await, "ok", "{target}");
            let kept = if kept { "?versionId=7&response-expires=0" } else { "?" };
            let last = site.requests().pop().unwrap();
            assert!(last.starts_with(&format!("GET /films/a{kept} ")), "{target}: {last}");
        }
    }
    let asked = site.requests().len();
    // Less than all of it would do something else.
    for (method, target) in
        [(Method::DELETE, "/a?tagging"), (Method::PUT, "/a?acl"), (Method::POST, "/a?restore")]
    {
        let trouble = fetch(&remote, ask(method, target)).await.unwrap_err();
        assert_eq!(trouble.status(), 400, "{target}");
    }
    assert_eq!(site.requests().len(), asked);
    assert_eq!(answer(&remote, ask(Method::DELETE, "/a?versionId=7")).await, "ok");
    // Whoever signs for itself asks for what it likes.
    let own = S3Origin { signing: SigningBehavior::NoOverride, ..bucket(site.endpoint()) };
    let request = with(get("/?list-type=2"), "authorization", "the viewer's");
    assert_eq!(answer(&opened(own, &IN_ENVIRONMENT), request).await, "unsigned");
    assert!(site.requests().pop().unwrap().starts_with("GET /films/?list-type=2 "));
}

#[tokio::test]
async fn ranges_and_conditions_are_passed_on() {
    let site = guarded_by(SECRET);
    let remote = opened(bucket(site.endpoint()), &IN_ENVIRONMENT);
    let request = with(with(get("/a"), "range", "bytes=0-9"), "if-match", "\"etag\"");
    assert_eq!(answer(&remote, request).await, "ok");
    let requests = site.requests();
    let received = Received::parse(&requests[0]);
    assert_eq!(received.header("range"), Some("bytes=0-9"));
    assert_eq!(received.header("if-match"), Some("\"etag\""));
    assert_eq!(received.header("x-amz-content-sha256"), Some(EMPTY));
    let claim = received.claim().unwrap();
    assert_eq!(claim.access_key, ACCESS);
    assert_eq!(claim.signed_headers, ["host", "x-amz-content-sha256", "x-amz-date"]);
}

#[tokio::test]
async fn an_upload_is_signed_without_its_body() {
    let site = guarded_by(SECRET);
    let remote = opened(bucket(site.endpoint()), &IN_ENVIRONMENT);
    let body = http_body_util::Full::new(bytes::Bytes::from("hello"));
    let body = http_body_util::BodyExt::map_err(body, |never| match never {});
    let request = with(carrying(ask(Method::PUT, "/new"), body), "x-amz-meta-title", "A film");
    assert_eq!(answer(&remote, request).await, "ok");
    let requests = site.requests();
    let received = Received::parse(&requests[0]);
    assert_eq!(received.header("x-amz-content-sha256"), Some("UNSIGNED-PAYLOAD"));
    assert_eq!(received.header("content-length"), Some("5"));
    assert!(received.claim().unwrap().signed_headers.contains(&"x-amz-meta-title".into()));
}

#[tokio::test]
async fn a_viewer_has_nothing_signed_but_its_request() {
    let site = guarded_by(SECRET);
    let remote = opened(bucket(site.endpoint()), &IN_ENVIRONMENT);
    let mut request = ask(Method::PUT, "/a");
    for (name, value) in [
        ("host", "other-bucket.test"),
        ("authorization", "AWS4-HMAC-SHA256 Credential=of/the/viewer"),
        ("x-amz-copy-source", "/secrets/key"),
        ("x-amz-acl", "public-read"),
        ("x-amz-date", "20000101T000000Z"),
        ("x-amz-content-sha256", "0000"),
        ("x-amz-security-token", "theirs"),
    ] {
        request = with(request, name, value);
    }
    assert_eq!(answer(&remote, request).await, "ok");
    let requests = site.requests();
    let received = Received::parse(&requests[0]);
    for name in ["x-amz-copy-source", "x-amz-acl", "x-amz-security-token"] {
        assert_eq!(received.header(name), None, "{name}");
    }
    assert!(!received.header("x-amz-date").unwrap().starts_with("2000"));
    assert_eq!(received.header("host"), Some(&*site.address.to_string()));
}

#[tokio::test]
async fn a_wrong_secret_is_the_buckets_to_refuse() {
    let site = guarded_by("another secret");
    let remote = opened(bucket(site.endpoint()), &IN_ENVIRONMENT);
    let (head, body) = read(fetch(&remote, get("/a")).await.unwrap()).await.unwrap();
    assert_eq!((head.status().as_u16(), body.as_str()), (403, "not signed AsSent"));
}

#[tokio::test]
async fn a_missing_object_is_told_from_a_forbidden_one() {
    for status in ["404 Not Found", "403 Forbidden"] {
        let error = "<Error><Code>X</Code></Error>";
        let site = answering(format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{error}",
            error.len()
        ));
        let remote = opened(bucket(site.endpoint()), &IN_ENVIRONMENT);
        let (head, body) = read(fetch(&remote, get("/a")).await.unwrap()).await.unwrap();
        assert!(status.starts_with(head.status().as_str()));
        assert_eq!(
            (body.as_str(), &head.headers()["content-type"]),
            (error, &"application/xml".parse().unwrap())
        );
    }
}

#[tokio::test]
async fn a_part_that_is_called_the_whole_is_called_a_part() {
    for (range, expected) in [
        ("Content-Range: bytes 2-3/9\r\n", 206),
        ("Content-Range: bytes 2-9/9\r\n", 200),
        ("Content-Range: bytes 3-2/9\r\n", 200),
        ("Content-Range: bytes */9\r\n", 200),
        ("", 200),
    ] {
        let site = answering(format!("HTTP/1.1 200 OK\r\n{range}Content-Length: 2\r\n\r\nok"));
        let remote = opened(bucket(site.endpoint()), &IN_ENVIRONMENT);
        let part = fetch(&remote, with(get("/a"), "range", "bytes=2-3")).await.unwrap();
        assert_eq!(part.status(), expected, "{range:?}");
        assert_eq!(fetch(&remote, get("/a")).await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn the_bucket_may_be_part_of_the_host() {
    let site = guarded_by(SECRET);
    let mut origin = bucket(Endpoint { host: "localhost".into(), ..site.endpoint() });
    origin.is_path_style = false;
    origin.path = "/2024 new".into();
    assert_eq!(answer(&opened(origin, &IN_ENVIRONMENT), get("/a")).await, "ok");
    let requests = site.requests();
    let received = Received::parse(&requests[0]);
    let host = format!("films.localhost:{}", site.address.port());
    assert_eq!((received.path(), received.header("host")), ("/2024%20new/a", Some(&*host)));
}

#[tokio::test]
async fn who_signs_is_the_operators_choice() {
    let site = guarded_by(SECRET);
    let remote = |signing| opened(S3Origin { signing, ..bucket(site.endpoint()) }, &IN_ENVIRONMENT);
    let bearing = || with(get("/a"), "authorization", "the viewer's");
    let last = || site.requests().pop().unwrap();

    assert_eq!(answer(&remote(SigningBehavior::Always), bearing()).await, "ok");
    assert_eq!(answer(&remote(SigningBehavior::NoOverride), get("/a")).await, "ok");
    assert_eq!(answer(&remote(SigningBehavior::NoOverride), bearing()).await, "unsigned");
    assert!(last().contains("\r\nauthorization: the viewer's\r\n"));
    assert_eq!(answer(&remote(SigningBehavior::Never), get("/a(1)+%7e?x=+")).await, "unsigned");
    assert!(!last().contains("authorization"));
    assert!(last().starts_with("GET /films/a(1)+%7e?x=+ "), "{}", last());
}

#[tokio::test]
async fn without_credentials_a_bucket_fails_fast() {
    let site = guarded_by(SECRET);
    let remote = opened(bucket(site.endpoint()), &[("AWS_EC2_METADATA_DISABLED", "true")]);
    for _ in 0..3 {
        let start = Instant::now();
        let trouble = fetch(&remote, get("/a")).await.unwrap_err();
        assert!(matches!(trouble, Trouble::NoCredentials(_)), "{trouble}");
        assert_eq!(trouble.status(), 502);
        assert!(start.elapsed() < Duration::from_secs(2));
    }
    assert_eq!(site.requests().len(), 0);
}

#[tokio::test]
async fn credentials_are_found_in_a_profile_and_nowhere_else_if_one_is_named() {
    let site = guarded_by(SECRET);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    let profiles = format!(
        "[default]\naws_access_key_id = {ACCESS}\naws_secret_access_key = {SECRET}\n\
         [films]\naws_access_key_id = AKIDFILMS\naws_secret_access_key = {SECRET}\n"
    );
    std::fs::write(&file, profiles).unwrap();
    let files = [
        ("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap()),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let access = || Received::parse(site.requests().last().unwrap()).claim().unwrap().access_key;

    assert_eq!(answer(&opened(bucket(site.endpoint()), &files), get("/a")).await, "ok");
    assert_eq!(access(), ACCESS);
    let profile = |name: &str| S3Origin { profile: Some(name.into()), ..bucket(site.endpoint()) };
    let both = [&files[..], &IN_ENVIRONMENT].concat();
    assert_eq!(answer(&opened(profile("films"), &both), get("/a")).await, "ok");
    assert_eq!(access(), "AKIDFILMS");
    let missing = opened(profile("other"), &both);
    assert_eq!(answer(&missing, get("/a")).await, "origin_no_credentials");
}

/// A machine's metadata service, whose credentials last for so many seconds.
fn metadata(lasts: i64, asked: Arc<AtomicUsize>) -> Scripted {
    scripted(move |line| {
        let Some(head) = line.hear() else { return };
        let received = Received::parse(&head);
        let text = match received.path() {
            "/latest/api/token" => "a token".to_owned(),
            _ if received.header("x-aws-ec2-metadata-token") != Some("a token") => String::new(),
            "/latest/meta-data/iam/security-credentials/" => "a-role".to_owned(),
            "/latest/meta-data/iam/security-credentials/a-role" => {
                asked.fetch_add(1, Ordering::SeqCst);
                let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs().cast_signed();
                let expires =
                    std::time::UNIX_EPOCH + Duration::from_secs((now + lasts).cast_unsigned());
                let expires = httpdate::HttpDate::from(expires);
                format!(
                    "{{\"Code\":\"Success\",\"AccessKeyId\":\"{ACCESS}\",\
                     \"SecretAccessKey\":\"{SECRET}\",\"Token\":\"a session\",\
                     \"Expiration\":\"{}\"}}",
                    rfc3339(&expires.to_string()),
                )
            }
            other => panic!("{other}"),
        };
        line.say(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()));
    })
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as `1994-11-06T08:49:37Z`.
pub(crate) fn rfc3339(date: &str) -> String {
    let parts: Vec<_> = date.split(' ').collect();
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = months.find(parts[2]).unwrap() / 3 + 1;
    format!("{}-{month:02}-{}T{}Z", parts[3], parts[1], parts[4])
}

#[tokio::test]
async fn a_machines_credentials_are_kept_while_they_last() {
    let site = guarded_by(SECRET);
    let asked = Arc::new(AtomicUsize::new(0));
    let machine = metadata(3600, Arc::clone(&asked));
    let address = format!("http://{}", machine.address);
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*address)];
    let remote = opened(bucket(site.endpoint()), &variables);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let remote = remote.clone();
        all.spawn(async move { answer(&remote, get("/a")).await });
    }
    assert!(all.join_all().await.iter().all(|text| text == "ok"));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let requests = site.requests();
    let received = Received::parse(&requests[0]);
    assert_eq!(received.header("x-amz-security-token"), Some("a session"));
    assert!(received.claim().unwrap().signed_headers.contains(&"x-amz-security-token".into()));
}

#[tokio::test]
async fn a_machines_credentials_are_renewed_before_they_expire_and_used_until_they_do() {
    let site = guarded_by(SECRET);
    let asked = Arc::new(AtomicUsize::new(0));
    let machine = metadata(60, Arc::clone(&asked));
    let address = format!("http://{}", machine.address);
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*address)];
    let remote = opened(bucket(site.endpoint()), &variables);
    assert_eq!(answer(&remote, get("/a")).await, "ok");
    tokio::time::sleep(Duration::from_millis(5200)).await;
    assert_eq!(answer(&remote, get("/a")).await, "ok");
    assert_eq!(asked.load(Ordering::SeqCst), 2, "they are within their last minutes");
    drop(machine);
    tokio::time::sleep(Duration::from_millis(5200)).await;
    assert_eq!(answer(&remote, get("/a")).await, "ok", "a minute has not passed");
}
