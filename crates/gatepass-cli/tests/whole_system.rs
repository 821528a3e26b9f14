//! The command as a whole: real processes, real sockets, real files.

#![expect(clippy::unwrap_used, reason = "a test may give up")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

const GATEPASS: &str = env!("CARGO_BIN_EXE_gatepass");

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(GATEPASS).args(arguments).current_dir(folder).output().unwrap()
}

fn stdout(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A server that is told to stop when the test ends.
struct Serving {
    child: Child,
    address: String,
    said: String,
}

impl Serving {
    /// Starts `gatepass` and reads on until it says where it listens.
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(GATEPASS)
            .args(arguments)
            .current_dir(folder)
            .env("HOME", folder.join("home"))
            .env_remove("XDG_STATE_HOME")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = String::new();
        let address = loop {
            let line = lines.next().expect("it says where it listens").unwrap();
            said.push_str(&line);
            said.push('\n');
            if let Some((_, rest)) = line.split_once("http://") {
                break rest.split('/').next().unwrap().to_owned();
            }
        };
        // The rest is drained, or the server would wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, said }
    }

    fn get(&self, target: &str, headers: &[&str]) -> (u16, String) {
        let mut stream =
            TcpStream::connect(self.address.replace("localhost", "127.0.0.1")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let method = if headers.contains(&"X-Gatepass-Demo: 1") { "POST" } else { "GET" };
        write!(
            stream,
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.address
        )
        .unwrap();
        for header in headers {
            write!(stream, "{header}\r\n").unwrap();
        }
        stream.write_all(b"\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn write_site(folder: &Path) {
    for (path, text) in [
        ("site/index.html", "welcome"),
        ("site/login.html", "who are you?"),
        ("site/errors/403.html", "not for you"),
        ("site/private/a.txt", "for some"),
    ] {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// The configuration of the documentation, with a port that the system picks.
const CONFIGURATION: &str = r#"[edge]
listen = "127.0.0.1:0"
trusted-proxies = []
access-log = { file = "access.log" }

[[public-key]]
id = "K2JCJMDEHXQW5F"
file = "keys/K2JCJMDEHXQW5F.public.pem"

[[key-group]]
id = "subscribers"
public-keys = ["K2JCJMDEHXQW5F"]

[[distribution]]
id = "EDFDVBD6EXAMPLE"
aliases = ["media.example.com", "localhost", "127.0.0.1"]
default-root-object = "index.html"

[[distribution.origin]]
id = "site"
directory = "site"

[distribution.default-behavior]
origin = "site"

[[distribution.behavior]]
path-pattern = "/private/*"
origin = "site"
trusted-key-groups = ["subscribers"]
on-denied = { redirect-pages-to = "/login.html" }

[[distribution.error-response]]
status = 403
page = "/errors/403.html"
response-status = 403
"#;

#[test]
fn a_configuration_guards_what_it_says() {
    let folder = TempDir::new().unwrap();
    let place = folder.path();
    write_site(place);
    fs::write(place.join("gatepass.toml"), CONFIGURATION).unwrap();
    stdout(place, &["keys", "new", "--type", "rsa", "--id", "K2JCJMDEHXQW5F", "--out", "keys"]);
    let checked = stdout(place, &["serve", "--config", "gatepass.toml", "--check"]);
    assert_eq!(checked, "gatepass.toml is well-formed");

    // With stdout free of the log, the address is told on stderr: ask for a port beforehand.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = CONFIGURATION.replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    fs::write(place.join("gatepass.toml"), text).unwrap();
    let child = Command::new(GATEPASS)
        .args(["serve", "--config", "gatepass.toml"])
        .current_dir(place)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let serving = Serving { child, address: format!("127.0.0.1:{port}"), said: String::new() };
    for _ in 0..200 {
        if TcpStream::connect(&serving.address).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }

    assert!(serving.get("/", &[]).1.ends_with("welcome"));
    let (status, answer) = serving.get("/private/a.txt", &[]);
    assert_eq!(status, 403);
    assert!(answer.ends_with("not for you"), "{answer}");
    let (status, answer) = serving.get("/private/a.txt", &["Sec-Fetch-Dest: document"]);
    assert_eq!(status, 302);
    assert!(answer.contains("Location: /login.html?return-to=/private/a.txt\r\n"), "{answer}");

    let resource = format!("http://127.0.0.1:{port}/private/*");
    let sign = [
        "sign",
        "cookies",
        "--resource",
        &resource,
        "--key-pair-id",
        "K2JCJMDEHXQW5F",
        "--private-key",
        "keys/K2JCJMDEHXQW5F.private.pem",
        "--date-less-than",
        "1h",
        "--output",
        "header",
    ];
    let cookie = stdout(place, &sign);
    let (status, answer) = serving.get("/private/a.txt", &[&cookie]);
    assert_eq!(status, 200);
    assert!(answer.ends_with("for some"), "{answer}");

    let url = format!("http://127.0.0.1:{port}/private/a.txt");
    let explained = run(
        place,
        &[
            "explain",
            &url,
            "--config",
            "gatepass.toml",
            "--cookie",
            cookie.strip_prefix("Cookie: ").unwrap(),
        ],
    );
    let text = String::from_utf8_lossy(&explained.stdout).into_owned();
    assert!(explained.status.success(), "{text}{}", String::from_utf8_lossy(&explained.stderr));
    assert!(text.contains("the signature matches"), "{text}");

    drop(serving);
    let log = fs::read_to_string(place.join("access.log")).unwrap();
    assert!(log.contains(r#""reason":"no_pass""#), "{log}");
    assert!(!log.contains("Signature"), "{log}");
}

#[test]
fn five_mistakes_are_told_at_once_and_where() {
    let folder = TempDir::new().unwrap();
    let place = folder.path();
    write_site(place);
    stdout(place, &["keys", "new", "--type", "p256", "--id", "K2JCJMDEHXQW5F", "--out", "keys"]);
    let text = CONFIGURATION
        .replace("trusted-proxies = []", "trusted-proxies = [\"not a network\"]")
        .replace(
            "public-keys = [\"K2JCJMDEHXQW5F\"]",
            "public-keys = [\"K2JCJMDEHXQW5F\", \"KOTHER\"]",
        )
        .replace(
            "[distribution.default-behavior]\norigin = \"site\"",
            "[distribution.default-behavior]\norigin = \"sit\"",
        )
        .replace("path-pattern", "path-patern")
        .replace("status = 403\npage", "status = 418\npage");
    fs::write(place.join("gatepass.toml"), &text).unwrap();
    let output = run(place, &["serve", "--config", "gatepass.toml", "--check"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let place_of = |needle: &str| {
        let line = text.lines().position(|line| line.contains(needle)).unwrap() + 1;
        format!("gatepass.toml:{line}:")
    };
    for (needle, problem) in [
        ("not a network", "is no address and no network"),
        ("KOTHER", "no public key has the ID \"KOTHER\""),
        ("\"sit\"", "no origin has the ID \"sit\"; there is \"site\""),
        ("path-patern", "has no field \"path-patern\""),
        ("status = 418", "418 can't have a custom response"),
    ] {
        let told =
            said.lines().any(|line| line.starts_with(&place_of(needle)) && line.contains(problem));
        assert!(told, "{needle}: {}\n{said}", place_of(needle));
    }
}

#[test]
fn a_folder_is_guarded_with_keys_of_its_own() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let place = folder.path();
    write_site(place);
    let arguments = ["serve", "site", "--private", "/private/*", "--listen", "127.0.0.1:0"];
    let serving = Serving::start(place, &arguments);
    assert_eq!(serving.get("/", &[]).0, 200);
    assert_eq!(serving.get("/private/a.txt", &[]).0, 403);

    let keys = fs::read_dir(place.join("home/.local/state/gatepass")).unwrap();
    let keys = keys.flatten().next().unwrap().path();
    let files: Vec<_> = fs::read_dir(&keys).unwrap().flatten().map(|file| file.path()).collect();
    let private =
        files.iter().find(|file| file.to_string_lossy().ends_with(".private.pem")).unwrap();
    assert_eq!(fs::metadata(private).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o700);
    let id = private.file_name().unwrap().to_str().unwrap().strip_suffix(".private.pem").unwrap();
    let resource = format!("http://{}/private/*", serving.address);
    let cookie = stdout(
        place,
        &[
            "sign",
            "cookies",
            "--resource",
            &resource,
            "--key-pair-id",
            id,
            "--private-key",
            private.to_str().unwrap(),
            "--date-less-than",
            "1h",
            "--output",
            "header",
        ],
    );
    assert!(serving.get("/private/a.txt", &[&cookie]).1.ends_with("for some"));
    drop(serving);

    let again = Serving::start(place, &arguments);
    assert!(again.said.contains("serving"), "{}", again.said);
    let cookie = cookie.clone();
    assert_eq!(again.get("/private/a.txt", &[&cookie]).0, 403, "another port is another URL");
    assert_eq!(fs::read_dir(&keys).unwrap().count(), 2, "the key is kept");
}

#[test]
fn the_demo_hands_out_passes_and_explains() {
    let folder = TempDir::new().unwrap();
    let demo =
        Serving::start(folder.path(), &["demo", "--listen", "127.0.0.1:0", "--pass-seconds", "60"]);
    assert!(demo.said.starts_with("demo: http://localhost:"), "{}", demo.said);
    assert_eq!(demo.get("/", &[]).0, 200);
    assert_eq!(demo.get("/private/picture-1.svg", &[]).0, 403);
    let (status, answer) = demo.get("/demo/pass", &["X-Gatepass-Demo: 1", "Content-Length: 0"]);
    assert_eq!(status, 200);
    let cookies: Vec<_> = answer
        .lines()
        .filter_map(|line| line.strip_prefix("Set-Cookie: "))
        .map(|line| {
            assert!(line.ends_with("; Path=/; Secure; HttpOnly"), "{line}");
            line.split(';').next().unwrap()
        })
        .collect();
    assert_eq!(cookies.len(), 3, "{answer}");
    let cookie = format!("Cookie: {}", cookies.join("; "));
    assert_eq!(demo.get("/private/picture-1.svg", &[&cookie]).0, 200);
    assert_eq!(demo.get("/private/film/segment-0.m4s", &[&cookie]).0, 200);
    let (_, why) = demo.get("/demo/why?path=/private/picture-1.svg", &[&cookie]);
    assert!(why.contains(r#""admitted": true"#), "{why}");
    let (_, why) = demo.get("/demo/why?path=/private/picture-1.svg", &[]);
    assert!(why.contains(r#""reason": "no_pass""#), "{why}");
}

#[test]
fn what_can_not_be_served_is_said_and_nothing_begins() {
    let folder = TempDir::new().unwrap();
    let place = folder.path();
    write_site(place);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (arguments, sentence) in [
        (vec!["serve", "nowhere"], "can't serve nowhere: No such file"),
        (vec!["serve", "site", "--keys", "keys", "--listen", &address], "can't listen on"),
        (vec!["serve", "site", "--keys", "site/keys"], "would be served with the folder"),
        (vec!["demo", "--listen", "0.0.0.0:0"], "does not listen on 0.0.0.0"),
        (vec!["serve", "--config", "absent.toml"], "can't read absent.toml"),
    ] {
        let output = run(place, &arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(sentence), "{arguments:?}: {said}");
    }
    fs::write(
        place.join("gatepass.toml"),
        CONFIGURATION.replace("directory = \"site\"", "directory = \"gone\""),
    )
    .unwrap();
    stdout(place, &["keys", "new", "--type", "p256", "--id", "K2JCJMDEHXQW5F", "--out", "keys"]);
    let output = run(place, &["serve", "--config", "gatepass.toml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("gone"), "{said}");
}
