//! How the command speaks: answers on stdout, mistakes and notes on stderr.
//!
//! 1. A mistake is one sentence, and after a blank line what to try next.
//! 2. The exit code is 0 for done or admitted, 1 for denied, 2 for "could not tell".
//! 3. Colour goes to terminals only, and never means what the words don't say.
//! 4. Whoever stops listening (`gatepass … | head`) is not told about it.
//!
//! # Invariants
//!
//! - No private key is ever said, however it came here.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Style};
use clap::error::ErrorKind;

/// What the exit code says if a pass was not admitted.
pub(crate) const DENIED: u8 = 1;
/// What it says if there is no answer.
pub(crate) const COULD_NOT_TELL: u8 = 2;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Why the command could not do its work, and what to try.
#[derive(Debug)]
pub(crate) struct Failure {
    /// None if nobody is listening any more.
    sentence: Option<String>,
    hint: Option<String>,
    code: u8,
    may_pass: bool,
}

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: Some(sentence.into()), hint: None, code: COULD_NOT_TELL, may_pass: false }
    }

    #[must_use]
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same failure, with where it happened in front.
    #[must_use]
    pub(crate) fn at(self, place: impl fmt::Display) -> Self {
        Self { sentence: self.sentence.map(|sentence| format!("{place}: {sentence}")), ..self }
    }

    /// Whether trying again may help, though nothing is changed.
    pub(crate) const fn may_pass(&self) -> bool {
        self.may_pass
    }

    pub(crate) fn sentence(&self) -> &str {
        self.sentence.as_deref().unwrap_or_default()
    }

    /// Says it on stderr. The exit code follows from it.
    pub(crate) fn report(self) -> ExitCode {
        if let Some(sentence) = &self.sentence {
            let hint = self.hint.map(|hint| hint_line(&hint)).unwrap_or_default();
            complain(&format!("{BAD}gatepass:{BAD:#} {}{hint}", printable(sentence)));
        }
        ExitCode::from(self.code)
    }
}

impl From<gatepass::SignError> for Failure {
    fn from(error: gatepass::SignError) -> Self {
        let failure = Self::new(error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<gatepass::KeyError> for Failure {
    fn from(error: gatepass::KeyError) -> Self {
        Self::new(error.to_string()).hint(error.hint())
    }
}

impl From<gatepass_issuer::SigningError> for Failure {
    fn from(error: gatepass_issuer::SigningError) -> Self {
        let failure = Self { may_pass: error.may_pass(), ..Self::new(error.to_string()) };
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// Writing failed: silent if the reader has gone, for that is how pipes end.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => {
                Self { sentence: None, hint: None, code: 0, may_pass: false }
            }
            _ => Self::new(format!("can't write the answer: {error}")),
        }
    }
}

/// A blank line, and the way forward.
pub(crate) fn hint_line(hint: &str) -> String {
    format!("\n\n{HINT}hint:{HINT:#} {}", printable(hint))
}

/// Says the answer, and ends its last line.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Tells what happens meanwhile.
pub(crate) fn tell(text: &str) {
    complain(&printable(text));
}

/// Says what is good to know beside the answer.
pub(crate) fn note(text: &str) {
    tell(&format!("note: {text}"));
}

/// If stderr is gone, there is nobody left to tell.
fn complain(text: &str) {
    drop(writeln!(anstream::stderr().lock(), "{text}"));
}

/// Says what is wrong with the flags, or what was asked for with `--help` and `--version`.
pub(crate) fn report_usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let written = error.print();
        return written.map_or_else(|error| Failure::from(error).report(), |()| ExitCode::SUCCESS);
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        complain(error.render().ansi().to_string().trim_end());
        return ExitCode::from(COULD_NOT_TELL);
    }
    let text = error.render().to_string();
    if holds_a_key(&text) {
        return Failure::new("one of the arguments is a private key itself, and is not shown")
            .hint(NAME_THE_KEY)
            .report();
    }
    let text = text.strip_prefix("error: ").unwrap_or(&text).replace("  tip:", "hint:");
    complain(&format!("{BAD}gatepass:{BAD:#} {}", text.trim_end()));
    ExitCode::from(COULD_NOT_TELL)
}

pub(crate) const NAME_THE_KEY: &str =
    "name its file, or put it into an environment variable and write env:NAME";

/// Says whether text holds a private key: in PEM, or by how the base64 of one begins.
pub(crate) fn holds_a_key(text: &str) -> bool {
    const BEGINNINGS: [&str; 5] = ["MII", "MIG", "MHcCAQEE", "MDECAQEE", "LS0tLS1CRUdJTi"];
    let is_base64 = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/');
    let is_long =
        |at: usize| text[at..].chars().take_while(|&letter| is_base64(letter)).count() > 60;
    let is_whole = |at: usize| !text[..at].ends_with(|letter: char| letter.is_ascii_alphanumeric());
    let mut found = BEGINNINGS.iter().flat_map(|beginning| text.match_indices(beginning));
    text.contains("PRIVATE KEY") || found.any(|(at, _)| is_whole(at) && is_long(at))
}

/// Text from elsewhere, with its control characters escaped but for line breaks.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let is_control = |letter: char| letter.is_control() && letter != '\n';
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let escape = |letter: char| match letter {
        _ if is_control(letter) => letter.escape_default().to_string(),
        _ => letter.to_string(),
    };
    Cow::Owned(text.chars().map(escape).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_private_key_when_it_sees_one() {
        for key in [
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\\nMII",
            "unexpected argument 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAAAAAAAAAAAAAAAAAAAA' found",
            "file://MHcCAQEEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JR0hBZ0VBTUJNR0J5cUdTTTQ5QWdFR0",
        ] {
            assert!(holds_a_key(key), "{key}");
        }
        for other in ["K2JCJMDEHXQW5F", "MIT.pem", "https://media.example.com/MI/a.mp4"] {
            assert!(!holds_a_key(other), "{other}");
        }
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\nc");
    }
}
