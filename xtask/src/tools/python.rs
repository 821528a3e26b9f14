//! The Python that compares the signers, with the packages of `conformance/requirements.txt`.

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

/// Makes an empty virtual environment, and gives the pip that installs into it.
fn new_environment(checkout: &Checkout) -> Result<Command, Failure> {
    let home = checkout.tools("python");
    let mut make = checkout.command("python3");
    make.args(["-m", "venv"]);
    let mut pip = checkout.command(home.join("bin/python"));
    pip.args(["-m", "pip"]).env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    if comes_with_pip() {
        process::quietly(make.arg(&home))?;
    } else {
        // Debian's python3 makes environments only with its python3-venv beside it; pip's wheel
        // can be run as it is.
        process::quietly(make.arg("--without-pip").arg(&home))?;
        pip.env("PYTHONPATH", debian::pip(checkout)?);
    }
    Ok(pip)
}

fn comes_with_pip() -> bool {
    process::quietly(Command::new("python3").args(["-m", "ensurepip", "--version"])).is_ok()
}
