//! What a run of libFuzzer came to, read from what it wrote.

use std::{
    fs::File,
    path::Path,
    process::{Command, Stdio},
};

use crate::{checkout, failure::Failure, process};

/// Runs libFuzzer, keeps what it says in `log`, and sums it up in a sentence.
pub(super) fn verdict(target: &str, command: &mut Command, log: &Path) -> Result<String, Failure> {
    checkout::write(log, "")?;
    let to_log = || {
        File::options()
            .append(true)
            .open(log)
            .map(Stdio::from)
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", log.display())))
    };
    let status =
        command.stdin(Stdio::null()).stdout(to_log()?).stderr(to_log()?).status().map_err(
            |error| Failure::new(format!("cannot run {}: {error}", process::words(command))),
        )?;
    // Inputs that a panic message quotes need not be text.
    let said = std::fs::read(log).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    match executions(&said) {
        _ if !status.success() => Err(defeat(target, &said, log)),
        0 => Err(Failure::new(format!("{target} ran on no input: see {}", log.display()))),
        count => Ok(format!("{target}: {count} inputs, none of which did any harm")),
    }
}

fn executions(said: &str) -> u64 {
    said.lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok())
        .unwrap_or(0)
}

fn defeat(target: &str, said: &str, log: &Path) -> Failure {
    let reason = said
        .lines()
        .skip_while(|line| !line.contains("panicked at"))
        .take(2)
        .collect::<Vec<_>>()
        .join(" ");
    let failure =
        Failure::new(format!("the fuzz target {target} fell: {reason} (see {})", log.display()));
    match said.lines().find_map(|line| Some(line.split_once("Test unit written to ")?.1)) {
        Some(artifact) => failure.hint(format!(
            "the input that did it is {artifact}\n\
             to see it again: cargo xtask fuzz {target} {artifact}"
        )),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_how_many_inputs_were_tried() {
        assert_eq!(executions("Done\nstat::number_of_executed_units: 95600\n"), 95_600);
        assert_eq!(executions("error while loading shared libraries"), 0);
    }

    #[test]
    fn names_the_input_and_how_to_see_it_again() {
        let said = "thread 'main' panicked at src/a.rs:1:\nindex out of bounds\n\
                    artifact_prefix='x/'; Test unit written to x/crash-1\n";
        let told = defeat("policy", said, Path::new("policy.log")).to_string();
        assert!(told.contains("index out of bounds"), "{told}");
        assert!(told.contains("cargo xtask fuzz policy x/crash-1"), "{told}");
    }
}
