//! How old an answer is when it comes, and when it says that it expires.

use std::time::{SystemTime, UNIX_EPOCH};

use gatepass::EpochTime;
use http::HeaderMap;
use http::header::{AGE, DATE, EXPIRES, HeaderName};
use httpdate::HttpDate;

use crate::cache::cache_control::number;

/// The corrected initial age (RFC 9111, section 4.2.3), in seconds. None if there is an `Age`
/// that can't be read, or more than one.
pub(super) fn initial(
    headers: &HeaderMap,
    requested: EpochTime,
    received: EpochTime,
) -> Option<u64> {
    let apparent = date(headers).map_or(0, |date| received.seconds().saturating_sub(date));
    let mut ages = headers.get_all(AGE).iter();
    let said = match (ages.next(), ages.next()) {
        (None, _) => 0,
        (Some(age), None) => number(age.as_bytes().trim_ascii())?,
        (Some(_), Some(_)) => return None,
    };
    let corrected = said.saturating_add(received.seconds_since(requested));
    Some(apparent.max(corrected))
}

/// The seconds from the answer's `Date`, or else from now, to the earliest `Expires`; none if
/// it has no `Expires`. One that can't be read has passed.
pub(crate) fn until_expiry(headers: &HeaderMap, received: EpochTime) -> Option<u64> {
    let expiries = headers.get_all(EXPIRES).iter();
    let earliest = expiries.map(|value| read_date(value).unwrap_or(0)).min()?;
    let from = date(headers).unwrap_or(received.seconds());
    Some(earliest.saturating_sub(from))
}

/// When the origin made it, in seconds since 1970, if it says so once and readably.
fn date(headers: &HeaderMap) -> Option<u64> {
    only(headers, DATE).and_then(read_date)
}

fn only(headers: &HeaderMap, name: HeaderName) -> Option<&http::HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// A date in a header, in seconds since 1970.
pub(crate) fn read_date(value: &http::HeaderValue) -> Option<u64> {
    let date: HttpDate = value.to_str().ok()?.trim().parse().ok()?;
    Some(SystemTime::from(date).duration_since(UNIX_EPOCH).ok()?.as_secs())
}
