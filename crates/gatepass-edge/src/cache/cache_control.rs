//! `Cache-Control`: what origins say of keeping their answers, and viewers of what they want.
//!
//! Whatever is said twice, badly, or in a way that others might read otherwise, is read as the
//! more cautious of its readings: a number that is none counts as 0, of two numbers the
//! smaller one counts, and `no-cache="field"` as `no-cache`.

use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderMap, HeaderValue};

/// The directives of a message that mean something to a cache (RFC 9111, section 5.2; RFC
/// 5861). All numbers are seconds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "the registry's directives")]
#[expect(clippy::struct_excessive_bools, reason = "each is a directive that is there or not")]
pub struct CacheControl {
    /// It must not be kept.
    pub no_store: bool,
    /// It must not be used without asking the origin.
    pub no_cache: bool,
    /// It is for one viewer.
    pub private: bool,
    /// It is for everyone.
    pub public: bool,
    /// It must not be used once it is stale.
    pub must_revalidate: bool,
    /// The same, for caches that are shared.
    pub proxy_revalidate: bool,
    /// It may be kept only by caches that know its status.
    pub must_understand: bool,
    /// Its body must stay as it is.
    pub no_transform: bool,
    /// A viewer wants nothing that has to be fetched.
    pub only_if_cached: bool,
    /// The age up to which it is fresh, or wanted.
    pub max_age: Option<u64>,
    /// The same, for caches that are shared.
    pub s_maxage: Option<u64>,
    /// How much longer it may be used while it is fetched anew.
    pub stale_while_revalidate: Option<u64>,
    /// How much longer it may be used when the origin fails.
    pub stale_if_error: Option<u64>,
    /// How much longer a viewer wants it to be fresh.
    pub min_fresh: Option<u64>,
    /// How stale a viewer takes it.
    pub max_stale: Option<u64>,
}

impl CacheControl {
    /// Reads all `Cache-Control` lines of a message, or `Pragma: no-cache` if there are none.
    pub fn read(headers: &HeaderMap) -> Self {
        let mut control = Self::default();
        if headers.contains_key(CACHE_CONTROL) {
            for line in headers.get_all(CACHE_CONTROL) {
                control.read_line(line.as_bytes());
            }
        } else {
            let mut lines = headers.get_all(PRAGMA).iter().map(HeaderValue::as_bytes);
            control.no_cache = lines.any(|line| {
                line.split(|byte| *byte == b',')
                    .any(|directive| directive.trim_ascii().eq_ignore_ascii_case(b"no-cache"))
            });
        }
        control
    }

    fn read_line(&mut self, line: &[u8]) {
        for directive in directives(line) {
            let (name, value) = match directive.iter().position(|byte| *byte == b'=') {
                Some(end) => (&directive[..end], Some(&directive[end + 1..])),
                None => (directive, None),
            };
            self.read_directive(&name.trim_ascii().to_ascii_lowercase(), value);
        }
    }

    fn read_directive(&mut self, name: &[u8], value: Option<&[u8]>) {
        let seconds = value.and_then(seconds).unwrap_or(0);
        let smaller = |known: Option<u64>| Some(known.map_or(seconds, |one| one.min(seconds)));
        match name {
            b"no-store" => self.no_store = true,
            b"no-cache" => self.no_cache = true,
            b"private" => self.private = true,
            b"public" => self.public = true,
            b"must-revalidate" => self.must_revalidate = true,
            b"proxy-revalidate" => self.proxy_revalidate = true,
            b"must-understand" => self.must_understand = true,
            b"no-transform" => self.no_transform = true,
            b"only-if-cached" => self.only_if_cached = true,
            b"max-age" => self.max_age = smaller(self.max_age),
            b"s-maxage" => self.s_maxage = smaller(self.s_maxage),
            b"stale-while-revalidate" => {
                self.stale_while_revalidate = smaller(self.stale_while_revalidate);
            }
            b"stale-if-error" => self.stale_if_error = smaller(self.stale_if_error),
            // What a viewer asks for more of: the larger is the more cautious.
            b"min-fresh" => {
                let seconds = value.and_then(self::seconds).unwrap_or(MOST_SECONDS);
                self.min_fresh = self.min_fresh.max(Some(seconds));
            }
            b"max-stale" => {
                let seconds = if value.is_none() { MOST_SECONDS } else { seconds };
                self.max_stale = Some(self.max_stale.map_or(seconds, |one| one.min(seconds)));
            }
            _ => {}
        }
    }

