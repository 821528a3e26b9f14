//! `gatepass.toml`: read whole, and every mistake told with its line and column.
//!
//! A field that we don't know is a mistake, not a default: `cahce = …` must not pass for
//! "no cache wanted". Paths are relative to the file.

mod distribution;
mod edge;
mod keys;
mod mistakes;
mod table;

use std::io;
use std::path::Path;

use gatepass_distribution::{Draft, Snapshot};
use gatepass_edge::EdgeConfig;

pub(crate) use self::edge::LogTo;
pub(crate) use self::mistakes::Mistakes;
use self::table::{Reader, Table};

/// A configuration in which everything fits together.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) edge: EdgeConfig,
    pub(crate) log: LogTo,
    pub(crate) snapshot: Snapshot,
}

/// Reads the bytes of a file; handed in, so that a fuzzer can do without a disk.
pub(crate) type ReadFile<'f> = &'f dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// Reads the text of a configuration that lies in `folder`.
pub(crate) fn read(text: &str, folder: &Path, read_file: ReadFile<'_>) -> Result<Config, Mistakes> {
    let (document, syntax) = toml::de::DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        return Err(Mistakes::of_syntax(text, &syntax));
    }
    let reader = Reader::default();
    let mut root = Table::root(&reader, &document);
    let (edge, log) = edge::read(root.table("edge"), folder);
    let draft = Draft {
        public_keys: keys::public_keys(root.tables("public-key"), folder, read_file),
        key_groups: keys::key_groups(root.tables("key-group")),
        distributions: distribution::read(root.tables("distribution"), folder),
        ..Draft::default()
    };
    if draft.distributions.is_empty() {
        root.mistake("distribution", "nothing is served: add a [[distribution]]");
    }
    root.finish();
    match (Snapshot::check(&draft), reader.is_clean()) {
        (Ok(snapshot), true) => Ok(Config { edge, log, snapshot }),
        (Ok(_), false) => Err(Mistakes::found(text, reader, &[])),
        (Err(mistakes), _) => Err(Mistakes::found(text, reader, &mistakes)),
    }
}
