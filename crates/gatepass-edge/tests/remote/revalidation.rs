//! Who has a compressed copy, and asks whether it still holds.

use gatepass_distribution::{Origin, OriginKind};

use crate::origin::{played, say};
use crate::support::{Site, SiteDraft, site};

const ETAG: &str = "\"v1\"";

fn page() -> String {
    "<p>compress me</p>".repeat(200)
}

/// A page with a strong `ETag`, and a 304 for who has it, as web servers write it.
fn web_server(cache_control: &'static str) -> (crate::origin::Played, Site) {
    let origin = played(move |stream, head| {
        let page = page();
        let always =
            format!("Cache-Control: {cache_control}\r\nETag: {ETAG}\r\nConnection: close\r\n");
        let is_known = head.to_ascii_lowercase().contains("if-none-match:");
        let answer = if is_known {
            format!("HTTP/1.1 304 Not Modified\r\n{always}\r\n")
        } else {
            let length = page.len();
            let content = format!("Content-Type: text/html\r\nContent-Length: {length}\r\n");
            format!("HTTP/1.1 200 OK\r\n{content}{always}\r\n{page}")
        };
        say(stream, &answer);
    });
    let site = compressing(origin.site()).start();
    (origin, site)
}

fn compressing(site: SiteDraft) -> SiteDraft {
    site.with(|site| site.default_behavior.conduct.compress = true)
}

/// Asks for the page, then whether it still holds, in the same words.
#[track_caller]
fn check(site: &Site, path: &str) {
    let first = site.get(path).with("Accept-Encoding", "gzip").answer();
    assert_eq!((first.status, first.header("Content-Encoding")), (200, Some("gzip")));
    let etag = first.header("ETag").unwrap().to_owned();
    assert!(etag.starts_with("W/\""), "{etag}");
    for _ in 0..2 {
        let again = site.get(path).with("Accept-Encoding", "gzip").with("If-None-Match", &etag);
        let again = again.answer();
        assert_eq!(again.status, 304, "{again:?}");
        assert_eq!(again.header("ETag"), Some(&*etag), "{again:?}");
        assert_eq!(again.header("Vary"), Some("Accept-Encoding"), "{again:?}");
        assert_eq!(again.header("Content-Encoding"), None, "{again:?}");
    }
    let strong = etag.trim_start_matches("W/").to_owned();
    let plain = site.get(path).with("If-None-Match", &strong).answer();
    assert_eq!((plain.status, plain.header("ETag")), (304, Some(&*strong)));
}

#[test]
fn a_304_from_the_cache_carries_the_etag_of_the_compressed_answer() {
    let (origin, site) = web_server("max-age=60");
    check(&site, "/page");
    assert_eq!(origin.heads().len(), 2, "one for each Accept-Encoding");
}

#[test]
fn so_does_one_after_the_origin_was_asked_again() {
    let (origin, site) = web_server("no-cache");
    check(&site, "/page");
    assert!(origin.heads().len() > 2);
}

#[test]
fn so_does_one_that_an_origin_gives_for_an_answer_that_is_not_kept() {
    let (_origin, site) = web_server("no-store");
    check(&site, "/page");
}

#[test]
fn so_does_one_from_a_folder() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("page.html"), page()).unwrap();
    let kind = OriginKind::Directory(folder.path().to_owned());
    let site = site().with(|site| site.origins = vec![Origin { id: "site".into(), kind }]);
    check(&compressing(site).start(), "/page.html");
}

#[test]
fn what_is_never_compressed_is_left_as_it_is() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("film.mp4"), vec![0; 4_000]).unwrap();
    let kind = OriginKind::Directory(folder.path().to_owned());
    let site = site().with(|site| site.origins = vec![Origin { id: "site".into(), kind }]);
    let site = compressing(site).start();
    let first = site.get("/film.mp4").with("Accept-Encoding", "gzip").answer();
    let etag = first.header("ETag").unwrap();
    let weak = format!("W/{etag}");
    for known in [etag, &weak] {
        let again = site.get("/film.mp4").with("Accept-Encoding", "gzip");
        let again = again.with("If-None-Match", known).answer();
        assert_eq!((again.status, again.header("ETag")), (304, Some(etag)));
        assert_eq!(again.header("Vary"), None);
    }
}
