//! What is kept of the origins' answers.

pub mod key;

pub mod cache_control;

pub mod freshness;

pub mod vary;

pub mod wishes;
