//! Gated content over HTTP: `gatepass serve` beside nginx, Varnish and HAProxy, in one run.
//!
//! The servers have one core and the load generator the other; each has one worker, and all write
//! their access logs. Each round asks every contender in turn. A server's processor time is read
//! from `/proc`, for all its processes.

use std::fs;
use std::path::Path;
use std::process::Command;

use gatepass::KeyType;
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::contender::{Contender, Load, measure, print};
use crate::keys::Pair;
use crate::servers::{Gatepass, Server, build, haproxy, nginx, varnish};
use crate::{Outcome, certificate, new_passes};

/// Rounds and seconds: five of four, or as the environment says for a trial.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) rounds: u32,
    pub(crate) seconds: u32,
}

impl Effort {
    pub(crate) fn asked() -> Outcome<Self> {
        let number = |name: &str, otherwise| match std::env::var(name) {
            Ok(text) => text.parse::<u32>(),
            Err(_) => Ok(otherwise),
        };
        let rounds = number("GATEPASS_BENCH_ROUNDS", 5)?;
        Ok(Self { rounds, seconds: number("GATEPASS_BENCH_SECONDS", 4)? })
    }
}

/// The servers of a run, and what opens their doors.
#[derive(Debug)]
struct Field<'f> {
    folder: &'f Path,
    plain: Server,
    tls: Server,
    nginx: Server,
    varnish: Server,
    haproxy: Server,
    cookie: String,
}

/// Prints the tables asked for, or all of them.
pub(crate) fn bench(words: &[&str]) -> Outcome<()> {
    if let Some(word) = words.iter().find(|word| !WORKS.iter().any(|(name, _)| name == *word)) {
        let names: Vec<&str> = WORKS.iter().map(|(name, _)| *name).collect();
        return Err(format!("there is no work {word:?}, but {}", names.join(", ")).into());
    }
    let effort = Effort::asked()?;
    let folder = tempfile::tempdir()?;
    let field = Field::start(folder.path())?;
    println!("one core for each server, one for the load; access logs on;");
    println!("{} rounds of {} s in turn, medians", effort.rounds, effort.seconds);
    for (name, work) in WORKS {
        if words.is_empty() || words.contains(&name) {
            work(&field, effort)?;
        }
    }
    Ok(())
}

