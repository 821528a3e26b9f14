//! What many ask for compressed is compressed once, and is what the origin has by now.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use gatepass_distribution::{Origin, OriginKind};

use crate::gzip::{text, unchunked};
use crate::origin::{Played, played, say};
use crate::support::{Answer, NOW, Site, SiteDraft, site};

/// A page of any length, unlike every other.
fn page(number: u64) -> String {
    format!("<p>this is page {number}</p>\n").repeat(2_000)
}

/// Asks for the page as gzip: what the head says its length is, and the text.
#[track_caller]
fn gzipped(site: &Site, path: &str) -> (Option<usize>, String) {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: media.test\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n"
    );
    let bytes = site.raw(request.as_bytes());
    let told = Answer::read(&bytes);
    assert_eq!((told.status, told.header("Content-Encoding")), (200, Some("gzip")), "{told:?}");
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let body = &bytes[end + 4..];
    let length = told.header("Content-Length").map(|length| length.parse().unwrap());
    let body = match length {
        Some(length) => {
            assert_eq!(body.len(), length);
            body.to_vec()
        }
        None => unchunked(body),
    };
    (length, text(&body))
}

fn compressing(site: SiteDraft) -> SiteDraft {
    site.with(|site| site.default_behavior.conduct.compress = true)
}

/// An origin whose page changes with each fetch, but for whoever knows its present `ETag`.
fn changing(cache_control: &'static str) -> (Played, Arc<AtomicU64>) {
    let number = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&number);
    let origin = played(move |stream, _| {
        let page = page(count.fetch_add(1, Ordering::SeqCst));
        let length = page.len();
        say(
            stream,
            &format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\
                 Cache-Control: {cache_control}\r\nETag: \"same\"\r\nConnection: close\r\n\r\n{page}"
            ),
        );
    });
    (origin, number)
}

#[test]
fn a_hit_is_compressed_once() {
    let (origin, _) = changing("max-age=60");
    let site = compressing(origin.site()).start();
    let missed = gzipped(&site, "/page");
    assert_eq!(missed, (None, page(0)), "it is compressed while it comes");
    // The first hit makes the copy; the others are the copy.
    assert_eq!(gzipped(&site, "/page"), (None, page(0)));
    for _ in 0..3 {
        let (length, text) = gzipped(&site, "/page");
        assert!(length.is_some_and(|length| length < page(0).len() / 10), "{length:?}");
        assert_eq!(text, page(0));
    }
    assert_eq!(origin.heads().len(), 1);
}

#[test]
fn another_answer_has_other_copies_even_under_the_same_etag() {
    let (origin, _) = changing("max-age=60");
    let site = compressing(origin.site()).start();
    for round in 0..3 {
        site.at(NOW + 100 * round);
        for _ in 0..4 {
            assert_eq!(gzipped(&site, "/page").1, page(round));
        }
        assert!(gzipped(&site, "/page").0.is_some(), "it was kept");
    }
    assert_eq!(origin.heads().len(), 3);
}

#[test]
fn what_is_for_one_viewer_alone_is_never_kept() {
    let (origin, number) = changing("private");
    let site = compressing(origin.site()).start();
    for round in 0..4 {
        assert_eq!(number.load(Ordering::SeqCst), round);
        assert_eq!(gzipped(&site, "/page"), (None, page(round)));
    }
}

/// A folder with one page, which can be written as of any second, and a site that has it.
struct Folder {
    folder: tempfile::TempDir,
    site: Site,
}

impl Folder {
    fn open() -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let kind = OriginKind::Directory(folder.path().to_owned());
        let site = site().with(|site| site.origins = vec![Origin { id: "site".into(), kind }]);
        Self { folder, site: compressing(site).start() }
    }

    /// Writes the page in place.
    fn write(&self, number: u64, seconds: u64) {
        let path = self.folder.path().join("page.html");
        std::fs::write(&path, page(number)).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }
}

#[test]
fn a_file_is_compressed_once_until_it_changes() {
    let folder = Folder::open();
    for number in 0..3 {
        folder.write(number, NOW - 100 + number);
        assert_eq!(gzipped(&folder.site, "/page.html"), (None, page(number)));
        let (length, text) = gzipped(&folder.site, "/page.html");
        assert!(length.is_some(), "it was kept");
        assert_eq!(text, page(number));
    }
}

#[test]
fn a_file_that_was_just_written_may_be_written_again_within_the_same_tick() {
    let folder = Folder::open();
    for number in 0..3 {
        folder.write(number, NOW - 1);
        for _ in 0..2 {
            assert_eq!(gzipped(&folder.site, "/page.html"), (None, page(number)));
        }
    }
    // The clock goes on; the file is what it was.
    folder.site.at(NOW + 10);
    assert_eq!(gzipped(&folder.site, "/page.html"), (None, page(2)));
    assert!(gzipped(&folder.site, "/page.html").0.is_some());
}

#[cfg(unix)]
#[test]
fn a_file_whose_time_was_set_back_is_another_state_of_it() {
    let folder = Folder::open();
    for number in 0..3 {
        // In place, of the same length, and as old as before: as `cp -p` leaves it.
        folder.write(number, NOW - 100);
        assert_eq!(gzipped(&folder.site, "/page.html"), (None, page(number)));
        let (length, text) = gzipped(&folder.site, "/page.html");
        assert!(length.is_some(), "it was kept");
        assert_eq!(text, page(number));
    }
}
