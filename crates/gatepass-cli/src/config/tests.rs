//! What the words of a file come to.

use std::time::Duration;

use gatepass_distribution::{
    AllowedMethods, CacheBehavior, CachedMethods, Endpoint, Gate, NormalPath, OriginKind,
    Selection, SigningBehavior, Ttls, ViewerProtocol,
};
use gatepass_edge::{CacheConfig, DiskConfig, LogFormat};

use super::*;

const REST: &str = r#"
[[distribution]]
id = "media"
aliases = ["*"]
[distribution.default-behavior]
origin = "app"
[[distribution.origin]]
id = "app"
http = "http://127.0.0.1:8000"
"#;

fn config(text: &str) -> Config {
    let any_file = |_: &Path| Ok(Vec::new());
    read(text, Path::new("conf"), &any_file)
        .unwrap_or_else(|mistakes| panic!("{}", mistakes.lines(&"gatepass.toml")))
}

/// What is told of `text`, by its lines.
#[track_caller]
fn told(text: &str) -> String {
    let no_file = |_: &Path| Err(io::Error::from(io::ErrorKind::NotFound));
    read(text, Path::new("conf"), &no_file).unwrap_err().lines(&"gatepass.toml")
}

/// The only behavior of a distribution whose default behavior and origin hold these lines.
fn behaving(behavior: &str, origin: &str, policies: &str) -> Config {
    let text = REST.replace("origin = \"app\"\n", &format!("origin = \"app\"\n{behavior}\n"));
    let text = if origin.is_empty() {
        text
    } else {
        text.replace("http = \"http://127.0.0.1:8000\"", origin)
    };
    config(&format!("{policies}\n{text}"))
}

fn behavior(config: &Config) -> &CacheBehavior {
    config.snapshot.distributions()[0].behavior(&NormalPath::read("/"))
}

fn origin(config: &Config) -> &OriginKind {
    &config.snapshot.distributions()[0].origins()[0].kind
}

fn names(names: &[&str]) -> Vec<Box<str>> {
    names.iter().map(|name| (*name).into()).collect()
}

#[test]
fn an_edge_is_what_its_table_says() {
    let edge = r#"[edge]
listen = "0.0.0.0:443"
metrics-listen = "127.0.0.1:9090"
access-log = { file = "access.log", format = "cloudfront" }
tls = [{ certificate = "tls/cert.pem", key = "tls/key.pem" }]
acme = { directory = "https://ca.test/dir", contact = "mailto:a@b.test", domains = ["Media.test"], storage = "acme", accept-terms = true }
cache = { memory = "256 MiB", disk = { directory = "cache", size = "10 GiB" }, slice = "512 KiB" }
state = "/var/lib/gatepass"
"#;
    let config = config(&format!("{edge}{REST}"));
    assert_eq!(config.log, LogTo::File("conf/access.log".into()));
    assert_eq!(config.state, Path::new("/var/lib/gatepass"));
    let edge = config.edge;
    assert_eq!(edge.log_format, LogFormat::CloudFront);
    assert_eq!(edge.metrics_listen.unwrap().port(), 9_090);
    assert_eq!(edge.tls[0].certificate, Path::new("conf/tls/cert.pem"));
    assert_eq!(edge.tls[0].key, Path::new("conf/tls/key.pem"));
    let acme = edge.acme.unwrap();
    assert_eq!((&*acme.directory, acme.accepts_terms), ("https://ca.test/dir", true));
    assert_eq!((acme.contact, acme.domains), (names(&["mailto:a@b.test"]), names(&["media.test"])));
    assert_eq!(acme.storage, Path::new("conf/acme"));
    let disk = Some(DiskConfig { directory: "conf/cache".into(), bytes: 10 << 30 });
    let cache = CacheConfig { memory_bytes: 256 << 20, disk, slice_bytes: 512 << 10 };
    assert_eq!(edge.cache, cache);
}

#[test]
fn what_is_left_out_is_as_it_is_told() {
    let config = config(REST);
    assert_eq!((config.log, config.edge.log_format), (LogTo::Stdout, LogFormat::Json));
    assert_eq!(config.state, Path::new("conf/gatepass-state"));
    assert_eq!(config.edge.cache, CacheConfig::default());
    assert_eq!((config.edge.metrics_listen, config.edge.acme), (None, None));
    assert!(config.edge.tls.is_empty());
}

