//! An application that decides itself: it is asked who may have what, each time.
//!
//! The question is signed, so that the application knows who asks; the answer is held against
//! what the operator allows, so that whoever takes the application over is not given the rest.
//! If there is no answer, or one that can't be read, nothing is handed out.
//!
//! The question: `POST`, JSON, with two headers. The signature is HMAC-SHA256 in hexadecimal,
//! under the secret, over the timestamp's digits, a full stop, and the body.
//!
//! ```text
//! Gatepass-Timestamp: 1767290400
//! Gatepass-Signature: v1=5f1c…
//!
//! {"subject":"ada","claims":{"groups":["members"]},"address":"203.0.113.7","time":1767290400}
//! ```

mod answer;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::hmac;
use bytes::Bytes;
use gatepass::{EpochTime, Resource};
use gatepass_distribution::Mistake;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, StatusCode, Uri};
use serde_json::{Map, Value, json};

use crate::Secret;
use crate::entitlement::{AddressBinding, Entitlement, EntitlementError, Ipv6Error, cut, window};
use crate::https_client::{HttpsClient, HttpsError};
use crate::laying::{CookieWishes, Site};
use crate::person::Person;
use crate::plan::{Grant, Reader};

pub use answer::{
    AllowedResources, AllowedResourcesError, GrantedPolicy, WebhookAnswer, WebhookAnswerError,
};

/// How an application is asked, and what its word is good for.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a configuration is written out field by field")]
pub struct WebhookConfig {
    /// Where it is asked; `https`, or this machine.
    pub url: Uri,
    /// What signs the question.
    pub secret: Secret,
    /// For how long an answer is waited for, all in all.
    pub patience: Duration,
    /// What it may grant at most.
    pub allow: AllowedResources,
    /// Which claims it is told; all, if nothing is said.
    pub claims: Option<Vec<Box<str>>>,
    /// For how many seconds a pass is good that it says nothing about, and at most.
    pub lifetime_seconds: u64,
    /// From where passes are good. It may bind more closely, and not less.
    pub address: AddressBinding,
    /// How the cookies are laid.
    pub cookies: CookieWishes,
    /// Who will read the passes.
    pub reader: Reader,
}

/// An application that is asked.
pub struct Webhook {
    config: WebhookConfig,
    site: Site,
    client: HttpsClient,
    key: hmac::Key,
}

