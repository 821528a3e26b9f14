//! Conditional requests: what a viewer already has, and whether it is still right.
//!
//! Asked in the order of RFC 9110, section 13.2.2:
//!
//! 1. `If-Match`, else `If-Unmodified-Since`: the precondition failed if it is not met.
//! 2. `If-None-Match`, else `If-Modified-Since`: not modified if it is not met.
//! 3. `If-Range`: whether a `Range` still counts.
//!
//! A date that can't be read, or is sent twice, counts as absent. An entity tag that can't
//! be read matches nothing, and neither does what comes after it in the list.

use http::header::{
    HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
};
use http::{HeaderMap, HeaderValue};
use httpdate::HttpDate;

/// What tells one state of a file from another.
#[derive(Clone, Debug)]
pub struct Validators {
    /// An entity tag; a weak one is the same as none where bytes matter.
    pub etag: Option<HeaderValue>,
    /// In whole seconds; a file from before 1970 has none.
    pub last_modified: Option<HttpDate>,
}

/// What the conditions of a request come to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The viewer wanted another state of the file than there is.
    Failed,
    /// All conditions are met, or there are none.
    Met,
    /// The viewer has what it asks for.
    NotModified,
}

/// What a 304 leaves out of the answer that it stands for: headers that tell of its content. It
/// goes along as an extension, for whoever has to know what that answer would have been.
#[derive(Clone, Debug)]
pub struct LeftOut(pub HeaderMap);

/// When two entity tags are the same (RFC 9110, section 8.8.3.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Comparison {
    /// If they read the same, and neither is weak.
    Strong,
    /// If they read the same.
    Weak,
}

impl Validators {
    /// Asks the conditions of a GET or HEAD request, all but `If-Range`.
    pub fn judge(&self, headers: &HeaderMap) -> Verdict {
        if !has_conditions(headers) {
            Verdict::Met
        } else if self.is_another_state(headers) {
            Verdict::Failed
        } else if self.is_known(headers) {
            Verdict::NotModified
        } else {
            Verdict::Met
        }
    }

    /// Whether a `Range` counts: it does if the viewer has other bytes of this very state.
    pub fn range_counts(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(IF_RANGE).iter();
        match (values.next(), values.next()) {
            (None, _) => true,
            (Some(value), None) => self.has_strong(value) || self.is_dated(value),
            (Some(_), Some(_)) => false,
        }
    }

    fn is_another_state(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(IF_MATCH) {
            return !self.is_among(headers, IF_MATCH, Comparison::Strong);
        }
        let since = date(headers, IF_UNMODIFIED_SINCE);
        since.zip(self.last_modified).is_some_and(|(since, modified)| modified > since)
    }

    fn is_known(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(IF_NONE_MATCH) {
            return self.is_among(headers, IF_NONE_MATCH, Comparison::Weak);
        }
        let since = date(headers, IF_MODIFIED_SINCE);
        since.zip(self.last_modified).is_some_and(|(since, modified)| modified <= since)
    }

    fn is_among(&self, headers: &HeaderMap, name: HeaderName, comparison: Comparison) -> bool {
        let etag = self.etag.as_ref().map_or(&b""[..], HeaderValue::as_bytes);
        // Nothing in a list equals a tag without quotes.
        let etag = match (etag.strip_prefix(b"W/"), comparison) {
            (None, _) => etag,
            (Some(opaque), Comparison::Weak) => opaque,
            (Some(_), Comparison::Strong) => b"",
        };
        let mut lists = headers.get_all(name).iter();
        lists.any(|list| lists_etag(list.as_bytes(), etag, comparison))
    }

    fn has_strong(&self, value: &HeaderValue) -> bool {
        self.etag.as_ref() == Some(value) && value.as_bytes().starts_with(b"\"")
    }

    fn is_dated(&self, value: &HeaderValue) -> bool {
        let date = read_date(value);
        date.is_some() && date == self.last_modified
    }
}

/// Whether there is anything to judge by. Most requests have nothing: looking at each name once
/// costs less than looking up four.
fn has_conditions(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        matches!(*name, IF_MATCH | IF_NONE_MATCH | IF_MODIFIED_SINCE | IF_UNMODIFIED_SINCE)
    })
}

