//! The cookies of a request, read so that nobody else's spoil ours.
//!
//! A `Cookie` line is bytes: pages and sibling hosts may put letters beyond ASCII into theirs.
//! A cookie counts if its own name and value are text.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// All cookies whose name and value are text, in the order in which they came.
pub(crate) fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    lines.flat_map(|line| line.split(|byte| *byte == b';')).filter_map(|one| {
        let (name, value) = std::str::from_utf8(one).ok()?.split_once('=')?;
        Some((name.trim(), value.trim()))
    })
}

/// The values of the cookies of one name.
pub(crate) fn values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    pairs(headers).filter(move |(own, _)| *own == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_of_others_spoil_nothing() {
        let mut headers = HeaderMap::new();
        let line = b"name=Zo\xeb; a=1;b= 2 ; ; c; a=3";
        headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
        headers.append(COOKIE, HeaderValue::from_static("a=4"));
        assert_eq!(values(&headers, "a").collect::<Vec<_>>(), ["1", "3", "4"]);
        assert_eq!(values(&headers, "b").collect::<Vec<_>>(), ["2"]);
        assert_eq!(values(&headers, "name").count(), 0);
    }
}
