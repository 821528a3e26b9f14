//! Cookies in all the forms in which people have them in a file.
//!
//! 1. A `Cookie` header, with or without its name, or `name=value` lines.
//! 2. `Set-Cookie` lines, as a server or `gatepass sign cookies` wrote them.
//! 3. A cookie jar in Netscape's format (`curl -c`, browser extensions).
//! 4. JSON: a map of names to values, as the AWS CLI prints, or a list of such maps.
//!
//! The second and third say where a cookie belongs. It is sent as a browser would: only
//! there, only until it expires, and the one with the longest path first.

use gatepass::{EpochTime, Scheme, ViewerUrl};

use crate::words::Failure;

/// The cookies of a file.
#[derive(Debug, Default)]
pub(crate) struct CookieJar(Vec<StoredCookie>);

#[derive(Debug, Default)]
struct StoredCookie {
    pair: String,
    domain: Option<String>,
    /// Whether hosts below the domain get it, too.
    is_for_subdomains: bool,
    path: Option<String>,
    is_secure: bool,
    /// Epoch seconds; 0 means "until the browser closes".
    expires: u64,
}

/// What goes out with one request.
pub(crate) struct Sent {
    pub(crate) header: String,
    pub(crate) kept_back: usize,
}

/// Reads a file in whichever form it has.
pub(crate) fn read(text: &str) -> Result<CookieJar, Failure> {
    let text = text.trim();
    if text.starts_with(['{', '[']) {
        return from_json(text);
    }
    let lines = || text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty());
    if lines()
        .any(|line| line.starts_with("# Netscape HTTP Cookie File") || jar_line(line).is_some())
    {
        return Ok(CookieJar(lines().filter_map(jar_line).collect()));
    }
    if lines().any(|line| set_cookie_value(line).is_some()) {
        return Ok(CookieJar::of_set_cookies(lines().filter_map(set_cookie_value)));
    }
    if !lines().any(|line| line.contains('=')) {
        return Err(Failure::new("there are no cookies in it").hint(
            "give a Cookie header, name=value lines, Set-Cookie lines, JSON, or a cookie jar",
        ));
    }
    Ok(CookieJar(lines().map(|line| StoredCookie::plain(without_name(line))).collect()))
}

/// The value of a `Cookie` header, whether its name stands before it or not.
pub(crate) fn without_name(line: &str) -> &str {
    after_name(line, "cookie:").unwrap_or(line.trim())
}

impl CookieJar {
    /// A cookie of the same name, domain and path takes the place of an earlier one.
    fn of_set_cookies<'l>(lines: impl Iterator<Item = &'l str>) -> Self {
        let mut kept: Vec<StoredCookie> = Vec::new();
        for cookie in lines.map(StoredCookie::from_set_cookie) {
            kept.retain(|other| !other.is_replaced_by(&cookie));
            kept.push(cookie);
        }
        Self(kept)
    }

    /// All cookies, wherever they belong.
    pub(crate) fn all(&self) -> String {
        let pairs: Vec<_> = self.0.iter().map(|cookie| &*cookie.pair).collect();
        pairs.join("; ")
    }

    /// The cookies that a browser would send with a request for `url`.
    pub(crate) fn sent_to(&self, url: &ViewerUrl<'_>, now: EpochTime) -> Sent {
        let mut sent: Vec<_> = self.0.iter().filter(|cookie| cookie.goes_to(url, now)).collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.as_deref().map_or(0, str::len)));
        let pairs: Vec<_> = sent.iter().map(|cookie| &*cookie.pair).collect();
        Sent { header: pairs.join("; "), kept_back: self.0.len() - sent.len() }
    }
}

impl StoredCookie {
    fn plain(pair: &str) -> Self {
        Self { pair: pair.trim_end_matches(';').to_owned(), ..Self::default() }
    }

    fn from_set_cookie(line: &str) -> Self {
        let mut parts = line.split(';').map(str::trim);
        let mut cookie = Self::plain(parts.next().unwrap_or_default());
        for attribute in parts {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            match name.to_ascii_lowercase().as_str() {
                "domain" => {
                    cookie.domain = Some(value.trim_start_matches('.').to_ascii_lowercase());
                    cookie.is_for_subdomains = true;
                }
                "path" if value.starts_with('/') => cookie.path = Some(value.to_owned()),
                "secure" => cookie.is_secure = true,
                _ => {}
            }
        }
        cookie
    }

    fn name(&self) -> &str {
        self.pair.split('=').next().unwrap_or_default()
    }

    fn is_replaced_by(&self, later: &Self) -> bool {
        self.name() == later.name() && self.domain == later.domain && self.path == later.path
    }

    fn goes_to(&self, url: &ViewerUrl<'_>, now: EpochTime) -> bool {
        let is_fresh = self.expires == 0 || self.expires > now.seconds();
        let is_safe =
            !self.is_secure || url.scheme() == Scheme::Https || is_this_machine(url.host());
        is_fresh && is_safe && self.is_for_host(url.host()) && self.is_for_path(url.path())
    }

    fn is_for_host(&self, host: &str) -> bool {
        let Some(domain) = self.domain.as_deref() else { return true };
        let host = without_port(host).to_ascii_lowercase();
        let below = |host: &str| host.strip_suffix(domain).is_some_and(|sub| sub.ends_with('.'));
        host == domain || (self.is_for_subdomains && below(&host))
    }

