//! Gatepass's door for applications, and for the people who log in to them.
//!
//! It decides who may have which pass, signs it, and hands it out as `Set-Cookie` lines, for
//! Gatepass's edge and for Amazon CloudFront alike. It never verifies a pass.

#![forbid(unsafe_code)]

mod handout;
mod person;

#[cfg(feature = "server")]
mod return_to;
#[cfg(feature = "server")]
mod seal;
#[cfg(feature = "server")]
mod session;

pub use handout::{Handout, Laid};
pub use person::{Person, PersonError};
#[cfg(feature = "server")]
pub use return_to::{ReturnHostError, ReturnHosts, ReturnTo};
#[cfg(feature = "server")]
pub use seal::{Seal, Secret, ShortSecret};
#[cfg(feature = "server")]
pub use session::{Lifetimes, Session, SessionEnd, SessionId, Way};
