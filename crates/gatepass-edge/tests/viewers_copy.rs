//! What a viewer's own copy may be: compressed on the way, and no longer-lived than its pass.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "support/gzip.rs"]
mod gzip;
mod support;

use std::time::{Duration, UNIX_EPOCH};

use gzip::{text, unchunked};
use support::{NOW, Site, site};

const PAGE: &str = "<p>the same again and again</p>\n";

fn site_with_pages() -> Site {
    let site = site().with(|site| {
        site.default_behavior.conduct.compress = true;
        site.behaviors[0].1.conduct.cap_viewer_cache = true;
    });
    let site = site.start();
    std::fs::write(site.path().join("public/page.html"), PAGE.repeat(1_000)).unwrap();
    std::fs::write(site.path().join("public/short.html"), PAGE).unwrap();
    site
}

fn body(answer: &[u8]) -> &[u8] {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    &answer[end + 4..]
}

#[test]
fn a_page_is_compressed_for_those_who_take_it() {
    let site = site_with_pages();
    let ask = |method: &str, more: &str| {
        let line = format!("{method} /public/page.html HTTP/1.1\r\nHost: media.test\r\n");
        site.raw(format!("{line}Connection: close\r\n{more}\r\n").as_bytes())
    };
    let head = |answer: &[u8]| support::Answer::read(answer);

    let compressed = ask("GET", "Accept-Encoding: gzip\r\n");
    let told = head(&compressed);
    assert_eq!(told.header("Content-Encoding"), Some("gzip"));
    assert_eq!(told.header("Vary"), Some("Accept-Encoding"));
    assert!(told.header("ETag").unwrap().starts_with("W/\""));
    assert_eq!(told.header("Content-Length"), None);
    let chunks = unchunked(body(&compressed));
    assert!(chunks.len() < PAGE.len() * 100, "{}", chunks.len());
    assert_eq!(text(&chunks), PAGE.repeat(1_000));

    let asked_for_head = head(&ask("HEAD", "Accept-Encoding: gzip\r\n"));
    for name in ["Content-Encoding", "Vary", "ETag", "Content-Length", "Accept-Ranges"] {
        assert_eq!(asked_for_head.header(name), told.header(name), "{name}");
    }

    for more in
        ["", "Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: gzip\r\nRange: bytes=0-\r\n"]
    {
        let plain = ask("GET", more);
        let told = head(&plain);
        assert_eq!(told.header("Content-Encoding"), None, "{more}");
        assert!(told.header("ETag").unwrap().starts_with('"'));
        assert_eq!(body(&plain), PAGE.repeat(1_000).as_bytes());
    }
    let short = site.get("/public/short.html").with("Accept-Encoding", "gzip").answer();
    assert_eq!((short.header("Content-Encoding"), &*short.body), (None, PAGE));
}

#[test]
fn a_copy_ends_with_the_pass_that_it_was_had_by() {
    let site = site_with_pages();
    // So old that browsers would guess that it stays as it is for years.
    let file = std::fs::File::options().write(true).open(site.path().join("private/a.txt"));
    file.unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
    let pass = site.pass_for("http://media.test/private/*");
    let max_age = |seconds: u64| {
        site.at(seconds);
        let answer = site.get("/private/a.txt").cookie(&pass).answer();
        assert_eq!(answer.status, 200);
        let control = answer.header("Cache-Control").unwrap().to_owned();
        assert!(control.starts_with("private, max-age="), "{control}");
        let digits = control.trim_start_matches("private, max-age=").split(',').next().unwrap();
        digits.parse::<u64>().unwrap()
    };
    for seconds in [0, 1_800, 3_590, 3_599] {
        assert_eq!(max_age(NOW + seconds), 3_600 - seconds);
    }
    site.at(NOW);
    let open = site.get("/public/a.txt").answer();
    assert!(!open.header("Cache-Control").unwrap_or("").contains("private"), "nobody's pass");
}
