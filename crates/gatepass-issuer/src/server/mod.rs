//! The issuer as a server of its own. Begin with `issuer.rs`.

mod issuer;

mod application;
mod logout;
mod renewal;

mod arrival;
mod listen;
mod sessions;

mod config;
mod journal;
mod public_url;
mod return_to;
mod seal;
mod session;

pub use config::{IssuerConfig, Limits, Players};
pub use issuer::{Clock, Issuer, IssuerError};
pub use journal::Journal;
pub use listen::serve;
pub use public_url::{PublicUrl, PublicUrlError};
pub use return_to::{ReturnHostError, ReturnHosts, ReturnTo};
pub use seal::{Seal, Secret, ShortSecret};
pub use session::{Lifetimes, Session, SessionEnd, SessionId, Way};
