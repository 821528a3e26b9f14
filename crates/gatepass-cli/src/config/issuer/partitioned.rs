//! Partitioned cookies (CHIPS), where they can't do what they are for.
//!
//! A browser keeps them apart for each site at the top of its window. People log in at the top,
//! on the media host itself, for a login page is never framed: what is set there is sent when
//! that host is visited, and never when another site embeds it. And the session, which would
//! lay others from within, is not sent there by the very browsers that partition. Whoever asks
//! `POST /issue` may set the lines in a frame of its own, where they are right.

use gatepass_distribution::Mistake;
use gatepass_issuer::{Entitlement, IssuerConfig, LoginConfig, WebhookConfig};

/// Where partitioned cookies are asked for, though everybody logs in here.
pub(super) fn mistakes(
    config: &IssuerConfig,
    login: &LoginConfig,
    entitlements: &[Entitlement],
    webhook: Option<&WebhookConfig>,
) -> Vec<Mistake> {
    let LoginConfig { oidc, users, header, invitation, .. } = login;
    let has_logins = oidc.is_some() || users.is_some() || header.is_some() || invitation.is_some();
    if !has_logins || config.application_token.is_some() {
        return Vec::new();
    }
    let of_entitlements = entitlements
        .iter()
        .enumerate()
        .filter(|(_, one)| one.cookies.is_partitioned)
        .map(|(at, _)| format!("entitlement[{at}]"));
    let of_webhook = webhook.filter(|webhook| webhook.cookies.is_partitioned);
    let places = of_entitlements.chain(of_webhook.map(|_| "webhook".to_owned()));
    let mistake =
        |place| Mistake { at: format!("{place}.cookies.partitioned"), problem: PROBLEM.into() };
    places.map(mistake).collect()
}

const PROBLEM: &str = "people log in on a page of their own, and what it sets in a partition is never sent when another site embeds the films: leave it out (same-site = \"none\" works wherever a browser keeps cookies of other sites), sign URLs, or let an application set the lines of POST /issue from within its frame (application-token)";
