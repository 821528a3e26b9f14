//! What an edge says of itself: logs, metrics, health.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gatepass_edge::{
    CacheStatus, ConfigStatus, LogFormat, Metrics, Observed, Observing, Status, observe,
};
use support::{Answer, NOW, guarded, open, site};

fn ask(address: SocketAddr, line: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    Answer::read(&answer)
}

fn watch(metrics: &Arc<Metrics>, observed: impl Observed) -> Observing {
    observe(([127, 0, 0, 1], 0).into(), Arc::clone(metrics), Arc::new(observed)).unwrap()
}

#[test]
fn every_request_is_counted_where_it_belongs() {
    let site = site().start();
    let cookie = site.pass_for("https://media.test/private/*");
    for _ in 0..3 {
        assert_eq!(site.get("/").status(), 200);
    }
    assert_eq!(site.get("/private/a.txt").status(), 403);
    assert_eq!(site.get("/private/a.txt").cookie(&cookie).status(), 403, "another scheme");
    assert_eq!(site.get("/missing").status(), 404);
    assert_eq!(site.get("/").host("elsewhere.test").status(), 403);
    let edge = Arc::clone(site.edge());
    let seeing = watch(edge.metrics(), {
        let edge = Arc::clone(&edge);
        move || edge.status()
    });
    let page = ask(seeing.address(), "GET /metrics");
    assert_eq!(
        page.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    for line in [
        r#"gatepass_requests_total{distribution="E1",behavior="/*",status="2xx",outcome="Miss"} 3"#,
        r#"gatepass_requests_total{distribution="E1",behavior="/*",status="4xx",outcome="Error"} 1"#,
        r#"gatepass_requests_total{distribution="E1",behavior="/private/*",status="4xx",outcome="Error"} 2"#,
        r#"gatepass_requests_total{distribution="",behavior="",status="4xx",outcome="Error"} 1"#,
        r#"gatepass_refusals_total{distribution="E1",behavior="/private/*",reason="no_pass"} 1"#,
        r#"gatepass_refusals_total{distribution="E1",behavior="/private/*",reason="resource_not_covered"} 1"#,
        r#"gatepass_refusals_total{distribution="",behavior="",reason="unknown_host"} 1"#,
        r#"gatepass_sent_bytes_total{distribution="E1",behavior="/*"} 21"#,
        r#"gatepass_gate_seconds_count{distribution="E1",behavior="/private/*"} 2"#,
        r#"gatepass_request_seconds_count{distribution="E1",behavior="/*"} 4"#,
        r#"gatepass_first_byte_seconds_bucket{le="+Inf",distribution="E1",behavior="/*"} 4"#,
        "gatepass_ready 1",
        "gatepass_verified_passes 1",
        "gatepass_pass_checks_total 1",
        "gatepass_log_lines_dropped_total 0",
        "# EOF",
    ] {
        assert!(page.body.lines().any(|told| told == line), "{line} is not in\n{}", page.body);
    }
}

#[test]
fn nothing_that_a_viewer_sends_becomes_a_label() {
    let site = site().start();
    for nth in 0..20 {
        site.get(&format!("/stranger{nth}?stranger")).host(&format!("stranger{nth}.test")).status();
        site.get(&format!("/stranger{nth}")).status();
        site.ask(&format!("STRANGER{nth}"), "/").with("User-Agent", "stranger").status();
    }
    let page = site.edge().metrics().page(Status::default());
    assert!(!page.to_lowercase().contains("stranger"), "{page}");
    let series = page.lines().filter(|line| line.starts_with("gatepass_requests_total")).count();
    assert_eq!(series, 2, "{page}");
}

#[test]
fn what_a_snapshot_no_longer_has_is_no_longer_told_and_what_it_has_goes_on() {
    let draft = |patterns: &[&str]| {
        let site = site().with(|one| {
            one.behaviors =
                patterns.iter().map(|it| (it.parse().unwrap(), guarded(open()))).collect();
        });
        site.snapshot()
    };
    let metrics = Metrics::new();
    let before = draft(&["/a/*", "/b/*"]);
    let resolved = metrics.resolve(&before);
    let path = gatepass_distribution::NormalPath::read("/a/x");
    let route = before.route("media.test", &path).unwrap();
    assert_eq!(resolved.of(&route).unwrap().path_pattern(), "/a/*");
    let origin = metrics.of_origin("E1", "site");
    origin.answered(http::StatusCode::OK, Duration::from_millis(3));
    origin.failed("origin_late");
    metrics.of_origin("E1", "gone").failed("origin_busy");

    let after = draft(&["/b/*"]);
    let now = metrics.resolve(&after);
    assert!(now.of(&route).is_none(), "a route of another snapshot");
    let page = metrics.page(Status::default());
    for line in [
        r#"gatepass_origin_answers_total{distribution="E1",origin="site",status="2xx"} 1"#,
        r#"gatepass_origin_failures_total{distribution="E1",origin="site",reason="origin_late"} 1"#,
        r#"gatepass_origin_seconds_bucket{le="0.005",distribution="E1",origin="site"} 1"#,
    ] {
        assert!(page.lines().any(|told| told == line), "{line} is not in\n{page}");
    }
    assert!(!page.contains("gone"), "{page}");
}

#[test]
fn what_an_edge_says_of_itself_is_told() {
    let status = Status {
        is_ready: true,
        connections: 7,
        log_lines_dropped: 3,
        compressed_copies_bytes: 11,
        revoked_passes: 2,
        config: ConfigStatus {
            version: "a\"b\\c\nd".into(),
            installed: gatepass::EpochTime::new(NOW).ok(),
            reloads: 4,
            failed_reloads: 1,
            last_reload_failed: true,
        },
        cache: Some(CacheStatus {
            memory_bytes: 10,
            disk_bytes: 20,
            entries: 5,
            hits: 8,
            misses: 9,
            evictions: 6,
            disk_freed_bytes: 64,
            rejected_inserts: 1,
            unwritten_inserts: 2,
            disk_errors: 3,
        }),
        ..Status::default()
    };
    let page = Metrics::new().page(status);
    for line in [
        "gatepass_connections 7",
        "gatepass_log_lines_dropped_total 3",
        "gatepass_compressed_copies_bytes 11",
        "gatepass_revoked_passes 2",
        r#"gatepass_config_info{version="a\"b\\c\nd"} 1"#,
        "gatepass_config_installed_timestamp_seconds 1767290000",
        "gatepass_config_reloads_total 4",
        "gatepass_config_failed_reloads_total 1",
        "gatepass_config_last_reload_failed 1",
        r#"gatepass_cache_bytes{tier="memory"} 10"#,
        r#"gatepass_cache_bytes{tier="disk"} 20"#,
        "gatepass_cache_entries 5",
        "gatepass_cache_hits_total 8",
        "gatepass_cache_misses_total 9",
        "gatepass_cache_evictions_total 6",
        "gatepass_cache_disk_freed_bytes_total 64",
        "gatepass_cache_rejected_inserts_total 1",
        "gatepass_cache_unwritten_inserts_total 2",
        "gatepass_cache_disk_errors_total 3",
    ] {
        assert!(page.lines().any(|told| told == line), "{line} is not in\n{page}");
    }
}

#[test]
fn health_tells_a_living_process_from_a_ready_one() {
    let ready = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&ready);
    let seeing = watch(&Arc::new(Metrics::new()), move || Status {
        is_ready: told.load(Ordering::SeqCst),
        ..Status::default()
    });
    let status = |line: &str| ask(seeing.address(), line).status;
    assert_eq!([status("GET /health"), status("GET /ready")], [200, 503]);
    ready.store(true, Ordering::SeqCst);
    assert_eq!([status("GET /health"), status("GET /ready")], [200, 200]);
    let head = ask(seeing.address(), "HEAD /metrics");
    assert_eq!((head.status, &*head.body), (200, ""));
    assert_ne!(head.header("content-length"), Some("0"));
    assert_eq!([status("GET /"), status("GET /metrics/x"), status("POST /ready")], [404, 404, 405]);
    let address = seeing.address();
    drop(seeing);
    assert!(TcpStream::connect(address).is_err(), "it ended");
}

