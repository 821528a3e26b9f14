//! What can be wrong with a document, and how moments are written in one.

use std::fmt;

use gatepass::EpochTime;

/// Why a document can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Its bytes are not those that it is named after.
    #[error("its content does not match its name: it was cut off or changed")]
    Altered,
    /// It is of a format that this version does not know.
    #[error("it is of format {0}, and this version of gatepass reads format 1")]
    Format(u64),
    /// It is not what it should be.
    #[error("it can't be read: {0}")]
    Malformed(String),
    /// It is longer than any that we write.
    #[error("it has {0} bytes, more than any that gatepass writes")]
    TooLong(u64),
}

impl DocumentError {
    pub(crate) fn malformed(problem: impl fmt::Display) -> Self {
        Self::Malformed(format!("{problem}"))
    }
}

impl From<serde_json::Error> for DocumentError {
    fn from(error: serde_json::Error) -> Self {
        Self::malformed(error)
    }
}

/// A moment as a number of seconds.
pub(crate) fn moment(seconds: u64) -> Result<EpochTime, DocumentError> {
    EpochTime::new(seconds).map_err(DocumentError::malformed)
}

/// The only format so far.
pub(crate) const FORMAT: u64 = 1;

/// Looks at the format before anything else, since it says how to read the rest.
pub(crate) fn check_format(json: &[u8]) -> Result<(), DocumentError> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: u64,
    }
    match serde_json::from_slice::<Head>(json)?.format {
        FORMAT => Ok(()),
        other => Err(DocumentError::Format(other)),
    }
}
