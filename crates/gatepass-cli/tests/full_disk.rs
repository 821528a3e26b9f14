//! A disk that is full in mid-run: viewers get the right bytes, and the operator hears of it.
//!
//! The process is forbidden to write any file from some moment on (`RLIMIT_FSIZE`). To the
//! cache that is a disk without room: each write fails.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tempfile::TempDir;

/// Of which hundreds fit on the disk, and five into memory.
const LENGTH: usize = 400_000;

/// What the origin has under a path: no two have the same.
fn content(path: &str) -> Vec<u8> {
    let seed = path.bytes().fold(7_u32, |seed, byte| seed.wrapping_mul(31) + u32::from(byte));
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..LENGTH).map(|_| next()).collect()
}

/// A web server; its threads end with the process.
fn origin() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(|| answer(stream.unwrap()));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let head: Vec<_> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let Some(path) = head.first().and_then(|line| line.split(' ').nth(1)) else { return };
    let head = "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nETag: \"1\"\r\nConnection: close";
    let _ = write!(stream, "{head}\r\nContent-Length: {LENGTH}\r\n\r\n");
    let _ = stream.write_all(&content(path));
}

struct Edge {
    child: Child,
    viewers: String,
    metrics: String,
    said: Arc<Mutex<String>>,
}

impl Edge {
    /// Starts an edge whose disk lies in `folder`.
    fn start(folder: &TempDir) -> Self {
        let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (viewers, metrics) = (port().to_string(), port().to_string());
        let configuration = format!(
            r#"[edge]
listen = "{viewers}"
metrics-listen = "{metrics}"
access-log = {{ file = "-" }}
cache = {{ memory = "2 MiB", disk = {{ directory = "cache", size = "256 MiB" }}, slice = "64 KiB" }}

[[distribution]]
id = "E1"
aliases = ["*"]

[[distribution.origin]]
id = "app"
http = "http://{}"

[distribution.default-behavior]
origin = "app"
"#,
            origin()
        );
        fs::write(folder.path().join("gatepass.toml"), configuration).unwrap();
        // Else the first write beyond the limit would end the process by a signal.
        let command = format!(
            "trap '' XFSZ; exec '{}' serve --config gatepass.toml",
            env!("CARGO_BIN_EXE_gatepass")
        );
        let mut child = Command::new("sh")
            .args(["-c", &command])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (all, stderr) = (Arc::clone(&said), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                all.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let edge = Self { child, viewers, metrics, said };
        edge.until("it serves", || edge.said().contains("serving gatepass.toml"));
        edge
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    #[track_caller]
    fn until(&self, what: &str, mut ask: impl FnMut() -> bool) {
        let began = Instant::now();
        while !ask() {
            assert!(began.elapsed() < Duration::from_secs(30), "{what} never: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Forbids to write files that are longer than so many bytes; none to allow all.
    fn limit(&self, bytes: Option<u64>) {
        let process = Pid::from_child(&self.child);
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(process), Resource::Fsize, limit).unwrap();
    }

    fn get(address: &str, path: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x.test\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        answer.split_off(end + 4)
    }

    /// Each of these is what the origin has.
    #[track_caller]
    fn check(&self, numbers: std::ops::Range<u32>) {
        for path in numbers.map(|number| format!("/{number}")) {
            let got = Self::get(&self.viewers, &path);
            assert!(got == content(&path), "{path}: {} bytes, and not the right ones", got.len());
        }
    }

    /// A number that is told to Prometheus.
    fn metric(&self, name: &str) -> u64 {
        let page = String::from_utf8(Self::get(&self.metrics, "/metrics")).unwrap();
        let line = page.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name}: {page}")).trim().parse().unwrap()
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

#[test]
fn a_disk_that_is_full_in_mid_run_costs_misses_and_is_told() {
    let folder = TempDir::new().unwrap();
    let edge = Edge::start(&folder);
    edge.check(0..20);
    let on_disk = "gatepass_cache_bytes{tier=\"disk\"}";
    edge.until("it is on disk", || edge.metric(on_disk) > 20 * LENGTH as u64 / 2);
    assert_eq!(edge.metric("gatepass_cache_disk_errors_total"), 0);
    assert!(!edge.said().contains("disk"), "{}", edge.said());

    edge.limit(Some(0));
    edge.check(20..60);
    edge.check(0..60);
    edge.until("it is counted", || edge.metric("gatepass_cache_disk_errors_total") > 0);
    edge.until("it is told", || edge.said().contains("the cache's disk fails"));
    assert!(edge.said().contains("too large"), "{}", edge.said());
    edge.check(0..60);
    assert_eq!(edge.said().matches("the cache's disk fails").count(), 1, "{}", edge.said());

    // foyer may have given up on writing by now; what it says it has is right all the same.
    edge.limit(None);
    edge.check(0..100);
    drop(edge);
    let edge = Edge::start(&folder);
    edge.check(0..100);
    edge.check(0..100);
    assert_eq!(edge.metric("gatepass_cache_disk_errors_total"), 0);
    assert!(edge.metric(on_disk) > 50 * LENGTH as u64, "{}", edge.metric(on_disk));
}
