//! `gatepass issue`: each person has a folder of their own, and so a pass of their own.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::certificate;
use crate::servers::{Server, free_port, write};

/// What applications show.
pub(crate) const TOKEN: &str = "only-for-this-benchmark-and-never-for-anything-else";

/// The path below which the issuer's routes lie.
pub(crate) const BASE: &str = "/_gatepass";

/// Starts an issuer with an RSA key, whose passes live for 20 seconds: so their ends lie on a grid
/// of one second, and who comes again after it needs a signature again.
pub(crate) fn issuer(folder: &Path) -> Outcome<Server> {
    let port = free_port()?;
    certificate::write_token_key(folder)?;
    write(folder, "issuer.toml", &configuration(port))?;
    let own = std::env::current_exe()?;
    let mut command = Command::new(own.with_file_name("gatepass"));
    command.args(["issue", "--config"]).arg(folder.join("issuer.toml"));
    command.env("GATEPASS_BENCH_SECRET", TOKEN);
    Server::start(command, &folder.join("journal"), port, port)
}

fn configuration(port: u16) -> String {
    format!(
        r#"[issuer]
listen = "127.0.0.1:{port}"
url = "http://localhost:{port}{BASE}"
secret = {{ env = "GATEPASS_BENCH_SECRET" }}
application-token = {{ env = "GATEPASS_BENCH_SECRET" }}

[[signing-key]]
key-pair-id = "K1"
private-key = {{ file = "token-key.pem" }}

[[entitlement]]
id = "own"
for = "everybody"
resources = ["http://localhost:{port}/of/{{sub}}/*"]
lifetime-seconds = 20

[login.header]
name = "X-Auth-Request-User"
from = ["127.0.0.1"]
"#
    )
}

/// Logs so many people in, as a proxy that vouches for them, and gives the cookies of their sessions.
pub(crate) fn sessions(port: u16, count: u32) -> Outcome<Vec<String>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let mut answers = BufReader::new(stream.try_clone()?);
    let mut cookies = Vec::new();
    for nth in 0..count {
        let request = format!(
            "GET {BASE}/login HTTP/1.1\r\nHost: localhost:{port}\r\n\
             X-Auth-Request-User: viewer-{nth}\r\n\r\n"
        );
        stream.write_all(request.as_bytes())?;
        cookies.push(session(&mut answers)?);
    }
    Ok(cookies)
}

/// Reads an answer to its end, and finds the session in it.
fn session(answers: &mut impl BufRead) -> Outcome<String> {
    const LINE: &str = "set-cookie: __Host-gatepass-session=";
    let (mut found, mut length, mut head) = (None, 0, String::new());
    loop {
        let mut line = String::new();
        if answers.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.strip_prefix(LINE) {
            found = value.split(';').next().map(str::to_owned);
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse()?;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    answers.read_exact(&mut body)?;
    found.ok_or_else(|| format!("nobody was signed in: {head}").into())
}
