//! The servers that are measured: started here on loopback ports, and stopped when dropped.

mod gatepass;
mod haproxy;
mod issuer;
mod nginx;
mod varnish;

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;

pub(crate) use self::gatepass::{Gatepass, build};
pub(crate) use self::haproxy::haproxy;
pub(crate) use self::issuer::{BASE, TOKEN, issuer, sessions};
pub(crate) use self::nginx::nginx;
pub(crate) use self::varnish::varnish;

/// A server, and who writes its log if that is another process.
#[derive(Debug)]
pub(crate) struct Server {
    processes: Vec<Child>,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // nginx's workers go with their master only if it is asked politely.
            let asked = Command::new("kill").arg(process.id().to_string()).status();
            if asked.is_err() {
                let _ = process.kill();
            }
            let _ = process.wait();
        }
    }
}

impl Server {
    /// Starts a program, and waits until it listens. What it says goes into the file `log`.
    fn start(mut command: Command, log: &Path, port: u16, tls_port: u16) -> Outcome<Self> {
        let name = format!("{command:?}");
        let out = File::create(log)?;
        let child = command.stdout(out.try_clone()?).stderr(out).stdin(Stdio::null()).spawn();
        let child = child.map_err(|error| format!("{name}: {error}"))?;
        let mut server = Self { processes: vec![child], port, tls_port };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.processes[0].try_wait()?.is_some();
            if ended || begun.elapsed() > Duration::from_secs(20) {
                let said = fs::read_to_string(log).unwrap_or_default();
                return Err(format!("{name} does not answer on port {port}:\n{said}").into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    /// Adds a process whose work counts as the server's.
    fn with(mut self, mut command: Command) -> Outcome<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let mut child = child.map_err(|error| format!("{command:?}: {error}"))?;
        std::thread::sleep(Duration::from_millis(500));
        let ended = child.try_wait()?;
        self.processes.push(child);
        match ended {
            Some(status) => Err(format!("{command:?} ended with {status}").into()),
            None => Ok(self),
        }
    }

    /// Processor time of the server and its workers, user and system.
    pub(crate) fn processor_seconds(&self) -> Outcome<f64> {
        const TICKS_A_SECOND: f64 = 100.0;
        let own: Vec<String> = self.processes.iter().map(|child| child.id().to_string()).collect();
        let mut ticks = 0.0;
        for entry in fs::read_dir("/proc")?.flatten() {
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            let Some((name, rest)) = stat.rsplit_once(") ") else { continue };
            let fields: Vec<&str> = rest.split(' ').collect();
            let is_one = |id: Option<&str>| own.iter().any(|own| Some(&**own) == id);
            if is_one(name.split(' ').next()) || is_one(fields.get(1).copied()) {
                let time = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok());
                ticks += time(11).unwrap_or(0.0) + time(12).unwrap_or(0.0);
            }
        }
        Ok(ticks / TICKS_A_SECOND)
    }

    /// Bytes of memory that the server holds.
    pub(crate) fn memory(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.processes[0].id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let figure = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok(figure.ok_or("no VmRSS")? * 1024)
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Writes a file of the run's folder.
pub(crate) fn write(folder: &Path, name: &str, text: &str) -> Outcome<()> {
    Ok(fs::write(folder.join(name), text)?)
}
