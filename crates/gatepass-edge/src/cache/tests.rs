//! The cache before an origin that follows a script.

mod objects;
