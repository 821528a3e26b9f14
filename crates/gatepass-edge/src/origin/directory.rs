//! A folder as an origin: files, over HTTP semantics.
//!
//! A path names a file as follows, and whatever does not is not found, alike in every case:
//!
//! 1. It is percent-decoded, once. Malformed encodings, NUL, and slashes and backslashes
//!    that are encoded (or backslashes that are not) name nothing.
//! 2. Its segments are names as the folder spells them, byte by byte; empty ones don't count.
//! 3. A segment that begins with a dot names nothing: neither `.` and `..`, nor what an
//!    operator keeps from sight. Only the first segment may be `.well-known`.
//! 4. The last segment names a regular file: no folder, device, socket or pipe. A path that
//!    ends in a slash names a folder.
//!
//! A file is opened on the thread that asks, which waits should the folder's own entries not
//! be in memory. Its bytes are never waited for: see [`FileBody`].
//!
//! # Invariants
//!
//! - No file is opened outside the folder. The kernel resolves the path beneath it (`openat2`
//!   on Linux, `cap-std` elsewhere), so symbolic links work as long as they stay inside. One
//!   that is absolute leads outside, wherever it ends.
//! - Names differ by case, even where the file system has it otherwise.

use std::borrow::Cow;
use std::fs::Metadata;
use std::hash::RandomState;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use gatepass_distribution::Admitted;
use http::header::ALLOW;
use http::{HeaderValue, Method, Response, StatusCode};
use quick_cache::sync::Cache;

use super::Wanted;
use super::file_body::FileBody;
use super::found::{Facts, Found, bare};
use super::kept::KeptFiles;
use super::spelling::Spelling;

/// An opened folder. It stays the same one if it is renamed.
#[derive(Debug)]
pub struct Directory {
    folder: Dir,
    spelling: Spelling,
    /// What was said of files before, by their paths; it counts while a file stays the same.
    known: Cache<Box<[u8]>, Arc<Facts>>,
    kept: KeptFiles,
    seed: RandomState,
}

/// Why a folder can't be an origin.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    #[error("the folder {} does not exist", .0.display())]
    Absent(PathBuf),
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    #[error("the folder {} can't be read: {problem}", path.display())]
    Unreadable { path: PathBuf, problem: io::Error },
}

/// So many files' headers are kept.
const KNOWN_FILES: usize = 8_192;

impl Directory {
    /// Opens a folder, and makes sure that it can be read.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let unusable = |problem: io::Error| match problem.kind() {
            io::ErrorKind::NotFound => DirectoryError::Absent(path.into()),
            io::ErrorKind::NotADirectory => DirectoryError::NotAFolder(path.into()),
            _ => DirectoryError::Unreadable { path: path.into(), problem },
        };
        let folder = Dir::open_ambient_dir(path, ambient_authority()).map_err(unusable)?;
        let spelling = Spelling::of(&folder).map_err(unusable)?;
        Ok(Self {
            folder,
            spelling,
            known: Cache::new(KNOWN_FILES),
            kept: KeptFiles::new(),
            seed: RandomState::new(),
        })
    }

    /// Answers a GET or HEAD request that the gate let through. No file is younger than `now`.
    pub fn fetch(&self, admitted: &Admitted<Wanted<'_>>, now: SystemTime) -> Response<FileBody> {
        let Wanted { method, path, headers } = admitted.request();
        if **method != Method::GET && **method != Method::HEAD {
            return method_not_allowed();
        }
        match self.find(path, now) {
            Ok(found) => found.answer(method, headers, &self.seed),
            Err(status) => bare(status),
        }
    }

    fn find(&self, path: &str, now: SystemTime) -> Result<Found, StatusCode> {
        let segments = segments(path).ok_or(StatusCode::NOT_FOUND)?;
        let path = as_path(&segments).ok_or(StatusCode::NOT_FOUND)?;
        if let Some(found) = self.kept.find(&self.folder, &segments, path) {
            return Ok(found);
        }
        let file = self.folder.open_with(path, &reading()).map_err(|error| status(&error))?;
        if !self.spelling.permits(&self.folder, path) {
            return Err(StatusCode::NOT_FOUND);
        }
        let file = file.into_std();
        let metadata = file.metadata().map_err(|error| status(&error))?;
        if !metadata.is_file() {
            return Err(StatusCode::NOT_FOUND);
        }
        let facts = self.facts(&segments, &metadata, now);
        let content = self.kept.keep(&segments, file, &metadata, &facts, now);
        Ok(Found::new(content, facts))
    }

    fn facts(&self, segments: &[u8], metadata: &Metadata, now: SystemTime) -> Arc<Facts> {
        if let Some(facts) = self.known.get(segments).filter(|facts| facts.hold_for(metadata, now))
        {
            return facts;
        }
        let facts = Arc::new(Facts::new(metadata, segments, now));
        self.known.insert(segments.into(), Arc::clone(&facts));
        facts
    }
}

/// Reads the path of a request as the path of a file: its segments, decoded, joined by `/`.
///
/// There is at least one segment, and none is empty or begins with a dot, save a first one
/// that is `.well-known`.
pub fn segments(path: &str) -> Option<Cow<'_, [u8]>> {
    let path = path.strip_prefix('/').filter(|path| !path.ends_with('/'))?;
    let decoded = decode(path.as_bytes())?;
    is_visible(&decoded).then(|| squeeze(decoded))
}

fn is_visible(path: &[u8]) -> bool {
    let mut names = names(path);
    names.next().is_some_and(|first| first == b".well-known" || !first.starts_with(b"."))
        && names.all(|name| !name.starts_with(b"."))
}

