//! One file for each command: its flags, and what it does with them.

pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod invalidate;
pub(crate) mod invite;
pub(crate) mod issue;
pub(crate) mod keys;
pub(crate) mod lint;
pub(crate) mod revoke;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod users;
pub(crate) mod verify;

mod configuration;
mod own_keys;
mod report;
mod state;
mod trust;
mod viewer;
mod welcome;
