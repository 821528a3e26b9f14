//! Where a secret is: in a file, in a variable of the environment, among systemd's credentials.
//!
//! ```toml
//! private-key = { file = "keys/K1.private.pem" }
//! pin = { env = "HSM_PIN" }
//! secret = { credential = "issuer-secret" }       # LoadCredential= of systemd
//! ```
//!
//! # Invariants
//!
//! - A secret is wiped when it goes, and no mistake shows it.
//! - A file that everybody on the machine may read is refused, unless the operator writes
//!   `world-readable = true` beside it.

use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::config::ReadFile;
use crate::config::table::Value;

/// What secrets are read with; handed in, so that tests do without a machine.
pub(in crate::config) struct Secrets<'s> {
    /// Where the configuration lies.
    pub(in crate::config) folder: &'s Path,
    pub(in crate::config) read_file: ReadFile<'s>,
    /// A variable of the environment.
    pub(in crate::config) variable: &'s dyn Fn(&str) -> Option<String>,
    /// Who may read a file, as Unix writes it: `0o600`.
    pub(in crate::config) mode: &'s dyn Fn(&Path) -> Option<u32>,
    /// Whether this is the issuer itself. Others are not given its environment and its
    /// credentials, and what they lack there is no mistake.
    pub(in crate::config) has_all: bool,
}

/// A secret's place, as an operator named it.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Source {
    File { path: PathBuf, may_be_open: bool },
    Variable(Box<str>),
    Credential(Box<str>),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::Credential(name) => write!(f, "the credential {name:?}"),
        }
    }
}

impl Secrets<'_> {
    /// The bytes of a secret; a mistake is told if there are none.
    #[expect(clippy::needless_pass_by_value, reason = "whoever reads a value is done with it")]
    pub(in crate::config) fn bytes(&self, value: Value<'_>) -> Option<Zeroizing<Vec<u8>>> {
        let source = self.source(&value)?;
        match self.read(&source) {
            Ok(bytes) if bytes.is_empty() => {
                value.mistake(format!("{source} is empty"));
                None
            }
            Ok(bytes) => Some(bytes),
            Err(_) if !self.has_all && !matches!(source, Source::File { .. }) => None,
            Err(problem) => {
                value.mistake(problem);
                None
            }
        }
    }

    /// A secret that is text. A line break at its end, as editors leave one, is no part of it.
    #[expect(clippy::needless_pass_by_value, reason = "whoever reads a value is done with it")]
    pub(in crate::config) fn text(&self, value: Value<'_>) -> Option<Zeroizing<String>> {
        let bytes = self.bytes(value.clone())?;
        let Ok(text) = std::str::from_utf8(&bytes) else {
            value.mistake("the secret is not UTF-8 text");
            return None;
        };
        let text = text.strip_suffix('\n').unwrap_or(text);
        Some(Zeroizing::new(text.strip_suffix('\r').unwrap_or(text).to_owned()))
    }

    fn source(&self, value: &Value<'_>) -> Option<Source> {
        if !value.is_table() {
            value.expected(EXPECTED);
            return None;
        }
        let mut table = value.clone().table();
        let file = table.value("file").and_then(|file| file.text());
        let variable = table.value("env").and_then(|name| name.text());
        let credential = table.value("credential").and_then(|name| name.text());
        let may_be_open = table.value("world-readable").and_then(|open| open.flag());
        table.finish();
        match (file, variable, credential) {
            (Some(file), None, None) => {
                let may_be_open = may_be_open.unwrap_or(false);
                Some(Source::File { path: self.folder.join(file), may_be_open })
            }
            (None, Some(name), None) => Some(Source::Variable(name.into())),
            (None, None, Some(name)) => Some(Source::Credential(name.into())),
            _ => {
                value.mistake(format!("expected {EXPECTED}"));
                None
            }
        }
    }

    fn read(&self, source: &Source) -> Result<Zeroizing<Vec<u8>>, String> {
        let unreadable = |error| format!("can't read {source}: {error}");
        match source {
            Source::File { path, may_be_open } => {
                let mode = (self.mode)(path).unwrap_or(0);
                if mode & EVERYBODY != 0 && !may_be_open {
                    return Err(format!(
                        "{source} may be read by everybody on this machine: chmod o= {source} \
                         (or write world-readable = true beside it)"
                    ));
                }
                (self.read_file)(path).map(Zeroizing::new).map_err(unreadable)
            }
            Source::Variable(name) => (self.variable)(name)
                .map(|value| Zeroizing::new(value.into_bytes()))
                .ok_or_else(|| format!("there is no {}", &source.to_string()["the ".len()..])),
            Source::Credential(name) => {
                if name.contains('/') || name.starts_with('.') {
                    return Err(format!("{name:?} is not the name of a credential"));
                }
                let folder = (self.variable)("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                    format!("systemd handed over no credentials: write LoadCredential={name}:/path in the unit")
                })?;
                let path = Path::new(&folder).join(&**name);
                (self.read_file)(&path).map(Zeroizing::new).map_err(unreadable)
            }
        }
    }
}

