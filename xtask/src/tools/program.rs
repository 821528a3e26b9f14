//! Programs that most machines have or can have: taken from the machine, or else fetched.
//!
//! Where a program comes from, in this order:
//!
//! 1. the variable `GATEPASS_TOOL_…`, if it is set;
//! 2. the machine, if the program is there and answers, unless `GATEPASS_TOOLS=own`;
//! 3. Debian's packages, unpacked into `.tools/debian`.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{checkout::Checkout, failure::Failure, tools::debian};

/// A program from outside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Program {
    Chromium,
    Go,
    H2load,
    HaProxy,
    Nginx,
    OpenSsl,
    Php,
    Ruby,
    SoftHsm,
    Valgrind,
    Varnish,
    VarnishLog,
    Wrk,
}

impl Program {
    /// Finds or fetches the program, and says where it is.
    pub(crate) fn ready(self, checkout: &Checkout) -> Result<PathBuf, Failure> {
        if let Some(path) = env::var_os(self.variable()) {
            return self.answering(PathBuf::from(path));
        }
        let own_only = env::var_os("GATEPASS_TOOLS").is_some_and(|choice| choice == "own");
        let on_machine = if own_only { None } else { self.on_machine() };
        match on_machine {
            Some(path) => Ok(path),
            None => debian::fetched(checkout, self),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Go => "go",
            Self::H2load => "h2load",
            Self::HaProxy => "haproxy",
            Self::Nginx => "nginx",
            Self::OpenSsl => "openssl",
            Self::Php => "php",
            Self::Ruby => "ruby",
            Self::SoftHsm => "softhsm",
            Self::Valgrind => "valgrind",
            Self::Varnish => "varnishd",
            Self::VarnishLog => "varnishncsa",
            Self::Wrk => "wrk",
        }
    }

    /// The variable that names the program, to us and to what we start.
    pub(crate) fn variable(self) -> String {
        format!("GATEPASS_TOOL_{}", self.name().to_uppercase())
    }

    /// The program at this path, if it runs.
    ///
    /// A package's stub that only says what to install does not.
    pub(crate) fn answering(self, path: PathBuf) -> Result<PathBuf, Failure> {
        let (question, answer) = self.question();
        let said = match Command::new(&path).arg(question).stdin(Stdio::null()).output() {
            Ok(output) => [output.stdout, output.stderr].concat(),
            Err(error) => error.to_string().into_bytes(),
        };
        let said = String::from_utf8_lossy(&said);
        if said.contains(answer) {
            return Ok(path);
        }
        let name = self.name();
        Err(Failure::new(format!("{} does not answer {question} as {name} does", path.display()))
            .hint(format!("what it said was: {}", said.trim())))
    }

    fn on_machine(self) -> Option<PathBuf> {
        let folders = env::var_os("PATH").unwrap_or_default();
        // Servers live where only root's PATH looks.
        let folders: Vec<PathBuf> =
            env::split_paths(&folders).chain(["/usr/sbin", "/sbin"].map(PathBuf::from)).collect();
        self.names()
            .iter()
            .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
            .filter(|path| Path::is_file(path))
            .find_map(|path| self.answering(path).ok())
    }

    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["chromium", "google-chrome", "chromium-browser"],
            // Only Debian's has the AWS SDKs beside it.
            Self::Go => &[],
            Self::H2load => &["h2load"],
            Self::HaProxy => &["haproxy"],
            Self::Nginx => &["nginx"],
            Self::OpenSsl => &["openssl"],
            Self::Php => &["php"],
            Self::Ruby => &["ruby"],
            Self::SoftHsm => &["softhsm2-util"],
            Self::Valgrind => &["valgrind"],
            Self::Varnish => &["varnishd"],
            Self::VarnishLog => &["varnishncsa"],
            Self::Wrk => &["wrk"],
        }
    }

    /// What to ask the program, and a word that its answer holds.
    const fn question(self) -> (&'static str, &'static str) {
        match self {
            Self::Chromium => ("--version", "Chrom"),
            Self::Go => ("version", "go version"),
            Self::H2load => ("--version", "h2load"),
            Self::HaProxy => ("-v", "HAProxy version"),
            Self::Nginx => ("-v", "nginx version"),
            Self::OpenSsl => ("version", "SSL"),
            Self::Php => ("--version", "PHP"),
            Self::Ruby => ("--version", "ruby"),
            Self::SoftHsm => ("--version", "2."),
            Self::Valgrind => ("--version", "valgrind-"),
            Self::Varnish => ("-V", "varnishd (varnish"),
            Self::VarnishLog => ("-V", "varnishncsa (varnish"),
            Self::Wrk => ("-v", "wrk"),
        }
    }
}
