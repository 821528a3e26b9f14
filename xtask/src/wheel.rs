//! The chore `wheel`: the package for Python, as its users install it.

use std::{fs, path::PathBuf};

use crate::{
    checkout::{self, Checkout},
    failure::Failure,
    process, say,
    tools::python,
};

/// Builds the wheel, and prints where it is.
pub(crate) fn wheel(checkout: &Checkout, words: &[&str]) -> Result<(), Failure> {
    if let Some(word) = words.first() {
        return Err(Failure::new(format!("wheel takes no arguments, and was given {word:?}")));
    }
    say::plain(&build(checkout)?.display().to_string());
    Ok(())
}

/// Builds the wheel into `target/wheels`, alone there.
///
/// It has the profile of the command, so that what was compiled for one serves the other.
pub(crate) fn build(checkout: &Checkout) -> Result<PathBuf, Failure> {
    let programs = python::for_package(checkout)?;
    let wheels = checkout.target("wheels");
    checkout::remove_folder(&wheels)?;
    say::step("building the wheel");
    let mut maturin = checkout.command(programs.join("maturin"));
    maturin.args(["build", "--release", "--locked", "--manifest-path"]);
    maturin.arg(checkout.join("crates/gatepass-python/Cargo.toml"));
    maturin.arg("--interpreter").arg(programs.join("python")).arg("--out").arg(&wheels);
    process::aloud(&mut maturin)?;
    let built = fs::read_dir(&wheels).into_iter().flatten().flatten().map(|entry| entry.path());
    match built.collect::<Vec<_>>().as_slice() {
        [wheel] => Ok(wheel.clone()),
        others => Err(Failure::new(format!(
            "{} holds {} files, where one wheel was to be built",
            wheels.display(),
            others.len()
        ))),
    }
}
