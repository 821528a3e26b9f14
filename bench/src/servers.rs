//! The servers that are measured: started here on loopback ports, and stopped when dropped.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::edge::write;
use crate::keys::Pair;

/// A server and its processes.
#[derive(Debug)]
pub(crate) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // nginx's workers go with their master only if it is asked politely.
        let asked = Command::new("kill").arg(self.0.id().to_string()).status();
        if asked.is_err() {
            let _ = self.0.kill();
        }
        let _ = self.0.wait();
    }
}

impl Server {
    fn start(mut command: Command, port: u16) -> Outcome<Self> {
        let name = format!("{command:?}");
        let child = command.stdout(Stdio::null()).stdin(Stdio::null()).spawn();
        let server = Self(child.map_err(|error| format!("{name}: {error}"))?);
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begun.elapsed() > Duration::from_secs(20) {
                return Err(format!("{name} does not answer on port {port}").into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    /// Processor time of the server and its workers, user and system.
    pub(crate) fn processor_seconds(&self) -> Outcome<f64> {
        const TICKS_A_SECOND: f64 = 100.0;
        let own = self.0.id().to_string();
        let mut ticks = 0.0;
        for entry in fs::read_dir("/proc")?.flatten() {
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            let Some((name, rest)) = stat.rsplit_once(") ") else { continue };
            let fields: Vec<&str> = rest.split(' ').collect();
            let is_ours = name.split(' ').next() == Some(&*own) || fields.get(1) == Some(&&*own);
            if is_ours {
                let time = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok());
                ticks += time(11).unwrap_or(0.0) + time(12).unwrap_or(0.0);
            }
        }
        Ok(ticks / TICKS_A_SECOND)
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// `gatepass serve` with one thread, guarding `/private/*`.
pub(crate) fn gatepass(folder: &Path, pair: &Pair, port: u16) -> Outcome<Server> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let built = Command::new(cargo).args(["build", "--release", "-p", "gatepass-cli"]).status()?;
    if !built.success() {
        return Err("gatepass does not build".into());
    }
    let (id, key) = pair.trust.keys.iter().next().ok_or("a gate has a key")?;
    write(folder, "public.pem", &key.to_pem())?;
    let config = format!(
        r#"[edge]
listen = "127.0.0.1:{port}"
threads = 1
access-log = {{ file = "gatepass.log" }}

[[public-key]]
id = "{id}"
file = "public.pem"

[[key-group]]
id = "all"
public-keys = ["{id}"]

[[distribution]]
id = "bench"
aliases = ["127.0.0.1"]

[[distribution.origin]]
id = "site"
directory = "site"

[distribution.default-behavior]
origin = "site"

[[distribution.behavior]]
path-pattern = "/private/*"
origin = "site"
trusted-key-groups = ["all"]
"#
    );
    write(folder, "gatepass.toml", &config)?;
    let own = std::env::current_exe()?;
    let mut command = Command::new(own.with_file_name("gatepass"));
    command.arg("serve").arg("--config").arg(folder.join("gatepass.toml"));
    Server::start(command, port)
}

/// nginx with one worker: a secure link, a verdict asked for, and nothing asked.
pub(crate) fn nginx(folder: &Path, port: u16) -> Outcome<Server> {
    let program = std::env::var("GATEPASS_TOOL_NGINX")?;
    let verdict = free_port()?;
    let place = folder.display();
    let config = format!(
        r#"worker_processes 1;
daemon off;
user root;
pid {place}/nginx.pid;
error_log {place}/nginx-error.log;
events {{ worker_connections 1024; }}
http {{
    access_log {place}/nginx.log;
    client_body_temp_path {place}/t1; proxy_temp_path {place}/t2; fastcgi_temp_path {place}/t3;
    uwsgi_temp_path {place}/t4; scgi_temp_path {place}/t5;
    sendfile on; tcp_nopush on; keepalive_requests 100000000;
    upstream verdict {{ server 127.0.0.1:{verdict}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{port} reuseport;
        location /open/ {{ alias {place}/site/private/; }}
        location /secure/ {{
            secure_link $arg_md5,$arg_expires;
            secure_link_md5 "$secure_link_expires$uri secret";
            if ($secure_link = "") {{ return 403; }}
            if ($secure_link = "0") {{ return 410; }}
            alias {place}/site/private/;
        }}
        location /asked/ {{ auth_request /verdict; alias {place}/site/private/; }}
        location = /verdict {{
            internal;
            proxy_pass http://verdict; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_pass_request_body off; proxy_set_header Content-Length "";
        }}
    }}
    server {{
        listen 127.0.0.1:{verdict}; access_log off; keepalive_requests 100000000;
        location / {{ if ($cookie_pass != "good") {{ return 403; }} return 204; }}
    }}
}}
"#
    );
    write(folder, "nginx.conf", &config)?;
    let mut command = Command::new(program);
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    Server::start(command, port)
}
