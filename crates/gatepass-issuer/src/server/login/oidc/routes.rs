//! `GET /login/oidc` sends a browser to the provider, `GET /login/oidc/callback` takes it back, and
//! `GET /login/oidc/logged-out` takes it back from logging out. `POST
//! /login/oidc/backchannel-logout` is for the provider itself.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, Query, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use form_urlencoded::byte_serialize;
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;

use super::{Begun, Finished, Oidc, OidcError, OidcFault};
use crate::server::arrival::Arrival;
use crate::server::config::IssuerConfig;
use crate::server::issuer::{Issuer, NO_STORE, Proven, see_other, set_cookie};
use crate::server::journal::Event;
use crate::server::page::Page;
use crate::server::renewal::Return;
use crate::server::return_to::ReturnTo;
use crate::server::session::Way;

/// Where a login begins.
const BEGIN: &str = "/login/oidc";

pub(crate) fn routes() -> Router<Arc<Issuer>> {
    Router::new()
        .route(BEGIN, get(begin))
        .route(Oidc::CALLBACK, get(finish))
        .route(Oidc::LOGGED_OUT, get(logged_out))
        .route(BACKCHANNEL, post(end_sessions).layer(DefaultBodyLimit::max(MOST_LOGOUT_BYTES)))
}

/// Where the provider itself ends sessions (Back-Channel Logout 1.0).
const BACKCHANNEL: &str = "/login/oidc/backchannel-logout";

/// A logout token in a form.
const MOST_LOGOUT_BYTES: usize = 40_000;

#[derive(Deserialize)]
struct LogoutForm {
    logout_token: String,
}

/// What the provider brings back from logging out.
#[derive(Deserialize)]
struct LoggedOut {
    #[serde(default)]
    state: String,
}

/// The path and query at which somebody begins who wants to go to `return_to`.
pub(crate) fn begin_url(config: &IssuerConfig, return_to: &ReturnTo) -> String {
    let encoded: String = byte_serialize(return_to.as_str().as_bytes()).collect();
    format!("{}?return-to={encoded}", config.url.route(BEGIN))
}

async fn begin(
    State(issuer): State<Arc<Issuer>>,
    arrival: Arrival,
    Query(asked): Query<Return>,
) -> Response {
    let Some(oidc) = issuer.logins().oidc() else { return StatusCode::NOT_FOUND.into_response() };
    let return_to = asked.target(issuer.config());
    match oidc.begin(return_to.as_str(), arrival.headers(), arrival.now).await {
        Ok(Begun { location, lines }) => {
            let mut headers: HeaderMap = lines.iter().filter_map(|line| set_cookie(line)).collect();
            let location = HeaderValue::try_from(location).expect("a checked URL and a query");
            headers.extend([(LOCATION, location), (CACHE_CONTROL, NO_STORE)]);
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(error) => failed(&issuer, &arrival, &return_to, &error),
    }
}

async fn finish(
    State(issuer): State<Arc<Issuer>>,
    arrival: Arrival,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(oidc) = issuer.logins().oidc() else { return StatusCode::NOT_FOUND.into_response() };
    let query = query.unwrap_or_default();
    let finished = oidc.finish(&query, arrival.headers(), arrival.now).await;
    let Finished { outcome, return_to, line } = finished;
    // The list may have become shorter since they left.
    let return_to = return_to.and_then(|text| issuer.config().return_to.read(&text));
    let return_to = return_to.unwrap_or_else(ReturnTo::home);
    let mut answer = match outcome {
        Ok(person) => {
            let proven = Proven::by(Way::Oidc, person);
            issuer.sign_in(&arrival, proven, &return_to).await
        }
        Err(error) => failed(&issuer, &arrival, &return_to, &error),
    };
    let headers = answer.headers_mut();
    headers.extend(line.and_then(|line| set_cookie(&line)));
    // The URL of this answer holds a code.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

/// Sends a browser where it wanted to go when it logged out; anybody could have written that.
async fn logged_out(State(issuer): State<Arc<Issuer>>, Query(back): Query<LoggedOut>) -> Response {
    let return_to = issuer.config().return_to.read(&back.state).unwrap_or_else(ReturnTo::home);
    see_other(&return_to)
}

/// Ends all sessions of whom the provider names. Its signature says that it is the provider.
async fn end_sessions(
    State(issuer): State<Arc<Issuer>>,
    arrival: Arrival,
    Form(form): Form<LogoutForm>,
) -> Response {
    let Some(oidc) = issuer.logins().oidc() else { return StatusCode::NOT_FOUND.into_response() };
    let status = match oidc.read_logout(&form.logout_token, arrival.now).await {
        Ok((person, until)) => {
            issuer.tell(Some(arrival.address), Event::SignedOut { subject: person.subject() });
            match issuer.end_all(person, Way::Oidc, until).await {
                Ok(()) => StatusCode::OK,
                Err(error) => {
                    let what = format!("the end of sessions could not be written down: {error}");
                    issuer.tell(None, Event::Trouble { what });
                    StatusCode::INTERNAL_SERVER_ERROR
                }
            }
        }
        Err(error) => {
            let what = format!("a logout by the provider is refused: {error}");
            issuer.tell_of_stranger(&arrival, Event::Trouble { what });
            StatusCode::BAD_REQUEST
        }
    };
    (status, [(CACHE_CONTROL, NO_STORE)]).into_response()
}

/// Tells somebody that nobody is logged in, and operators why.
fn failed(issuer: &Issuer, arrival: &Arrival, return_to: &ReturnTo, error: &OidcError) -> Response {
    let reason = error.to_string();
    let event = match error.fault() {
        OidcFault::Provider => Event::Trouble { what: reason },
        _ => Event::LoginFailed { way: Way::Oidc, reason: &reason },
    };
    issuer.tell_of_stranger(arrival, event);
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_GATEWAY);
    let trouble = error.trouble();
    let page = Page::Trouble { trouble, return_to: return_to.as_str(), sentence: "" };
    issuer.logins().pages.answer(status, &page)
}
