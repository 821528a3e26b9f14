//! Which file a path names, and that no other file can be had.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use gatepass_edge::origin::directory::{Directory, DirectoryError};
use http::header::CONTENT_TYPE;

use crate::origin::{self, Origin, admitted};

fn opens(origin: &Origin, path: &str) -> bool {
    let answer = origin.get(path);
    if answer.status != 200 {
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.headers.is_empty() && answer.body.is_empty(), "{path} tells something");
    }
    answer.status == 200
}

#[test]
fn names_are_percent_decoded_once() {
    let origin = origin::serving("a b.txt", "space")
        .with("é+~=%25.bin", "odd")
        .with("%2e%2e", "dots")
        .with("x%2fy", "slash");
    assert_eq!(origin.get("/a%20b.txt").body, b"space");
    assert_eq!(origin.get("/%61%20b.txt").body, b"space");
    assert_eq!(origin.get("/%C3%A9+~=%2525.bin").body, b"odd");
    assert_eq!(origin.get("/%c3%a9%2B%7E%3D%2525.bin").body, b"odd");
    assert_eq!(origin.get("/é+~=%2525.bin").body, b"odd");
    assert_eq!(origin.get("/%252e%252e").body, b"dots");
    assert_eq!(origin.get("/x%252fy").body, b"slash");
    assert!(!opens(&origin, "/a+b.txt"));
    assert!(!opens(&origin, "/é+~=%25.bin"));
}

#[test]
fn names_need_not_be_utf_8() {
    let origin = origin::empty();
    let name = Path::new(std::ffi::OsStr::from_bytes(b"\xff\xfe.mp4"));
    fs::write(origin.path("").join(name), "raw").unwrap();
    let answer = origin.get("/%ff%FE.mp4");
    assert_eq!(answer.body, b"raw");
    assert_eq!(answer.header(&CONTENT_TYPE), "video/mp4");
}

#[test]
fn empty_segments_do_not_count() {
    let origin = origin::serving("a/b/c", "deep");
    for path in ["/a/b/c", "//a/b/c", "/a//b///c"] {
        assert!(opens(&origin, path), "{path}");
    }
}

#[test]
fn there_is_no_way_up() {
    let origin = origin::serving("a/b", "inside");
    fs::write(origin.outside("secret"), "outside").unwrap();
    for path in [
        "/../secret",
        "/a/../../secret",
        "/%2e%2e/secret",
        "/%2E./secret",
        "/..%2fsecret",
        "/..%5csecret",
        "/..\\secret",
        "/%252e%252e/secret",
        "/..%252fsecret",
        "/a/../a/b",
        "/./a/b",
        "/a/%2e/b",
        "/a%2fb",
        "/a\\b",
        "/a/b\0",
        "/a/b%00",
        "/a/b%00.txt",
        "/a/%zz",
        "/a/b%",
        "/%c0%ae%c0%ae/secret",
        &format!("/{}", origin.outside("secret").display()),
        "",
        "a/b",
    ] {
        assert!(!opens(&origin, path), "{path}");
    }
    assert!(opens(&origin, "/a/b"));
}

#[test]
fn what_begins_with_a_dot_stays_hidden() {
    let origin = origin::serving(".env", "secret")
        .with(".git/config", "secret")
        .with("a/.htpasswd", "secret")
        .with("a/.well-known/b", "secret")
        .with(".well-known/.htaccess", "secret")
        .with(".well-known/acme-challenge/token", "public");
    for path in ["/.env", "/%2eenv", "//.env", "/.git/config", "/a/.htpasswd", "/a/.well-known/b"] {
        assert!(!opens(&origin, path), "{path}");
    }
    assert!(!opens(&origin, "/.well-known/.htaccess"));
    assert!(!opens(&origin, "/.well-known/../.env"));
    assert!(opens(&origin, "/.well-known/acme-challenge/token"));
}

#[test]
fn folders_are_not_found() {
    let origin = origin::serving("a/index.html", "page").with("index.html", "page");
    for path in ["/", "//", "/a", "/a/", "/index.html/", "/index.html/x", "/.well-known"] {
        assert!(!opens(&origin, path), "{path}");
    }
}

#[test]
fn what_is_not_there_or_has_too_long_a_name_is_not_found() {
    let origin = origin::empty();
    assert!(!opens(&origin, "/a"));
    assert!(!opens(&origin, &format!("/{}", "a".repeat(300))));
    assert!(!opens(&origin, &"/a".repeat(4000)));
}