#[test]
fn a_policy_selects_in_four_ways() {
    for (written, expected) in [
        ("\"none\"", Selection::None),
        ("\"all\"", Selection::All),
        ("[\"A\", \"b\"]", Selection::Only(names(&["A", "b"]))),
        ("{ all-except = [\"A\"] }", Selection::AllExcept(names(&["A"]))),
    ] {
        let policy = format!("[[cache-policy]]\nid = \"own\"\nkey = {{ cookies = {written} }}");
        let config = behaving("cache-policy = \"own\"", "", &policy);
        let policy = behavior(&config).cache_policy();
        assert_eq!(policy.cookies, expected);
        assert_eq!((policy.gzip, policy.brotli), (true, true));
    }
}

#[test]
fn ttls_left_out_follow_those_that_are_there() {
    for (written, minimum, default, maximum) in [
        ("{}", 0, 86_400, 31_536_000),
        ("{ minimum = 100000 }", 100_000, 100_000, 31_536_000),
        ("{ maximum = 60 }", 0, 60, 60),
        ("{ minimum = 1, default = 2, maximum = 3 }", 1, 2, 3),
        ("{ default = 40000000 }", 0, 40_000_000, 40_000_000),
    ] {
        let policy = format!("[[cache-policy]]\nid = \"own\"\nttl-seconds = {written}");
        let config = behaving("cache-policy = \"own\"", "", &policy);
        let ttls = behavior(&config).cache_policy().ttls;
        assert_eq!(ttls, Ttls { minimum, default, maximum }, "{written}");
    }
}

#[test]
fn headers_are_compared_in_lower_case_and_cloudfronts_own_are_told_apart() {
    let policies = r#"
[[cache-policy]]
id = "own"
gzip = false
key = { headers = ["Accept-Language"] }
[[origin-request-policy]]
id = "sent"
headers = ["Accept", "CloudFront-Viewer-Address"]
[[origin-request-policy]]
id = "all-of-it"
headers = { all-except = ["Host"] }
cloudfront-headers = ["CloudFront-Forwarded-Proto"]
"#;
    let set = "cache-policy = \"own\"\norigin-request-policy = \"sent\"";
    let config = behaving(set, "", policies);
    let policy = behavior(&config).cache_policy();
    assert_eq!(policy.headers, Selection::Only(names(&["accept-language"])));
    assert_eq!((policy.gzip, policy.brotli), (false, true));
    let policy = behavior(&config).origin_request_policy().unwrap();
    assert_eq!(policy.headers, Selection::Only(names(&["accept"])));
    assert_eq!(policy.cloudfront_headers, names(&["cloudfront-viewer-address"]));
    let config = behaving("origin-request-policy = \"all-of-it\"", "", policies);
    let policy = behavior(&config).origin_request_policy().unwrap();
    assert_eq!(policy.headers, Selection::AllExcept(names(&["host"])));
    assert_eq!(policy.cloudfront_headers, names(&["cloudfront-forwarded-proto"]));
}

#[test]
fn a_web_server_is_its_url_and_how_patiently_it_is_asked() {
    let written = r#"http = "https://App.Internal/base/"
headers = { X-Origin-Verify = "a shared secret" }
connect-timeout-seconds = 2
response-timeout-seconds = 7
keep-alive-seconds = 60
attempts = 1
connections = 9
allow-private-addresses = true"#;
    let config = behaving("", written, "");
    let OriginKind::Http(http) = origin(&config) else { panic!("{:?}", origin(&config)) };
    let endpoint = Endpoint { is_https: true, host: "app.internal".into(), port: 443 };
    assert_eq!((&http.endpoint, &*http.path), (&endpoint, "/base"));
    assert_eq!(http.headers, [("X-Origin-Verify".into(), "a shared secret".into())]);
    assert_eq!(http.patience.connect, Duration::from_secs(2));
    assert_eq!(http.patience.response, Duration::from_secs(7));
    assert_eq!(http.patience.keep_alive, Duration::from_mins(1));
    assert_eq!((http.patience.attempts, http.patience.connections), (1, 9));
    assert!(http.allow_private_addresses);
    assert!(!format!("{config:?}").contains("a shared secret"));
}

#[test]
fn a_bucket_is_amazons_unless_an_endpoint_says_otherwise() {
    let config = behaving("", "s3 = { bucket = \"films\", region = \"eu-west-1\" }", "");
    let OriginKind::S3(s3) = origin(&config) else { panic!("{:?}", origin(&config)) };
    assert_eq!(s3.endpoint.to_string(), "https://s3.eu-west-1.amazonaws.com");
    assert_eq!((s3.is_path_style, s3.signing), (false, SigningBehavior::Always));
    assert_eq!((&*s3.path, &s3.profile), ("", &None));
    let written = r#"s3 = { bucket = "films", endpoint = "http://127.0.0.1:8333", region = "us-east-1", path-style = true, signing = "no-override", path = "/2026/", profile = "films" }"#;
    let config = behaving("", written, "");
    let OriginKind::S3(s3) = origin(&config) else { panic!("{:?}", origin(&config)) };
    assert_eq!(s3.endpoint.to_string(), "http://127.0.0.1:8333");
    assert_eq!((s3.is_path_style, s3.signing), (true, SigningBehavior::NoOverride));
    assert_eq!((&*s3.path, s3.profile.as_deref()), ("/2026", Some("films")));
}

