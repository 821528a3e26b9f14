//! A folder with a key, and issuers that run on configurations in it.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use super::PATIENCE;

const GATEPASS: &str = env!("CARGO_BIN_EXE_gatepass");

pub(crate) struct Place(TempDir);

/// A process that ends with the test, however that ends.
pub(crate) struct Issuing {
    child: Child,
    address: String,
    said: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let made = place.run(&["keys", "new", "--type", "p256", "--id", "KOLD"]);
        assert_eq!(made.0, 0, "{}", made.1);
        place.write("issuer.secret", &"s".repeat(40));
        place
    }

    /// An issuer's configuration, with the key that there is.
    #[expect(clippy::unused_self, reason = "its key is in this place")]
    pub(crate) fn issuer_toml(&self) -> String {
        r#"[issuer]
url = "http://localhost:1/_gatepass"
listen = "127.0.0.1:0"
secret = { file = "issuer.secret" }
state = "issuer-state"
hash-algorithm = "SHA256"

[[signing-key]]
key-pair-id = "KOLD"
private-key = { file = "KOLD.private.pem" }

[[entitlement]]
id = "all"
for = "everybody"
resources = ["http://localhost:1/films/*"]
"#
        .to_owned()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes a file as an editor does: by another one in its place.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path("new"), text).unwrap();
        fs::set_permissions(self.path("new"), Permissions::from_mode(0o600)).unwrap();
        fs::rename(self.path("new"), self.path(name)).unwrap();
    }

    /// The exit code of a command, and all that it said.
    pub(crate) fn run(&self, words: &[&str]) -> (i32, String) {
        let output = Command::new(GATEPASS).args(words).current_dir(self.0.path()).output();
        let output = output.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    }

    /// An issuer that runs, with credentials for a KMS.
    pub(crate) fn issue(&self, configuration: &str) -> Issuing {
        let said = self.path(&format!("{configuration}.said"));
        let child = Command::new(GATEPASS)
            .args(["issue", "--config", configuration])
            .current_dir(self.0.path())
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "SECRET")
            .stdout(Stdio::null())
            .stderr(File::create(&said).unwrap())
            .spawn()
            .unwrap();
        let mut issuing = Issuing { child, address: String::new(), said };
        until("it issues", || {
            let said = fs::read_to_string(&issuing.said).unwrap();
            let address =
                said.split("issuing on http://").nth(1).and_then(|rest| rest.split('/').next());
            address.unwrap_or_default().clone_into(&mut issuing.address);
            !issuing.address.is_empty()
        });
        issuing
    }
}

impl Issuing {
    pub(crate) fn url(&self) -> String {
        format!("http://{}/_gatepass", self.address)
    }

    /// Where it says what happens.
    pub(crate) const fn said(&self) -> &PathBuf {
        &self.said
    }

    pub(crate) fn signs_with(&self) -> Vec<String> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET /_gatepass/keys HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.to_ascii_lowercase().contains("cache-control: no-store"), "{head}");
        let told: Value = serde_json::from_str(body).unwrap();
        let keys = told["signing"].as_array().unwrap();
        keys.iter().map(|key| key.as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Issuing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again until it is so.
#[track_caller]
pub(crate) fn until(what: &str, mut ask: impl FnMut() -> bool) {
    let began = Instant::now();
    while !ask() {
        assert!(began.elapsed() < PATIENCE, "not after {PATIENCE:?}: {what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
