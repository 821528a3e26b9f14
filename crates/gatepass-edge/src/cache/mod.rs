//! What is kept of the origins' answers.

pub mod key;

pub mod freshness;
