//! `/invitation`: a link is shown by GET, and used by POST.
//!
//! Mail programs, messengers and browsers fetch links before anybody clicks them. So a GET
//! uses nothing up: it shows a page with a button.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use gatepass::{EpochTime, TrustedKeys};
use http::StatusCode;

use super::link::{Invitation, InvitationError, Uses};
use super::used::{UseError, UsedInvitations};
use crate::server::arrival::Arrival;
use crate::server::csrf::{BrowserMark, CsrfError};
use crate::server::issuer::{Issuer, Proven};
use crate::server::journal::Event;
use crate::server::page::{Page, Trouble};
use crate::server::return_to::ReturnTo;
use crate::server::session::Way;

pub(crate) fn routes() -> Router<Arc<Issuer>> {
    // The link is escaped once more in the form.
    let longest = DefaultBodyLimit::max(3 * Invitation::LONGEST + 512);
    Router::new().route("/invitation", get(show).post(redeem)).layer(longest)
}

async fn show(
    State(issuer): State<Arc<Issuer>>,
    arrival: Arrival,
    RawQuery(query): RawQuery,
) -> Response {
    if issuer.logins().invitations.is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let link = query.unwrap_or_default();
    match admit(&issuer, &arrival, &link) {
        Ok((invitation, _)) => confirm(&issuer, &arrival, StatusCode::OK, &link, &invitation),
        Err(refusal) => refuse(&issuer, &arrival, &refusal),
    }
}

async fn redeem(State(issuer): State<Arc<Issuer>>, arrival: Arrival, body: Bytes) -> Response {
    let Some(used) = issuer.logins().invitations.clone() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let field = |wanted: &str| {
        let mut fields = form_urlencoded::parse(&body);
        fields.find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
    };
    let (token, link) = (field("token").unwrap_or_default(), field("link").unwrap_or_default());
    let (invitation, expiry) = match admit(&issuer, &arrival, &link) {
        Ok(admitted) => admitted,
        Err(refusal) => return refuse(&issuer, &arrival, &refusal),
    };
    let csrf = &issuer.logins().csrf;
    let checked = csrf.check(arrival.headers(), &token, arrival.now);
    let browser = || csrf.browser(arrival.headers(), arrival.now).ok_or(CsrfError::Cookie);
    let browser = match checked.and_then(|()| browser()) {
        Ok(browser) => browser,
        Err(error) => {
            tell(&issuer, &arrival, &error.to_string());
            return confirm(&issuer, &arrival, StatusCode::FORBIDDEN, &link, &invitation);
        }
    };
    // Who presses the button twice, or whose connection breaks, waits no longer for this. It
    // comes to its end all the same: what was taken is used, or given back.
    let accepting =
        async move { accept(&issuer, &arrival, invitation, expiry, used, browser).await };
    let accepted = tokio::spawn(accepting).await;
    accepted.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Signs somebody in whose link and form are good.
async fn accept(
    issuer: &Arc<Issuer>,
    arrival: &Arrival,
    invitation: Invitation,
    expiry: EpochTime,
    used: UsedInvitations,
    browser: BrowserMark,
) -> Response {
    let (id, now) = (invitation.id, arrival.now);
    let is_once = invitation.uses == Uses::Once;
    if is_once {
        let used = used.clone();
        let noted = tokio::task::spawn_blocking(move || used.take(id, expiry, browser, now)).await;
        let refusal = match noted {
            Ok(Ok(())) => None,
            Ok(Err(UseError::Used)) => Some(Uninvited::Used),
            Ok(Err(error)) => Some(Uninvited::Unusable(error.to_string())),
            Err(error) => Some(Uninvited::Unusable(error.to_string())),
        };
        if let Some(refusal) = refusal {
            return refuse(issuer, arrival, &refusal);
        }
    }
    let target = invitation.return_to.as_deref().and_then(|to| issuer.config().return_to.read(to));
    let target = target.unwrap_or_else(ReturnTo::home);
    let lasts = invitation.session;
    let proven = Proven { lasts, ..Proven::by(Way::Invitation, invitation.person) };
    let answer = issuer.sign_in(arrival, proven, &target).await;
    if is_once && !answer.status().is_redirection() {
        // Who got nothing used nothing. If this fails, it stays used.
        let given_back = tokio::task::spawn_blocking(move || used.give_back(id, expiry)).await;
        if let Ok(Err(error)) = given_back {
            let what = format!("an invitation counts as used and was not: {error}");
            issuer.tell(None, Event::Trouble { what });
        }
    }
    answer
}

/// Why a link signs nobody in.
#[derive(Debug, thiserror::Error)]
enum Uninvited {
    #[error(transparent)]
    Link(#[from] InvitationError),
    #[error("the invitation was used already")]
    Used,
    #[error("the invitation can't be used: {0}")]
    Unusable(String),
}

/// What a link grants, if it counts and was not used up.
fn admit(
    issuer: &Issuer,
    arrival: &Arrival,
    link: &str,
) -> Result<(Invitation, EpochTime), Uninvited> {
    let issuance = issuer.issuance();
    let keys = issuance.mint().keys();
    let keys = [Some(&keys.in_force), keys.next.as_ref()].into_iter().flatten();
    let keys: TrustedKeys = keys.map(|key| (key.id().clone(), key.public_key().clone())).collect();
    let url = issuer.config().url.url("");
    let (invitation, expiry) = Invitation::admit(&url, link, &keys, arrival.now)?;
    let used = issuer.logins().invitations.as_ref();
    let browser = issuer.logins().csrf.browser(arrival.headers(), arrival.now);
    let is_used =
        |used: &UsedInvitations| !used.is_open(invitation.id, expiry, browser, arrival.now);
    if invitation.uses == Uses::Once && used.is_some_and(is_used) {
        return Err(Uninvited::Used);
    }
    Ok((invitation, expiry))
}

/// Tells somebody why they are not signed in, and operators, too.
fn refuse(issuer: &Issuer, arrival: &Arrival, refusal: &Uninvited) -> Response {
    let reason = refusal.to_string();
    let (status, trouble) = match refusal {
        Uninvited::Link(_) => (StatusCode::FORBIDDEN, Trouble::Invitation),
        Uninvited::Used => (StatusCode::GONE, Trouble::InvitationUsed),
        Uninvited::Unusable(_) => {
            issuer.tell_of_stranger(arrival, Event::Trouble { what: reason.clone() });
            (StatusCode::SERVICE_UNAVAILABLE, Trouble::Passes)
        }
    };
    tell(issuer, arrival, &reason);
    issuer.logins().pages.trouble(status, trouble)
}

fn confirm(
    issuer: &Issuer,
    arrival: &Arrival,
    status: StatusCode,
    link: &str,
    invitation: &Invitation,
) -> Response {
    let (name, once) = (invitation.person.subject(), invitation.uses == Uses::Once);
    issuer.logins().form(arrival, status, &Page::Invitation { link, name, once })
}

fn tell(issuer: &Issuer, arrival: &Arrival, reason: &str) {
    issuer.tell_of_stranger(arrival, Event::LoginFailed { way: Way::Invitation, reason });
}
