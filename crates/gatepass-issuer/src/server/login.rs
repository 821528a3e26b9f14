//! The ways in which people prove who they are, and the pages on which they do.

pub(crate) mod header;
pub(crate) mod invitation;
mod known_browser;
pub(crate) mod users;

use std::sync::Arc;

use serde_json::{Map, Value};

/// Takes a sentence for operators.
pub(crate) type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// An operator who writes down somebody's address, or lets a proxy say it, vouches for it:
/// it counts as verified unless it is said that it is not.
fn vouch(claims: &mut Map<String, Value>) {
    if claims.contains_key("email") {
        claims.entry("email_verified").or_insert(Value::Bool(true));
    }
}
