//! `current`: which bundle is in force. The only document that is ever replaced.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::document::{DocumentError, FORMAT, check_format};

/// The name of the state in force.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Pointer {
    format: u64,
    pub(crate) sequence: u64,
    pub(crate) bundle: Address,
}

impl Pointer {
    pub(crate) const MAX_BYTES: u64 = 4 * 1024;

    pub(crate) const fn to(sequence: u64, bundle: Address) -> Self {
        Self { format: FORMAT, sequence, bundle }
    }

    /// Reads the file's bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, DocumentError> {
        check_format(bytes)?;
        Ok(serde_json::from_slice(bytes)?)
    }

    /// The file's bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).expect("numbers and text can be written");
        bytes.push(b'\n');
        bytes
    }
}
