//! Where content comes from: described here, fetched by the edge.

use std::path::PathBuf;

/// A place that content comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// The name that behaviors use.
    pub id: Box<str>,
    /// What kind of place it is.
    pub kind: OriginKind,
}

/// The kinds of place.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OriginKind {
    /// A folder on this machine.
    Directory(PathBuf),
}
