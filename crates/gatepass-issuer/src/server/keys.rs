//! Which keys sign now: `GET /keys`, for whoever rotates them.
//!
//! Each cookie names the key that signed it, so this tells nobody anything new. An issuer that
//! could not take over its configuration goes on with the keys of before, and says so here.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::CACHE_CONTROL;
use serde_json::json;

use super::issuer::{Issuer, NO_STORE};

pub(crate) fn routes() -> Router<Arc<Issuer>> {
    Router::new().route("/keys", get(keys))
}

async fn keys(State(issuer): State<Arc<Issuer>>) -> Response {
    let signing = [issuer.issuance().key_id().to_string()];
    ([(CACHE_CONTROL, NO_STORE)], Json(json!({ "signing": signing }))).into_response()
}
