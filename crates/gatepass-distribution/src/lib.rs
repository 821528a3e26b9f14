//! What is guarded, and by whom: distributions, cache behaviors, key groups, and the gate.
//!
//! A [`Draft`] is what an operator wrote down. Checked whole, it becomes a [`Snapshot`]: the
//! whole truth of a moment, in which no behavior names a missing origin or key group. A
//! request takes one snapshot at its start and keeps it to the end:
//!
//! ```text
//! host + path ─► Snapshot::route ─► Route ─► Gate::admit ─► Admitted, or a Denial
//! ```
//!
//! No sockets, no files, no clock: an [`Origin`] is described here and fetched elsewhere.
//!
//! # The map, in reading order
//!
//! [`PathPattern`] and [`NormalPath`] choose a behavior; [`Origin`] says where content comes
//! from; [`KeyGroup`] whom a behavior trusts. [`VerifiedPasses`] remembers signatures that
//! were checked. [`Facts`] are what an operator adds while things run: [`Invalidations`] and
//! [`Revocations`]. [`Gate`] is the only maker of [`Admitted`]. [`CacheBehavior`],
//! [`Distribution`] and [`Snapshot`] put it together.

#![forbid(unsafe_code)]

// Low to high: a file uses only modules declared above it.
mod path_pattern;
mod proxies;

mod invalidation;
mod invalidations;
mod revocation;

mod facts;

mod selection;

mod cache_policy;
mod origin_request_policy;

mod managed;

mod cors;
mod endpoint;
mod error_response;
mod header_field;
mod key_group;
mod login_page;
mod origin;
mod renewal;
mod verified;

mod gate;

mod behavior;

mod distribution;

mod draft;

mod check;

mod snapshot;

pub use behavior::{AllowedMethods, CacheBehavior, CachedMethods, Conduct, ViewerProtocol};
pub use cache_policy::{CachePolicy, Ttls};
pub use cors::Cors;
pub use distribution::Distribution;
pub use draft::{BehaviorDraft, DistributionDraft, Draft, Mistake};
pub use endpoint::{Endpoint, EndpointError, origin_path};
pub use error_response::{ErrorResponse, ErrorResponseError};
pub use facts::Facts;
pub use gate::{Admitted, Gate};
pub use invalidation::{Invalidation, InvalidationPath, InvalidationPathError};
pub use invalidations::Invalidations;
pub use key_group::{KeyGroup, PublicKeyRecord};
pub use login_page::{LoginPage, LoginPageError};
pub use managed::{managed_cache_policy, managed_origin_request_policy};
pub use origin::{
    HttpOrigin, Origin, OriginGroup, OriginKind, Patience, S3Origin, SigningBehavior,
};
pub use origin_request_policy::OriginRequestPolicy;
pub use path_pattern::{NormalPath, PathPattern, PathPatternError};
pub use proxies::Proxies;
pub use renewal::Renewal;
pub use revocation::{Revocation, Revocations};
pub use selection::Selection;
pub use snapshot::{Route, RouteError, Snapshot};
pub use verified::VerifiedPasses;
