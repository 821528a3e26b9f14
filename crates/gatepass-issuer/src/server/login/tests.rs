//! Logging in by the issuer's own routes, as browsers do.

mod by_header;
mod by_invitation;
mod by_password;
mod by_provider;
mod stage;
