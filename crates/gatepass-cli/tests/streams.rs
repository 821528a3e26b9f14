//! What a transcript can't show: pipes, standard input, permissions, and what is never said.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};
use std::{fs, path::Path};

const RSA: &str = include_str!("../../../vectors/keys/rules_rsa2048_a.private.pem");
const P256: &str = include_str!("../../../vectors/keys/rules_p256.private.pem");

fn vectors(file: &str) -> String {
    format!("{}/../../vectors/keys/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn gatepass(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatepass"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(args: &[&str]) -> Output {
    gatepass(args).output().unwrap()
}

fn run_with_input(args: &[&str], input: &str) -> Output {
    let mut child = gatepass(args).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

const SIGN: [&str; 8] = [
    "sign",
    "cookies",
    "--resource",
    "https://media.example.com/*",
    "--key-pair-id",
    "K1",
    "--date-less-than",
    "1h",
];

#[test]
fn a_private_key_comes_from_standard_input_or_the_environment() {
    let from_stdin = run_with_input(&[&SIGN[..], &["--private-key", "-"]].concat(), P256);
    assert!(from_stdin.status.success(), "{}", text(&from_stdin.stderr));
    let mut command = gatepass(&[&SIGN[..], &["--private-key", "env:SIGNING_KEY"]].concat());
    let one_line = RSA.replace('\n', "\\n");
    assert!(command.env("SIGNING_KEY", one_line).output().unwrap().status.success());
}

#[test]
fn a_file_has_a_name_or_a_url() {
    let file = format!("file://{}", vectors("rules_p256.private.pem"));
    assert!(run(&[&SIGN[..], &["--private-key", &file]].concat()).status.success());
}

#[test]
fn no_error_shows_a_byte_of_a_private_key() {
    for key in [RSA, P256] {
        let bare: String = key.lines().filter(|line| !line.starts_with('-')).collect();
        let doubly = data_encoding::BASE64.encode(key.as_bytes());
        let escaped = key.replace('\n', "\\n");
        for key in [key, &bare, &doubly, &escaped] {
            for args in misuses(key) {
                let args: Vec<&str> = args.iter().map(String::as_str).collect();
                let output = run(&args);
                assert_eq!(output.status.code(), Some(2), "{args:?}");
                let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
                let pieces = key.as_bytes().chunks(24).filter(|piece| piece.len() == 24);
                for piece in pieces.map(text).filter(|piece| !piece.contains("-----")) {
                    assert!(!said.contains(piece), "{args:?} says {piece}:\n{said}");
                }
            }
        }
    }
}

/// A private key wherever it might be put by mistake.
fn misuses(key: &str) -> Vec<Vec<String>> {
    let url = "https://media.example.com/a.mp4";
    let lines: [&[&str]; 14] = [
        &[&SIGN[..], &["--private-key", key]].concat(),
        &[&SIGN[..], &["--private-key", "/dev/null", "--passphrase", key]].concat(),
        &[&SIGN[..], &["--private-kei", key]].concat(),
        &[&SIGN[..], &[key]].concat(),
        &["sign", "url", "--url", url, "--key-pair-id", key, "--date-less-than", "1h"],
        &["sign", "url", "--hash-algorithm", key],
        &["keys", "show", key],
        &["keys", "show", &format!("file://{key}")],
        &["keys", "new", "--type", key],
        &["keys", "new", "--type", "p256", "--id", key],
        &["verify", url, "--public-key", key],
        &["verify", url, "--public-key", &format!("K1={key}")],
        &["verify", url, "--public-key", &format!("K1={}", vectors("rules_p256.private.pem"))],
        &[key],
    ];
    lines.iter().map(|line| line.iter().map(|word| (*word).to_owned()).collect()).collect()
}

#[test]
fn a_private_key_is_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let output = run(&["keys", "new", "--type", "p256", "--id", "K1", "--out", out]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_mode(&folder.path().join("K1.private.pem"), 0o600);
    let secret = fs::read_to_string(folder.path().join("K1.private.pem")).unwrap();
    assert!(!text(&output.stdout).contains(secret.lines().nth(1).unwrap()));

    // Half a pair in the way: nothing is overwritten, and no half is left behind.
    fs::remove_file(folder.path().join("K1.private.pem")).unwrap();
    let output = run(&["keys", "new", "--type", "p256", "--id", "K1", "--out", out]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!folder.path().join("K1.private.pem").exists());
}

#[cfg(unix)]
fn assert_mode(file: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, mode);
}

#[cfg(not(unix))]
fn assert_mode(_file: &Path, _mode: u32) {}

#[test]
fn ids_that_nobody_chose_look_like_cloudfronts() {
    let folder = tempfile::tempdir().unwrap();
    run(&["keys", "new", "--type", "p256", "--out", folder.path().to_str().unwrap()]);
    let names = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
    for name in names.map(|name| name.into_string().unwrap()) {
        let id = name.split('.').next().unwrap();
        assert!(id.len() == 14 && id.starts_with('K'), "{id}");
        assert!(id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{id}");
    }
}

#[test]
fn whoever_stops_reading_is_not_told_about_it() {
    let show = vectors("rules_rsa4096.public.pem");
    for args in [&["--help"][..], &["keys", "show", &show], &["sign", "cookies", "--help"]] {
        let mut command = gatepass(args);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(writer).spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(text(&output.stderr), "", "{args:?}");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
    }
}

#[test]
fn colour_is_for_terminals() {
    for args in [&["verify", "x"][..], &["--help"], &["explain"], &["sign", "cookies"]] {
        let output = run(args);
        assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b), "{args:?}");
    }
}

#[test]
fn what_a_viewer_sends_does_not_command_the_terminal() {
    let key = format!("K1={}", vectors("rules_p256.public.pem"));
    let output = run(&[
        "explain",
        "https://e.com/\u{1b}[2J",
        "--cookie",
        "CloudFront-Key-Pair-Id=K1; CloudFront-Expires=1\u{1b}[2J",
        "--public-key",
        &key,
    ]);
    assert!(!output.stdout.contains(&0x1b), "{}", text(&output.stdout));
    assert!(!output.stderr.contains(&0x1b), "{}", text(&output.stderr));
}

#[test]
fn a_batch_is_a_conversation() {
    let key = format!("K1={}", vectors("rules_p256.public.pem"));
    let mut child: Child = gatepass(&["verify", "--batch", "-", "--public-key", &key])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for id in ["1", r#""two""#, r#"{"three":[3.0,1e400]}"#, "null"] {
        writeln!(stdin, r#"{{"id":{id},"url":"https://media.example.com/a.mp4"}}"#).unwrap();
        let answer = answers.next().unwrap().unwrap();
        assert!(answer.starts_with(&format!(r#"{{"id":{id},"admitted":false"#)), "{answer}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_whole_response_can_be_linted() {
    let response = "HTTP/2 200\r\ncontent-type: text/html\r\nset-cookie: CloudFront-Expires=1767229200; Path=/; Secure; HttpOnly\r\n\r\n<html>";
    let output = run_with_input(&["lint", "-", "--now", "1767225600"], response);
    assert!(text(&output.stdout).contains("CloudFront-Signature"), "{}", text(&output.stdout));
    assert!(!text(&output.stdout).contains("html"), "{}", text(&output.stdout));
    assert_eq!(output.status.code(), Some(1));
}