#[test]
fn a_behavior_conducts_itself_as_it_is_told() {
    let written = r#"trusted-key-groups = []
gate = "report"
allowed-methods = ["HEAD", "GET", "OPTIONS"]
cached-methods = ["OPTIONS", "GET", "HEAD"]
viewer-protocol = "redirect-to-https"
compress = true
cap-viewer-cache = true
honour-viewer-cache-control = true
response-headers = { x-frame-options = "DENY" }
security-headers = true"#;
    let config = behaving(written, "", "[edge]\ntrusted-proxies = [\"10.0.0.1\"]");
    let behavior = behavior(&config);
    assert!(matches!(behavior.gate(), Gate::Reporting(_)));
    let conduct = behavior.conduct();
    assert_eq!(conduct.allowed_methods, AllowedMethods::GetHeadOptions);
    assert_eq!(conduct.cached_methods, CachedMethods::GetHeadOptions);
    assert_eq!(conduct.viewer_protocol, ViewerProtocol::RedirectToHttps);
    assert!(conduct.compress && conduct.cap_viewer_cache && conduct.honour_viewer_cache_control);
    let headers: Vec<_> =
        conduct.response_headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let expected = [
        "x-frame-options: DENY",
        "Referrer-Policy: strict-origin-when-cross-origin",
        "Strict-Transport-Security: max-age=31536000",
        "X-Content-Type-Options: nosniff",
        "X-XSS-Protection: 1; mode=block",
    ];
    assert_eq!(headers, expected, "the operator's own word counts");
}

#[test]
fn an_error_is_kept_for_as_long_as_it_is_told() {
    let response =
        "\n[[distribution.error-response]]\nstatus = 404\npage = \"/404\"\ncache-seconds = 0\n";
    let config = config(&format!("{REST}{response}"));
    let response = config.snapshot.distributions()[0].error_response(404).unwrap();
    assert_eq!(response.cache_seconds(), 0);
}

#[test]
fn an_error_may_be_kept_for_as_long_as_it_is_told_and_stay_the_origins() {
    let about =
        |fields: &str| format!("{REST}\n[[distribution.error-response]]\nstatus = 503\n{fields}");
    let config = config(&about("cache-seconds = 1\n"));
    let response = config.snapshot.distributions()[0].error_response(503).unwrap();
    assert_eq!((response.page(), response.cache_seconds()), (None, 1));
    assert!(told(&about("")).contains("page is missing"), "nothing was said about it");
    let elsewise = told(&about("cache-seconds = 1\nresponse-status = 200\n"));
    assert!(elsewise.contains("page is missing"), "{elsewise}");
}

#[test]
fn secrets_are_not_repeated_whatever_is_wrong_with_them() {
    for written in [
        "http = \"http://app\"\nheaders = { X-Origin-Verify = \" swordfish\" }",
        "http = \"http://app\"\nheaders = { Host = \"swordfish\" }",
        "http = \"http://swordfish:swordfish@app\"",
        "http = \"http://app\"\nheaders = { X-Origin-Verify = [\"swordfish\"] }",
        "http = \"http://app\"\nheaders = \"swordfish\"",
        "directory = \"nowhere\"\nheaders = { X-Origin-Verify = \"swordfish\" }",
    ] {
        let text = REST.replace("http = \"http://127.0.0.1:8000\"", written);
        let told = told(&text);
        assert!(told.starts_with("gatepass.toml:9:") || told.starts_with("gatepass.toml:10:"));
        assert!(!told.contains("swordfish"), "{told}");
    }
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let edge = "[edge]\ntls = [{ certificate = \"c.pem\", key = \"k.pem\" }]\n";
    let told = told(&format!("{edge}{REST}"));
    assert!(told.contains("gatepass.toml:2:24: can't read conf/c.pem"), "{told}");
    assert!(told.contains("gatepass.toml:2:39: can't read conf/k.pem"), "{told}");
}

#[test]
fn an_authority_is_asked_for_names() {
    let edge = "[edge]\nacme = { directory = \"https://ca.test\", storage = \"a\", accept-terms = true }\n";
    let told = told(&format!("{edge}{REST}"));
    assert!(told.contains("gatepass.toml:2:8: no alias is a plain name"), "{told}");
    let named = REST.replace("[\"*\"]", "[\"media.test\"]");
    assert!(config(&format!("{edge}{named}")).edge.acme.is_some());
}
