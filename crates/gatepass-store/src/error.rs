//! Why the store did not do what it was asked.

use std::io;
use std::path::PathBuf;

use crate::document::DocumentError;

/// Why a state was not read or not kept. The one in force stays.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else is changing something, and does not come to an end.
    #[error("another change is being made in {}", .0.display())]
    Busy(PathBuf),
    /// There is no room.
    #[error("{0} passes are revoked; there is no room for more")]
    Full(usize),
    /// There was a state, and now there is none.
    #[error("{} is gone, which named the state in force", .0.display())]
    Gone(PathBuf),
    /// A file can't be read.
    #[error("can't read {}: {error}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The state is another one than the change was meant for.
    #[error("the state changed meanwhile: it is number {found}, and not {expected}")]
    Stale {
        /// What it should have been.
        expected: u64,
        /// What it is.
        found: u64,
    },
    /// The state would be longer than any that we read.
    #[error("the state would have {0} bytes, which is too much")]
    TooLarge(usize),
    /// A document is not what it should be.
    #[error("{}: {problem}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: DocumentError,
    },
    /// An older state was put in the place of a newer one.
    #[error("{} went back from number {from} to {to}", path.display())]
    WentBack {
        /// The pointer.
        path: PathBuf,
        /// What is in force.
        from: u64,
        /// What it names now.
        to: u64,
    },
    /// A file can't be written.
    #[error("can't write {}: {error}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}
