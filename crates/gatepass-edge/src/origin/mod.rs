//! Where content comes from: a folder ([`directory`]), or what is behind a socket ([`remote`]).
//!
//! Every origin takes its request as `Admitted<Wanted>`, which only the gate can make.

use std::borrow::Cow;

use ::http::{HeaderMap, Method};

pub mod request;

pub mod trouble;

pub mod remote;

pub(crate) mod http;

mod s3;

mod credentials;

mod group;

mod peer;

mod dial;

pub mod address;

mod pool;

mod upload;

mod head;

mod remote_body;

mod target;

mod surroundings;

pub mod directory;

mod spelling;

mod found;

mod kept;

mod chunk;

pub mod conditions;

pub mod range;

pub mod content_type;

pub mod file_body;

/// What is asked of an origin.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the edge and tests write it out")]
pub struct Wanted<'r> {
    /// GET or HEAD.
    pub method: &'r Method,
    /// The raw path.
    pub path: Cow<'r, str>,
    /// The viewer's headers; a folder reads conditions and ranges from them and nothing else.
    pub headers: &'r HeaderMap,
}
