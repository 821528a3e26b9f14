//! What a person installs before the first `cargo xtask test`; all that is missing is said at once.

use std::process::Command;

use crate::{failure::Failure, process};

/// Checks for what cannot be fetched into `.tools/`.
pub(crate) fn check() -> Result<(), Failure> {
    let missing: Vec<String> = NEEDED.iter().filter_map(Prerequisite::missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "this machine lacks what the tests need:\n  {}",
        missing.join("\n  ")
    ))
    .hint("these are all that has to be installed by hand; `cargo xtask setup` fetches the rest"))
}

struct Prerequisite {
    program: &'static str,
    /// Words that make the program print its version, or succeed at nothing.
    proof: &'static [&'static str],
    at_least: &'static [u32],
    install: &'static str,
}

impl Prerequisite {
    fn missing(&self) -> Option<String> {
        let Self { program, proof, at_least, install } = self;
        let Ok(said) = process::quietly(Command::new(program).args(*proof)) else {
            return Some(format!("{program}: {install}"));
        };
        let found = version(&said);
        let least = at_least.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
        (found.as_slice() < *at_least)
            .then(|| format!("{program} {least} or newer, and this is {}: {install}", said.trim()))
    }
}

/// The numbers of the first version that a text names, such as 3.11.2 in `Python 3.11.2`.
fn version(text: &str) -> Vec<u32> {
    let start = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let rest = &text[start..];
    let end = rest.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].split('.').filter_map(|number| number.parse().ok()).collect()
}

const NEEDED: [Prerequisite; 6] = [
    Prerequisite {
        program: "cc",
        proof: &["--version"],
        at_least: &[],
        install: "a C compiler, for the cryptography (Debian: apt install build-essential)",
    },
    Prerequisite {
        program: "c++",
        proof: &["--version"],
        at_least: &[],
        install: "a C++ compiler, for libFuzzer (Debian: apt install build-essential)",
    },
    Prerequisite {
        program: "python3",
        proof: &["--version"],
        at_least: &[3, 10],
        install: "Python, for the AWS SDK and CLI (Debian: apt install python3)",
    },
    Prerequisite {
        program: "node",
        proof: &["--version"],
        at_least: &[20],
        install: "Node, for the AWS SDK and the browser (Debian: apt install nodejs npm)",
    },
    Prerequisite {
        program: "npm",
        proof: &["--version"],
        at_least: &[],
        install: "npm, which fetches Node's packages (Debian: apt install npm)",
    },
    Prerequisite {
        program: "curl",
        proof: &["--version"],
        // The first that sends a cookie with `Secure` to localhost over plain HTTP, as browsers do.
        at_least: &[7, 79],
        install: "curl, with which the recipes ask (Debian: apt install curl)",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_version_in_what_programs_say() {
        assert_eq!(version("Python 3.11.2\n"), [3, 11, 2]);
        assert_eq!(version("v20.20.2\n"), [20, 20, 2]);
        assert_eq!(version("no number"), [0; 0]);
    }

    #[test]
    fn asks_for_a_newer_one_if_the_version_is_too_old() {
        assert!(version("Python 3.9.18").as_slice() < [3, 10].as_slice());
        assert!(version("Python 3.10").as_slice() >= [3, 10].as_slice());
    }
}
