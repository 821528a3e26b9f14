//! What the command reads: a file, `file://…`, `env:NAME`, or `-` for standard input.
//!
//! Whatever comes from here may be a private key, so it is wiped when it goes; and a source
//! that is itself a key, pasted where its name belongs, is never said again.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};

use zeroize::Zeroizing;

use crate::words::{Failure, NAME_THE_KEY, holds_a_key};

/// Keys, cookies and passphrases are small.
const MAX_BYTES: u64 = 1024 * 1024;

/// Where to read from.
#[derive(Clone, Debug)]
pub(crate) enum Source<'a> {
    Environment(&'a str),
    File(&'a str),
    Stdin,
}

impl<'a> Source<'a> {
    pub(crate) fn new(text: &'a str) -> Result<Self, Failure> {
        if holds_a_key(text) || text.contains("-----BEGIN") {
            return Err(
                Failure::new("this is a key itself, not the name of its file").hint(NAME_THE_KEY)
            );
        }
        Ok(match text.strip_prefix("env:") {
            Some(name) => Self::Environment(name),
            None if text == "-" => Self::Stdin,
            None => Self::File(strip_any(text, &["file://", "fileb://"])),
        })
    }

    /// Everything that is there.
    pub(crate) fn read(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let read = match self {
            Self::Environment(name) => return variable(name),
            Self::File(path) => File::open(path).and_then(|file| {
                let size = file.metadata()?.len();
                read_all(file, size)
            }),
            Self::Stdin => read_all(io::stdin().lock(), 16 * 1024),
        };
        read.map_err(|error| self.unreadable(&error))
    }

    /// Everything that is there, as text.
    pub(crate) fn read_text(&self) -> Result<Zeroizing<String>, Failure> {
        let bytes = self.read()?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| Failure::new(format!("{self} is not UTF-8 text")))?;
        Ok(Zeroizing::new(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()))
    }

    pub(crate) fn unreadable(&self, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::NotFound => Failure::new(format!("there is no file {self}")),
            io::ErrorKind::IsADirectory => Failure::new(format!("{self} is a folder")),
            io::ErrorKind::PermissionDenied => {
                Failure::new(format!("{self} may not be read by this user"))
            }
            _ => Failure::new(format!("can't read {self}: {error}")),
        }
    }
}

/// The source as its user named it.
impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::File(path) => f.write_str(path),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

/// A variable of the environment, if it is there and text.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Where Amazon's tools look for credentials: their variables, and the home of this user.
pub(crate) fn aws_surroundings() -> gatepass_issuer::AwsSurroundings {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        let name = name.into_string().ok().filter(|name| name.starts_with("AWS_"))?;
        Some((name, value.into_string().ok()?))
    };
    gatepass_issuer::AwsSurroundings {
        variables: std::env::vars_os().filter_map(text).collect(),
        home: std::env::home_dir(),
    }
}

fn variable(name: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    environment(name)
        .map(|value| Zeroizing::new(value.into_bytes()))
        .ok_or_else(|| Failure::new(format!("there is no environment variable {name}")))
}

/// Reads into one allocation if `size` is right, so that no copy is left behind unwiped.
fn read_all(reader: impl Read, size: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let room = usize::try_from(size.min(MAX_BYTES)).unwrap_or(0) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    reader.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("it has more than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

fn strip_any<'a>(text: &'a str, prefixes: &[&str]) -> &'a str {
    prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text)
}
