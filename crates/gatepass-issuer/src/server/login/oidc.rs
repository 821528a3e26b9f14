//! Logging in by OpenID Connect: the authorization code flow with PKCE, state and nonce.
//!
//! 1. [`Oidc::begin`] sends a browser to the provider, and has it keep what it was sent with.
//! 2. The provider sends it back, and [`Oidc::finish`] reads what it brings: a state that this very
//!    browser keeps, the provider's name, a code.
//! 3. The code and the verifier go to the provider's token endpoint, for an ID token.
//! 4. The ID token is checked, and its claims make a person.
//!
//! The provider is asked when it is first needed, so an issuer starts while the provider is down.
//!
//! # Invariants
//!
//! - What fails in any step logs nobody in.
//! - An attempt ends with its callback, however that goes.

mod ask;
mod attempt;
mod callback;
mod claims;
mod config;
mod error;
mod exchange;
mod kept;
mod keys;
mod logout;
mod metadata;
pub(crate) mod routes;
#[cfg(test)]
mod tests;
mod token;

use std::fmt;
use std::sync::Arc;

use form_urlencoded::Serializer;
use gatepass::EpochTime;
use http::{HeaderMap, HeaderValue, header};
use jsonwebtoken::DecodingKey;

pub(crate) use self::ask::by_https;
pub use self::ask::{Answer, Ask, MOST_BYTES, PATIENCE};
use self::attempt::{Attempt, Attempts, Taken};
use self::callback::Callback;
use self::config::is_hmac;
pub use self::config::{
    ClientAuthentication, ClientSecret, OidcConfig, OidcConfigError, TokenAlgorithm,
};
pub use self::error::{OidcError, OidcFault, Quoted};
use self::exchange::Presented;
use self::kept::Kept;
use self::keys::{Keys, NoKey};
use self::metadata::Metadata;
pub use self::token::TokenError;
use self::token::{Believed, Expected};
use crate::person::Person;
use crate::seal::{Seal, Secret};
use crate::server::public_url::PublicUrl;

/// One provider at which people log in.
pub struct Oidc {
    config: OidcConfig,
    redirect_uri: Box<str>,
    logged_out_uri: Box<str>,
    attempts: Attempts,
    ask: Ask,
    metadata: Kept<Metadata>,
    keys: Kept<Keys>,
}

/// A browser that is sent to the provider.
pub struct Begun {
    /// Where it is sent.
    pub location: String,
    /// The `Set-Cookie` lines that go along.
    pub lines: Vec<String>,
}

/// A browser that came back.
#[derive(Debug)]
pub struct Finished {
    /// Who logged in, or why nobody did.
    pub outcome: Result<Person, OidcError>,
    /// Where they wanted to go when they began, if they began here. To be checked again: the list
    /// may have changed.
    pub return_to: Option<Box<str>>,
    /// The `Set-Cookie` line that goes along in any case: the attempt is over.
    pub line: Option<String>,
}

impl Finished {
    /// Of a browser that did not begin here.
    const fn failed(error: OidcError) -> Self {
        Self { outcome: Err(error), return_to: None, line: None }
    }
}

impl Oidc {
    /// The path of the callback, beneath the issuer's URL.
    pub const CALLBACK: &str = "/login/oidc/callback";

    /// The path to which browsers come back that logged out at the provider.
    pub const LOGGED_OUT: &str = "/login/oidc/logged-out";

