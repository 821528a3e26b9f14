//! Running other programs: quietly while all is well, aloud when a person wants to watch.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
};

use crate::{failure::Failure, say};

/// Runs a program and keeps its output to ourselves, unless it fails.
pub(crate) fn quietly(command: &mut Command) -> Result<String, Failure> {
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| unstartable(command, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::new(format!("{} ended with {}", words(command), output.status))
        .hint(tail(&output)))
}

/// Runs a program whose output goes straight to whoever watches.
pub(crate) fn aloud(command: &mut Command) -> Result<(), Failure> {
    let status =
        command.stdin(Stdio::null()).status().map_err(|error| unstartable(command, &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("{} ended with {status}", words(command))))
}

/// Runs a program aloud, shows each line of its output to `on_line`, and says whether it succeeded.
pub(crate) fn overheard(
    command: &mut Command,
    mut on_line: impl FnMut(&str),
) -> Result<bool, Failure> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| unstartable(command, &error))?;
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).split(b'\n')) {
        let line = line.map_err(|error| unstartable(command, &error))?;
        let line = String::from_utf8_lossy(&line);
        say::plain(&line);
        on_line(&line);
    }
    let status = child.wait().map_err(|error| unstartable(command, &error))?;
    Ok(status.success())
}

/// The command as a person would type it.
pub(crate) fn words(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

fn unstartable(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot run {}: {error}", words(command)))
}

/// The last that a failed program said, which is where the reason mostly is.
fn tail(output: &Output) -> String {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().collect();
    format!("its last words were:\n{}", lines[lines.len().saturating_sub(LAST_LINES)..].join("\n"))
}

const LAST_LINES: usize = 40;