fn names(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|name| !name.is_empty())
}

/// Decodes what is percent-encoded, if it is well-formed and can be part of a name.
///
/// The crate `percent-encoding` lets malformed encodings pass as they are.
fn decode(path: &[u8]) -> Option<Cow<'_, [u8]>> {
    if path.iter().any(|byte| matches!(byte, b'\\' | 0)) {
        return None;
    }
    let mut parts = path.split(|byte| *byte == b'%');
    let mut decoded = Cow::Borrowed(parts.next()?);
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        let byte = 16 * hexadecimal(digits[0])? + hexadecimal(digits[1])?;
        if matches!(byte, b'/' | b'\\' | 0) {
            return None;
        }
        decoded.to_mut().push(byte);
        decoded.to_mut().extend_from_slice(rest);
    }
    Some(decoded)
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16)?.try_into().ok()
}

/// Leaves out empty segments.
fn squeeze(path: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if path.starts_with(b"/") || path.windows(2).any(|pair| pair == b"//") {
        Cow::Owned(names(&path).collect::<Vec<_>>().join(&b'/'))
    } else {
        path
    }
}

/// The path with these segments, where names are bytes as on Unix, or else if they are text.
fn as_path(segments: &[u8]) -> Option<&Path> {
    #[cfg(unix)]
    let segments = Some(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(segments));
    #[cfg(not(unix))]
    let segments = str::from_utf8(segments).ok();
    segments.map(Path::new)
}

/// Opens what must not keep us waiting, as a pipe would, nor become our terminal.
fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        use rustix::fs::OFlags;

        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    }
    options
}

/// A file that can't be opened is not found, and nobody learns why, unless it is we who are
/// short of something: that must not be taken for an absent file, and kept as one.
fn status(error: &io::Error) -> StatusCode {
    #[cfg(unix)]
    {
        use rustix::io::Errno;

        const OURS: [Errno; 4] = [Errno::IO, Errno::MFILE, Errno::NFILE, Errno::NOMEM];
        if Errno::from_io_error(error).is_some_and(|errno| OURS.contains(&errno)) {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    let _ = error;
    StatusCode::NOT_FOUND
}

fn method_not_allowed() -> Response<FileBody> {
    let mut response = bare(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Option<Vec<u8>> {
        segments(path).map(Cow::into_owned)
    }

    #[test]
    fn paths_are_decoded_once() {
        for (path, expected) in [
            ("/a", "a"),
            ("/a/b.c", "a/b.c"),
            ("//a///b", "a/b"),
            ("/a%20b", "a b"),
            ("/%C3%A9+~=%2525.bin", "é+~=%25.bin"),
            ("/é", "é"),
            ("/%252e%252e/a", "%2e%2e/a"),
            ("/%252f", "%2f"),
            ("/a?b", "a?b"),
            ("/a...", "a..."),
            ("/.well-known/a", ".well-known/a"),
            ("/%2ewell-known/a", ".well-known/a"),
            ("//.well-known//a", ".well-known/a"),
        ] {
            assert_eq!(read(path).as_deref(), Some(expected.as_bytes()), "{path}");
        }
        assert_eq!(read("/%ff"), Some(vec![0xff]));
    }

    #[test]
    fn plain_paths_are_not_copied() {
        assert!(matches!(segments("/a/b.c"), Some(Cow::Borrowed(b"a/b.c"))));
    }

    #[test]
    fn what_is_no_plain_name_names_nothing() {
        for path in [
            "",
            "a",
            "/",
            "//",
            "/a/",
            "/.",
            "/..",
            "/a/./b",
            "/a/../b",
            "/../a",
            "/%2e",
            "/%2E%2e",
            "/.%2e/a",
            "/a/%2e%2E/b",
            "/..%2fa",
            "/a%2Fb",
            "/a%2fb",
            "/a\\b",
            "/a%5cb",
            "/a%5Cb",
            "/a\0",
            "/a%00",
            "/%",
            "/%2",
            "/%g0",
            "/%0g",
            "/%+1",
            "/a%",
            "/%%20",
            "/.git/config",
            "/a/.env",
            "/%2eenv",
            "/a//.env",
            "/.well-known/.htaccess",
            "/a/.well-known/b",
            "/.well-known/../a",
            "/.well-knowns/a",
        ] {
            assert_eq!(read(path), None, "{path}");
        }
    }

    #[test]
    fn whatever_is_asked_the_segments_stay_below() {
        let mut paths = vec![String::from("/")];
        for _ in 0..=5 {
            for path in paths.iter().filter_map(|path| segments(path)) {
                assert!(path.split(|byte| *byte == b'/').all(|name| !name.is_empty()));
                assert!(path.split(|byte| *byte == b'/').all(|name| !name.starts_with(b".")));
                assert!(!path.contains(&b'\\') && !path.contains(&0));
            }
            let letters = ["%", "2", "e", "F", "5c", "/", ".", "\\", "a"];
            paths = paths
                .iter()
                .flat_map(|path| letters.iter().map(move |letter| format!("{path}{letter}")))
                .collect();
        }
    }

    #[test]
    fn what_we_lack_is_not_an_absent_file() {
        #[cfg(unix)]
        for errno in [rustix::io::Errno::MFILE, rustix::io::Errno::IO] {
            assert_eq!(status(&errno.into()), StatusCode::SERVICE_UNAVAILABLE);
        }
        for kind in [io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied] {
            assert_eq!(status(&kind.into()), StatusCode::NOT_FOUND);
        }
    }
}