    /// RFC 6265, 5.1.4.
    fn is_for_path(&self, path: &str) -> bool {
        let Some(own) = self.path.as_deref() else { return true };
        path.strip_prefix(own)
            .is_some_and(|rest| rest.is_empty() || own.ends_with('/') || rest.starts_with('/'))
    }
}

fn from_json(text: &str) -> Result<CookieJar, Failure> {
    let json: serde_json::Value = serde_json::from_str(text)
        .map_err(|error| Failure::new(format!("this begins like JSON and is not: {error}")))?;
    let maps = match json {
        serde_json::Value::Array(maps) => maps,
        map => vec![map],
    };
    let cookies = maps.iter().map(from_map).collect::<Option<Vec<_>>>().ok_or_else(|| {
        Failure::new("this JSON is not a map of cookie names to values")
            .hint(r#"write it as the AWS CLI prints it: {"CloudFront-Policy": "…", …}"#)
    })?;
    Ok(CookieJar(cookies.into_iter().flatten().collect()))
}

/// A map of names to values, or one set of several with its resource and path beside it.
fn from_map(map: &serde_json::Value) -> Option<Vec<StoredCookie>> {
    let map = map.as_object()?;
    let path = map.get("path").and_then(|path| path.as_str()).map(str::to_owned);
    let (pairs, path) = match map.get("cookies").and_then(|cookies| cookies.as_object()) {
        Some(pairs) => (pairs, path),
        None => (map, None),
    };
    pairs
        .iter()
        .map(|(name, value)| {
            let pair = format!("{name}={}", value.as_str()?);
            Some(StoredCookie { pair, path: path.clone(), ..StoredCookie::default() })
        })
        .collect()
}

fn jar_line(line: &str) -> Option<StoredCookie> {
    let line = line.strip_prefix("#HttpOnly_").unwrap_or(line);
    if line.starts_with('#') {
        return None;
    }
    let fields: Vec<_> = line.split('\t').collect();
    let [domain, reach, path, secure, expires, name, value] = fields[..] else { return None };
    Some(StoredCookie {
        pair: format!("{name}={value}"),
        domain: Some(domain.trim_start_matches('.').to_ascii_lowercase()),
        is_for_subdomains: reach == "TRUE",
        path: Some(path.to_owned()),
        is_secure: secure == "TRUE",
        expires: expires.parse().ok()?,
    })
}

/// `Set-Cookie: …`, also as `curl -v` shows it behind `< `.
fn set_cookie_value(line: &str) -> Option<&str> {
    after_name(line.trim_start_matches(['<', ' ']), "set-cookie:")
}

fn after_name<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (start, rest) = line.trim().split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then(|| rest.trim())
}

/// Browsers and curl send secure cookies to this machine over plain HTTP, too.
fn is_this_machine(host: &str) -> bool {
    let host = without_port(host);
    host == "localhost" || host.ends_with(".localhost") || host == "127.0.0.1" || host == "[::1]"
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(file: &str, url: &str, header: &str) {
        let url = ViewerUrl::parse(url).unwrap();
        let sent = read(file).unwrap().sent_to(&url, EpochTime::new(1_767_225_600).unwrap());
        assert_eq!(sent.header, header, "{file}");
    }

    #[test]
    fn reads_every_form() {
        let url = "https://media.example.com/films/a.mp4";
        for file in [
            "a=1; b=2",
            "Cookie: a=1; b=2\r\n",
            "cookie: a=1\nCookie: b=2",
            "a=1\n\nb=2\n",
            "a=1;\nb=2;",
            r#"{"a": "1", "b": "2"}"#,
            "Set-Cookie: a=1; Path=/; Secure; HttpOnly\nset-cookie: b=2",
            "< set-cookie: a=old\n< content-length: 0\n< set-cookie: a=1\n< set-cookie: b=2",
            "# Netscape HTTP Cookie File\n#HttpOnly_media.example.com\tFALSE\t/\tTRUE\t0\ta\t1\n.example.com\tTRUE\t/\tTRUE\t1767290400\tb\t2",
        ] {
            check(file, url, "a=1; b=2");
        }
    }

    #[test]
    fn sends_a_cookie_where_it_belongs_and_the_longest_path_first() {
        let file = "\
Set-Cookie: a=1; Path=/films; Secure
Set-Cookie: a=2; Path=/films/new; Secure
Set-Cookie: b=3; Domain=.Example.com
Set-Cookie: c=4; Domain=other.org";
        check(file, "https://media.example.com/films/new/a.mp4", "a=2; a=1; b=3");
        check(file, "https://media.example.com/films", "a=1; b=3");
        check(file, "https://media.example.com/films2", "b=3");
        check(file, "http://media.example.com/films/a.mp4", "b=3");
        check(file, "http://localhost:8080/films/a.mp4", "a=1");
        check("e.com\tFALSE\t/\tFALSE\t1767225600\ta\t1", "https://e.com/", "");
        check("e.com\tFALSE\t/\tFALSE\t0\ta\t1", "https://x.e.com/", "");
    }

    #[test]
    fn says_what_holds_no_cookies() {
        for file in ["", "secret", "{", "[1]", r#"{"a": 1}"#] {
            assert!(read(file).is_err(), "{file}");
        }
    }
}
