//! CloudFront's signed cookies and signed URLs: sign them, verify them, and explain them.
//!
//! A **pass** is a policy (which URLs, until when, perhaps from when and from which
//! addresses), signed with a private key, and carried in cookies or in a URL. This crate
//! makes passes byte for byte as AWS's own signers do, and judges them as CloudFront
//! does. It does no I/O, reads no clock and starts no task: time is an argument.
//!
//! ```
//! use gatepass::{
//!     EpochTime, HashAlgorithm, KeySizes, Policy, PublicKey, PublicKeyId, Resource, Signer,
//!     SigningKey, TrustedKeys, ViewerRequest, ViewerUrl, Window, verify,
//! };
//! # let pem = SigningKey::generate(gatepass::KeyType::P256)?.to_pem()?;
//!
//! let id: PublicKeyId = "K2JCJMDEHXQW5F".parse()?;
//! let key = SigningKey::parse(pem.as_bytes(), None)?;
//! let trusted = TrustedKeys::from_iter([(id.clone(), key.public_key().clone())]);
//!
//! let signer = Signer::new(id, key);
//! let policy = Policy::new(
//!     [Resource::new("https://media.example.com/films/*")],
//!     Window::until(EpochTime::new(1_767_290_400)?),
//! );
//! let cookies = signer.sign(&policy, HashAlgorithm::Sha1)?.cookies().header();
//!
//! let url = ViewerUrl::parse("https://media.example.com/films/a.mp4")?;
//! let request = ViewerRequest::new(url, "192.0.2.7".parse()?, [cookies.as_bytes()]);
//! let pass = verify(&request, &trusted.into(), EpochTime::new(1_767_290_399)?)?;
//! assert_eq!(pass.key_id().as_str(), "K2JCJMDEHXQW5F");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The map, in reading order
//!
//! Making a pass: [`Resource`], [`Window`], [`Network`] → [`Policy`] → [`Signer`] →
//! [`SignedPass`] → cookies, [`SetCookie`] lines, or a URL.
//!
//! Judging one: [`ViewerRequest`] holds [`PresentedPasses`], which prove nothing. [`authenticate`]
//! turns one into a [`GenuinePass`], and [`GenuinePass::admit`] into a [`Pass`]; [`verify`]
//! does both, and says [`Denial`] if a rule is not met. [`explain`] asks every rule, and finds
//! a [`Diagnosis`]. [`lint`] holds `Set-Cookie` lines against CloudFront's advice.

#![warn(missing_docs, clippy::exhaustive_enums)]

// Low to high: a file uses only modules declared above it.
mod encoding;
mod json;
mod pem;
mod sha1_signing;
mod time;

mod glob;
mod url;

mod network;
mod resource;

mod policy;

mod key;

mod ecdsa_twin;
mod trusted_keys;

mod cookies;
mod presented;
mod request;

mod set_cookie;
mod sign;

mod denial;
mod verify;

mod diagnosis;
mod explain;
mod lint;

pub use cookies::{CookieName, CookieNaming, SignedCookies};
pub use denial::Denial;
pub use diagnosis::{Alphabet, Diagnosis, Difference, Rewriting};
pub use encoding::{EncodingError, decode, encode};
pub use explain::{Outcome, PassReport, Report, RuleReport, explain, explain_revocable};
pub use glob::glob;
pub use key::{HashAlgorithm, KeyError, KeySizes, KeyType, PublicKey, SigningKey};
pub use lint::{Level, Lint, lint};
pub use network::{Network, NetworkError};
pub use policy::{JsonStyle, Policy, PolicyError, Reading, Scope, Statement};
pub use presented::{Carrier, PresentedPass, PresentedPasses, RESERVED_PARAMETERS, is_reserved};
pub use request::ViewerRequest;
pub use resource::Resource;
pub use set_cookie::{CookiePath, SameSite, SetCookie, SetCookieError};
pub use sign::{SignError, SignedPass, Signer, Unsigned};
pub use time::{EpochTime, EpochTimeError, Moment, Window};
pub use trusted_keys::{InvalidPublicKeyId, PublicKeyId, Trust, TrustedKeys};
pub use url::{Scheme, UrlError, ViewerUrl};
pub use verify::{GenuinePass, Pass, authenticate, first_admitted, verify};
