//! A gated 1 KiB file from a folder: `gatepass serve` beside nginx, in one run.
//!
//! The servers have one core and the load generator the other; nginx runs one worker, as
//! Gatepass runs one thread, and both write their access logs. Each round asks every
//! contender in turn. A server's processor time is read from `/proc`, for all its processes.

use std::fs;
use std::path::Path;
use std::process::Command;

use gatepass::KeyType;
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::Outcome;
use crate::keys::Pair;
use crate::servers::{Server, free_port, gatepass, nginx};
use crate::statistics::median;

const ROUNDS: usize = 5;
const SECONDS: u32 = 4;
const CONNECTIONS: u32 = 64;
const BASE: &str = "nginx secure_link (MD5)";

/// What is asked of whom, and what came of it.
struct Contender<'s> {
    name: &'static str,
    server: &'s Server,
    url: String,
    header: &'s str,
    requests: Vec<f64>,
    microseconds: Vec<f64>,
}

/// Prints requests a second and processor time a request, and their ratios to `secure_link`.
pub(crate) fn bench() -> Outcome<()> {
    let wrk = std::env::var("GATEPASS_TOOL_WRK")?;
    let folder = tempfile::tempdir()?;
    let pair = Pair::new(KeyType::Rsa2048)?;
    let site = folder.path().join("site");
    fs::create_dir_all(site.join("private"))?;
    fs::write(site.join("private/a.bin"), [b'x'; 1024])?;

    run_on(0)?;
    let (ours, theirs) = (free_port()?, free_port()?);
    let our_server = gatepass(folder.path(), &pair, ours)?;
    let their_server = nginx(folder.path(), theirs)?;
    run_on(1)?;

    let cookie = pair.cookie_for(&format!("http://127.0.0.1:{ours}/private/*"))?;
    let cookie = format!("Cookie: {cookie}");
    let link = secure_link("/secure/a.bin")?;
    let ask = |name, server, url, header| Contender {
        name,
        server,
        url,
        header,
        requests: Vec::new(),
        microseconds: Vec::new(),
    };
    let at = |path: &str| format!("http://127.0.0.1:{theirs}{path}");
    let mut contenders = [
        ask("gatepass", &our_server, format!("http://127.0.0.1:{ours}/private/a.bin"), &*cookie),
        ask(BASE, &their_server, at(&link), "X-None: 1"),
        ask("nginx auth_request", &their_server, at("/asked/a.bin"), "Cookie: pass=good"),
        ask("nginx, not gated", &their_server, at("/open/a.bin"), "X-None: 1"),
    ];
    for _ in 0..ROUNDS {
        for contender in &mut contenders {
            contender.measure(&wrk)?;
        }
    }
    print(&contenders);
    Ok(())
}

fn print(contenders: &[Contender<'_>]) {
    println!("a gated file of 1 KiB, {CONNECTIONS} connections, one core for the server;");
    println!("{ROUNDS} rounds of {SECONDS} s in turn, medians, ratios to {BASE}\n");
    println!("{:<26}{:>12}{:>8}{:>14}{:>8}", "", "requests/s", "ratio", "CPU us/req", "ratio");
    let base = contenders.iter().find(|one| one.name == BASE).map(Contender::medians);
    let (base_requests, base_cpu) = base.unwrap_or((f64::NAN, f64::NAN));
    for contender in contenders {
        let (requests, cpu) = contender.medians();
        println!(
            "{:<26}{requests:>12.0}{:>8.2}{cpu:>14.2}{:>8.2}",
            contender.name,
            requests / base_requests,
            cpu / base_cpu
        );
    }
}

impl Contender<'_> {
    fn medians(&self) -> (f64, f64) {
        (median(self.requests.clone()), median(self.microseconds.clone()))
    }

    fn measure(&mut self, wrk: &str) -> Outcome<()> {
        let before = self.server.processor_seconds()?;
        let output = Command::new(wrk)
            .args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{SECONDS}s")])
            .args(["-H", self.header, &self.url])
            .output()?;
        let used = self.server.processor_seconds()? - before;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if text.contains("Non-2xx") || text.contains("Socket errors") {
            return Err(format!("{} did not answer well:\n{text}", self.name).into());
        }
        let figure = |label: &str| {
            let line = text.lines().find(|line| line.contains(label))?;
            line.split_whitespace().find_map(|word| word.parse::<f64>().ok())
        };
        let (total, rate) = (figure("requests in"), figure("Requests/sec:"));
        let (total, rate) = total.zip(rate).ok_or_else(|| format!("wrk said {text}"))?;
        self.requests.push(rate);
        self.microseconds.push(used * 1e6 / total);
        Ok(())
    }
}

/// Keeps this process, and what it starts from now on, to one core.
fn run_on(core: usize) -> Outcome<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

/// The link that nginx's `secure_link_md5 "$secure_link_expires$uri secret"` asks for.
fn secure_link(path: &str) -> Outcome<String> {
    const EXPIRES: u64 = 4_102_444_800;
    let folder = tempfile::tempdir()?;
    let text = folder.path().join("text");
    fs::write(&text, format!("{EXPIRES}{path} secret"))?;
    let openssl = std::env::var("GATEPASS_TOOL_OPENSSL").unwrap_or_else(|_| "openssl".to_owned());
    let digest = Command::new(openssl).args(["dgst", "-md5", "-binary"]).arg(&text).output()?;
    Ok(format!("{path}?md5={}&expires={EXPIRES}", base64url(&digest.stdout)))
}

fn base64url(bytes: &[u8]) -> String {
    let text = gatepass::encode(bytes);
    text.trim_end_matches('_').replace('~', "_")
}

/// Writes a file of the run's folder.
pub(crate) fn write(folder: &Path, name: &str, text: &str) -> Outcome<()> {
    Ok(fs::write(folder.join(name), text)?)
}
