//! The issuer as a server of its own. Begin with `issuer.rs`.

mod issuer;

mod login;

mod application;
mod logout;
mod renewal;

mod arrival;
mod ended;
mod listen;
mod sessions;

mod csrf;
mod page;
mod password;
mod throttle;

mod config;
mod cookies;
mod journal;
mod locked;
mod public_url;
mod return_to;
mod seal;
mod session;

#[cfg(test)]
mod tests;

pub use config::{IssuerConfig, Limits, Players};
pub use ended::end_all_sessions;
pub use issuer::{Clock, Issuer, IssuerError};
pub use journal::Journal;
pub use listen::serve;
pub use login::header::HeaderConfig;
pub use login::invitation::{Invitation, InvitationConfig, InvitationError, Uses};
pub use login::oidc::{
    Answer, Ask, Begun, ClientAuthentication, ClientSecret, Finished, MOST_BYTES, Oidc, OidcConfig,
    OidcConfigError, OidcError, OidcFault, PATIENCE, Quoted, TokenAlgorithm, TokenError,
};
pub use login::users::{Users, UsersConfig, UsersError, UsersFileError};
pub use login::{LoginConfig, LoginError};
pub use page::PagesError;
pub use password::{PasswordHash, PasswordHashError};
pub use public_url::{PublicUrl, PublicUrlError};
pub use return_to::{ReturnHostError, ReturnHosts, ReturnTo};
pub use seal::{Seal, Secret, ShortSecret};
pub use session::{Lifetimes, Session, SessionEnd, SessionId, Way};
