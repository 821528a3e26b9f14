//! A configuration from a file.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::config::issuer::{IssuerKeys, read_keys};
use crate::config::{Config, Mistakes, read};
use crate::words::Failure;

/// Reads a configuration file; a failure tells all of its mistakes.
pub(crate) fn load(file: &Path) -> Result<Config, Failure> {
    load_noting(file, &RefCell::default())
}

/// Reads a configuration file, and notes each file that it names: whether it could be read or
/// not, it is to be looked at again when it changes.
pub(crate) fn load_noting(file: &Path, named: &RefCell<Vec<PathBuf>>) -> Result<Config, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("can't read {}: {error}", file.display())))?;
    let read_file = |path: &Path| {
        named.borrow_mut().push(path.to_owned());
        std::fs::read(path)
    };
    read(&text, folder_of(file), &read_file).map_err(|mistakes| told(&mistakes, file))
}

/// Reads a text as if it were in this file; a failure tells all of its mistakes.
pub(crate) fn check(text: &str, file: &Path) -> Result<Config, Failure> {
    let read_file = |path: &Path| std::fs::read(path);
    read(text, folder_of(file), &read_file).map_err(|mistakes| told(&mistakes, file))
}

/// The signing keys of an issuer's configuration, but for those whose secrets only the issuer is
/// given, by its environment or by systemd.
pub(crate) fn load_issuer_keys(file: &Path) -> Result<IssuerKeys, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("can't read {}: {error}", file.display())))?;
    check_issuer_keys(&text, file)
}

/// The same, of a text as if it were in this file.
pub(crate) fn check_issuer_keys(text: &str, file: &Path) -> Result<IssuerKeys, Failure> {
    read_keys(text, folder_of(file), false).map_err(|mistakes| told(&mistakes, file))
}

fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

/// All mistakes of a file, as one failure.
pub(crate) fn told(mistakes: &Mistakes, file: &Path) -> Failure {
    let count = match mistakes.count() {
        1 => "a mistake".to_owned(),
        count => format!("{count} mistakes"),
    };
    let lines = mistakes.lines(&file.display());
    Failure::new(format!("{} has {count}\n\n{lines}", file.display()))
}
