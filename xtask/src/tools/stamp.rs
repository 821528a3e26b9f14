//! How a second `setup` knows that there is nothing left to do.
//!
//! Beside each thing fetched lies a file that holds what was asked for, word for word. If the same
//! is asked for again, the thing is there; if anything else is, it is fetched anew.

use std::{fs, path::PathBuf};

use crate::{
    checkout::{self, Checkout},
    failure::Failure,
};

/// What was asked for when something was fetched.
#[derive(Debug)]
pub(super) struct Stamp {
    path: PathBuf,
    asked: String,
}

impl Stamp {
    /// A stamp on what `name` is asked to be.
    ///
    /// The checkout's own path is part of it: virtual environments and launchers break when moved.
    pub(super) fn new(checkout: &Checkout, name: &str, asked: &str) -> Self {
        let place = checkout.tools("");
        Self {
            path: checkout.tools("stamps").join(name),
            asked: format!("{}\n{asked}", place.display()),
        }
    }

    pub(super) fn is_current(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|there| there == self.asked)
    }

    /// Records that what was asked for is there.
    pub(super) fn set(&self) -> Result<(), Failure> {
        checkout::write(&self.path, &self.asked)
    }
}
