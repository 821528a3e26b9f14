//! `/login`: where everybody begins, whatever their way of proving who they are.
//!
//! - `GET`: whoever a listed proxy vouches for is signed in and sent on; whoever is signed in
//!   already is handed fresh passes and sent on; anybody else sees the ways, or is sent to the
//!   only one.
//! - `POST`: a name and a password.
//!
//! # Invariants
//!
//! Nobody is sent in a circle: whoever was sent on and is here again at once has a pass that
//! doesn't open what they want, and is told so. Passes are handed to whoever visits, and not for
//! a picture of another page.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use gatepass::EpochTime;
use http::header::{RETRY_AFTER, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use zeroize::Zeroizing;

use super::sent_on;
use super::users::{LoggedIn, LoginForm, LoginRefusal};
use crate::server::arrival::Arrival;
use crate::server::issuer::{Issuer, Proven, see_other, set_cookie, taken};
use crate::server::journal::Event;
use crate::server::page::{self, LoginTrouble, OtherWay, Page, Trouble};
use crate::server::renewal::Return;
use crate::server::return_to::ReturnTo;
use crate::server::session::{Session, Way};

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
    let was_sent_on = sent_on::was_sent(&arrival, &target);
    let is_led_here = asked.listed(issuer.config()).is_some();
    match issuer.logins().vouched_for(issuer.config(), &arrival) {
        Ok(Some(_)) if !arrival.is_visit() => return StatusCode::FORBIDDEN.into_response(),
        Ok(Some(person)) if was_sent_on && is_led_here => {
            let page = Page::Refused { name: person.subject() };
            return issuer.logins().pages.answer(StatusCode::FORBIDDEN, &page);
        }
        Ok(Some(person)) if !was_sent_on => {
            let proven = Proven::by(Way::Header, person);
            let answer = issuer.sign_in(&arrival, proven, &target).await;
            return marked(answer, &arrival, &target);
        }
        // Who was just signed in and loads the page again sees that they are.
        Ok(_) => {}
        Err(error) => {
            let reason = &error.to_string();
            issuer.tell(Some(arrival.address), Event::LoginFailed { way: Way::Header, reason });
            return issuer.logins().pages.trouble(StatusCode::FORBIDDEN, Trouble::Provider);
        }
    }
    if let Ok(session) = issuer.session(&arrival).await {
        let name = session.person.subject();
        if is_led_here && !arrival.is_visit() {
            return StatusCode::FORBIDDEN.into_response();
        }
        if is_led_here && was_sent_on {
            let page = Page::Refused { name };
            return issuer.logins().pages.answer(StatusCode::FORBIDDEN, &page);
        }
        if is_led_here {
            // Their pass has ended, and their session has not.
            let answer = match issuer.hand_over(&arrival, session.clone()).await {
                Ok((_, headers)) => (headers, see_other(&target)).into_response(),
                Err(refusal) => {
                    let taken = taken(&session, &refusal);
                    (taken, issuer.refused(&arrival, name, &refusal)).into_response()
                }
            };
            return marked(answer, &arrival, &target);
        }
        return signed_in(&issuer, &session, &target);
    }
    match issuer.logins().only_way(issuer.config(), &target) {
        Some(begins) => see_other(&begins),
        None => login_page(&issuer, &arrival, StatusCode::OK, &target, Again::default()),
    }
}

/// Leaves a mark for some seconds, that somebody was sent on.
fn marked(mut answer: Response, arrival: &Arrival, target: &ReturnTo) -> Response {
    if answer.status() == StatusCode::SEE_OTHER {
        answer.headers_mut().extend(set_cookie(&sent_on::line(arrival, target)));
    }
    answer
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
        issuer.tell_of_stranger(&arrival, Event::LoginFailed { way: Way::Users, reason });
        login_page(&issuer, &arrival, status, &target, again)
    };
    let checked = issuer.logins().csrf.check(arrival.headers(), &form.token, arrival.now);
    if let Err(error) = checked {
        let again = again(LoginTrouble::Form, 0);
        return failed(StatusCode::FORBIDDEN, &error.to_string(), again);
    }
    match users.log_in(form, arrival.address, arrival.headers()).await {
        Ok(LoggedIn { person, password, set_cookie }) => {
            let password = Some(password);
            let proven = Proven { password, ..Proven::by(Way::Users, person) };
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
            let mut answer = if refusal == LoginRefusal::Wrong {
                // Of these there are as many as the throttle admits, and each counts.
                issuer.tell(Some(arrival.address), Event::LoginFailed { way: Way::Users, reason });
                login_page(&issuer, &arrival, status, &target, again(error, wait))
            } else {
                failed(status, reason, again(error, wait))
            };
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
    let provider = logins.provider(issuer.config(), target);
    let away = logins.oidc().is_some_and(|oidc| oidc.trouble().is_some());
    let ways = provider.iter().map(|(name, url)| OtherWay { name, url: url.as_str(), away });
    let ways: Vec<_> = ways.collect();
    let page = Page::Login {
        return_to: target.as_str(),
        users: logins.users.is_some(),
        ways: &ways,
        name: again.name,
        error: again.error,
        wait: again.wait,
    };
    logins.form(arrival, status, &page)
}

/// Who was led here with a session that still counts is shown how to end it.
async fn signed_out(State(issuer): State<Arc<Issuer>>, arrival: Arrival) -> Response {
    match issuer.session(&arrival).await {
        Ok(session) => signed_in(&issuer, &session, &ReturnTo::home()),
        Err(_) => issuer.logins().pages.answer(StatusCode::OK, &Page::SignedOut {}),
    }
}

fn signed_in(issuer: &Issuer, session: &Session, target: &ReturnTo) -> Response {
    let until = EpochTime::new(issuer.ends(session)).map(page::shown).unwrap_or_default();
    let (name, until, return_to) = (session.person.subject(), &*until, target.as_str());
    let page = Page::SignedIn { name, until, return_to };
    issuer.logins().pages.answer(StatusCode::OK, &page)
}

async fn style(State(issuer): State<Arc<Issuer>>) -> Response {
    issuer.logins().pages.style()
}
