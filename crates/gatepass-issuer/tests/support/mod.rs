//! What the tests stand on.

pub(crate) mod fake_kms;
