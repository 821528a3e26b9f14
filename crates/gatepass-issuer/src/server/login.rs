//! The ways in which people prove who they are.

pub(crate) mod oidc;
