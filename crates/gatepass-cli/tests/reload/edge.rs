//! A folder with a configuration and keys, and an edge that serves it.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

const GATEPASS: &str = env!("CARGO_BIN_EXE_gatepass");

/// Guards `/private/*` for passes of the key K1; another key pair, K2, lies beside it.
pub(crate) struct Place {
    folder: TempDir,
    pub(crate) address: String,
}

/// An application that never says the same twice.
pub(crate) struct Origin {
    pub(crate) address: String,
}

impl Origin {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for (nth, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read(&mut byte).unwrap() == 0 {
                        break;
                    }
                    head.push(byte[0]);
                }
                let body = format!("answer {nth}");
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
            }
        });
        Self { address }
    }
}

pub(crate) struct Edge<'p> {
    place: &'p Place,
    child: Child,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Taken again by the edge; another test can hardly get it in between.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = Self { folder, address: format!("127.0.0.1:{port}") };
        fs::create_dir_all(place.path("site/private")).unwrap();
        fs::write(place.path("site/private/a.txt"), "for some").unwrap();
        for id in ["K1", "K2"] {
            place.gatepass(&["keys", "new", "--type", "p256", "--id", id]);
        }
        place.configure(|_| place.configuration());
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration to begin with.
    pub(crate) fn configuration(&self) -> String {
        format!(
            r#"[edge]
listen = "{}"
access-log = {{ file = "access.log" }}

[[public-key]]
id = "K1"
file = "K1.public.pem"

[[public-key]]
id = "K2"
file = "K2.public.pem"

[[key-group]]
id = "subscribers"
public-keys = ["K1"]

[[distribution]]
id = "E1"
aliases = ["*"]

[[distribution.origin]]
id = "site"
directory = "site"

[distribution.default-behavior]
origin = "site"

[[distribution.behavior]]
path-pattern = "/private/*"
origin = "site"
trusted-key-groups = ["subscribers"]
"#,
            self.address
        )
    }

    /// Changes the configuration as an editor does: by another file in its place.
    pub(crate) fn configure(&self, change: impl FnOnce(String) -> String) {
        let before = fs::read_to_string(self.path("gatepass.toml")).unwrap_or_default();
        fs::write(self.path("gatepass.new"), change(before)).unwrap();
        fs::rename(self.path("gatepass.new"), self.path("gatepass.toml")).unwrap();
    }

    /// Runs a command that has to succeed.
    pub(crate) fn gatepass(&self, words: &[&str]) -> String {
        let output =
            Command::new(GATEPASS).args(words).current_dir(self.path("")).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {complaint}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A Cookie header.
    pub(crate) fn pass(&self, key: &str, lasts: &str) -> String {
        let resource = format!("http://{}/private/*", self.address);
        let private = format!("{key}.private.pem");
        let header = self.gatepass(&[
            "sign",
            "cookies",
            "--resource",
            &resource,
            "--key-pair-id",
            key,
            "--private-key",
            &private,
            "--date-less-than",
            lasts,
            "--output",
            "header",
        ]);
        header.trim_start_matches("Cookie: ").to_owned()
    }

    pub(crate) fn serve(&self) -> Edge<'_> {
        let said = fs::File::create(self.path("said")).unwrap();
        let child = Command::new(GATEPASS)
            .args(["serve", "--config", "gatepass.toml"])
            .current_dir(self.path(""))
            .stdout(said.try_clone().unwrap())
            .stderr(Stdio::from(said))
            .spawn()
            .unwrap();
        let edge = Edge { place: self, child };
        edge.until(SECOND * 20, "it serves", || edge.said().contains("serving gatepass.toml"));
        edge
    }
}

impl Edge<'_> {
    /// All that it said.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.place.path("said")).unwrap()
    }

    /// What is answered to somebody with these cookies.
    pub(crate) fn status(&self, cookies: &str) -> u16 {
        let answer = self.get("/private/a.txt", cookies);
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// The whole answer.
    pub(crate) fn get(&self, path: &str, cookies: &str) -> String {
        let address = &self.place.address;
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(SECOND * 20)).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nCookie: {cookies}\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Asks again and again until it is so.
    #[track_caller]
    pub(crate) fn until(&self, patience: Duration, what: &str, mut ask: impl FnMut() -> bool) {
        let began = Instant::now();
        while !ask() {
            assert!(began.elapsed() < patience, "not after {patience:?}: {what}\n{}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Edge<'_> {
    fn drop(&mut self) {
        self.signal("TERM");
        let _ = self.child.wait();
    }
}
