//! `gatepass lint`: mistakes in `Set-Cookie` lines.

use std::process::ExitCode;

use clap::Args;
use gatepass::{Level, Lint, lint};

use crate::clock::Clock;
use crate::input::Source;
use crate::words::{BAD, DENIED, Failure, HINT, printable, say};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gatepass lint 'Set-Cookie: CloudFront-Policy=…; Path=/; Secure; HttpOnly' \\
    'Set-Cookie: CloudFront-Signature=…; Path=/; Secure; HttpOnly' \\
    'Set-Cookie: CloudFront-Key-Pair-Id=K1; Path=/; Secure; HttpOnly'
  curl -si https://app.example.com/login | gatepass lint -

The exit code is 0 if there are at most notes, 1 if there are warnings or errors.")]
pub(crate) struct LintArgs {
    /// Set-Cookie lines, with or without the header's name; - reads a response from stdin
    #[arg(required = true, value_name = "LINE")]
    lines: Vec<String>,
    /// What time it is, if not what the clock says
    #[arg(long, value_name = "T")]
    now: Option<String>,
}

impl LintArgs {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let now = Clock::new(self.now.as_deref())?.now();
        let text = match &*self.lines {
            [dash] if dash == "-" => Source::Stdin.read_text()?.to_string(),
            lines => lines.join("\n"),
        };
        let lines = set_cookie_lines(&text);
        if !lines.iter().any(|line| line.to_ascii_lowercase().contains("cloudfront-")) {
            return Err(Failure::new("none of these lines sets a cookie of CloudFront's")
                .hint("give the response's Set-Cookie lines: curl -si URL | gatepass lint -"));
        }
        let found = lint(lines, now);
        say(&told(&found))?;
        let is_fine = found.iter().all(|lint| lint.level() == Level::Note);
        Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
    }
}

/// Of a whole response, its `Set-Cookie` lines; otherwise every line.
fn set_cookie_lines(text: &str) -> Vec<&str> {
    let lines = || text.lines().map(|line| line.trim_start_matches(['<', ' ']));
    let is_named = |line: &&str| {
        line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
    };
    let named: Vec<_> = lines().filter(is_named).collect();
    if named.is_empty() { lines().collect() } else { named }
}

/// The worst first, and the count.
fn told(found: &[Lint]) -> String {
    if found.is_empty() {
        return "nothing to say against these lines".to_owned();
    }
    let mut sorted: Vec<_> = found.iter().collect();
    sorted.sort_by_key(|lint| std::cmp::Reverse(lint.level()));
    let mut text: String = sorted.into_iter().map(one).collect();
    let counts = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "note")];
    let counts = counts.into_iter().filter_map(|(level, word)| {
        match found.iter().filter(|lint| lint.level() == level).count() {
            0 => None,
            1 => Some(format!("1 {word}")),
            many => Some(format!("{many} {word}s")),
        }
    });
    text.push('\n');
    text.push_str(&counts.collect::<Vec<_>>().join(", "));
    text
}

fn one(lint: &Lint) -> String {
    let level = match lint.level() {
        Level::Error => format!("{BAD}error:{BAD:#}  "),
        Level::Warning => format!("{HINT}warning:{HINT:#}"),
        Level::Note => "note:   ".to_owned(),
    };
    format!("{level} {}\n         {}\n", printable(&lint.to_string()), lint.advice())
}
