//! The issuer as a server of its own. Begin with `issuer.rs`.

mod issuer;

mod login;

mod application;
mod keys;
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
mod session;

/// Logging in at a provider by OpenID Connect, by itself: for whoever asks the provider in another
/// way, or brings the browser.
pub mod oidc {
    pub use super::login::oidc::{
        Answer, Ask, Begun, Finished, MOST_BYTES, Oidc, OidcError, OidcFault, PATIENCE, Quoted,
        TokenError,
    };
}

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
    ClientAuthentication, ClientSecret, OidcConfig, OidcConfigError, TokenAlgorithm,
};
pub use login::users::{Users, UsersConfig, UsersError, UsersFileError};
pub use login::{LoginConfig, LoginError};
pub use page::PagesError;
pub use password::{PasswordHash, PasswordHashError};
pub use public_url::{PublicUrl, PublicUrlError};
pub use return_to::{ReturnHostError, ReturnHosts, ReturnTo};
pub use session::{Lifetimes, Session, SessionEnd, SessionId, Way};
