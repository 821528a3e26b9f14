//! Handing out: from a person to the `Set-Cookie` lines of all that they may have.

use std::net::IpAddr;

use gatepass::{EpochTime, PublicKeyId};

use crate::entitlement::{EntitlementError, Entitlements};
use crate::handout::{Handout, Laid};
use crate::laying::Site;
use crate::mint::Mint;
use crate::person::Person;
use crate::plan::{Grant, PlanError, plan};
use crate::signing::SigningError;
#[cfg(feature = "server")]
use crate::webhook::{GrantError, Webhook, WebhookError};

/// Says who may have what, and signs it.
#[derive(Debug)]
pub struct Issuance {
    source: Source,
    mint: Mint,
}

/// Who decides.
#[derive(Debug)]
enum Source {
    Entitlements(Entitlements),
    #[cfg(feature = "server")]
    Webhook(Box<Webhook>),
}

/// Why a person is handed nothing. It names no person, and holds nothing that is known of one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HandoutError {
    /// Nothing is theirs, or it can't be made out what.
    #[error(transparent)]
    Entitlement(#[from] EntitlementError),
    /// The passes can't be set together.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A cookie is longer than browsers keep.
    #[error(
        "a cookie of {0} bytes would be lost, for browsers keep up to 4096: use fewer or shorter resources"
    )]
    TooLong(usize),
    /// The application did not say.
    #[cfg(feature = "server")]
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// A pass is bound to an address that nobody told.
    #[error(
        "passes are bound to the viewer's address, and nobody told it: give the layer an address_of"
    )]
    NoAddress,
    /// The key could not sign.
    #[error("the pass could not be signed: {0}")]
    Signing(#[from] SigningError),
}

impl HandoutError {
    /// Whether the person is refused; else something is wrong with the issuer.
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Entitlement(_))
    }
}

impl Issuance {
    /// Hands out what these entitlements say.
    pub const fn new(entitlements: Entitlements, mint: Mint) -> Self {
        Self { source: Source::Entitlements(entitlements), mint }
    }

    /// Hands out what an application says.
    #[cfg(feature = "server")]
    pub fn asking(webhook: Webhook, mint: Mint) -> Self {
        Self { source: Source::Webhook(Box::new(webhook)), mint }
    }

    /// All passes of a person for now, set together or refused with the reason.
    ///
    /// `address` is the viewer's, as the edge will see it. No pass outlives `until`.
    pub async fn hand_out(
        &self,
        person: &Person,
        address: IpAddr,
        now: EpochTime,
        until: Option<EpochTime>,
    ) -> Result<Handout, HandoutError> {
        match &self.source {
            Source::Entitlements(entitlements) => {
                let grants = entitlements.grants(person, address, now, until)?;
                self.lay(&grants, entitlements.site()).await
            }
            #[cfg(feature = "server")]
            Source::Webhook(webhook) => {
                let grants = webhook.grants(person, address, now, until).await;
                let grants = grants.map_err(|error| match error {
                    GrantError::Refused(refused) => HandoutError::Entitlement(refused),
                    GrantError::Failed(failed) => HandoutError::Webhook(failed),
                })?;
                self.lay(&grants, webhook.site()).await
            }
        }
    }

    async fn lay(&self, grants: &[Grant<'_>], site: &Site) -> Result<Handout, HandoutError> {
        let planned = plan(grants, site)?;
        let (mut lines, mut laid) = (Vec::new(), Vec::new());
        for one in &planned {
            let pass = self.mint.mint(&one.policy).await?;
            lines.extend(one.place.attributes().lines(&pass.cookies_named(one.place.naming())));
            laid.push(one.place.laid(self.key_id()));
        }
        let cookie = |line: &String| line.find(';').unwrap_or(line.len());
        if let Some(bytes) = lines.iter().map(cookie).find(|bytes| *bytes > LONGEST_COOKIE) {
            return Err(HandoutError::TooLong(bytes));
        }
        let expiry = planned.iter().map(|one| one.first_end).min();
        let expiry = expiry.ok_or(EntitlementError::None)?;
        Ok(Handout { lines, laid, expiry })
    }

    /// The same person with what is looked at, and nothing else: a session is kept in a cookie.
    #[must_use]
    pub fn only_wanted(&self, person: Person) -> Person {
        match &self.source {
            Source::Entitlements(entitlements) => entitlements.only_wanted(person),
            #[cfg(feature = "server")]
            Source::Webhook(webhook) => person.with_only(|name| webhook.wants_claim(name)),
        }
    }

    /// Whether a pass may be bound to the viewer's address.
    pub fn may_bind(&self) -> bool {
        match &self.source {
            Source::Entitlements(entitlements) => entitlements.may_bind(),
            #[cfg(feature = "server")]
            Source::Webhook(_) => true,
        }
    }

    /// What is laid for everybody at the same places, so that it can be cleared for whoever
    /// comes without telling what they have.
    pub(crate) fn known_places(&self) -> Vec<Laid> {
        match &self.source {
            Source::Entitlements(entitlements) => {
                entitlements.known_places().map(|place| place.laid(self.key_id())).collect()
            }
            #[cfg(feature = "server")]
            Source::Webhook(_) => Vec::new(),
        }
    }

    /// The ID of the key that signs.
    pub fn key_id(&self) -> &PublicKeyId {
        self.mint.key_id()
    }

    /// What signs.
    pub const fn mint(&self) -> &Mint {
        &self.mint
    }
}

/// Browsers keep no cookie whose name and value are longer (RFC 6265bis, section 5.6).
const LONGEST_COOKIE: usize = 4_096;
