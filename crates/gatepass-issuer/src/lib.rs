//! Gatepass's door for applications, and for the people who log in to them.
//!
//! It decides who may have which pass, signs it, and hands it out as `Set-Cookie` lines, for
//! Gatepass's edge and for Amazon CloudFront alike. It never verifies a pass.

#![forbid(unsafe_code)]

mod handout;
mod person;

#[cfg(feature = "server")]
mod server;

pub use handout::{Handout, Laid};
pub use person::{Person, PersonError};
#[cfg(feature = "server")]
pub use server::{
    HeaderConfig, Invitation, InvitationConfig, InvitationError, Lifetimes, PagesError,
    PasswordHash, PasswordHashError, ReturnHostError, ReturnHosts, ReturnTo, Seal, Secret, Session,
    SessionEnd, SessionId, ShortSecret, Users, UsersConfig, UsersError, UsersFileError, Uses, Way,
};
