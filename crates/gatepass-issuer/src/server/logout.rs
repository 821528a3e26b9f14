//! Logging out: the session ends for good, and every cookie it ever set is taken away.
//!
//! A pass that somebody copied lives until it expires, as CloudFront's do; that is why passes
//! are short. `gatepass revoke` takes one back at Gatepass's own edges.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, StatusCode};

use super::arrival::{Arrival, Page};
use super::issuer::{Issuer, NO_STORE, see_other, set_cookie};
use super::journal::Event;
use super::renewal::Return;

pub(crate) fn routes() -> Router<Arc<Issuer>> {
    Router::new().route("/logout", post(log_out))
}

async fn log_out(
    State(issuer): State<Arc<Issuer>>,
    arrival: Arrival,
    Query(asked): Query<Return>,
) -> Response {
    // Otherwise any page could sign its visitors out.
    if arrival.page == Page::Foreign {
        return StatusCode::FORBIDDEN.into_response();
    }
    // Of a session that has ended, too, the cookies are still there.
    let session = issuer.remembered(&arrival);
    if let Some(session) = &session {
        issuer.tell(Some(arrival.address), Event::SignedOut { subject: session.person.subject() });
        if let Err(error) = issuer.sessions().end(session, arrival.now) {
            // Copies of its cookie count again after a restart.
            let what = format!("the end of a session could not be written down: {error}");
            issuer.tell(None, Event::Trouble { what });
        }
    }
    let lines = match &session {
        Some(session) => issuer.clearing_lines(session),
        None => vec![issuer.sessions().clearing_line()],
    };
    let headers = lines.iter().filter_map(|line| set_cookie(line));
    let headers: HeaderMap = headers.chain([(CACHE_CONTROL, NO_STORE)]).collect();
    (headers, see_other(&asked.target(issuer.config()))).into_response()
}
