//! Varnish with one pool of threads, and `varnishncsa`, which writes its access log.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::servers::{Server, free_port, write};

pub(crate) fn varnish(folder: &Path, origin: u16) -> Outcome<Server> {
    let program = std::env::var("GATEPASS_TOOL_VARNISHD")?;
    let port = free_port()?;
    let rules = format!(
        "vcl 4.1;\n\
         backend origin {{ .host = \"127.0.0.1\"; .port = \"{origin}\"; }}\n\
         sub vcl_recv {{ unset req.http.Cookie; }}\n"
    );
    write(folder, "rules.vcl", &rules)?;
    let place = folder.join("varnish");
    let mut command = Command::new(program);
    command.args(["-F", "-j", "none", "-T", "none", "-s", "malloc,512m"]);
    command.args(["-p", "thread_pools=1", "-p", "thread_pool_min=100", "-n"]).arg(&place);
    command.args(["-a", &format!("127.0.0.1:{port}"), "-f"]).arg(folder.join("rules.vcl"));
    let server = Server::start(command, &folder.join("varnish.out"), port, 0)?;
    answering(port)?;
    let mut log = Command::new(std::env::var("GATEPASS_TOOL_VARNISHNCSA")?);
    log.arg("-n").arg(&place).arg("-w").arg(folder.join("varnish.log"));
    server.with(log)
}

/// Waits for the process that does the work, and has the log: the one that listens comes before it.
fn answering(port: u16) -> Outcome<()> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: varnish\r\n\r\n")?;
        if matches!(stream.read(&mut [0; 64]), Ok(count) if count > 0) {
            return Ok(());
        }
    }
    Err("Varnish takes connections and answers none".into())
}
