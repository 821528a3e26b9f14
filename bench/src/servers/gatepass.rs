//! `gatepass serve` with one thread: `/private/*` from a folder, `/kept/*` from its cache.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::keys::Pair;
use crate::servers::{Server, free_port, write};

/// Builds the command for release, beside this program.
pub(crate) fn build() -> Outcome<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let built = Command::new(cargo).args(["build", "--release", "-p", "gatepass-cli"]).status()?;
    if built.success() { Ok(()) } else { Err("gatepass does not build".into()) }
}

/// How an edge is set up, but for its port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gatepass<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) pair: &'a Pair,
    /// Where `/kept/*` comes from.
    pub(crate) origin: u16,
    /// MiB for passes that were verified.
    pub(crate) passes: u32,
    /// MiB for what is cached.
    pub(crate) cache: u32,
}

impl Gatepass<'_> {
    /// Starts the edge over plain HTTP.
    pub(crate) fn plain(self) -> Outcome<Server> {
        self.start("plain", "")
    }

    /// Starts the edge over TLS.
    pub(crate) fn tls(self) -> Outcome<Server> {
        self.start("tls", r#"tls = [{ certificate = "cert.pem", key = "key.pem" }]"#)
    }

    fn start(self, name: &str, tls: &str) -> Outcome<Server> {
        let Self { folder, pair, origin, passes, cache } = self;
        let port = free_port()?;
        let (id, key) = pair.trust.keys.iter().next().ok_or("a gate has a key")?;
        write(folder, "public.pem", &key.to_pem())?;
        let config = format!(
            r#"[edge]
listen = "127.0.0.1:{port}"
threads = 1
access-log = {{ file = "gatepass-{name}.log" }}
verified-passes-mib = {passes}
cache = {{ memory = "{cache} MiB" }}
{tls}

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

[[distribution.origin]]
id = "origin"
http = "http://127.0.0.1:{origin}"

[distribution.default-behavior]
origin = "site"

[[distribution.behavior]]
path-pattern = "/private/*"
origin = "site"
trusted-key-groups = ["all"]

[[distribution.behavior]]
path-pattern = "/kept/*"
origin = "origin"
cache-policy = "CachingOptimized"
trusted-key-groups = ["all"]
"#
        );
        let file = format!("gatepass-{name}.toml");
        write(folder, &file, &config)?;
        let own = std::env::current_exe()?;
        let mut command = Command::new(own.with_file_name("gatepass"));
        command.arg("serve").arg("--config").arg(folder.join(file));
        Server::start(command, &folder.join(format!("gatepass-{name}.out")), port, port)
    }
}
