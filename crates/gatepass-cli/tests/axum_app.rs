//! `examples/axum-app`: the application, and the edge of its own configuration before it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gatepass::SigningKey;

const GATEPASS: &str = env!("CARGO_BIN_EXE_gatepass");

/// Where browsers find the example; the test's edge listens elsewhere and is asked for this.
const HOST: &str = "localhost:8080";

struct Edge {
    child: Child,
    address: String,
}

impl Edge {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(GATEPASS)
            .args(["serve", "--config", "gatepass.toml"])
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("it says where it listens").unwrap();
            if let Some((_, rest)) = line.split_once("http://") {
                break rest.split('/').next().unwrap().replace("localhost", "127.0.0.1");
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn ask(&self, browser: &mut Browser, request: &str, form: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let path = request.split(' ').nth(1).unwrap();
        let cookies = browser.cookies(path);
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let length = form.len();
        write!(
            stream,
            "{request} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\nCookie: {cookies}\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{form}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        browser.take(&answer);
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Keeps cookies by path and name, as browsers do.
#[derive(Default)]
struct Browser(BTreeMap<(String, String), String>);

impl Browser {
    fn take(&mut self, answer: &str) {
        let head = answer.split("\r\n\r\n").next().unwrap();
        for line in head.lines() {
            let Some((name, line)) = line.split_once(": ") else { continue };
            if !name.eq_ignore_ascii_case("set-cookie") {
                continue;
            }
            let (cookie, attributes) = line.split_once("; ").unwrap();
            let path = attributes.split("; ").find_map(|one| one.strip_prefix("Path=")).unwrap();
            let (name, value) = cookie.split_once('=').unwrap();
            let key = (path.to_owned(), name.to_owned());
            if attributes.contains("Max-Age=0") {
                self.0.remove(&key);
            } else {
                self.0.insert(key, value.to_owned());
            }
        }
    }

    fn cookies(&self, path: &str) -> String {
        let leads = |of: &str| {
            let rest = path.strip_prefix(of);
            rest.is_some_and(|rest| rest.is_empty() || of.ends_with('/') || rest.starts_with('/'))
        };
        let sent = self.0.iter().filter(|((of, _), _)| leads(of));
        sent.map(|((_, name), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_an_application_come_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/axum-app");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let application = listener.local_addr().unwrap().to_string();
    let text = fs::read_to_string(example.join("gatepass.toml")).unwrap();
    assert!(text.contains("127.0.0.1:8080") && text.contains("127.0.0.1:3000"));
    let text =
        text.replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:3000", &application);
    fs::write(folder.path().join("gatepass.toml"), text).unwrap();
    for file in ["private/image1.svg", "of/ada/notes.txt", "of/eve/notes.txt"] {
        let to = folder.path().join("site").join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(example.join("site").join(file), to).unwrap();
    }
    let made = Command::new(GATEPASS)
        .args(["keys", "new", "--type", "p256", "--id", "K1", "--out", "keys"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let key = fs::read(folder.path().join("keys/K1.private.pem")).unwrap();
    let key = SigningKey::parse(&key, None).unwrap();
    let app = axum_app::app(key, &format!("http://{HOST}"), "open sesame").unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let edge = Edge::start(folder.path());
    tokio::task::spawn_blocking(move || visit(&edge)).await.unwrap();
}

fn visit(edge: &Edge) {
    let mut ada = Browser::default();
    let get = |browser: &mut Browser, path: &str| edge.ask(browser, &format!("GET {path}"), "");
    assert_eq!(get(&mut ada, "/private/image1.svg").0, 403);
    assert_eq!(edge.ask(&mut ada, "POST /login", "name=ada&password=guess").0, 403);
    assert!(ada.0.is_empty());
    assert_eq!(edge.ask(&mut ada, "POST /login", "name=ada&password=open+sesame").0, 303);
    assert_eq!(get(&mut ada, "/private/image1.svg").0, 200);
    assert!(get(&mut ada, "/of/ada/notes.txt").1.ends_with("Ada's own\n"));
    assert_eq!(get(&mut ada, "/of/eve/notes.txt").0, 403);
    assert!(get(&mut ada, "/").1.contains("/private/image1.svg"));
    assert_eq!(edge.ask(&mut ada, "POST /logout", "").0, 303);
    assert!(ada.0.is_empty(), "{:?}", ada.0.keys());
    assert_eq!(get(&mut ada, "/private/image1.svg").0, 403);
    // A name that would be everybody's is nobody's.
    let mut star = Browser::default();
    let (status, answer) = edge.ask(&mut star, "POST /login", "name=*&password=open+sesame");
    assert_eq!(status, 403, "{answer}");
    assert!(star.0.is_empty());
}
