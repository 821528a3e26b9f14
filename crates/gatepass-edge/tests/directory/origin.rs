//! The small language of these tests: a folder, requests to it, and its answers.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use gatepass::{EpochTime, Scheme, ViewerRequest, ViewerUrl};
use gatepass_distribution::{Admitted, Gate, Revocations, VerifiedPasses};
use gatepass_edge::origin::Wanted;
use gatepass_edge::origin::directory::Directory;
use gatepass_edge::origin::file_body::FileBody;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::BodyExt;
use tempfile::TempDir;

/// A folder of its own for each test, with another beside it that must stay out of reach.
pub(crate) struct Origin {
    pub(crate) directory: Directory,
    outside: TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// An empty folder.
pub(crate) fn empty() -> Origin {
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(outside.path().join("folder")).unwrap();
    let directory = Directory::open(&outside.path().join("folder")).unwrap();
    Origin { directory, outside }
}

/// A folder with one file.
pub(crate) fn serving(name: &str, content: impl AsRef<[u8]>) -> Origin {
    empty().with(name, content)
}

impl Origin {
    pub(crate) fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.outside.path().join("folder").join(name)
    }

    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.outside.path().join(name)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub(crate) fn get_with(&self, path: &str, headers: &[(HeaderName, &str)]) -> Answer {
        self.ask(&Method::GET, path, headers)
    }

    pub(crate) fn head_with(&self, path: &str, headers: &[(HeaderName, &str)]) -> Answer {
        self.ask(&Method::HEAD, path, headers)
    }

    pub(crate) fn fetch(&self, path: &str, headers: &[(HeaderName, &str)]) -> Response<FileBody> {
        self.directory.fetch(&admitted(&Method::GET, path, &map(headers)), now())
    }

    pub(crate) fn ask(
        &self,
        method: &Method,
        path: &str,
        headers: &[(HeaderName, &str)],
    ) -> Answer {
        let response = self.directory.fetch(&admitted(method, path, &map(headers)), now());
        let (parts, body) = response.into_parts();
        let body = read(body).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

impl Answer {
    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn map(headers: &[(HeaderName, &str)]) -> HeaderMap {
    headers
        .iter()
        .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
        .collect()
}

/// Reads a body to its end, as a listener with a single thread would.
pub(crate) fn read(body: FileBody) -> io::Result<Vec<u8>> {
    block_on(async { Ok(body.collect().await?.to_bytes().to_vec()) })
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Bytes that differ enough for a misplaced one to be noticed.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 31 + n / 251).to_le_bytes()[0]).collect()
}

/// Files are as young as the test, so that none of them is kept in memory.
#[expect(clippy::disallowed_methods, reason = "files are dated by the same clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// Later than any file that a test writes: all of them count as settled, and are kept.
pub(crate) fn far_ahead() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(1_139_568)
}

/// What an open gate lets in.
pub(crate) fn admitted<'r>(
    method: &'r Method,
    path: &'r str,
    headers: &'r HeaderMap,
) -> Admitted<Wanted<'r>> {
    let url = ViewerUrl::new(Scheme::Http, "localhost", path, None);
    let nothing_shown: [&[u8]; 0] = [];
    let viewer = ViewerRequest::new(url, Ipv4Addr::LOCALHOST.into(), nothing_shown);
    let wanted = Wanted { method, path: path.into(), headers };
    let now = EpochTime::new(1).unwrap();
    let (verified, revocations) = (VerifiedPasses::with_capacity(0), Revocations::default());
    Gate::Open.admit(wanted, &viewer, &verified, &revocations, now).unwrap()
}
