//! Small files that are kept in memory are answered as if they were read anew each time.

use std::fs;
use std::os::unix::fs::symlink;

use http::header::RANGE;
use http::{HeaderMap, HeaderValue, Method};

use crate::origin::{self, Origin, admitted, far_ahead, read};

fn ask(origin: &Origin, range: Option<&'static str>) -> (u16, String) {
    let (method, mut headers) = (Method::GET, HeaderMap::new());
    if let Some(range) = range {
        headers.insert(RANGE, HeaderValue::from_static(range));
    }
    let response = origin.directory.fetch(&admitted(&method, "/a", &headers), far_ahead());
    let status = response.status().as_u16();
    (status, String::from_utf8(read(response.into_body()).unwrap()).unwrap())
}

fn text(origin: &Origin) -> String {
    let (status, text) = ask(origin, None);
    assert_eq!(status, 200);
    text
}

#[test]
fn a_kept_file_is_as_fresh_as_the_folder() {
    let origin = origin::serving("a", "one");
    assert_eq!(text(&origin), "one");
    assert_eq!(text(&origin), "one");
    fs::write(origin.path("a"), "two").unwrap();
    assert_eq!(text(&origin), "two", "written over");
    fs::write(origin.path("b"), "six").unwrap();
    fs::rename(origin.path("b"), origin.path("a")).unwrap();
    assert_eq!(text(&origin), "six", "replaced");
    fs::remove_file(origin.path("a")).unwrap();
    assert_eq!(ask(&origin, None).0, 404, "removed");
}

#[test]
fn a_kept_name_that_now_leads_outside_is_not_found() {
    let origin = origin::serving("a", "one");
    assert_eq!(text(&origin), "one");
    let outside = tempfile::TempDir::new().unwrap();
    fs::write(outside.path().join("secret"), "out").unwrap();
    fs::remove_file(origin.path("a")).unwrap();
    symlink(outside.path().join("secret"), origin.path("a")).unwrap();
    assert_eq!(ask(&origin, None).0, 404);
}

#[test]
fn parts_of_a_kept_file_are_parts_of_the_file() {
    let origin = origin::serving("a", "0123456789");
    assert_eq!(text(&origin), "0123456789");
    assert_eq!(ask(&origin, Some("bytes=2-4")), (206, "234".to_owned()));
    let (status, parts) = ask(&origin, Some("bytes=0-1,8-"));
    assert_eq!(status, 206);
    assert!(parts.contains("\r\n\r\n01\r\n") && parts.contains("\r\n\r\n89\r\n"), "{parts}");
    assert_eq!(ask(&origin, Some("bytes=10-")).0, 416);
}
