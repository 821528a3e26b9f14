//! How a second `setup` knows that there is nothing left to do.
//!
//! With each thing fetched lies a file that holds what was asked for, word for word. If the same is
//! asked for again, the thing is there; if anything else is, it is fetched anew. The file goes when
//! the thing's folder goes.

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
    /// A stamp on what `thing`, a path below `.tools/`, is asked to be.
    ///
    /// The checkout's own path is part of it: virtual environments and launchers break when moved.
    pub(super) fn new(checkout: &Checkout, thing: &str, asked: &str) -> Self {
        let path = checkout.tools(format!("{thing}.stamp"));
        Self { asked: format!("{}\n{asked}", path.display()), path }
    }

    pub(super) fn is_current(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|there| there == self.asked)
    }

    /// Records that what was asked for is there.
    pub(super) fn set(&self) -> Result<(), Failure> {
        checkout::write(&self.path, &self.asked)
    }
}
