//! The mark that keeps people from being sent in a circle: to which places a browser was sent on
//! a moment ago, each as a digest. Several tabs that are opened at once want several places, and
//! each of them may be led there once.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

use crate::server::arrival::Arrival;
use crate::server::return_to::ReturnTo;

const COOKIE: &str = "__Host-gatepass-sent-on";

const ATTRIBUTES: &str = "; Path=/; Secure; HttpOnly; SameSite=Lax";

/// So many places are marked at most; the oldest go first.
const MOST: usize = 8;

/// The letters of a digest. It is no secret, and tells places apart.
const LETTERS: usize = 16;

/// Whether this browser was just sent on to the same place.
pub(super) fn was_sent(arrival: &Arrival, target: &ReturnTo) -> bool {
    places(arrival).contains(&mark(target))
}

/// The `Set-Cookie` line that marks, for some seconds, that it is sent there.
pub(super) fn line(arrival: &Arrival, target: &ReturnTo) -> String {
    let (mut places, place) = (places(arrival), mark(target));
    places.retain(|other| *other != place);
    places.truncate(MOST - 1);
    places.insert(0, place);
    format!("{COOKIE}={}; Max-Age=10{ATTRIBUTES}", places.join("."))
}

/// The line that takes the mark away, if there is one.
pub(super) fn clearing_line(arrival: &Arrival) -> Option<String> {
    arrival.cookie(COOKIE).map(|_| format!("{COOKIE}={ATTRIBUTES}; Max-Age=0"))
}

/// The marks of a browser, the latest first.
fn places(arrival: &Arrival) -> Vec<String> {
    let cookie = arrival.cookie(COOKIE).unwrap_or_default();
    let is_mark =
        |text: &&str| text.len() == LETTERS && text.bytes().all(|b| b.is_ascii_hexdigit());
    cookie.split('.').filter(is_mark).take(MOST).map(str::to_owned).collect()
}

fn mark(target: &ReturnTo) -> String {
    let hash = digest(&SHA256, target.as_str().as_bytes());
    HEXLOWER.encode(&hash.as_ref()[..LETTERS / 2])
}
