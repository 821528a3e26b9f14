//! `/login`: where everybody begins, whatever their way of proving who they are.
//!
//! - `GET`: whoever a listed proxy vouches for is signed in and sent on; whoever is signed in
//!   already sees that they are; anybody else sees the ways.
//! - `POST`: a name and a password.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use form_urlencoded::byte_serialize;
use gatepass::EpochTime;
use http::header::{RETRY_AFTER, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use zeroize::Zeroizing;

use super::header::HeaderLoginError;
use super::oidc;
use super::users::{LoggedIn, LoginForm, LoginRefusal};
use crate::person::Person;
use crate::server::arrival::Arrival;
use crate::server::issuer::{Issuer, Proven};
use crate::server::journal::Event;
use crate::server::page::{self, LoginTrouble, OtherWay, Page, Trouble};
use crate::server::renewal::Return;
use crate::server::return_to::ReturnTo;
use crate::server::session::Way;

pub(crate) fn routes() -> Router<Arc<Issuer>> {
    Router::new()
        .route("/login", get(show).post(log_in))
        .route("/signed-out", get(signed_out))
        .route("/page.css", get(style))
        .layer(DefaultBodyLimit::max(LoginForm::LONGEST))
}

/// What a login page says to somebody who comes back to it.
#[derive(Clone, Copy, Default)]
struct Again<'a> {
    name: &'a str,
    error: Option<LoginTrouble>,
    wait: u64,
}

async fn show(
    State(issuer): State<Arc<Issuer>>,
    arrival: Arrival,
    Query(asked): Query<Return>,
) -> Response {
    let target = asked.target(issuer.config());
    match vouched_for(&issuer, &arrival) {
        Ok(Some(person)) => {
            let proven = Proven { person, way: Way::Header, ends: None };
            return issuer.sign_in(&arrival, proven, &target).await;
        }
        Ok(None) => {}
        Err(error) => {
            let reason = &error.to_string();
            issuer.tell(Some(arrival.address), Event::LoginFailed { way: Way::Header, reason });
            let page = Page::Trouble { trouble: Trouble::Provider, return_to: "/" };
            return issuer.logins().pages.answer(StatusCode::FORBIDDEN, &page);
        }
    }
    if let Ok(session) = issuer.session(&arrival).await {
        let until = EpochTime::new(session.ends()).map(page::shown).unwrap_or_default();
        let name = session.person.subject();
        let page = Page::SignedIn { name, until: &until, return_to: target.as_str() };
        return issuer.logins().pages.answer(StatusCode::OK, &page);
    }
    login_page(&issuer, &arrival, StatusCode::OK, &target, Again::default())
}

/// Whom a listed proxy vouches for.
fn vouched_for(issuer: &Issuer, arrival: &Arrival) -> Result<Option<Person>, HeaderLoginError> {
    let Some(header) = &issuer.logins().header else { return Ok(None) };
    let is_trusted = issuer.config().proxies.contain(arrival.peer);
    header.read(arrival.headers(), arrival.peer, is_trusted)
}

async fn log_in(State(issuer): State<Arc<Issuer>>, arrival: Arrival, body: Bytes) -> Response {
    let Some(users) = &issuer.logins().users else {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    };
    let body = Zeroizing::new(Vec::from(body));
    let Some(form) = LoginForm::read(&body) else {
        // Nobody has a name or a password that long.
        let again = Again { error: Some(LoginTrouble::Wrong), ..Again::default() };
        return login_page(&issuer, &arrival, StatusCode::FORBIDDEN, &ReturnTo::home(), again);
    };
    let name = form.name.clone();
    let target = issuer.config().return_to.read(&form.return_to).unwrap_or_else(ReturnTo::home);
    let again = |error, wait| Again { name: &name, error: Some(error), wait };
    let failed = |status, reason: &str, again| {
        issuer.tell(Some(arrival.address), Event::LoginFailed { way: Way::Users, reason });
        login_page(&issuer, &arrival, status, &target, again)
    };
    let checked = issuer.logins().csrf.check(arrival.headers(), &form.token, arrival.now);
    if let Err(error) = checked {
        let again = again(LoginTrouble::Form, 0);
        return failed(StatusCode::FORBIDDEN, &error.to_string(), again);
    }
    match users.log_in(form, arrival.address, arrival.headers()).await {
        Ok(LoggedIn { person, set_cookie }) => {
            let proven = Proven { person, way: Way::Users, ends: None };
            let mut answer = issuer.sign_in(&arrival, proven, &target).await;
            answer.headers_mut().append(SET_COOKIE, set_cookie);
            answer
        }
        Err(refusal) => {
            let wait = refusal.seconds();
            let (status, error, reason) = match refusal {
                LoginRefusal::Busy => {
                    (StatusCode::SERVICE_UNAVAILABLE, LoginTrouble::Busy, "too many at a time")
                }
                LoginRefusal::Throttled(_) => {
                    (StatusCode::TOO_MANY_REQUESTS, LoginTrouble::Wait, "too many attempts")
                }
                LoginRefusal::Wrong => {
                    (StatusCode::FORBIDDEN, LoginTrouble::Wrong, "name or password is wrong")
                }
            };
            let mut answer = failed(status, reason, again(error, wait));
            if wait > 0 {
                answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
            }
            answer
        }
    }
}

fn login_page(
    issuer: &Issuer,
    arrival: &Arrival,
    status: StatusCode,
    target: &ReturnTo,
    again: Again<'_>,
) -> Response {
    let logins = issuer.logins();
    let way_back: String = byte_serialize(target.as_str().as_bytes()).collect();
    let begin = issuer.config().url.route(oidc::routes::BEGIN);
    let begin = format!("{begin}?return-to={way_back}");
    let way = logins.oidc().map(|oidc| OtherWay { name: oidc.label(), url: &begin });
    let page = Page::Login {
        return_to: target.as_str(),
        users: logins.users.is_some(),
        ways: way.as_slice(),
        name: again.name,
        error: again.error,
        wait: again.wait,
    };
    logins.form(arrival, status, &page)
}

async fn signed_out(State(issuer): State<Arc<Issuer>>) -> Response {
    issuer.logins().pages.answer(StatusCode::OK, &Page::SignedOut {})
}

async fn style(State(issuer): State<Arc<Issuer>>) -> Response {
    issuer.logins().pages.style()
}
