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
    say::plain(&build(checkout, Profile::Release)?.display().to_string());
    Ok(())
}

/// How a wheel is compiled. Either way cargo takes aws-lc from what it built before.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Profile {
    /// Quickly, as `cargo test` does: for tests.
    Dev,
    /// As users get it.
    Release,
}

/// Builds the wheel, alone in its folder: `target/wheels`, or `target/test-wheels` for tests.
pub(crate) fn build(checkout: &Checkout, profile: Profile) -> Result<PathBuf, Failure> {
    let programs = python::for_package(checkout)?;
    let (profile, folder) = match profile {
        Profile::Dev => ("dev", "test-wheels"),
        Profile::Release => ("release", "wheels"),
    };
    let wheels = checkout.target(folder);
    checkout::remove_folder(&wheels)?;
    say::step("building the wheel");
    let mut maturin = checkout.command(programs.join("maturin"));
    maturin.args(["build", "--profile", profile, "--locked", "--manifest-path"]);
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
