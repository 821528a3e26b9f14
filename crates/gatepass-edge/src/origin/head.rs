//! The head of an origin's answer: whether it can be trusted to say where its body ends, and
//! what of it goes on to viewers.
//!
//! hyper has read it before, and refused what is no HTTP, folded lines, stray line ends and
//! heads without end. What is refused here is what readers are known to disagree about, for
//! such an answer could be one for us and two for somebody else.

use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_RANGE, EXPIRES, HeaderName, SET_COOKIE, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::origin::trouble::Trouble;

/// Headers between two machines, never for those behind them (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-authenticate"),
    HeaderName::from_static("proxy-authorization"),
    HeaderName::from_static("proxy-connection"),
];

/// Headers that an answer can't be understood without. Naming them in `Connection` does not
/// take them away: a private answer would turn into one that may be shared.
const ESSENTIAL: [HeaderName; 6] =
    [CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, EXPIRES, SET_COOKIE, VARY];

/// Refuses an answer whose length can be read in two ways.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Trouble> {
    let unreadable = |what: &str| Err(Trouble::Unreadable(what.into()));
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let length = lengths.next();
    if lengths.next().is_some() {
        return unreadable("it has more than one Content-Length");
    }
    if length.is_some_and(|length| !is_number(length)) {
        return unreadable("its Content-Length is not a number");
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(_), _) if length.is_some() => {
            unreadable("it has both Content-Length and Transfer-Encoding")
        }
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => unreadable("it has a Transfer-Encoding other than chunked"),
    }
}

fn is_number(value: &HeaderValue) -> bool {
    !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_digit)
}

/// Takes out what is between the origin and us. A 101 keeps its `Upgrade`, which it is about.
pub(crate) fn strip_answer(status: StatusCode, headers: &mut HeaderMap) {
    let upgrade = headers.get(UPGRADE).filter(|_| status == StatusCode::SWITCHING_PROTOCOLS);
    let upgrade = upgrade.cloned();
    for name in nominated(headers) {
        if !ESSENTIAL.contains(&name) {
            headers.remove(name);
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
    if let Some(upgrade) = upgrade {
        headers.insert(UPGRADE, upgrade);
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
}

/// Makes a request's headers those of this connection. How long its body is, the body knows.
pub(crate) fn prepare_request(headers: &mut HeaderMap) {
    let upgrade = headers.get(UPGRADE).cloned();
    for name in HOP_BY_HOP.iter().chain([&CONTENT_LENGTH, &http::header::EXPECT]) {
        headers.remove(name);
    }
    let connection = match upgrade {
        Some(upgrade) => {
            headers.insert(UPGRADE, upgrade);
            "upgrade"
        }
        None => "keep-alive",
    };
    headers.insert(CONNECTION, HeaderValue::from_static(connection));
}

/// The headers that `Connection` names.
fn nominated(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).iter();
    let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    names.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok()).collect()
}
