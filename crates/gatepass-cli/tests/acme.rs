//! Certificates by themselves, from the ACME directory that Caddy serves.
//!
//! The authority comes to port 443, as the standard wants it; so this test needs a process that
//! may listen there. `GATEPASS_TEST_CADDY` names Caddy's program.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may give up")]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

/// A process that ends with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Caddy as an authority, and the certificate that it signs with.
fn authority(folder: &Path, port: u16) -> (Running, PathBuf) {
    let caddyfile = folder.join("Caddyfile");
    let storage = folder.join("caddy");
    let text = format!(
        "{{\n  admin off\n  storage file_system {}\n  https_port {port}\n  http_port {}\n  \
         auto_https disable_redirects\n  skip_install_trust\n}}\nhttps://localhost:{port} {{\n  \
         bind 127.0.0.1\n  tls internal\n  acme_server {{\n    challenges tls-alpn-01\n  }}\n}}\n",
        storage.display(),
        free_port()
    );
    fs::write(&caddyfile, text).unwrap();
    let caddy = std::env::var_os("GATEPASS_TEST_CADDY").expect("GATEPASS_TEST_CADDY names Caddy");
    let log = fs::File::create(folder.join("caddy.log")).unwrap();
    let child = Command::new(caddy)
        .args(["run", "--adapter", "caddyfile", "--config"])
        .arg(&caddyfile)
        .env("HOME", folder)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let running = Running(child);
    let root = storage.join("pki/authorities/local/root.crt");
    until("Caddy is up", || root.exists() && TcpStream::connect(("127.0.0.1", port)).is_ok());
    (running, root)
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "not in a minute: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn gatepass(folder: &Path, root: &Path) -> Running {
    let log = fs::File::create(folder.join("gatepass.log")).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_gatepass"))
        .args(["serve", "--config", "gatepass.toml"])
        .current_dir(folder)
        .env("SSL_CERT_FILE", root)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    Running(child)
}

/// What a viewer sees that trusts the authority.
fn get(root: &Path) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(root).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = TcpStream::connect("127.0.0.1:443").map_err(|error| error.to_string())?;
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut stream = StreamOwned::new(session, socket);
    let asked =
        stream.write_all(b"GET /a.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    asked.map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
    Ok(answer)
}

#[test]
fn a_certificate_comes_by_itself_and_is_there_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let port = free_port();
    fs::create_dir(folder.join("site")).unwrap();
    fs::write(folder.join("site/a.txt"), "for all").unwrap();
    let config = format!(
        "[edge]\nlisten = \"127.0.0.1:443\"\n\
         acme = {{ directory = \"https://localhost:{port}/acme/local/directory\", \
         storage = \"acme\", accept-terms = true }}\n\n\
         [[distribution]]\nid = \"site\"\naliases = [\"localhost\"]\n\n\
         [[distribution.origin]]\nid = \"site\"\ndirectory = \"site\"\n\n\
         [distribution.default-behavior]\norigin = \"site\"\n"
    );
    fs::write(folder.join("gatepass.toml"), config).unwrap();
    let (caddy, root) = authority(folder, port);
    let told = || {
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
        format!("{}\n{}", read("gatepass.log"), read("caddy.log"))
    };

    let edge = gatepass(folder, &root);
    let begun = Instant::now();
    while !get(&root).is_ok_and(|answer| answer.ends_with("for all")) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}\n{}", get(&root), told());
        std::thread::sleep(Duration::from_millis(100));
    }
    for file in fs::read_dir(folder.join("acme")).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }

    // The authority is gone: what it gave is shown from the first moment on.
    drop((edge, caddy));
    let _edge = gatepass(folder, &root);
    until("it listens again", || TcpStream::connect("127.0.0.1:443").is_ok());
    assert!(get(&root).unwrap().ends_with("for all"), "{}", told());
}