/// Who may read a file.
pub(crate) fn mode(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(path).ok().map(|file| file.permissions().mode())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Others may read, or write.
const EVERYBODY: u32 = 0o006;

const EXPECTED: &str = "one of { file = \"…\" }, { env = \"NAME\" }, { credential = \"name\" }";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table::{Reader, Table};

    /// What is read of a secret, and what is told.
    fn read(written: &str, has_all: bool) -> (Option<String>, Vec<String>) {
        let text = format!("secret = {written}");
        let (document, errors) = toml::de::DeTable::parse_recoverable(&text);
        assert!(errors.is_empty(), "{written}");
        let reader = Reader::default();
        let value = Table::root(&reader, &document).value("secret").unwrap();
        let variable = |name: &str| match name {
            "SECRET" => Some("of the environment".to_owned()),
            "EMPTY" => Some(String::new()),
            "CREDENTIALS_DIRECTORY" if has_all => Some("/run/credentials/issuer".to_owned()),
            _ => None,
        };
        let files = |path: &Path| match path.to_str() {
            Some("/etc/gatepass/secret" | "/etc/gatepass/open") => Ok(b"of a file\r\n".to_vec()),
            Some("/run/credentials/issuer/secret") => Ok(b"of systemd\n\n".to_vec()),
            _ => Err(std::io::ErrorKind::NotFound.into()),
        };
        let mode = |path: &Path| Some(if path.ends_with("open") { 0o644 } else { 0o640 });
        let folder = Path::new("/etc/gatepass");
        let secrets =
            Secrets { folder, read_file: &files, variable: &variable, mode: &mode, has_all };
        let found = secrets.text(value).map(|text| text.to_string());
        (found, reader.mistakes.into_inner().into_iter().map(|(_, problem)| problem).collect())
    }

    #[test]
    fn a_secret_is_read_from_one_of_three_places() {
        for (written, secret) in [
            (r#"{ file = "secret" }"#, "of a file"),
            (r#"{ file = "/etc/gatepass/secret" }"#, "of a file"),
            (r#"{ file = "open", world-readable = true }"#, "of a file"),
            (r#"{ env = "SECRET" }"#, "of the environment"),
            // One line break is the editor's. A second one was meant.
            (r#"{ credential = "secret" }"#, "of systemd\n"),
        ] {
            assert_eq!(read(written, true), (Some(secret.to_owned()), vec![]), "{written}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_the_secret() {
        for (written, told) in [
            (r#""a secret itself""#, "expected one of"),
            (r#"{ file = "secret", env = "SECRET" }"#, "expected one of"),
            ("{}", "expected one of"),
            (r#"{ file = "secret", mode = "0600" }"#, "no field"),
            (r#"{ file = "open" }"#, "chmod o="),
            (r#"{ file = "missing" }"#, "can't read /etc/gatepass/missing"),
            (r#"{ env = "NONE" }"#, "no environment variable NONE"),
            (r#"{ env = "EMPTY" }"#, "is empty"),
            (r#"{ credential = "../secret" }"#, "not the name of a credential"),
            (r#"{ credential = "missing" }"#, "can't read the credential"),
        ] {
            let (found, mistakes) = read(written, true);
            let mistakes = mistakes.join(" ");
            assert!(mistakes.contains(told), "{written}: {mistakes}");
            assert!(found.is_none() || told == "no field", "{written}");
            assert!(!mistakes.contains("a secret itself"), "{mistakes}");
        }
    }

    #[test]
    fn what_only_the_issuer_is_given_is_no_mistake_elsewhere() {
        for written in [r#"{ env = "NONE" }"#, r#"{ credential = "secret" }"#] {
            assert_eq!(read(written, false), (None, vec![]), "{written}");
        }
        assert!(!read(r#"{ file = "missing" }"#, false).1.is_empty());
    }
}
