//! Logging out: the session ends for good, and every cookie it ever set is taken away, with what
//! logging in left: on a shared computer nobody comes back by the button *Back*.
//!
//! A pass that somebody copied lives until it expires, as CloudFront's do; that is why passes
//! are short. `gatepass revoke` takes one back at Gatepass's own edges.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use gatepass::EpochTime;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, StatusCode};

use super::arrival::{Arrival, Page};
use super::issuer::{Issuer, NO_STORE, see_other, set_cookie};
use super::journal::Event;
use super::page;
use super::renewal::Return;
use super::return_to::ReturnTo;
use super::session::{Session, Way};

pub(crate) fn routes() -> Router<Arc<Issuer>> {
    Router::new().route("/logout", post(log_out))
}

async fn log_out(
    State(issuer): State<Arc<Issuer>>,
    arrival: Arrival,
    Query(asked): Query<Return>,
) -> Response {
    // Otherwise any page could sign its visitors out. Applications have forms of their own, on
    // this origin or a listed one, so that no token of ours is asked for.
    let is_listed = matches!(arrival.page, Page::Listed(_));
    if !is_listed && issuer.logins().csrf.check_origin(arrival.headers()).is_err() {
        return StatusCode::FORBIDDEN.into_response();
    }
    // Of a session that has ended, too, the cookies are still there.
    let session = issuer.remembered(&arrival);
    let farewell = || ReturnTo::own(&issuer.config().url.route("/signed-out"));
    if session.is_none() && is_listed {
        // A form of another site brings no `SameSite=Lax` cookie. Taking the session away unseen
        // would leave its passes; on a page of ours the person can end it whole.
        return see_other(&farewell());
    }
    if let Some(session) = &session {
        issuer.tell(Some(arrival.address), Event::SignedOut { subject: session.person.subject() });
        issuer.end(session, arrival.now).await;
    }
    let lines = match &session {
        Some(session) => issuer.clearing_lines(session),
        None => vec![issuer.sessions().clearing_line()],
    };
    let left = issuer.logins().clearing_lines(&arrival);
    let headers = lines.iter().chain(&left).filter_map(|line| set_cookie(line));
    let headers: HeaderMap = headers.chain([(CACHE_CONTROL, NO_STORE)]).collect();
    let return_to = asked.listed(issuer.config()).unwrap_or_else(farewell);
    match elsewhere(&issuer, session.as_ref(), &return_to, arrival.now).await {
        Some((provider, url)) => {
            let page = page::Page::Leaving { provider, url: &url };
            (headers, issuer.logins().pages.answer(StatusCode::OK, &page)).into_response()
        }
        None => (headers, see_other(&return_to)).into_response(),
    }
}

/// What the provider is called and where it ends its session, too, of somebody who logged in
/// there.
async fn elsewhere<'i>(
    issuer: &'i Issuer,
    session: Option<&Session>,
    return_to: &ReturnTo,
    now: EpochTime,
) -> Option<(&'i str, String)> {
    let session = session.filter(|session| session.way == Way::Oidc)?;
    let (subject, return_to) = (session.person.subject(), return_to.as_str());
    let oidc = issuer.logins().oidc()?;
    Some((oidc.label(), oidc.end_session_url(subject, return_to, now).await?))
}
