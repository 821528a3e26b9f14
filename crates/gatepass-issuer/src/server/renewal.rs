//! Renewal: fresh passes for whoever is still signed in, counted from now.
//!
//! - `POST /renew` is for scripts: it answers with the seconds until they should ask again.
//! - `GET /renew?return-to=…` is for pages: it sends the browser back with fresh cookies, or to
//!   the login.
//! - `GET /renew.js` is a script that asks in time, in one tab, until the session ends.
//!
//! Passes are made on a grid of time and remembered, so ten requests at once sign once. A
//! session that has ended gets 401, and its cookies are taken away.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use super::arrival::{Arrival, Page};
use super::config::IssuerConfig;
use super::issuer::{Issuer, NO_STORE, Refusal, see_other, set_cookie, taken};
use super::journal::Event;
use super::return_to::ReturnTo;
use super::session::Session;

/// Whether pages of other sites may load it; the script holds no secret.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

const SCRIPT: &str = include_str!("renew.js");

pub(crate) fn routes() -> Router<Arc<Issuer>> {
    Router::new().route("/renew", get(renew_page).post(renew)).route("/renew.js", get(script))
}

/// What a script is told.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Renewed {
    /// When to ask again.
    renew_in_seconds: u64,
    /// When the person has to log in again.
    ends_in_seconds: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Return {
    #[serde(default)]
    return_to: String,
}

impl Return {
    /// Where to go: what was asked for if it is listed, else home.
    pub(crate) fn target(&self, config: &IssuerConfig) -> ReturnTo {
        self.listed(config).unwrap_or_else(ReturnTo::home)
    }

    /// Where to go, if that was asked for and is listed.
    pub(crate) fn listed(&self, config: &IssuerConfig) -> Option<ReturnTo> {
        config.return_to.read(&self.return_to)
    }
}

async fn renew(State(issuer): State<Arc<Issuer>>, arrival: Arrival) -> Response {
    let shared = match &arrival.page {
        Page::Own => HeaderMap::new(),
        Page::Listed(origin) => shared_with(origin),
        Page::Foreign => return StatusCode::FORBIDDEN.into_response(),
    };
    let Ok(session) = issuer.session(&arrival).await else {
        return (StatusCode::UNAUTHORIZED, shared, ended(&issuer, &arrival)).into_response();
    };
    let (before, subject) = (session.clone(), session.person.subject().to_owned());
    match issuer.hand_over(&arrival, session).await {
        Ok((session, headers)) => {
            issuer.tell(Some(arrival.address), Event::Renewed { subject: &subject });
            (shared, headers, Json(renewed(&issuer, &session))).into_response()
        }
        Err(Refusal::Ended) => {
            (StatusCode::UNAUTHORIZED, shared, ended(&issuer, &arrival)).into_response()
        }
        Err(refusal) => {
            let taken = taken(&before, &refusal);
            (shared, taken, issuer.refused(&arrival, &subject, &refusal)).into_response()
        }
    }
}

async fn renew_page(
    State(issuer): State<Arc<Issuer>>,
    arrival: Arrival,
    Query(asked): Query<Return>,
) -> Response {
    if !arrival.is_visit() {
        return StatusCode::FORBIDDEN.into_response();
    }
    let target = asked.target(issuer.config());
    let Ok(session) = issuer.session(&arrival).await else {
        return (ended(&issuer, &arrival), see_other(&login(&issuer, &target))).into_response();
    };
    let (before, subject) = (session.clone(), session.person.subject().to_owned());
    match issuer.hand_over(&arrival, session).await {
        Ok((_, headers)) => {
            issuer.tell(Some(arrival.address), Event::Renewed { subject: &subject });
            (headers, see_other(&target)).into_response()
        }
        Err(Refusal::Ended) => {
            (ended(&issuer, &arrival), see_other(&login(&issuer, &target))).into_response()
        }
        Err(refusal) => {
            let taken = taken(&before, &refusal);
            (taken, issuer.refused(&arrival, &subject, &refusal)).into_response()
        }
    }
}

/// The login page, with the way back.
fn login(issuer: &Issuer, target: &ReturnTo) -> ReturnTo {
    let way_back: String =
        percent_encoding::utf8_percent_encode(target.as_str(), percent_encoding::NON_ALPHANUMERIC)
            .collect();
    ReturnTo::own(&format!("{}?return-to={way_back}", issuer.config().url.route("/login")))
}

/// Takes the session's cookie away, and whatever passes it laid.
fn ended(issuer: &Issuer, arrival: &Arrival) -> HeaderMap {
    let lines = issuer.remembered(arrival).map(|session| issuer.clearing_lines(&session));
    let lines = lines.unwrap_or_default();
    let headers = lines.iter().filter_map(|line| set_cookie(line));
    headers.chain([(CACHE_CONTROL, NO_STORE)]).collect()
}

fn renewed(issuer: &Issuer, session: &Session) -> Renewed {
    let now = issuer.now().seconds();
    let left = session.expiry().saturating_sub(now);
    let before = issuer.config().renew_before.as_secs().min(left / 2);
    Renewed {
        renew_in_seconds: (left - before).max(1),
        ends_in_seconds: issuer.ends(session).saturating_sub(now),
    }
}

/// Lets the script of a listed page read the answer.
fn shared_with(origin: &HeaderValue) -> HeaderMap {
    HeaderMap::from_iter([
        (ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()),
        (ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true")),
        (VARY, HeaderValue::from_static("Origin")),
    ])
}

async fn script() -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (RESOURCE_POLICY, HeaderValue::from_static("cross-origin")),
    ];
    (headers, SCRIPT).into_response()
}
