//! The issuer as a server of its own. Begin with `issuer.rs`.

mod login;

mod csrf;
mod page;
mod password;
mod throttle;

mod return_to;
mod seal;
mod session;

pub use login::header::HeaderConfig;
pub use login::invitation::{Invitation, InvitationConfig, InvitationError, Uses};
pub use login::users::{Users, UsersConfig, UsersError, UsersFileError};
pub use page::PagesError;
pub use password::{PasswordHash, PasswordHashError};
pub use return_to::{ReturnHostError, ReturnHosts, ReturnTo};
pub use seal::{Seal, Secret, ShortSecret};
pub use session::{Lifetimes, Session, SessionEnd, SessionId, Way};
