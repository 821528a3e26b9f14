//! Where a server is: read once from the URL that an operator wrote.
//!
//! A URL with credentials is refused without being repeated. So is a host that other readers
//! could take for an address: `http://2130706433/` is 127.0.0.1 to some of them.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A scheme, a host and a port.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "configurations write it out")]
pub struct Endpoint {
    /// Whether it is reached over TLS.
    pub is_https: bool,
    /// A name or an address, in lower case; an IPv6 address in brackets.
    pub host: Box<str>,
    /// The TCP port.
    pub port: u16,
}

/// Why a URL names no endpoint.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EndpointError {
    /// It has a user or a password in it, which are not repeated here.
    #[error(
        "a URL with a user or a password can't be used: send what the origin asks for in a header"
    )]
    Credentials,
    /// The host is neither a name nor an address.
    #[error("{0:?} is no host: expected a name such as app.internal, 192.0.2.7 or [2001:db8::7]")]
    Host(Box<str>),
    /// The path can't stand before every other path.
    #[error(
        "{0:?} can't stand before every path: expected one such as /films, without ?, # or dot segments"
    )]
    Path(Box<str>),
    /// The port is no number from 1 to 65535.
    #[error("{0:?} is no port: expected a number from 1 to 65535")]
    Port(Box<str>),
    /// The scheme is another one, or there is none.
    #[error("{0:?} is no URL of a web server: expected http://… or https://…")]
    Scheme(Box<str>),
}

impl Endpoint {
    /// Says whether the host is an IP address.
    pub fn is_address(&self) -> bool {
        self.host.starts_with('[') || self.host.parse::<Ipv4Addr>().is_ok()
    }

    /// Reads a URL such as `http://127.0.0.1:8000/app`: the endpoint, and the path to put
    /// before every other path.
    pub fn parse_url(url: &str) -> Result<(Self, Box<str>), EndpointError> {
        // A password may hold any letter, so what is wrong is not repeated if one may be there.
        let is_safe_to_repeat = !url.contains('@');
        parse_url(url)
            .map_err(|error| if is_safe_to_repeat { error } else { EndpointError::Credentials })
    }
}

fn parse_url(url: &str) -> Result<(Endpoint, Box<str>), EndpointError> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority_end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    if authority.contains('@') {
        return Err(EndpointError::Credentials);
    }
    let is_https = match scheme {
        _ if scheme.eq_ignore_ascii_case("https") => true,
        _ if scheme.eq_ignore_ascii_case("http") => false,
        _ => return Err(EndpointError::Scheme(excerpt(url))),
    };
    let (host, port) = split_port(authority)?;
    if !is_host(host) {
        return Err(EndpointError::Host(excerpt(host)));
    }
    let port = port.unwrap_or(if is_https { 443 } else { 80 });
    let path = origin_path(path)?;
    Ok((Endpoint { is_https, host: host.to_ascii_lowercase().into(), port }, path))
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        match (self.is_https, self.port) {
            (true, 443) | (false, 80) => Ok(()),
            (_, port) => write!(f, ":{port}"),
        }
    }
}

/// Reads an origin path: what stands before every path that an origin is asked for, without a
/// slash at its end; empty for none.
pub fn origin_path(text: &str) -> Result<Box<str>, EndpointError> {
    let path = text.trim_end_matches('/');
    let is_dots =
        |segment: &str| matches!(&*segment.replace("%2e", ".").replace("%2E", "."), "." | "..");
    let is_clean = path.bytes().all(|byte| byte.is_ascii_graphic())
        && !path.contains(['?', '#', '\\', '"', '<', '>'])
        && !path.contains("//")
        && !path.split('/').any(is_dots);
    if is_clean && (path.is_empty() || path.starts_with('/')) {
        Ok(path.into())
    } else {
        Err(EndpointError::Path(excerpt(text)))
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), EndpointError> {
    let after_brackets = authority.rfind(']').unwrap_or(0);
    let Some(colon) = authority[after_brackets..].find(':') else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at(after_brackets + colon);
    let port = &port[1..];
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(number) if is_number && number > 0 => Ok((host, Some(number))),
        _ => Err(EndpointError::Port(excerpt(port))),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let last = host.rsplit('.').find(|label| !label.is_empty()).unwrap_or_default();
    let looks_like_number = last.starts_with(|first: char| first.is_ascii_digit())
        && last.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'x' || byte == b'X');
    if looks_like_number {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

fn excerpt(text: &str) -> Box<str> {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(url: &str) -> (String, Box<str>) {
        let (endpoint, path) = Endpoint::parse_url(url).unwrap();
        (endpoint.to_string(), path)
    }

    #[test]
    fn a_url_is_an_endpoint_and_the_path_behind_it() {
        for (url, endpoint, path) in [
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000", ""),
            ("http://App.Internal:80/", "http://app.internal", ""),
            ("HTTPS://app/base%20path/", "https://app", "/base%20path"),
            ("https://[2001:DB8::7]:8443/a/b", "https://[2001:db8::7]:8443", "/a/b"),
            ("http://a-b_c.example:443", "http://a-b_c.example:443", ""),
            ("http://x7.example", "http://x7.example", ""),
        ] {
            assert_eq!(read(url), (endpoint.to_owned(), path.into()), "{url}");
        }
    }

    #[test]
    fn what_readers_could_take_for_something_else_is_refused() {
        for (url, expected) in [
            ("app.internal:8000", "is no URL"),
            ("ftp://app", "is no URL"),
            ("//app", "is no URL"),
            ("", "is no URL"),
            ("http://", "is no host"),
            ("http://2130706433/", "is no host"),
            ("http://0x7f000001/", "is no host"),
            ("http://127.1/", "is no host"),
            ("http://127.0.0.1./", "is no host"),
            ("http://[::1", "is no port"),
            ("http://[::g]", "is no host"),
            ("http://::1/", "is no port"),
            ("http://a..b/", "is no host"),
            ("http://a b/", "is no host"),
            ("http://a\r\nb/", "is no host"),
            ("http://ä.example/", "is no host"),
            ("http://a:0", "is no port"),
            ("http://a:65536", "is no port"),
            ("http://a:+80", "is no port"),
            ("http://a:", "is no port"),
            ("http://a\\b", "can't stand before"),
            ("http://a?x=1", "can't stand before"),
            ("http://a/b?x=1", "can't stand before"),
            ("http://a/../b", "can't stand before"),
            ("http://a/%2e./b", "can't stand before"),
            ("http://a/b#c", "can't stand before"),
            ("http://a//b", "can't stand before"),
            ("http://a/b c", "can't stand before"),
        ] {
            let error = Endpoint::parse_url(url).unwrap_err().to_string();
            assert!(error.contains(expected), "{url:?}: {error}");
        }
    }

    #[test]
    fn credentials_are_refused_and_not_repeated() {
        for url in [
            "https://user:secret@app/",
            "https://user:secret/@app",
            "https://user:s?secret@app/",
            "user:secret@app",
            "https://app:80:secret@",
        ] {
            assert_eq!(Endpoint::parse_url(url).unwrap_err(), EndpointError::Credentials, "{url}");
        }
        assert!(!EndpointError::Credentials.to_string().contains("secret"));
        assert_eq!(read("https://app/@scope").1.as_ref(), "/@scope");
    }
}
