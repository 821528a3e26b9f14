//! Building the fuzz targets so that libFuzzer sees where their inputs lead.

use std::path::PathBuf;

use crate::{
    checkout::{self, Checkout},
    failure::Failure,
    process, say,
};

/// The targets' names, as `fuzz/Cargo.toml` lists them.
pub(super) fn targets(checkout: &Checkout) -> Result<Vec<String>, Failure> {
    let manifest = checkout.join("fuzz/Cargo.toml");
    let names = binaries(&checkout::read(&manifest)?);
    if names.is_empty() {
        return Err(Failure::new(format!("{} lists no [[bin]] to fuzz", manifest.display())));
    }
    Ok(names)
}

/// Builds targets with the counters that libFuzzer reads.
pub(super) fn build(checkout: &Checkout, targets: &[String]) -> Result<(), Failure> {
    say::step("building the fuzz targets");
    let mut command = checkout.cargo();
    command
        .args(["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", &host()?])
        .arg("--target-dir")
        .arg(checkout.target("fuzz"))
        .args(targets.iter().flat_map(|target| ["--bin", target]))
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"));
    process::aloud(&mut command)
}

/// Where a target that was built is.
pub(super) fn binary(checkout: &Checkout, target: &str) -> Result<PathBuf, Failure> {
    Ok(checkout.target("fuzz").join(host()?).join("release").join(target))
}

/// This machine's target triple.
///
/// It is named to cargo although it is the default: only then are build scripts and macros built
/// without [`FLAGS`], which they could not be linked with.
fn host() -> Result<String, Failure> {
    let about = process::quietly(std::process::Command::new("rustc").arg("-vV"))?;
    about
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new("rustc -vV names no host"))
}

fn binaries(manifest: &str) -> Vec<String> {
    manifest
        .split("\n[")
        .filter_map(|section| section.strip_prefix("[bin]]"))
        .filter_map(|section| section.lines().find_map(|line| line.strip_prefix("name = \"")))
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}

const FLAGS: [&str; 8] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg=fuzzing",
    "-Ccodegen-units=1",
    "-Cdebug-assertions",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_binaries_of_a_manifest_and_nothing_else() {
        let manifest = "[package]\nname = \"fuzz\"\n\n[[bin]]\nname = \"policy\"\npath = \"a.rs\"\n\n\
                        [[bin]]\npath = \"b.rs\"\nname = \"signed_url\"\n\n[lib]\nname = \"not\"\n";
        assert_eq!(binaries(manifest), ["policy", "signed_url"]);
    }
}
