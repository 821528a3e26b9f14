//! Every configuration in `examples/` is well-formed as it is written.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const EXAMPLES: [&str; 8] =
    ["application", "axum-app", "bucket", "express", "folder", "issuer", "player", "signing"];
/// Public keys that an example makes by openssl.
const BY_OPENSSL: [&str; 2] = ["cf_public_key.pem", "ec_public_key.pem"];

#[test]
fn every_example_is_well_formed() {
    for name in EXAMPLES {
        let folder = tempfile::tempdir().unwrap();
        copy(&examples().join(name), folder.path());
        let made = gatepass(folder.path(), "keys new --type p256 --id K1 --out keys");
        assert!(made.status.success(), "{name}: {}", String::from_utf8_lossy(&made.stderr));
        for file in BY_OPENSSL {
            fs::copy(folder.path().join("keys/K1.public.pem"), folder.path().join(file)).unwrap();
        }
        let checked = gatepass(folder.path(), "serve --config gatepass.toml --check");
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{name}: {said}");
        assert_eq!(checked.stdout, b"gatepass.toml is well-formed\n", "{name}");
    }
}

#[test]
fn no_example_is_left_out() {
    let mut found: Vec<_> = fs::read_dir(examples())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, EXAMPLES);
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn gatepass(folder: &Path, arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gatepass"))
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        // What somebody made while trying an example is not part of it.
        if entry.file_name() == "keys" || entry.file_name() == "node_modules" {
            continue;
        }
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
