//! Where what is guarded is kept.
#![forbid(unsafe_code)]