    /// Opens a way to log in, for an issuer that browsers find at `url`. Nobody is asked yet.
    pub fn open(
        config: OidcConfig,
        url: &PublicUrl,
        secret: &Secret,
        ask: Ask,
    ) -> Result<Self, Vec<OidcConfigError>> {
        let errors = config.check();
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            redirect_uri: url.url(Self::CALLBACK).into(),
            logged_out_uri: url.url(Self::LOGGED_OUT).into(),
            attempts: Attempts::new(Seal::new(secret, "oidc attempt")),
            config,
            ask,
            metadata: Kept::new(METADATA_FRESH, METADATA_USABLE),
            keys: Kept::new(KEYS_FRESH, KEYS_USABLE),
        })
    }

    /// What pages call the provider: by its host, if nothing else was said.
    pub fn label(&self) -> &str {
        let issuer = &*self.config.issuer;
        let host = issuer.split('/').nth(2).unwrap_or(issuer);
        self.config.label.as_deref().unwrap_or(host)
    }

    /// Why the provider was of no use when it was last asked, if it was of none.
    pub fn trouble(&self) -> Option<OidcError> {
        self.metadata.trouble().or_else(|| self.keys.trouble())
    }

    /// Asks the provider who it is, if that is not known: for a health check or a login page.
    pub async fn look(&self, now: EpochTime) -> Result<(), OidcError> {
        self.metadata(now).await.map(drop)
    }

    /// Sends a browser to the provider. `return_to` was checked.
    pub async fn begin(
        &self,
        return_to: &str,
        headers: &HeaderMap,
        now: EpochTime,
    ) -> Result<Begun, OidcError> {
        let metadata = self.metadata(now).await?;
        let attempt = Attempt::begin(return_to, now);
        let mut scope = "openid".to_owned();
        for name in self.config.scopes.iter().filter(|name| &***name != "openid") {
            scope.extend([" ", name]);
        }
        let mut query = Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", &scope)
            .append_pair("state", &attempt.state)
            .append_pair("nonce", &attempt.nonce)
            .append_pair("code_challenge", &attempt.challenge())
            .append_pair("code_challenge_method", "S256");
        if let Some(prompt) = &self.config.prompt {
            query.append_pair("prompt", prompt);
        }
        if let Some(age) = self.config.max_age {
            query.append_pair("max_age", &age.as_secs().to_string());
        }
        let endpoint = &metadata.authorization_endpoint;
        let sign = if endpoint.contains('?') { '&' } else { '?' };
        let location = format!("{endpoint}{sign}{}", query.finish());
        Ok(Begun { location, lines: self.attempts.adding(&attempt, headers, now) })
    }

    /// Reads what a browser brings back.
    pub async fn finish(&self, query: &str, headers: &HeaderMap, now: EpochTime) -> Finished {
        let callback = match Callback::read(query) {
            Ok(callback) => callback,
            Err(error) => return Finished::failed(error),
        };
        let Some(Taken { attempt, line, is_late }) =
            self.attempts.take(&callback.state, headers, now)
        else {
            return Finished::failed(OidcError::UnknownAttempt);
        };
        let return_to = Some(attempt.return_to.clone());
        let outcome = if is_late {
            Err(OidcError::LateAttempt)
        } else {
            self.log_in(callback, attempt, now).await
        };
        Finished { outcome, return_to, line: Some(line) }
    }

    /// Where a browser logs out at the provider, too, and comes back from with `return_to` for a
    /// state. Nothing if the operator does not want that, or the provider can't.
    pub async fn end_session_url(
        &self,
        subject: &str,
        return_to: &str,
        now: EpochTime,
    ) -> Option<String> {
        if !self.config.end_session {
            return None;
        }
        let metadata = self.metadata(now).await.ok()?;
        let endpoint = metadata.end_session_endpoint.as_deref()?;
        let (client_id, back) = (&self.config.client_id, &self.logged_out_uri);
        Some(logout::end_session_url(endpoint, client_id, subject, back, return_to))
    }

    /// The `Set-Cookie` lines that take away whatever attempts a browser has begun.
    pub fn dropping(&self, headers: &HeaderMap) -> Vec<String> {
        self.attempts.dropping(headers)
    }

    /// Reads a logout token that the provider itself brings: whose sessions end, and until when
    /// those that end had begun. Brought once more, it ends no later ones.
    pub async fn read_logout(
        &self,
        token: &str,
        now: EpochTime,
    ) -> Result<(Person, EpochTime), OidcError> {
        let believed = self.believe(token, now).await?;
        // The provider's clock may be behind ours, by which sessions begin.
        let made = believed.made().map_err(OidcError::Token)?;
        let until = made.saturating_add(self.config.skew.as_secs()).min(now.seconds());
        Ok((logout::read(&believed)?, EpochTime::new(until).unwrap_or(now)))
    }

    async fn log_in(
        &self,
        callback: Callback,
        attempt: Attempt,
        now: EpochTime,
    ) -> Result<Person, OidcError> {
        let metadata = self.metadata(now).await?;
        match callback.issuer.as_deref() {
            None if metadata.names_itself => return Err(OidcError::OtherIssuer),
            Some(issuer) if *issuer != *self.config.issuer => return Err(OidcError::OtherIssuer),
            _ => {}
        }
        let code = callback.outcome.map_err(OidcError::Refused)?;
        let (redirect_uri, verifier) = (&*self.redirect_uri, &*attempt.verifier);
        let presented = Presented { code: &code, verifier, redirect_uri };
        let tokens = exchange::exchange(&self.ask, &self.config, &metadata, presented).await?;

        let believed = self.believe(&tokens.id_token, now).await?;
        believed.check_nonce(&attempt.nonce).map_err(OidcError::Token)?;
        if let Some(age) = self.config.max_age {
            believed.check_login(age.as_secs(), &self.expected(now)).map_err(OidcError::Token)?;
        }
        if let Some(access_token) = &tokens.access_token {
            believed.check_access_token(access_token).map_err(OidcError::Token)?;
        }
        self.person(&metadata, believed, tokens.access_token.as_deref()).await
    }

    async fn person(
        &self,
        metadata: &Metadata,
        believed: Believed,
        access_token: Option<&str>,
    ) -> Result<Person, OidcError> {
        const WHAT: &str = "userinfo endpoint";
        let mut claims = believed.claims;
        if !claims.get("sub").is_some_and(serde_json::Value::is_string) {
            return Err(OidcError::Token(TokenError::Claim("sub")));
        }
        if claims::is_lacking(&self.config, &claims)
            && let (Some(endpoint), Some(token)) = (&metadata.userinfo_endpoint, access_token)
        {
            let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
                OidcError::Unusable { what: WHAT, why: "no header holds its access token".into() }
            })?;
            value.set_sensitive(true);
            let mut request = ask::get(endpoint);
            request.headers_mut().insert(header::AUTHORIZATION, value);
            let userinfo = ask::ask_for(&self.ask, WHAT, request).await?;
            claims::add_userinfo(&mut claims, userinfo)?;
        }
        claims::person(&self.config, claims)
    }

    /// Checks all of a token but what it is for.
    async fn believe(&self, token: &str, now: EpochTime) -> Result<Believed, OidcError> {
        let header = token::header(token, &self.config.algorithms).map_err(OidcError::Token)?;
        let believe = |key: &DecodingKey| {
            token::believe(token, header.alg, key, &self.expected(now)).map_err(OidcError::Token)
        };
        if is_hmac(header.alg) {
            let secret = self.config.client_secret.as_ref();
            let secret = secret.ok_or(OidcError::Token(TokenError::Algorithm))?;
            return believe(&DecodingKey::from_secret(secret.0.as_bytes()));
        }
        let id = header.kid.as_deref();
        let mut keys = self.keys(now).await?;
        if keys.find(id, header.alg).err() == Some(NoKey::Unknown) {
            let metadata = self.metadata(now).await?;
            let fetch = || self.fetch_keys(&metadata);
            keys = self.keys.newer(&keys, KEYS_PAUSE, now, fetch).await?;
        }
        match keys.find(id, header.alg) {
            Ok(key) => believe(key),
            Err(NoKey::Unknown) => Err(OidcError::Token(TokenError::NoKey)),
            Err(NoKey::Ambiguous) => Err(OidcError::Token(TokenError::AmbiguousKey)),
        }
    }

    fn expected(&self, now: EpochTime) -> Expected<'_> {
        let (issuer, client_id) = (&*self.config.issuer, &*self.config.client_id);
        Expected { issuer, client_id, skew: self.config.skew.as_secs(), now }
    }

    async fn metadata(&self, now: EpochTime) -> Result<Arc<Metadata>, OidcError> {
        let fetch = async || {
            let request = ask::get(&metadata::place(&self.config.issuer));
            let document = ask::ask_for(&self.ask, metadata::WHAT, request).await?;
            Metadata::read(&self.config.issuer, &document)
        };
        self.metadata.current(now, fetch).await
    }

    async fn keys(&self, now: EpochTime) -> Result<Arc<Keys>, OidcError> {
        let metadata = self.metadata(now).await?;
        self.keys.current(now, || self.fetch_keys(&metadata)).await
    }

    async fn fetch_keys(&self, metadata: &Metadata) -> Result<Keys, OidcError> {
        let document = ask::ask_for(&self.ask, keys::WHAT, ask::get(&metadata.jwks_uri)).await?;
        Keys::read(&document)
    }
}

impl fmt::Debug for Oidc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oidc").field("config", &self.config).finish_non_exhaustive()
    }
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").finish_non_exhaustive()
    }
}

/// For how long a provider is not asked again who it is, in seconds, and for how long the last
/// answer counts if it does not say.
const METADATA_FRESH: u64 = 3_600;
const METADATA_USABLE: u64 = 86_400;

/// The same for its keys: a key that was withdrawn counts no longer than this.
const KEYS_FRESH: u64 = 600;
const KEYS_USABLE: u64 = 3_600;

/// How long it takes until another unknown key has the keys fetched again, in seconds.
const KEYS_PAUSE: u64 = 60;
