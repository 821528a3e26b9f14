//! Gatepass's door for applications, and for the people who log in to them.
//!
//! It decides who may have which pass, signs it, and hands it out as `Set-Cookie` lines, for
//! Gatepass's edge and for Amazon CloudFront alike. It never verifies a pass.
//!
//! ```text
//! Person ─► Entitlements ─► policies, and where each is laid ─► Mint ─► Handout
//! ```
//!
//! That much is without features, for applications that log their people in themselves. The
//! feature `server`, on by default, adds the [`Issuer`]: logins, sessions, pages, renewal.

#![forbid(unsafe_code)]

// Low to high: a file uses only modules declared above it.
#[cfg(feature = "server")]
mod seal;

mod handout;
mod person;

mod placeholder;

mod laying;

mod plan;

mod entitlement;

#[cfg(feature = "server")]
mod https_client;
#[cfg(feature = "server")]
mod webhook;

mod signing;

mod mint;

mod issuance;

mod layer;

#[cfg(feature = "server")]
mod server;

pub use entitlement::{
    AddressBinding, AddressBindingError, Conditions, Entitlement, EntitlementError, Entitlements,
    Ipv6Error, Start, Who,
};
pub use handout::{Handout, Laid};
#[cfg(feature = "server")]
pub use https_client::{HttpsClient, HttpsError};
pub use issuance::{HandoutError, Issuance};
pub use layer::{Cleared, Granted, PassLayer, PassService};
pub use laying::{CookieWishes, LayingError, Place, Site};
pub use mint::Mint;
pub use person::{Person, PersonError};
pub use placeholder::{Field, ResourceTemplate, TemplateError, ValueError, ValueProblem};
pub use plan::{MOST_PASSES, PlanError, Reader};
#[cfg(feature = "server")]
pub use seal::{Seal, Secret, ShortSecret};
#[cfg(feature = "server")]
pub use server::{
    ClientAuthentication, ClientSecret, Clock, HeaderConfig, Invitation, InvitationConfig,
    InvitationError, Issuer, IssuerConfig, IssuerError, Journal, Lifetimes, Limits, LoginConfig,
    LoginError, OidcConfig, OidcConfigError, PagesError, PasswordHash, PasswordHashError, Players,
    PublicUrl, PublicUrlError, ReturnHostError, ReturnHosts, ReturnTo, Session, SessionEnd,
    SessionId, TokenAlgorithm, Users, UsersConfig, UsersError, UsersFileError, Uses, Way,
    end_all_sessions, oidc, serve,
};
#[cfg(feature = "kms")]
pub use signing::kms::{AwsSurroundings, KmsConfig, KmsKey};
#[cfg(feature = "pkcs11")]
pub use signing::pkcs11::{Pin, Pkcs11Config, TokenKey, TokenKeyName};
pub use signing::{KeyPlace, Signing, SigningError, SigningKeyConfig, SigningKeys};

#[cfg(feature = "server")]
pub use webhook::{
    AllowedResources, AllowedResourcesError, GrantedPolicy, Webhook, WebhookAnswer,
    WebhookAnswerError, WebhookConfig, WebhookError,
};
