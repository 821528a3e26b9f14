//! A viewer of pages whose pass is about to end is sent to have it renewed, and comes back.
//!
//! Players and scripts are left alone: they can't follow, and the issuer's script renews for
//! them. A signed URL is nobody's cookie, and is not renewed.
//!
//! # Invariants
//!
//! Nobody is sent in a circle: the redirect leaves a cookie that keeps the next one away, and
//! a renewal that came to nothing costs one redirect.

use gatepass::{EpochTime, Pass};
use gatepass_distribution::Renewal;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use http::{Request, Response};

use crate::body::Body;
use crate::refuse;
use crate::viewer::Viewer;

/// The cookie that a redirect leaves behind. It says nothing, and lives for seconds.
pub(crate) const MARKER: &str = "gatepass-renewal";

/// The redirect, if one is due.
pub(crate) fn due<B>(
    renewal: &Renewal,
    request: &Request<B>,
    viewer: &Viewer<'_>,
    pass: &Pass,
    now: EpochTime,
) -> Option<Response<Body>> {
    let left = pass.expiry().seconds_since(now);
    let is_due = left <= u64::from(renewal.before_seconds);
    let is_by_url = viewer.sent().query() != viewer.url().query();
    if !is_due || is_by_url || was_sent(request) || !refuse::asks_for_a_page(request) {
        return None;
    }
    let mut response = refuse::to_login(&renewal.page, viewer.url());
    let marker =
        format!("{MARKER}=sent; Max-Age={}; Path=/; HttpOnly; SameSite=Lax", left.clamp(5, 60));
    let marker = HeaderValue::from_str(&marker).expect("the marker is plain ASCII");
    response.headers_mut().insert(SET_COOKIE, marker);
    Some(response)
}

fn was_sent<B>(request: &Request<B>) -> bool {
    let lines = request.headers().get_all(COOKIE).iter();
    let mut cookies = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    cookies.any(|cookie| cookie.trim_ascii().starts_with(MARKER.as_bytes()))
}