#[test]
fn who_is_about_to_end_is_not_ready_and_knows_its_connections() {
    let mut site = site().start();
    let vitals = site.vitals();
    assert_eq!((vitals.connections(), vitals.is_taking()), (0, true));
    let mut viewer = site.connect();
    write!(viewer, "GET / HTTP/1.1\r\nHost: media.test\r\n\r\n").unwrap();
    viewer.read_exact(&mut [0; 8]).unwrap();
    assert_eq!((vitals.connections(), vitals.is_taking()), (1, true));
    drop(viewer);
    site.drain();
    assert_eq!((vitals.connections(), vitals.is_taking()), (0, false));
}

#[test]
fn a_watcher_can_neither_stay_silent_nor_crowd_others_out_nor_send_without_end() {
    let seeing = watch(&Arc::new(Metrics::new()), Status::default);
    let silent: Vec<_> = (0..64).map(|_| TcpStream::connect(seeing.address()).unwrap()).collect();
    let mut one_more = TcpStream::connect(seeing.address()).unwrap();
    one_more.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert!(matches!(one_more.read(&mut [0; 1]), Ok(0) | Err(_)), "it is closed at once");
    let began = Instant::now();
    for mut stream in silent {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert_eq!(ask(seeing.address(), "GET /health").status, 200);
    let mut endless = TcpStream::connect(seeing.address()).unwrap();
    endless.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // It may have closed before all of it was sent, and what it said be lost by that.
    let _ = write!(endless, "GET /health?{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(1_000_000));
    let mut answer = Vec::new();
    let _ = endless.read_to_end(&mut answer);
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431 "), "{answer:?}");
    assert_eq!(ask(seeing.address(), "GET /health").status, 200);
}

#[test]
fn cloudfronts_fields_tell_what_the_viewer_was_told() {
    let site = site().with_config(|config| config.log_format = LogFormat::CloudFront).start();
    let answer = site.get("/private/film.bin?a=b").with("User-Agent", "a b\"c").answer();
    let id = answer.header("x-amz-cf-id").unwrap().to_owned();
    assert_eq!(answer.status, 403);
    let range = site.get("/public/a.txt").with("Range", "bytes=0-2").answer();
    assert_eq!(range.status, 206);
    let log = site.log();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[0], "#Version: 1.0");
    let names: Vec<&str> = lines[1].strip_prefix("#Fields: ").unwrap().split(' ').collect();
    let field = |line: &str, name: &str| {
        let at = names.iter().position(|known| *known == name).unwrap();
        line.split('\t').nth(at).unwrap().to_owned()
    };
    for (name, value) in [
        ("cs-method", "GET"),
        ("cs(Host)", "E1"),
        ("x-host-header", "media.test"),
        ("cs-uri-stem", "/private/film.bin"),
        ("cs-uri-query", "a=b"),
        ("sc-status", "403"),
        ("cs(User-Agent)", "a%20b%22c"),
        ("x-edge-result-type", "Error"),
        ("x-edge-request-id", &id),
        ("cs-protocol", "http"),
        ("cs-protocol-version", "HTTP/1.1"),
    ] {
        assert_eq!(field(lines[2], name), value, "{name}");
    }
    assert_eq!([field(lines[3], "sc-range-start"), field(lines[3], "sc-range-end")], ["0", "2"]);
    assert_eq!(lines.len(), 4);
}

#[test]
fn a_request_that_never_was_one_is_still_a_line() {
    let site = site().with_config(|config| config.log_format = LogFormat::CloudFront).start();
    assert_eq!(site.get(&format!("/{}", "x".repeat(9_000))).status(), 414);
    let log = site.log();
    let line = log.lines().nth(2).unwrap();
    assert_eq!(line.split('\t').count(), 33);
    assert_eq!(line.split('\t').nth(8), Some("414"));
}