/// Why the application's word could not be had.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// It was not reached, or not in time.
    #[error("the webhook was not heard: {0}")]
    Unheard(#[from] HttpsError),
    /// It answered with neither 200 nor a refusal.
    #[error(
        "the webhook answered {0}: expected 200 with policies, or 403 for somebody who may have nothing; redirects are not followed"
    )]
    Status(u16),
    /// The answer is none.
    #[error("the webhook's answer is refused: {0}")]
    Answer(#[from] WebhookAnswerError),
    /// The address can't be bound.
    #[error(transparent)]
    Ipv6(#[from] Ipv6Error),
}

impl WebhookConfig {
    /// An answer that takes longer is none, unless the operator says otherwise.
    pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(3);
}

impl Webhook {
    /// The longest answer, in bytes.
    pub const LONGEST_ANSWER: usize = 64 << 10;

    /// Asks by `client` for an issuer that browsers find at `site`. A mistake's place is told
    /// as `webhook.allow[1]`.
    pub fn new(
        config: WebhookConfig,
        site: Site,
        client: HttpsClient,
    ) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut mistake = |at: String, problem: String| mistakes.push(Mistake { at, problem });
        let client = client.allowing(&config.url).map_err(|error| error.to_string());
        let client = client
            .and_then(|client| match config.url.scheme_str() {
                Some("https" | "http") => Ok(client),
                _ => Err(format!("{} is no URL: expected https:// and a host", config.url)),
            })
            .map_err(|problem| mistake("webhook.url".into(), problem))
            .ok();
        for (at, allowed) in config.allow.texts().enumerate() {
            if let Err(error) = site.place(&Resource::new(allowed), &config.cookies) {
                mistake(format!("webhook.allow[{at}]"), error.to_string());
            }
        }
        let lifetimes = Entitlement::LIFETIMES;
        if !lifetimes.contains(&config.lifetime_seconds) {
            let (first, last) = lifetimes.into_inner();
            let problem = format!("a pass lives for {first} to {last} seconds");
            mistake("webhook.lifetime-seconds".into(), problem);
        }
        if config.reader == Reader::CloudFront
            && config.cookies.naming == gatepass::CookieNaming::PerKey
        {
            let problem = "CloudFront reads plain names only: say reader = \"gatepass\", or names = \"plain\"";
            mistake("webhook.cookies".into(), problem.into());
        }
        match client {
            Some(client) if mistakes.is_empty() => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, config.secret.bytes());
                Ok(Self { config, site, client, key })
            }
            _ => Err(mistakes),
        }
    }

    /// The host that sets the cookies.
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// Says whether the application is told this claim.
    pub fn wants_claim(&self, name: &str) -> bool {
        self.config.claims.as_ref().is_none_or(|told| told.iter().any(|one| **one == *name))
    }

    /// All that a person may have now, as the application says.
    pub(crate) async fn grants(
        &self,
        person: &Person,
        address: IpAddr,
        now: EpochTime,
        until: Option<EpochTime>,
    ) -> Result<Vec<Grant<'_>>, GrantError> {
        let request = self.question(person, address, now);
        let heard = self.client.send(request, self.config.patience, Self::LONGEST_ANSWER).await;
        let response = heard.map_err(WebhookError::Unheard)?;
        let answer = match response.status() {
            StatusCode::OK => WebhookAnswer::read(response.body(), &self.config.allow),
            StatusCode::FORBIDDEN => return Err(EntitlementError::None.into()),
            other => return Err(WebhookError::Status(other.as_u16()).into()),
        };
        let grants = self.granted(&answer.map_err(WebhookError::Answer)?, address, now, until)?;
        if grants.is_empty() { Err(EntitlementError::None.into()) } else { Ok(grants) }
    }

    fn question(&self, person: &Person, address: IpAddr, now: EpochTime) -> Request<Bytes> {
        let claims = person.claims().filter(|(name, _)| self.wants_claim(name));
        let claims: Map<_, _> = claims.map(|(name, value)| (name.clone(), value.clone())).collect();
        let question: Value = json!({
            "subject": person.subject(),
            "claims": claims,
            "address": address.to_canonical().to_string(),
            "time": now.seconds(),
        });
        let body = question.to_string();
        let timestamp = now.seconds().to_string();
        let signature = hmac::sign(&self.key, format!("{timestamp}.{body}").as_bytes());
        let signature = data_encoding::HEXLOWER.encode(signature.as_ref());
        Request::post(self.config.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .header("gatepass-timestamp", timestamp)
            .header("gatepass-signature", format!("v1={signature}"))
            .body(Bytes::from(body))
            .expect("digits and hexadecimal can stand in a header")
    }

    fn granted(
        &self,
        answer: &WebhookAnswer,
        address: IpAddr,
        now: EpochTime,
        until: Option<EpochTime>,
    ) -> Result<Vec<Grant<'_>>, WebhookError> {
        let WebhookConfig { lifetime_seconds: longest, address: bound, reader, .. } = self.config;
        let mut grants = Vec::new();
        for policy in answer.policies() {
            let lifetime = policy.lifetime_seconds.unwrap_or(longest).min(longest);
            let window = window(now, lifetime, policy.start);
            let Some(window) = window.and_then(|window| cut(window, until)) else { continue };
            let network = bound.and(policy.address).network(address, reader)?;
            grants.extend(policy.resources.iter().map(|resource| Grant {
                of: "webhook",
                resource: resource.clone(),
                window,
                network: network.clone(),
                cookies: &self.config.cookies,
                reader,
            }));
        }
        Ok(grants)
    }
}

/// Nothing is granted, or nobody knows.
#[derive(Debug)]
pub(crate) enum GrantError {
    Refused(EntitlementError),
    Failed(WebhookError),
}

impl From<EntitlementError> for GrantError {
    fn from(error: EntitlementError) -> Self {
        Self::Refused(error)
    }
}

impl From<WebhookError> for GrantError {
    fn from(error: WebhookError) -> Self {
        Self::Failed(error)
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("url", &self.config.url).finish_non_exhaustive()
    }
}
