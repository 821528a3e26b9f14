//! The floor plan, held to: who may use whom, and which way is down.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Each crate's floor. A crate may use those below it, never one above or beside it.
const FLOORS: [(&str, u8); 6] = [
    ("gatepass", 0),
    ("gatepass-distribution", 1),
    ("gatepass-store", 2),
    ("gatepass-edge", 3),
    ("gatepass-issuer", 3),
    ("gatepass-cli", 4),
];

/// Side stairs: each leads to one crate, uses no other, and is used by none.
const SIDE_STAIRS: [(&str, &str); 1] = [("gatepass-python", "gatepass")];

/// Tools beside the house: they may use it, and nobody may use them.
const APART: [&str; 2] = ["gatepass-bench", "xtask"];

/// What people build on it: it may use all floors, and only tests of the command use it.
const EXAMPLES: [&str; 1] = ["axum-app"];

/// Where the modules of a crate are declared low to high, too.
const LOW_TO_HIGH: [&str; 4] =
    ["gatepass", "gatepass-distribution", "gatepass-store", "gatepass-python"];

/// The only file with unsafe code.
const UNSAFE: &str = "crates/gatepass/src/sha1_signing.rs";

#[test]
fn every_crate_has_its_place() {
    let placed = |name: &str| {
        floor(name).is_some()
            || stair(name).is_some()
            || APART.contains(&name)
            || EXAMPLES.contains(&name)
    };
    for name in packages().keys() {
        assert!(placed(name), "{name} has no floor: give it one in tests/floor_plan.rs");
    }
}

#[test]
fn nobody_uses_a_crate_above_or_beside() {
    let packages = packages();
    for (name, package) in &packages {
        for used in used_by(package).filter(|used| packages.contains_key(*used)) {
            assert!(!APART.contains(&used), "{name} uses {used}, which stands apart");
            let is_tested = name == "gatepass-cli";
            assert!(!EXAMPLES.contains(&used) || is_tested, "{name} uses the example {used}");
            assert!(stair(used).is_none(), "{name} uses {used}, which is a side stair");
            if let Some(foot) = stair(name) {
                assert_eq!(used, foot, "{name} is a side stair to {foot}, and uses {used}");
            }
            if let (Some(ours), Some(theirs)) = (floor(name), floor(used)) {
                assert!(theirs < ours, "{name} (floor {ours}) uses {used} (floor {theirs})");
            }
        }
    }
}

#[test]
fn unsafe_code_is_in_one_file() {
    for (name, package) in &packages() {
        let roots = roots(package);
        assert!(!roots.is_empty(), "{name} has no root file");
        for root in roots {
            let forbids = read(&root).contains("#![forbid(unsafe_code)]");
            assert_eq!(forbids, name != "gatepass", "{}", root.display());
        }
    }
    let gatepass = workspace().join("crates/gatepass");
    for file in rust_files(&gatepass.join("src")) {
        let is_unsafe = code(&read(&file)).any(|line| line.contains("unsafe"));
        assert_eq!(is_unsafe, file == workspace().join(UNSAFE), "{}", file.display());
    }
}

#[test]
fn modules_use_only_what_is_declared_above_them() {
    for name in LOW_TO_HIGH {
        let src = workspace().join("crates").join(name).join("src");
        let modules = declared(&read(&src.join("lib.rs")));
        for (place, module) in modules.iter().enumerate() {
            for file in files_of(&src, module) {
                for used in uses(&read(&file)) {
                    let theirs = modules.iter().position(|known| *known == used);
                    assert!(
                        theirs.is_none_or(|theirs| theirs <= place),
                        "{} uses {used}, which is declared below {module}",
                        file.display()
                    );
                }
            }
        }
    }
}

#[test]
fn one_cryptography_library_is_enough() {
    let lock = read(&workspace().join("Cargo.lock"));
    for name in ["aws-lc-sys", "aws-lc-rs"] {
        let count = lock.matches(&format!("name = \"{name}\"\n")).count();
        assert_eq!(count, 1, "Cargo.lock has {count} versions of {name}");
    }
}

#[test]
fn reads_uses_with_and_without_braces() {
    let found = |text| uses(text).collect::<Vec<_>>();
    assert_eq!(
        found("use crate::key::Key;\n// crate::no\nlet x = crate::url::f();"),
        ["key", "url"]
    );
    assert_eq!(found("use crate::{key::{Key, More}, url, Thing};"), ["key", "url"]);
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

/// Where a side stair leads.
fn stair(name: &str) -> Option<&'static str> {
    SIDE_STAIRS.iter().find(|(known, _)| *known == name).map(|(_, foot)| *foot)
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The workspace's packages by name, as cargo sees them.
fn packages() -> BTreeMap<String, Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(|one| (one["name"].as_str().unwrap().to_owned(), one.clone())).collect()
}

fn used_by(package: &Value) -> impl Iterator<Item = &str> {
    package["dependencies"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap())
}

/// The root files of its library and its commands.
fn roots(package: &Value) -> Vec<PathBuf> {
    let targets = package["targets"].as_array().unwrap().iter();
    let is_ours = |target: &&Value| {
        let kinds = target["kind"].as_array().unwrap();
        kinds.iter().any(|kind| kind == "lib" || kind == "cdylib" || kind == "bin")
    };
    targets.filter(is_ours).map(|target| target["src_path"].as_str().unwrap().into()).collect()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Lines of code: no comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"))
}

fn declared(lib: &str) -> Vec<String> {
    let name = |line: &str| Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned());
    code(lib).filter_map(name).collect()
}

/// `src/module.rs` and everything below `src/module/`.
fn files_of(src: &Path, module: &str) -> Vec<PathBuf> {
    let mut files = vec![src.join(format!("{module}.rs"))];
    files.extend(rust_files(&src.join(module)));
    files.retain(|file| file.exists());
    files
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The modules named by `crate::module` or `crate::{module::…, …}`.
fn uses(text: &str) -> impl Iterator<Item = String> {
    let code: String = code(text).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, prefix) in code.match_indices("crate::") {
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(list) => found.extend(top_level(list)),
            None => found.push(first_name(rest)),
        }
    }
    found.into_iter().filter(|name| name.starts_with(|first: char| first.is_ascii_lowercase()))
}

fn first_name(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
}

/// The first names of a list in braces, not of the lists inside it.
fn top_level(list: &str) -> Vec<String> {
    let mut depth = 0;
    let mut names = vec![first_name(list.trim_start())];
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(first_name(list[at + 1..].trim_start())),
            _ => {}
        }
    }
    names
}
