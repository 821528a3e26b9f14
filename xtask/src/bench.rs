//! The chore `bench`: fetches the peers that Gatepass is measured against, and measures.

use crate::{
    checkout::Checkout,
    failure::Failure,
    process, say,
    tools::{program::Program, python},
    wheel::{self, Profile},
};

/// Runs one of the benchmarks of `bench/`, which says what it takes by itself.
pub(crate) fn bench(checkout: &Checkout, words: &[&str]) -> Result<(), Failure> {
    if !words.first().is_some_and(|name| BENCHMARKS.contains(name)) {
        return Err(Failure::new("bench takes the name of a benchmark")
            .hint(format!("the benchmarks are {}", BENCHMARKS.join(", "))));
    }
    if words[0] == "python" {
        return from_python(checkout, &words[1..]);
    }
    let mut command = checkout.cargo();
    command.args(["run", "--release", "--package", "gatepass-bench", "--"]).args(words);
    for peer in PEERS {
        let path = peer.ready(checkout)?;
        say::step(&format!("{} is {}", peer.name(), path.display()));
        command.env(peer.variable(), path);
    }
    process::aloud(&mut command)
}

/// Signs from Python, with the wheel that users get.
fn from_python(checkout: &Checkout, words: &[&str]) -> Result<(), Failure> {
    let wheel = wheel::build(checkout, Profile::Release)?;
    python::install(checkout, &wheel)?;
    let mut command = checkout.command(python::for_package(checkout)?.join("python"));
    command.arg(checkout.join("bench/signing.py")).args(words);
    process::aloud(command.env(Program::OpenSsl.variable(), Program::OpenSsl.ready(checkout)?))
}

const BENCHMARKS: &[&str] = &["pass", "edge", "size", "issue", "python"];

const PEERS: [Program; 8] = [
    Program::H2load,
    Program::HaProxy,
    Program::Nginx,
    Program::OpenSsl,
    Program::Valgrind,
    Program::Varnish,
    Program::VarnishLog,
    Program::Wrk,
];