/// Whether a list in `If-Match` or `If-None-Match` has this strong entity tag, or is `*`.
pub fn lists_etag(list: &[u8], etag: &[u8], comparison: Comparison) -> bool {
    let mut rest = list;
    while let Some((tag, after)) = next_tag(rest) {
        if tag.opaque == etag
            && (comparison == Comparison::Weak || tag.strength == Strength::Strong)
        {
            return true;
        }
        rest = after;
    }
    list.trim_ascii() == b"*"
}

struct Tag<'list> {
    strength: Strength,
    /// With its quotes.
    opaque: &'list [u8],
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Strength {
    Strong,
    Weak,
}

/// The first tag of a list and what follows it. A tag may hold commas, so they don't split.
fn next_tag(list: &[u8]) -> Option<(Tag<'_>, &[u8])> {
    let begin = list.iter().position(|byte| !matches!(byte, b',' | b' ' | b'\t'))?;
    let (strength, tag) = match list[begin..].strip_prefix(b"W/") {
        Some(tag) => (Strength::Weak, tag),
        None => (Strength::Strong, &list[begin..]),
    };
    let close = 1 + tag.strip_prefix(b"\"")?.iter().position(|byte| *byte == b'"')?;
    let (opaque, after) = tag.split_at(close + 1);
    let after = after.trim_ascii_start();
    (after.is_empty() || after.starts_with(b",")).then_some((Tag { strength, opaque }, after))
}

/// The date in a header, unless the header is sent twice.
fn date(headers: &HeaderMap, name: HeaderName) -> Option<HttpDate> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none()).and_then(read_date)
}

