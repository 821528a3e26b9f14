//! Invitation links: short signed URLs that buy a longer session.

mod link;
mod redeem;
mod used;

use std::path::PathBuf;
use std::time::Duration;

pub use self::link::{Invitation, InvitationError, Uses};
pub(crate) use self::redeem::routes;
pub(crate) use self::used::UsedInvitations;

/// Logging in by invitation links, which the keys of the issuer sign.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct InvitationConfig {
    /// A folder in which is noted which links were used that are good for one login.
    pub used: PathBuf,
    /// How long a link may say that its session lasts; as long as any does if unsaid.
    pub longest_session: Option<Duration>,
}

impl InvitationConfig {
    /// Notes used links in a folder.
    pub const fn new(used: PathBuf) -> Self {
        Self { used, longest_session: None }
    }
}
