//! Where Gatepass keeps what an operator adds while things run: a folder of documents.
//!
//! ```text
//! current                   one line: which bundle is in force
//! bundles/<sha256>.json     a whole state: invalidations, the latest revocations, which segments
//! segments/<sha256>         many revocations
//! lock                      held by whoever changes something
//! ```
//!
//! Documents are named after their content and never change. Only `current` does, in one
//! step. So whoever reads sees one state or the next, never a mixture; what was cut off
//! does not match its name; and the same documents can lie in a bucket that a fleet
//! follows, where replacing `current` on a condition takes the place of the lock.
//!
//! # The map, in reading order
//!
//! [`Store::change`] keeps one state after another, [`Store::read`] reads the one in force,
//! and a [`Follower`] notices the next.
//!
//! No clock: time is an argument.

#![forbid(unsafe_code)]

// Low to high: a file uses only modules declared above it.
mod address;

mod document;

mod error;

mod pointer;
mod segment;

mod bundle;

mod folder;

mod revoked;

mod store;

mod follow;

pub use address::Address;
#[doc(hidden)]
pub use bundle::Bundle;
pub use document::DocumentError;
pub use error::StoreError;
pub use follow::Follower;
#[doc(hidden)]
pub use pointer::Pointer;
#[doc(hidden)]
pub use segment::Segment;
pub use store::{Base, Loaded, State, Store};
