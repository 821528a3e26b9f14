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

use crate::arrival::{Arrival, Page};
use crate::issuer::{Issuer, NO_STORE, see_other, set_cookie};
use crate::renewal::Return;

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
    let session = issuer.session(&arrival).ok();
    let unwritten = session.as_ref().map(|session| issuer.sessions().end(session, arrival.now));
    if let Some(Err(_)) = unwritten {
        // The person is signed out all the same; whoever has a copy of the cookie is, too,
        // until the issuer is restarted.
        issuer.trouble("a session that was ended could not be written down");
    }
    let laid = session.map(|session| session.laid).unwrap_or_default();
    let places = laid.into_iter().chain(issuer.issuance().places());
    let mut lines: Vec<_> = places.flat_map(|laid| laid.clearing_lines()).collect();
    lines.sort_unstable();
    lines.dedup();
    lines.push(issuer.sessions().clearing_line());
    let headers = lines.iter().filter_map(|line| set_cookie(line));
    let headers: HeaderMap = headers.chain([(CACHE_CONTROL, NO_STORE)]).collect();
    (headers, see_other(&asked.target(issuer.config()))).into_response()
}