#[test]
fn links_work_as_long_as_they_stay_inside() {
    let origin = origin::serving("a/film", "inside").with("b/film", "other");
    fs::write(origin.outside("secret"), "outside").unwrap();
    fs::create_dir(origin.outside("folder-2")).unwrap();
    fs::write(origin.outside("folder-2/secret"), "outside").unwrap();
    let link = |target: &Path, name: &str| symlink(target, origin.path(name)).unwrap();
    link(Path::new("a/film"), "file");
    link(Path::new("a"), "folder");
    link(Path::new("../b/film"), "a/up-and-down");
    link(Path::new("../secret"), "out");
    link(Path::new(".."), "parent");
    link(&origin.outside("secret"), "absolute");
    link(&origin.path("a/film"), "absolute-inside");
    link(Path::new("../folder-2/secret"), "sibling");
    link(Path::new("/proc/self/cwd"), "magic");
    link(Path::new("loop"), "loop");

    assert_eq!(origin.get("/file").body, b"inside");
    assert_eq!(origin.get("/folder/film").body, b"inside");
    assert_eq!(origin.get("/a/up-and-down").body, b"other");
    for path in ["/out", "/parent/secret", "/parent/folder/a/film", "/absolute", "/sibling"] {
        assert!(!opens(&origin, path), "{path}");
    }
    for path in ["/absolute-inside", "/magic/Cargo.toml", "/loop"] {
        assert!(!opens(&origin, path), "{path}");
    }
}

#[test]
fn only_regular_files_are_served_and_none_keeps_us_waiting() {
    let origin = origin::empty();
    let made = Command::new("mkfifo").arg(origin.path("pipe")).status().unwrap();
    assert!(made.success());
    let _socket = UnixListener::bind(origin.path("socket")).unwrap();
    let started = Instant::now();
    assert!(!opens(&origin, "/pipe"));
    assert!(!opens(&origin, "/socket"));
    assert!(started.elapsed() < Duration::from_secs(2));

    let devices = Directory::open(Path::new("/dev")).unwrap();
    let (method, headers) = (http::Method::GET, http::HeaderMap::new());
    let answer = devices.fetch(&admitted(&method, "/zero", &headers), SystemTime::UNIX_EPOCH);
    assert_eq!(answer.status(), 404);
}

#[test]
fn names_differ_by_case() {
    let origin = origin::serving("private/x", "guarded");
    assert!(opens(&origin, "/private/x"));
    assert!(!opens(&origin, "/PRIVATE/x"));
    assert!(!opens(&origin, "/private/X"));
}

#[test]
fn a_folder_that_is_renamed_stays_the_origin() {
    let origin = origin::serving("a", "still here");
    fs::rename(origin.path(""), origin.outside("renamed")).unwrap();
    assert!(opens(&origin, "/a"));
}

#[test]
fn what_can_not_be_an_origin_is_named_with_the_reason() {
    let origin = origin::serving("file", "");
    let absent = Directory::open(&origin.path("nowhere")).unwrap_err();
    assert!(matches!(&absent, DirectoryError::Absent(path) if *path == origin.path("nowhere")));
    assert!(absent.to_string().ends_with("/folder/nowhere does not exist"), "{absent}");

    let file = Directory::open(&origin.path("file")).unwrap_err();
    assert!(matches!(&file, DirectoryError::NotAFolder(path) if *path == origin.path("file")));
    assert!(file.to_string().ends_with("/folder/file is not a folder"), "{file}");
}

#[test]
fn a_file_or_folder_without_permission_stays_shut() {
    use std::os::unix::fs::PermissionsExt;

    let origin = origin::serving("locked", "secret").with("folder/a", "");
    let shut = fs::Permissions::from_mode(0o0);
    fs::set_permissions(origin.path("locked"), shut.clone()).unwrap();
    fs::set_permissions(origin.path("folder"), shut).unwrap();
    if fs::read(origin.path("locked")).is_ok() {
        return; // Nothing is locked for root.
    }
    assert!(!opens(&origin, "/locked"));
    let unreadable = Directory::open(&origin.path("folder")).unwrap_err();
    assert!(matches!(unreadable, DirectoryError::Unreadable { .. }));
    assert!(unreadable.to_string().contains("/folder/folder can't be read: "), "{unreadable}");
    fs::set_permissions(origin.path("folder"), fs::Permissions::from_mode(0o700)).unwrap();
}
