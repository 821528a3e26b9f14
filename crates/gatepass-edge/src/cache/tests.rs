//! The cache before an origin that follows a script.

mod bounds;

mod changes;

mod disk;

mod endless;

mod flights;

mod freshness;
mod methods;

mod objects;

mod parts;

mod variants;
