//! What an operator sets: where the issuer is found, whom it believes, how long it remembers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gatepass_distribution::Proxies;

use super::login::LoginConfig;
use super::public_url::PublicUrl;
use super::return_to::ReturnHosts;
use super::session::Lifetimes;
use crate::seal::Secret;

/// The settings of an issuer, but for keys and entitlements.
///
/// Two of them are compared with their secrets, which `Debug` doesn't show.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct IssuerConfig {
    /// Where it listens. It speaks plain HTTP: before it stands the edge, or another proxy.
    pub listen: SocketAddr,
    /// Where browsers find it.
    pub url: PublicUrl,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: Proxies,
    /// The pages to which persons are sent back, and whose scripts may renew.
    pub return_to: ReturnHosts,
    /// What sessions are sealed with.
    pub secret: Secret,
    /// How long sessions last.
    pub session: Lifetimes,
    /// So long before a pass ends it is renewed, or at half its life if that is later.
    pub renew_before: Duration,
    /// Whether pages of other sites play what is guarded here: sessions are then sent on what
    /// such pages ask.
    pub players: Players,
    /// What applications show to be handed passes for their people; none may, without it.
    pub application_token: Option<Secret>,
    /// The folder of what has to outlive a restart: sessions that were ended, links that were used.
    pub state: Option<PathBuf>,
    /// How people can log in.
    pub login: LoginConfig,
    /// How much is borne.
    pub limits: Limits,
}

/// Where the pages are that play what is guarded.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a site is the same or another")]
pub enum Players {
    /// On the same site, which browsers tell by the registrable domain.
    #[default]
    SameSite,
    /// On other sites, too: cookies then need `SameSite=None`.
    CrossSite,
}

/// How much is borne from strangers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// The head of a request has to arrive within this, and its body within the same again.
    pub request_timeout: Duration,
    /// How long running requests may take when the issuer ends.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            request_timeout: Duration::from_secs(15),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

impl IssuerConfig {
    /// An issuer that browsers find at `url`, with everything else as usual.
    pub fn new(listen: SocketAddr, url: PublicUrl, secret: Secret) -> Self {
        Self {
            listen,
            url,
            proxies: Proxies::default(),
            return_to: ReturnHosts::default(),
            secret,
            session: Lifetimes::default(),
            renew_before: Duration::from_mins(1),
            players: Players::default(),
            application_token: None,
            state: None,
            login: LoginConfig::default(),
            limits: Limits::default(),
        }
    }
}
