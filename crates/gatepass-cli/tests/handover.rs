//! A restart under load: systemd's part is played by the test, which keeps the socket, starts
//! the next process, and stops the last one. Viewers must not notice.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may give up")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const GATEPASS: &str = env!("CARGO_BIN_EXE_gatepass");

/// What systemd holds: the socket, and the other end of its notifications.
struct Supervisor {
    folder: TempDir,
    socket: TcpListener,
    told: UnixDatagram,
}

impl Supervisor {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("site")).unwrap();
        std::fs::write(folder.path().join("site/a.txt"), "for all").unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        // Child processes keep it open.
        fcntl_setfd(&socket, FdFlags::empty()).unwrap();
        let told = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        told.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self { folder, socket, told }
    }

    fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    fn start(&self) -> Serving {
        // systemd's protocol: sockets from descriptor 3 on, for this process and no other.
        let hand_over = format!(
            "exec 3<&{}; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" serve site --keys keys",
            self.socket.as_raw_fd()
        );
        let child = Command::new("sh")
            .args(["-c", &hand_over, GATEPASS])
            .current_dir(self.folder.path())
            .env("NOTIFY_SOCKET", self.folder.path().join("notify"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let serving = Serving(child);
        self.is_told("READY=1");
        serving
    }

    fn stop(&self, mut serving: Serving) {
        let pid = Pid::from_raw(i32::try_from(serving.0.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        self.is_told("STOPPING=1");
        assert!(serving.0.wait().unwrap().success());
    }

    #[track_caller]
    fn is_told(&self, expected: &str) {
        let mut text = [0; 256];
        let length = self.told.recv(&mut text).unwrap();
        assert_eq!(String::from_utf8_lossy(&text[..length]).trim_end(), expected);
    }
}

/// A process that ends with the test, however that ends.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One request on a connection of its own.
fn ask_once(address: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(b"GET /a.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let is_right = answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("for all");
    is_right.then_some(()).ok_or_else(|| std::io::Error::other(answer))
}

/// Requests on one connection until it ends. Its end between two of them is no loss: a viewer
/// asks again elsewhere (RFC 9110 §9.2.2). Its end inside of an answer would be.
fn ask_on(address: SocketAddr, asked: &AtomicUsize, over: &AtomicBool) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    while !over.load(Ordering::SeqCst) {
        if stream.write_all(b"GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n").is_err() {
            return Ok(());
        }
        let mut answer = Vec::new();
        let mut buffer = [0; 4_096];
        while !answer.ends_with(b"for all") {
            match stream.read(&mut buffer) {
                Ok(0) if answer.is_empty() => return Ok(()),
                Err(error) if answer.is_empty() && error.kind() == ErrorKind::ConnectionReset => {
                    return Ok(());
                }
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => answer.extend_from_slice(&buffer[..length]),
                Err(error) => return Err(error),
            }
        }
        asked.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

#[test]
fn a_restart_under_load_loses_no_request() {
    let supervisor = Supervisor::new();
    let address = supervisor.address();
    let mut serving = supervisor.start();
    let (over, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let viewers: Vec<_> = (0..4)
        .map(|number| {
            let (over, asked) = (Arc::clone(&over), Arc::clone(&asked));
            std::thread::spawn(move || -> std::io::Result<()> {
                while !over.load(Ordering::SeqCst) {
                    if number % 2 == 0 {
                        ask_once(address)?;
                        asked.fetch_add(1, Ordering::SeqCst);
                    } else {
                        ask_on(address, &asked, &over)?;
                    }
                }
                Ok(())
            })
        })
        .collect();
    for _ in 0..5 {
        let before = asked.load(Ordering::SeqCst);
        while asked.load(Ordering::SeqCst) < before + 100 {
            if viewers.iter().any(std::thread::JoinHandle::is_finished) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let next = supervisor.start();
        supervisor.stop(std::mem::replace(&mut serving, next));
    }
    over.store(true, Ordering::SeqCst);
    for viewer in viewers {
        viewer.join().unwrap().expect("a viewer gave up");
    }
    assert!(asked.load(Ordering::SeqCst) > 500);
    supervisor.stop(serving);
}

#[test]
fn who_connects_while_nobody_serves_waits_for_the_next_one() {
    let supervisor = Supervisor::new();
    let address = supervisor.address();
    let first = supervisor.start();
    ask_once(address).unwrap();
    supervisor.stop(first);
    let early = std::thread::spawn(move || ask_once(address));
    std::thread::sleep(Duration::from_millis(200));
    let second = supervisor.start();
    early.join().unwrap().unwrap();
    supervisor.stop(second);
}
