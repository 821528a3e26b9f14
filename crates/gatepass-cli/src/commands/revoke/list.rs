//! Digests, one a line: read as they come, for there may be a million.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use gatepass::EpochTime;
use gatepass_distribution::Revocation;

use super::digest;
use crate::input::Source;
use crate::words::Failure;

/// A digest, an expiry, and a comment.
const MAX_LINE_BYTES: u64 = 1_024;

/// As many as a store takes.
const MAX_LINES: usize = 10_000_000;

/// Reads `DIGEST [EXPIRY]` lines; what has no expiry ends at `until`.
pub(super) fn read(file: &str, until: Option<EpochTime>) -> Result<Vec<Revocation>, Failure> {
    let source = Source::new(file)?;
    let reader: Box<dyn Read> = match source {
        Source::Stdin => Box::new(io::stdin().lock()),
        _ => Box::new(File::open(file).map_err(|error| source.unreadable(&error))?),
    };
    let mut reader = BufReader::new(reader);
    let mut found = Vec::new();
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        let read = reader.by_ref().take(MAX_LINE_BYTES).read_line(&mut line);
        if read.map_err(|error| source.unreadable(&error))? == 0 {
            break;
        }
        let place = || format!("{source}:{number}");
        if number > MAX_LINES {
            return Err(Failure::new("there are too many lines").at(place()));
        }
        let words = line.split('#').next().unwrap_or_default();
        let mut words = words.split_whitespace();
        let Some(named) = words.next() else { continue };
        let named = digest(named).map_err(|failure| failure.at(place()))?;
        let expiry = match words.next() {
            Some(text) => text.parse().map_err(|error| {
                Failure::new(format!("{error}")).at(place()).hint("write epoch seconds")
            })?,
            None => until.ok_or_else(|| {
                Failure::new("it does not say when the pass expires")
                    .at(place())
                    .hint("write epoch seconds behind the digest, or give --until for all")
            })?,
        };
        found.push(Revocation::of_prefix(named, expiry));
    }
    Ok(found)
}
