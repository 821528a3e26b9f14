//! The ways in which people prove who they are, and the pages on which they do.

mod entrance;
pub(crate) mod header;
pub(crate) mod invitation;
mod known_browser;
pub(crate) mod oidc;
mod sent_on;
pub(crate) mod users;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use gatepass::EpochTime;
use http::StatusCode;
use serde_json::{Map, Value};

use self::header::{HeaderConfig, HeaderLogin, HeaderLoginError};
use self::invitation::{InvitationConfig, UsedInvitations};
use self::oidc::{Oidc, OidcConfig, OidcConfigError};
use self::users::{UsersConfig, UsersFileError, UsersLogin};
use super::arrival::Arrival;
use super::config::IssuerConfig;
use super::csrf::Csrf;
use super::issuer::Issuer;
use super::page::{Page, Pages, PagesError};
use super::return_to::ReturnTo;
use super::session::Session;
use crate::person::Person;

/// How people can log in.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct LoginConfig {
    /// At a provider, by OpenID Connect.
    pub oidc: Option<OidcConfig>,
    /// By name and password.
    pub users: Option<UsersConfig>,
    /// By what a proxy says.
    pub header: Option<HeaderConfig>,
    /// By invitation links.
    pub invitation: Option<InvitationConfig>,
    /// A folder of pages that replace the built-in ones of the same name.
    pub templates: Option<PathBuf>,
}

/// Why nobody could log in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// A setting of the provider can't be.
    #[error("[login.oidc] {}: {}", .0.field, .0.problem)]
    Oidc(OidcConfigError),
    /// The users file.
    #[error(transparent)]
    Users(#[from] UsersFileError),
    /// A page.
    #[error(transparent)]
    Pages(#[from] PagesError),
    /// The folder of used invitations.
    #[error("used invitations can't be noted in {}: {error}", folder.display())]
    Invitations {
        /// The folder.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Takes a sentence for operators.
pub(crate) type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// All ways of logging in that are configured, their pages and protections.
#[derive(Debug)]
pub(crate) struct Logins {
    pub(crate) pages: Pages,
    pub(crate) csrf: Csrf,
    oidc: Option<Oidc>,
    users: Option<UsersLogin>,
    header: Option<HeaderLogin>,
    invitations: Option<UsedInvitations>,
}

/// The routes of all ways; those that are not configured refuse.
pub(crate) fn routes() -> Router<Arc<Issuer>> {
    Router::new()
        .merge(entrance::routes())
        .merge(invitation::routes())
        .merge(oidc::routes::routes())
}

impl Logins {
    /// Opens every way, and tells all that is wrong with any.
    pub(crate) fn open(
        issuer: &IssuerConfig,
        now: EpochTime,
        tell: &Tell,
    ) -> Result<Self, Vec<LoginError>> {
        let (config, mut errors) = (&issuer.login, Vec::new());
        let oidc = config.oidc.as_ref().and_then(|config| {
            let ask = oidc::by_https(config);
            let opened = Oidc::open(config.clone(), &issuer.url, &issuer.secret, ask);
            opened.map_err(|wrong| errors.extend(wrong.into_iter().map(LoginError::Oidc))).ok()
        });
        let users = config.users.as_ref().and_then(|config| {
            let opened = UsersLogin::open(config, &issuer.secret, Arc::clone(tell));
            opened.map_err(|error| errors.push(error.into())).ok()
        });
        let invitations = config.invitation.as_ref().and_then(|config| {
            let folder = &config.used;
            let opened = UsedInvitations::open(folder, now);
            let wrong = |error| LoginError::Invitations { folder: folder.clone(), error };
            opened.map_err(|error| errors.push(wrong(error))).ok()
        });
        let (templates, path) = (config.templates.as_deref(), issuer.url.path());
        let pages = Pages::open(templates, path, issuer.return_to.origins());
        let pages = pages.map_err(|error| errors.push(error.into())).ok();
        let header = config.header.clone();
        let header = header.map(|config| HeaderLogin::new(config, Arc::clone(tell)));
        let csrf = Csrf::new(&issuer.secret, &issuer.url.origin());
        match pages {
            Some(pages) if errors.is_empty() => {
                Ok(Self { pages, csrf, oidc, users, header, invitations })
            }
            _ => Err(errors),
        }
    }

    /// The lines that take away what logging in left in a browser, whether it came to an end or
    /// not: its form cookie, by which an invitation knew it again, the attempts that it has open
    /// at the provider, and the mark that it was sent on. That somebody logged in here before
    /// stays known, or strangers could keep them out.
    pub(crate) fn clearing_lines(&self, arrival: &Arrival) -> Vec<String> {
        let attempts = self.oidc.iter().flat_map(|oidc| oidc.dropping(arrival.headers()));
        attempts
            .chain(Csrf::clearing_line(arrival.headers()))
            .chain(sent_on::clearing_line(arrival))
            .collect()
    }

    /// The provider at which people log in, if there is one.
    pub(crate) const fn oidc(&self) -> Option<&Oidc> {
        self.oidc.as_ref()
    }

    /// What to call the provider, and where logging in there begins.
    fn provider(&self, issuer: &IssuerConfig, target: &ReturnTo) -> Option<(String, ReturnTo)> {
        let label = self.oidc.as_ref()?.label();
        Some((label.to_owned(), ReturnTo::own(&oidc::routes::begin_url(issuer, target))))
    }

    /// Where the only way begins, if there is one alone: it needs no page.
    fn only_way(&self, issuer: &IssuerConfig, target: &ReturnTo) -> Option<ReturnTo> {
        let provider = self.provider(issuer, target).filter(|_| self.users.is_none());
        provider.map(|(_, begins)| begins)
    }

    /// What is known now of somebody who logged in by name and password; nothing if they have
    /// neither any more.
    pub(crate) async fn current(&self, session: &Session) -> Option<Person> {
        let (person, password) = self.users.as_ref()?.current(session.person.subject()).await?;
        (session.password == Some(password)).then_some(person)
    }

    /// Whom a listed proxy vouches for.
    pub(crate) fn vouched_for(
        &self,
        issuer: &IssuerConfig,
        arrival: &Arrival,
    ) -> Result<Option<Person>, HeaderLoginError> {
        let Some(header) = &self.header else { return Ok(None) };
        let is_trusted = issuer.proxies.contain(arrival.peer);
        header.read(arrival.headers(), arrival.peer, is_trusted)
    }

    /// An answer whose page has a form.
    pub(crate) fn form(&self, arrival: &Arrival, status: StatusCode, page: &Page<'_>) -> Response {
        self.pages.form(status, page, self.csrf.token(arrival.headers(), arrival.now))
    }
}

/// An operator who writes down somebody's address, or lets a proxy say it, vouches for it:
/// it counts as verified unless it is said that it is not.
fn vouch(claims: &mut Map<String, Value>) {
    if claims.contains_key("email") {
        claims.entry("email_verified").or_insert(Value::Bool(true));
    }
}

#[cfg(test)]
mod tests;
