//! A viewer's own copy, which is to end with its pass (`cap-viewer-cache`).
//!
//! A browser that keeps a film for a year shows it long after the pass has ended. Capped, the
//! copy is `private`, and fresh for no longer than the pass is good; stale, it may not be used
//! without asking, and asking means passing the gate.
//!
//! The seconds are counted from now although `Age` counts as well, for some readers forget
//! that it does: an old answer is then asked for more often than it must be, and none outlives
//! its pass.

use gatepass::EpochTime;
use http::header::{CACHE_CONTROL, DATE, EXPIRES, HeaderName, LAST_MODIFIED, PRAGMA};
use http::{HeaderMap, HeaderValue};

use crate::cache::cache_control::CacheControl;
use crate::cache::freshness::{read_date, until_expiry};

/// What other caches on the way read before `Cache-Control`, or beside it.
static FOR_CACHES_ON_THE_WAY: [HeaderName; 3] = [
    HeaderName::from_static("cdn-cache-control"),
    HeaderName::from_static("cloudflare-cdn-cache-control"),
    HeaderName::from_static("surrogate-control"),
];

/// Makes an answer the viewer's own until its pass expires. Where the origin allows less, less
/// it is.
pub(crate) fn cap(headers: &mut HeaderMap, now: EpochTime, expiry: EpochTime) {
    let control = CacheControl::read(headers);
    let max_age = lifetime(headers, &control, now).min(expiry.seconds_since(now));
    let mut capped = match () {
        () if control.no_store => "private, no-store".to_owned(),
        () if control.no_cache => "private, no-cache".to_owned(),
        () => format!("private, max-age={max_age}, must-revalidate"),
    };
    if control.no_transform {
        capped.push_str(", no-transform");
    }
    for replaced in [EXPIRES, PRAGMA] {
        headers.remove(replaced);
    }
    for other in &FOR_CACHES_ON_THE_WAY {
        headers.remove(other);
    }
    let capped = HeaderValue::from_str(&capped).expect("words and digits make a header value");
    headers.insert(CACHE_CONTROL, capped);
}

/// For how long a viewer would keep it: what the origin says, or what browsers guess if it
/// says nothing, a tenth of the time in which it hasn't changed.
fn lifetime(headers: &HeaderMap, control: &CacheControl, now: EpochTime) -> u64 {
    let guess = || {
        let made = headers.get(DATE).and_then(read_date).unwrap_or(now.seconds());
        let modified = headers.get(LAST_MODIFIED).and_then(read_date);
        modified.map_or(0, |modified| made.saturating_sub(modified) / 10)
    };
    control.max_age.or_else(|| until_expiry(headers, now)).unwrap_or_else(guess)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use httpdate::fmt_http_date;

    use super::*;

    const NOW: u64 = 1_767_290_000;

    fn date(offset: i64) -> String {
        fmt_http_date(UNIX_EPOCH + Duration::from_secs(NOW.checked_add_signed(offset).unwrap()))
    }

    fn capped(lines: &[(&'static str, &str)], pass_seconds: u64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let at = |seconds| EpochTime::new(seconds).unwrap();
        cap(&mut headers, at(NOW), at(NOW + pass_seconds));
        headers
    }

    #[track_caller]
    fn check(line: &str, expected: &str) {
        assert_eq!(capped(&[("cache-control", line)], 60)["cache-control"], expected, "{line}");
    }

    #[test]
    fn a_copy_is_private_and_ends_with_the_pass() {
        check("max-age=3600", "private, max-age=60, must-revalidate");
        check("public, max-age=30, immutable", "private, max-age=30, must-revalidate");
        check("s-maxage=3600", "private, max-age=0, must-revalidate");
        check("max-age=0, s-maxage=3600", "private, max-age=0, must-revalidate");
        check("max-age=30, stale-while-revalidate=90", "private, max-age=30, must-revalidate");
        check("max-age=30, max-age=3600", "private, max-age=30, must-revalidate");
        check("max-age=x", "private, max-age=0, must-revalidate");
        check("max-age=3600, no-transform", "private, max-age=60, must-revalidate, no-transform");
        check("no-store, max-age=3600", "private, no-store");
        check("no-cache", "private, no-cache");
        check("private, no-cache=\"x\", max-age=3600", "private, no-cache");
    }

    #[test]
    fn a_pass_that_is_over_leaves_nothing() {
        let headers = capped(&[("cache-control", "max-age=3600")], 0);
        assert_eq!(headers["cache-control"], "private, max-age=0, must-revalidate");
    }

    #[test]
    fn nothing_else_promises_more() {
        let lines = [
            ("expires", &*date(3600)),
            ("pragma", "x"),
            ("cdn-cache-control", "max-age=3600"),
            ("surrogate-control", "max-age=3600"),
            ("cache-control", "public"),
            ("cache-control", "s-maxage=3600"),
            ("etag", "\"x\""),
        ];
        let headers = capped(&lines, 60);
        assert_eq!(headers.len(), 2);
        assert_eq!(headers["cache-control"], "private, max-age=60, must-revalidate");
        assert_eq!(headers["etag"], "\"x\"");
    }

    #[test]
    fn where_the_origin_says_nothing_the_browsers_guess_is_capped_too() {
        let max_age = |modified| {
            let (date, modified) = (date(0), date(modified));
            let lines = [("date", &*date), ("last-modified", &*modified)];
            capped(&lines, 60)["cache-control"].to_str().unwrap().to_owned()
        };
        assert_eq!(max_age(-100_000), "private, max-age=60, must-revalidate");
        assert_eq!(max_age(-100), "private, max-age=10, must-revalidate");
        assert_eq!(max_age(100), "private, max-age=0, must-revalidate");
        let headers = capped(&[], 60);
        assert_eq!(headers["cache-control"], "private, max-age=0, must-revalidate");
        let expires = date(30);
        let headers = capped(&[("expires", &expires)], 60);
        assert_eq!(headers["cache-control"], "private, max-age=30, must-revalidate");
    }
}
