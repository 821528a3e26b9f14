//! No file descriptors left: the edge waits for some to come free, and goes on.
//!
//! The limit is the whole process's, so the edge is run in one of its own: this very test, told
//! by its environment to be the edge.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::site;

const ROLE: &str = "GATEPASS_TEST_FEW_DESCRIPTORS";
const FEW: u64 = 40;

#[test]
fn an_edge_without_descriptors_recovers_when_some_come_free() {
    if std::env::var_os(ROLE).is_some() {
        return be_the_edge();
    }
    let name = "descriptors::an_edge_without_descriptors_recovers_when_some_come_free";
    let mut edge = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(ROLE, "edge")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(edge.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.find_map(|line| {
        line.split_once("listening on ").and_then(|(_, address)| address.parse().ok())
    });
    let address: SocketAddr = address.unwrap();
    assert_eq!(get(address, Duration::from_secs(5)), Some(true));

    // More than it can take: the kernel accepts them, and the edge can't.
    let held: Vec<_> = (0..2 * FEW).map(|_| TcpStream::connect(address).unwrap()).collect();
    assert_eq!(get(address, Duration::from_millis(500)), None, "it was never out of them");
    drop(held);
    let begun = Instant::now();
    while get(address, Duration::from_secs(1)) != Some(true) {
        assert!(begun.elapsed() < Duration::from_secs(10), "it does not recover");
    }
    drop(edge.stdin.take());
    // Who writes into a closed pipe fails, and that would not be the edge's fault.
    lines.for_each(drop);
    assert!(edge.wait().unwrap().success());
}

/// Whether the answer is the right one; none if there is none in time.
fn get(address: SocketAddr, patience: Duration) -> Option<bool> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(patience)).unwrap();
    let request = "GET /public/a.txt HTTP/1.1\r\nHost: media.test\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("for all"))
}

#[expect(clippy::print_stdout, reason = "the parent listens")]
fn be_the_edge() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let site = site().start();
    setrlimit(Resource::Nofile, Rlimit { current: Some(FEW), maximum: Some(FEW) }).unwrap();
    println!("listening on {}", site.address);
    let _ = std::io::stdin().read(&mut [0]);
}