fn read_date(value: &HeaderValue) -> Option<HttpDate> {
    value.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    const BEFORE: &str = "Sun, 09 Sep 2001 01:46:39 GMT";

    #[test]
    fn etag_lists_are_read_by_their_quotes() {
        let strong = |list: &str| lists_etag(list.as_bytes(), b"\"a,b\"", Comparison::Strong);
        let weak = |list: &str| lists_etag(list.as_bytes(), b"\"a,b\"", Comparison::Weak);
        for list in ["\"a,b\"", "\"x\",\"a,b\"", ", ,\"x\" ,\t\"a,b\" ", "*", " * "] {
            assert!(strong(list) && weak(list), "{list}");
        }
        for list in ["W/\"a,b\"", "\"x\", W/\"a,b\""] {
            assert!(!strong(list) && weak(list), "{list}");
        }
        let others = ["", "\"a\"", "a,b", "\"a,b", "a,b\"", "w/\"a,b\"", "\"x\" \"a,b\"", "**"];
        for list in others.into_iter().chain(["\"x\"*", "x, \"a,b\"", "W/ \"a,b\"", "\"", "W/"]) {
            assert!(!strong(list) && !weak(list), "{list}");
        }
        assert!(lists_etag(b"\"\xff\", \"a\"", b"\"a\"", Comparison::Strong));
    }

    fn judge(headers: &[(HeaderName, &str)]) -> Verdict {
        validators().judge(&map(headers))
    }

    fn validators() -> Validators {
        let modified = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        Validators {
            etag: Some(HeaderValue::from_static("\"now\"")),
            last_modified: Some(modified.into()),
        }
    }

    fn map(headers: &[(HeaderName, &str)]) -> HeaderMap {
        headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn modified() -> String {
        validators().last_modified.unwrap().to_string()
    }

    #[test]
    fn without_conditions_all_are_met() {
        assert_eq!(judge(&[]), Verdict::Met);
    }

    #[test]
    fn the_wrong_state_fails() {
        assert_eq!(judge(&[(IF_MATCH, "\"then\"")]), Verdict::Failed);
        assert_eq!(judge(&[(IF_MATCH, "W/\"now\"")]), Verdict::Failed);
        assert_eq!(judge(&[(IF_MATCH, "\"then\", \"now\"")]), Verdict::Met);
        assert_eq!(judge(&[(IF_MATCH, "*")]), Verdict::Met);
        assert_eq!(judge(&[(IF_UNMODIFIED_SINCE, BEFORE)]), Verdict::Failed);
        assert_eq!(judge(&[(IF_UNMODIFIED_SINCE, &modified())]), Verdict::Met);
    }

    #[test]
    fn what_is_known_is_not_sent_again() {
        assert_eq!(judge(&[(IF_NONE_MATCH, "\"now\"")]), Verdict::NotModified);
        assert_eq!(judge(&[(IF_NONE_MATCH, "W/\"now\"")]), Verdict::NotModified);
        assert_eq!(judge(&[(IF_NONE_MATCH, "*")]), Verdict::NotModified);
        assert_eq!(judge(&[(IF_NONE_MATCH, "\"then\"")]), Verdict::Met);
        assert_eq!(judge(&[(IF_MODIFIED_SINCE, &modified())]), Verdict::NotModified);
        assert_eq!(judge(&[(IF_MODIFIED_SINCE, BEFORE)]), Verdict::Met);
    }

    #[test]
    fn tags_outrank_dates_and_failure_outranks_knowledge() {
        let modified = modified();
        let met = [(IF_MATCH, "\"now\""), (IF_UNMODIFIED_SINCE, BEFORE)];
        assert_eq!(judge(&met), Verdict::Met);
        let met = [(IF_NONE_MATCH, "\"then\""), (IF_MODIFIED_SINCE, modified.as_str())];
        assert_eq!(judge(&met), Verdict::Met);
        let failed = [(IF_MATCH, "\"then\""), (IF_NONE_MATCH, "\"now\"")];
        assert_eq!(judge(&failed), Verdict::Failed);
        let known = [(IF_MATCH, "\"now\""), (IF_NONE_MATCH, "\"now\"")];
        assert_eq!(judge(&known), Verdict::NotModified);
    }

    #[test]
    fn lists_may_come_in_several_headers() {
        let known = [(IF_NONE_MATCH, "\"then\""), (IF_NONE_MATCH, "\"now\"")];
        assert_eq!(judge(&known), Verdict::NotModified);
    }

    #[test]
    fn a_date_that_is_unreadable_or_sent_twice_counts_as_absent() {
        assert_eq!(judge(&[(IF_UNMODIFIED_SINCE, "yesterday")]), Verdict::Met);
        let twice = [(IF_MODIFIED_SINCE, modified()), (IF_MODIFIED_SINCE, modified())];
        assert_eq!(judge(&twice.each_ref().map(|(n, v)| (n.clone(), v.as_str()))), Verdict::Met);
    }

    #[test]
    fn without_a_date_of_its_own_a_file_ignores_dates() {
        let dateless = Validators { last_modified: None, ..validators() };
        for name in [IF_UNMODIFIED_SINCE, IF_MODIFIED_SINCE] {
            assert_eq!(dateless.judge(&map(&[(name, BEFORE)])), Verdict::Met);
        }
        assert!(!dateless.range_counts(&map(&[(IF_RANGE, "nonsense")])));
    }

    #[test]
    fn a_weak_tag_is_known_and_never_matched_by_bytes() {
        let etag = HeaderValue::from_static("W/\"now\"");
        let weak = Validators { etag: Some(etag), last_modified: None };
        for list in ["\"now\"", "W/\"now\"", "\"then\", W/\"now\""] {
            assert_eq!(weak.judge(&map(&[(IF_NONE_MATCH, list)])), Verdict::NotModified, "{list}");
            assert_eq!(weak.judge(&map(&[(IF_MATCH, list)])), Verdict::Failed, "{list}");
        }
        assert!(!weak.range_counts(&map(&[(IF_RANGE, "W/\"now\"")])));
        let none = Validators { etag: None, last_modified: None };
        assert_eq!(none.judge(&map(&[(IF_NONE_MATCH, "\"\"")])), Verdict::Met);
        assert_eq!(none.judge(&map(&[(IF_NONE_MATCH, "*")])), Verdict::NotModified);
        assert_eq!(none.judge(&map(&[(IF_MATCH, "\"now\"")])), Verdict::Failed);
    }

    #[test]
    fn a_range_counts_for_this_very_state() {
        let counts = |headers: &[(HeaderName, &str)]| validators().range_counts(&map(headers));
        assert!(counts(&[]));
        assert!(counts(&[(IF_RANGE, "\"now\"")]));
        assert!(counts(&[(IF_RANGE, &modified())]));
        for other in ["W/\"now\"", "\"then\"", "*", "\"now\", \"then\"", BEFORE, ""] {
            assert!(!counts(&[(IF_RANGE, other)]), "{other}");
        }
        assert!(!counts(&[(IF_RANGE, "Fri, 09 Sep 2033 01:46:40 GMT")]));
        assert!(!counts(&[(IF_RANGE, "\"now\""), (IF_RANGE, "\"now\"")]));
    }
}