    /// Whether a cache that is shared must ask the origin once it is stale.
    pub const fn forbids_stale(&self) -> bool {
        self.must_revalidate || self.proxy_revalidate || self.no_cache || self.s_maxage.is_some()
    }
}

/// The directives of a line. A comma within quotes doesn't separate, unless the quotes never
/// end: they must not swallow a `no-store` that another cache would see.
fn directives(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    let ends_open = line.iter().fold(false, |_, byte| {
        step(*byte, &mut is_quoted, &mut is_escaped);
        is_quoted
    });
    let (mut is_quoted, mut is_escaped) = (false, false);
    let directives = line.split(move |byte| {
        step(*byte, &mut is_quoted, &mut is_escaped);
        *byte == b',' && (ends_open || !is_quoted)
    });
    directives.map(<[u8]>::trim_ascii).filter(|directive| !directive.is_empty())
}

fn step(byte: u8, is_quoted: &mut bool, is_escaped: &mut bool) {
    match byte {
        _ if *is_escaped => *is_escaped = false,
        b'\\' if *is_quoted => *is_escaped = true,
        b'"' => *is_quoted = !*is_quoted,
        _ => {}
    }
}

/// The most seconds that anyone can mean (RFC 9111, section 1.2.2).
pub const MOST_SECONDS: u64 = 1 << 31;

/// Digits, perhaps within quotes, and nothing else.
fn seconds(value: &[u8]) -> Option<u64> {
    let digits =
        value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    number(digits)
}

/// A number of any length; one that is too large is as good as the most.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let significant = std::str::from_utf8(digits).ok()?.trim_start_matches('0');
    is_number.then(|| match significant.len() {
        0 => 0,
        1..=10 => significant.parse().unwrap_or(MOST_SECONDS).min(MOST_SECONDS),
        _ => MOST_SECONDS,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&'static str]) -> CacheControl {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CACHE_CONTROL, HeaderValue::from_static(line));
        }
        CacheControl::read(&headers)
    }

    #[test]
    fn numbers_are_read_cautiously() {
        for (line, seconds) in [
            ("max-age=60", 60),
            ("MAX-age=60", 60),
            ("max-age=\"60\"", 60),
            ("max-age=0060", 60),
            ("max-age=60, max-age=30", 30),
            ("max-age=30, max-age=60", 30),
            ("max-age=60, max-age=x", 0),
            ("max-age=2147483648", MOST_SECONDS),
            ("max-age=99999999999999999999999", MOST_SECONDS),
            ("max-age=-60", 0),
            ("max-age='60'", 0),
            ("max-age=60.5", 0),
            ("max-age=60a", 0),
            ("max-age= 60", 0),
            ("max-age=\"60", 0),
            ("max-age=", 0),
            ("max-age", 0),
            ("a=\"max-age=60\", max-age=1", 1),
            ("a=\"\\\", max-age=60\", max-age=1", 1),
            (",, max-age=60 ,", 60),
        ] {
            assert_eq!(read(&[line]).max_age, Some(seconds), "{line}");
        }
        assert_eq!(read(&["max-age=60", "max-age=30"]).max_age, Some(30));
        assert_eq!(read(&["a=\"max-age=60\", b"]), CacheControl::default());
    }

    #[test]
    fn no_quote_hides_what_forbids() {
        for line in [
            "no-store",
            "No-StOrE",
            "no-store=\"x\"",
            "a=\"b, no-store",
            "a=\"b\\\", no-store",
            "\", no-store",
            "max-age=60,no-store",
        ] {
            assert!(read(&[line]).no_store, "{line}");
        }
        assert!(!read(&["a=\"b, no-store\""]).no_store, "it is the value of something else");
        assert!(read(&["no-cache=\"set-cookie, x\""]).no_cache);
        assert!(read(&["private=\"x\""]).private);
    }

    #[test]
    fn pragma_counts_where_nothing_else_is_said() {
        let mut headers = HeaderMap::new();
        headers.append(PRAGMA, HeaderValue::from_static("x, No-Cache"));
        assert!(CacheControl::read(&headers).no_cache);
        headers.append(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
        assert!(!CacheControl::read(&headers).no_cache);
    }
}
