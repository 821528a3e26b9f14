//! What the command says, byte for byte.
//!
//! A transcript is Markdown with `console` blocks, in the syntax of `trycmd`: `$ ` begins a
//! command and `> ` goes on with it, `? 2` is an exit code other than 0, and what follows is
//! all that was said, on stdout and stderr. `[..]` in a line stands for any text.
//!
//! We run them ourselves because `trycmd` takes `\` for `/`, and a tool that quotes for
//! shells has to be held to its backslashes. A shell runs the commands, so there are pipes.
//!
//! Each file has a folder of its own, with the test keys and what is in `files/`. To write
//! the answers anew: `TRANSCRIPTS=overwrite cargo test --test transcripts`; then read what
//! changed.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Test keys of `vectors/keys`, and the names by which the transcripts know them.
const KEYS: [(&str, &str); 5] = [
    ("rules_rsa2048_a", "K2JCJMDEHXQW5F"),
    ("rules_rsa2048_b", "K3OTHERSIGNER2"),
    ("rules_p256", "KP256"),
    ("rules_rsa1024", "KRSA1024"),
    ("rules_rsa4096", "KRSA4096"),
];

#[test]
fn the_command_says_what_the_transcripts_say() {
    let overwrite = std::env::var_os("TRANSCRIPTS").is_some_and(|what| what == "overwrite");
    let mut differences = String::new();
    let files = fs::read_dir(here().join("tests/cmd")).unwrap();
    for file in files.map(|file| file.unwrap().path()) {
        let written = fs::read_to_string(&file).unwrap();
        let folder = folder();
        let run = again(&written, |command| answer(command, folder.path()));
        if run == written {
            continue;
        }
        if overwrite {
            fs::write(&file, run).unwrap();
        } else {
            let name = file.file_name().unwrap().display();
            writeln!(differences, "\n== {name}\n{}", difference(&written, &run)).unwrap();
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn reads_commands_and_answers() {
    let transcript = "\
prose
```console
$ one
> two
? 2
old [..] answer
$ three
```
```sh
$ not run
```
";
    let expected = transcript.replace("$ three\n", "$ three\nnew\n\nlines\n");
    let run = again(transcript, |command| match command {
        "one\n two" => (2, "old but still an answer\n".to_owned()),
        "three" => (0, "new\n\nlines\n".to_owned()),
        other => panic!("{other}"),
    });
    assert_eq!(run, expected);
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A fresh folder with keys and files.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, id) in KEYS {
        for half in ["private", "public"] {
            let from = here().join(format!("../../vectors/keys/{file}.{half}.pem"));
            fs::copy(from, folder.path().join(format!("{id}.{half}.pem"))).unwrap();
        }
    }
    for file in fs::read_dir(here().join("tests/files")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    folder
}

/// The exit code of a command, and all that it said.
fn answer(command: &str, folder: &Path) -> (i32, String) {
    let binary = Path::new(env!("CARGO_BIN_EXE_gatepass"));
    let mut path = binary.parent().unwrap().as_os_str().to_owned();
    path.push(":/usr/bin:/bin");
    let output = Command::new("/bin/sh")
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .output()
        .unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout).unwrap())
}

/// The transcript as it would be written today.
fn again(transcript: &str, mut answer: impl FnMut(&str) -> (i32, String)) -> String {
    let mut new = String::new();
    let mut lines = transcript.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        new.push_str(line);
        if line != "```console\n" {
            continue;
        }
        while let Some(first) = lines.next_if(|line| line.starts_with("$ ")) {
            new.push_str(first);
            let mut command = first["$ ".len()..].trim_end().to_owned();
            while let Some(more) = lines.next_if(|line| line.starts_with("> ")) {
                new.push_str(more);
                command.push('\n');
                command.push_str(more[1..].trim_end());
            }
            lines.next_if(|line| line.starts_with("? "));
            let mut old = Vec::new();
            while let Some(line) =
                lines.next_if(|line| !line.starts_with("$ ") && !line.starts_with("```"))
            {
                old.push(line);
            }
            let (code, said) = answer(&command);
            if code != 0 {
                writeln!(new, "? {code}").unwrap();
            }
            new.push_str(&kept(&old, &said));
        }
    }
    new
}

/// What was said, with those old lines kept that stand for it with `[..]`.
fn kept(old: &[&str], said: &str) -> String {
    let mut new = String::new();
    for (at, line) in said.split_inclusive('\n').enumerate() {
        match old.get(at) {
            Some(old) if stands_for(old, line) => new.push_str(old),
            _ => new.push_str(line),
        }
    }
    if !new.is_empty() && !new.ends_with('\n') {
        new.push('\n');
    }
    new
}

fn stands_for(old: &str, line: &str) -> bool {
    let mut pieces = old.split("[..]");
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty()
}

/// The lines that differ, in order: what is written, and what is said today.
fn difference(written: &str, run: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (written.lines().collect(), run.lines().collect());
    let same_start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let ends = old[same_start..].iter().rev().zip(new[same_start..].iter().rev());
    let same_end = ends.take_while(|(old, new)| old == new).count();
    let mut text = format!("line {}\n", same_start + 1);
    for (mark, lines) in [('-', &old), ('+', &new)] {
        for line in &lines[same_start..lines.len() - same_end] {
            writeln!(text, "{mark} {line}").unwrap();
        }
    }
    text
}
