//! Who asks for what: read once from the wire, in the viewer's own terms.
//!
//! - The scheme is that of the connection, and the address that of the peer; if the peer is
//!   a listed proxy, what it says in `X-Forwarded-Proto` and `X-Forwarded-For` instead.
//!   `X-Forwarded-For` is read from the right, as far as the proxies are listed.
//! - The host is `Host`, or `:authority` in HTTP/2, as sent.
//! - All `Cookie` headers count.

use std::net::IpAddr;

use gatepass::{Scheme, ViewerRequest, ViewerUrl};
use http::header::{COOKIE, HOST};
use http::{HeaderMap, Request};
use ipnet::IpNet;

use crate::listener::Connection;

/// A viewer's request, in terms of the gate.
pub(crate) struct Viewer<'r> {
    sent: ViewerUrl<'r>,
    request: ViewerRequest<'r>,
}

/// Why a request can't be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum ViewerError {
    #[error("the request names no host, or more than one")]
    Host,
}

impl<'r> Viewer<'r> {
    pub(crate) fn read<B>(
        request: &'r Request<B>,
        connection: &Connection,
        proxies: &Proxies,
    ) -> Result<Self, ViewerError> {
        let host = host(request).ok_or(ViewerError::Host)?;
        let headers = request.headers();
        let (address, scheme) = proxies.see_through(connection, headers);
        let url = ViewerUrl::new(scheme, host, request.uri().path(), request.uri().query());
        let cookies = headers.get_all(COOKIE).iter().map(http::HeaderValue::as_bytes);
        Ok(Self { sent: url.clone(), request: ViewerRequest::new(url, address, cookies) })
    }

    /// The URL with everything that was sent: where no pass is asked for, its parameters are
    /// somebody else's.
    pub(crate) const fn sent(&self) -> &ViewerUrl<'r> {
        &self.sent
    }

    /// The URL without the reserved parameters.
    pub(crate) const fn url(&self) -> &ViewerUrl<'r> {
        self.request.url()
    }

    pub(crate) const fn request(&self) -> &ViewerRequest<'r> {
        &self.request
    }
}

fn host<B>(request: &Request<B>) -> Option<&str> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return None;
    }
    let host = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => first?.to_str().ok()?,
    };
    let is_clean = |byte: u8| byte.is_ascii_graphic() && !b"/?#@\\\"".contains(&byte);
    (!host.is_empty() && host.bytes().all(is_clean)).then_some(host)
}

/// The proxies whose word counts.
pub(crate) struct Proxies(Vec<IpNet>);

impl Proxies {
    pub(crate) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The viewer's address and scheme, as far as they can be believed.
    fn see_through(&self, connection: &Connection, headers: &HeaderMap) -> (IpAddr, Scheme) {
        let peer = connection.peer.ip().to_canonical();
        if !self.contain(peer) {
            return (peer, connection.scheme);
        }
        let scheme = match last_of(headers, "x-forwarded-proto") {
            Some(text) if text.eq_ignore_ascii_case("https") => Scheme::Https,
            Some(text) if text.eq_ignore_ascii_case("http") => Scheme::Http,
            _ => connection.scheme,
        };
        (self.address_behind(peer, headers), scheme)
    }

    /// Steps from proxy to proxy; an entry that is no address ends the walk at the last proxy.
    fn address_behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        // A line that is no text is no address either, and ends the walk.
        let lines = headers.get_all("x-forwarded-for").iter();
        let lines: Vec<&str> = lines.map(|line| line.to_str().unwrap_or("unreadable")).collect();
        let mut believed = peer;
        for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            match entry.trim().parse::<IpAddr>() {
                Ok(address) => believed = address.to_canonical(),
                Err(_) => break,
            }
            if !self.contain(believed) {
                break;
            }
        }
        believed
    }
}

fn last_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn address(peer: &str, forwarded: &[&str]) -> String {
        let proxies =
            Proxies::new(vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.1/32".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        headers.append("x-forwarded-proto", "https".parse().unwrap());
        let connection = Connection {
            peer: format!("{peer}:1").parse().unwrap(),
            scheme: Scheme::Http,
            tls: None,
        };
        let (address, scheme) = proxies.see_through(&connection, &headers);
        format!("{} {address}", scheme.as_str())
    }

    #[test]
    fn believes_listed_proxies_from_the_right_and_nobody_else() {
        assert_eq!(address("192.0.2.1", &["203.0.113.9"]), "http 192.0.2.1");
        assert_eq!(address("10.0.0.1", &["203.0.113.9"]), "https 203.0.113.9");
        assert_eq!(address("10.0.0.1", &["6.6.6.6, 203.0.113.9, 10.1.1.1"]), "https 203.0.113.9");
        assert_eq!(address("10.0.0.1", &["6.6.6.6", "203.0.113.9"]), "https 203.0.113.9");
        assert_eq!(address("10.0.0.1", &["6.6.6.6, unknown"]), "https 10.0.0.1");
        assert_eq!(address("10.0.0.1", &["6.6.6.6", "203.0.113.9, \u{e9}"]), "https 10.0.0.1");
        assert_eq!(address("10.0.0.1", &[]), "https 10.0.0.1");
        assert_eq!(address("127.0.0.1", &["::ffff:203.0.113.9"]), "https 203.0.113.9");
    }
}
