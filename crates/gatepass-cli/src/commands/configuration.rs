//! A configuration from a file.

use std::path::Path;

use crate::config::{Config, read};
use crate::words::Failure;

/// Reads a configuration file; a failure tells all of its mistakes.
pub(crate) fn load(file: &Path) -> Result<Config, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("can't read {}: {error}", file.display())))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    read(&text, folder, &|path| std::fs::read(path)).map_err(|mistakes| {
        let count = match mistakes.count() {
            1 => "a mistake".to_owned(),
            count => format!("{count} mistakes"),
        };
        let lines = mistakes.lines(&file.display());
        Failure::new(format!("{} has {count}\n\n{lines}", file.display()))
    })
}
