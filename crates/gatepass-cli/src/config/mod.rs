//! `gatepass.toml`: read whole, and every mistake told with its line and column.
//!
//! A field that we don't know is a mistake, not a default: `cahce = …` must not pass for
//! "no cache wanted". Paths are relative to the file.

mod behavior;
mod distribution;
mod edge;
pub(crate) mod issuer;
mod kept;
mod keys;
mod mistakes;
mod origin;
mod policy;
mod size;
mod table;
mod telemetry;
#[cfg(test)]
mod tests;
mod tls;
mod whole;

use std::io;
use std::path::{Path, PathBuf};

use gatepass_distribution::{Draft, Snapshot};
use gatepass_edge::{EdgeConfig, OpenTelemetry};

pub(crate) use self::edge::LogTo;
pub(crate) use self::mistakes::Mistakes;
use self::table::{Reader, Table};

/// A configuration in which everything fits together.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) edge: EdgeConfig,
    pub(crate) log: LogTo,
    /// Where spans are told, if they are.
    pub(crate) opentelemetry: Option<OpenTelemetry>,
    /// The folder of what operators add while an edge runs.
    pub(crate) state: PathBuf,
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
    let edge = edge::read(root.table("edge"), folder, read_file);
    let draft = Draft {
        public_keys: keys::public_keys(root.tables("public-key"), folder, read_file),
        key_groups: keys::key_groups(root.tables("key-group")),
        cache_policies: policy::cache_policies(root.tables("cache-policy")),
        origin_request_policies: policy::origin_request_policies(
            root.tables("origin-request-policy"),
        ),
        distributions: distribution::read(root.tables("distribution"), folder),
    };
    if draft.distributions.is_empty() {
        root.mistake("distribution", "nothing is served: add a [[distribution]]");
    }
    root.finish();
    let mut mistakes = whole::mistakes(&draft, &edge);
    match Snapshot::check(&draft) {
        Ok(snapshot) if mistakes.is_empty() && reader.is_clean() => {
            let edge::Read { config, log, state, opentelemetry } = edge;
            Ok(Config { edge: config, log, opentelemetry, state, snapshot })
        }
        checked => {
            mistakes.extend(checked.err().into_iter().flatten());
            Err(Mistakes::found(text, reader, &mistakes))
        }
    }
}