type Work = fn(&Field<'_>, Effort) -> Outcome<()>;

const WORKS: [(&str, Work); 9] = [
    ("plain-1k", plain_1k),
    ("tls-1k", |field, effort| tls(field, effort, "1k", "CPU <= 0.85, goal 0.70")),
    ("tls-16k", |field, effort| tls(field, effort, "16k", "CPU <= 0.70, goal 0.55")),
    ("tls-1m", |field, effort| tls(field, effort, "1m", "CPU <= 0.65, goal 0.55")),
    ("plain-1m", plain_1m),
    ("h2-1k", http2),
    ("new-pass", |field, effort| new_passes::bench(field.folder, &field.haproxy, effort)),
    ("p99", |field, effort| p99(field, effort, "http")),
    ("p99-tls", |field, effort| p99(field, effort, "https")),
];

const BASE: &str = "nginx secure_link (MD5)";

impl<'f> Field<'f> {
    fn start(folder: &'f Path) -> Outcome<Self> {
        let pair = Pair::new(KeyType::Rsa2048)?;
        fs::create_dir_all(folder.join("site/private"))?;
        for (name, size) in [("1k", 1_024), ("16k", 16_384), ("1m", 1_048_576)] {
            fs::write(folder.join(format!("site/private/{name}.bin")), vec![b'x'; size])?;
        }
        certificate::write(folder)?;
        certificate::write_token_key(folder)?;
        build()?;
        run_on(0)?;
        let (nginx, origin) = nginx(folder)?;
        let edge = Gatepass { folder, pair: &pair, origin, passes: 64, cache: 256 };
        let field = Self {
            folder,
            plain: edge.plain()?,
            tls: edge.tls()?,
            nginx,
            varnish: varnish(folder, origin)?,
            haproxy: haproxy(folder, origin)?,
            cookie: format!("Cookie: {}", pair.cookie_for("http*://127.0.0.1:*")?),
        };
        run_on(1)?;
        Ok(field)
    }

    fn gatepass(&self, from: &str, name: &str, load: Load<'static>) -> Contender<'_> {
        let port = self.plain.port;
        let title = if from == "kept" { "gatepass, a hit" } else { "gatepass, a folder" };
        let url = format!("http://127.0.0.1:{port}/{from}/{name}.bin");
        Contender::new(title, &self.plain, url, &self.cookie, load)
    }

    fn secure_link(&self, scheme: &str, name: &str, load: Load<'static>) -> Outcome<Contender<'_>> {
        let port = if scheme == "http" { self.nginx.port } else { self.nginx.tls_port };
        let link = secure_link(&format!("/secure/{name}.bin"))?;
        let url = format!("{scheme}://127.0.0.1:{port}{link}");
        Ok(Contender::new(BASE, &self.nginx, url, NO_HEADER, load))
    }

    fn run(
        &self,
        effort: Effort,
        title: &str,
        goal: &str,
        contenders: &mut [Contender<'_>],
    ) -> Outcome<()> {
        measure(contenders, self.folder, effort.rounds, effort.seconds)?;
        print(title, &format!(" ({goal})"), contenders, BASE);
        Ok(())
    }
}

fn plain_1k(field: &Field<'_>, effort: Effort) -> Outcome<()> {
    const LOAD: Load<'static> = Load::Full(64);
    let at = |server: &Server, path: &str| format!("http://127.0.0.1:{}{path}", server.port);
    let ask = |name, server, path: &str, header| {
        Contender::new(name, server, at(server, path), header, LOAD)
    };
    let mut contenders = [
        field.gatepass("kept", "1k", LOAD),
        field.gatepass("private", "1k", LOAD),
        field.secure_link("http", "1k", LOAD)?,
        ask("nginx auth_request", &field.nginx, "/asked/1k.bin", "Cookie: pass=good"),
        ask("nginx proxy_cache, open", &field.nginx, "/kept/1k.bin", NO_HEADER),
        ask("nginx, open", &field.nginx, "/open/1k.bin", NO_HEADER),
        ask("Varnish, open", &field.varnish, "/kept/1k.bin", NO_HEADER),
        ask("HAProxy cache, open", &field.haproxy, "/kept/1k.bin", NO_HEADER),
    ];
    let goal = "requests >= 1.15, goal 1.4; CPU <= 0.85, goal 0.70; 2.8 auth_request's, goal 3.3";
    field.run(effort, "1 KiB over HTTP/1.1, 64 connections", goal, &mut contenders)
}

fn plain_1m(field: &Field<'_>, effort: Effort) -> Outcome<()> {
    const LOAD: Load<'static> = Load::Full(16);
    let url = format!("http://127.0.0.1:{}/kept/1m.bin", field.varnish.port);
    let mut contenders = [
        field.gatepass("kept", "1m", LOAD),
        field.gatepass("private", "1m", LOAD),
        field.secure_link("http", "1m", LOAD)?,
        Contender::new("Varnish, open", &field.varnish, url, NO_HEADER, LOAD),
    ];
    let goal = "CPU <= 1.0, goal 0.70";
    field.run(effort, "1 MiB over HTTP/1.1, 16 connections", goal, &mut contenders)
}

fn tls(field: &Field<'_>, effort: Effort, name: &str, goal: &str) -> Outcome<()> {
    let load = Load::Full(if name == "1m" { 16 } else { 64 });
    let ask = |title, server, port, path: &str, header: &str| {
        let url = format!("https://127.0.0.1:{port}{path}");
        Contender::new(title, server, url, header, load)
    };
    let (ours, theirs) = (field.tls.tls_port, field.nginx.tls_port);
    let kept = format!("/kept/{name}.bin");
    let mut contenders = [
        ask("gatepass, a hit", &field.tls, ours, &kept, &field.cookie),
        field.secure_link("https", name, load)?,
        ask("nginx proxy_cache, open", &field.nginx, theirs, &kept, NO_HEADER),
    ];
    field.run(effort, &format!("{name} over TLS and HTTP/1.1"), goal, &mut contenders)
}

fn http2(field: &Field<'_>, effort: Effort) -> Outcome<()> {
    let url = format!("https://127.0.0.1:{}/kept/1k.bin", field.tls.tls_port);
    let mut contenders = [
        Contender::new("gatepass, a hit", &field.tls, url, &field.cookie, Load::Http2),
        field.secure_link("https", "1k", Load::Http2)?,
    ];
    let goal = "CPU <= 1.0, goal 0.8";
    field.run(
        effort,
        "1 KiB over TLS and HTTP/2, 8 connections of 16 streams",
        goal,
        &mut contenders,
    )
}

/// At 70 % of what nginx can do, for which it is asked first: at full speed the generator itself
/// may be what answers wait for.
fn p99(field: &Field<'_>, effort: Effort, scheme: &str) -> Outcome<()> {
    let mut most = field.secure_link(scheme, "1k", Load::Full(64))?;
    most.measure(field.folder, effort.seconds)?;
    let load = Load::Rate(most.medians().rate * 0.7);
    let ours = if scheme == "https" {
        let url = format!("https://127.0.0.1:{}/kept/1k.bin", field.tls.tls_port);
        Contender::new("gatepass, a hit", &field.tls, url, &field.cookie, load)
    } else {
        field.gatepass("kept", "1k", load)
    };
    let mut contenders = [ours, field.secure_link(scheme, "1k", load)?];
    let title = format!("1 KiB over {scheme} at 70 % of nginx's most, 32 connections");
    field.run(effort, &title, "p99 <= 1.0, goal 0.75", &mut contenders)
}

/// Keeps this process, and what it starts from now on, to one core.
pub(crate) fn run_on(core: usize) -> Outcome<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

/// The link that nginx's `secure_link_md5 "$secure_link_expires$uri secret"` asks for.
pub(crate) fn secure_link(path: &str) -> Outcome<String> {
    const EXPIRES: u64 = 4_102_444_800;
    let folder = tempfile::tempdir()?;
    let text = folder.path().join("text");
    fs::write(&text, format!("{EXPIRES}{path} secret"))?;
    let openssl = std::env::var("GATEPASS_TOOL_OPENSSL").unwrap_or_else(|_| "openssl".to_owned());
    let digest = Command::new(openssl).args(["dgst", "-md5", "-binary"]).arg(&text).output()?;
    Ok(format!("{path}?md5={}&expires={EXPIRES}", base64url(&digest.stdout)))
}

/// The alphabet of RFC 4648, section 5, without padding.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    let text = gatepass::encode(bytes);
    text.trim_end_matches('_').replace('~', "_")
}

pub(crate) const NO_HEADER: &str = "X-None: 1";
