//! Gatepass's door for applications, and for the people who log in to them.
//!
//! It decides who may have which pass, signs it, and hands it out as `Set-Cookie` lines, for
//! Gatepass's edge and for Amazon CloudFront alike. It never verifies a pass.

#![forbid(unsafe_code)]

// Low to high: a file uses only modules declared above it.
mod handout;
mod person;

mod placeholder;

mod laying;

mod plan;

mod entitlement;

#[cfg(feature = "server")]
mod https_client;

mod signing;

mod mint;

mod issuance;

#[cfg(feature = "server")]
mod return_to;
#[cfg(feature = "server")]
mod seal;
#[cfg(feature = "server")]
mod session;

pub use entitlement::{
    AddressBinding, AddressBindingError, Conditions, Entitlement, EntitlementError, Entitlements,
    Ipv6Error, Start, Who,
};
pub use handout::{Handout, Laid};
pub use issuance::{HandoutError, Issuance};
pub use laying::{CookieWishes, LayingError, Place, Site};
pub use mint::Mint;
pub use person::{Person, PersonError};
pub use placeholder::{Field, ResourceTemplate, TemplateError, ValueError, ValueProblem};
pub use plan::{MOST_PASSES, PlanError, Reader};
#[cfg(feature = "kms")]
pub use signing::kms::{AwsSurroundings, KmsConfig, KmsKey};
#[cfg(feature = "pkcs11")]
pub use signing::pkcs11::{Pin, Pkcs11Config, TokenKey, TokenKeyName};
pub use signing::{KeyPlace, Signing, SigningError, SigningKeyConfig, SigningKeys};

#[cfg(feature = "server")]
pub use https_client::{HttpsClient, HttpsError};
#[cfg(feature = "server")]
pub use return_to::{ReturnHostError, ReturnHosts, ReturnTo};
#[cfg(feature = "server")]
pub use seal::{Seal, Secret, ShortSecret};
#[cfg(feature = "server")]
pub use session::{Lifetimes, Session, SessionEnd, SessionId, Way};
