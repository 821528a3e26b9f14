//! Who asks for what: read once from the wire, in the viewer's own terms.
//!
//! - The scheme is that of the connection, and the address that of the peer; if the peer is
//!   a listed proxy, what it says in `X-Forwarded-Proto` and `X-Forwarded-For` instead.
//!   `X-Forwarded-For` is read from the right, as far as the proxies are listed.
//! - The host is `Host`, or `:authority` in HTTP/2, as sent.
//! - All `Cookie` headers count.

use std::net::IpAddr;

use gatepass::{Scheme, ViewerRequest, ViewerUrl};
use gatepass_distribution::Proxies;
use http::header::{COOKIE, HOST};
use http::{HeaderMap, HeaderValue, Request};

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
        let (address, scheme) = see_through(proxies, connection, headers);
        let url = ViewerUrl::new(scheme, host, request.uri().path(), request.uri().query());
        let cookies = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
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

/// The viewer's address and scheme, as far as they can be believed.
fn see_through(
    proxies: &Proxies,
    connection: &Connection,
    headers: &HeaderMap,
) -> (IpAddr, Scheme) {
    let peer = connection.peer.ip().to_canonical();
    if !proxies.contain(peer) {
        return (peer, connection.scheme);
    }
    let lines = headers.get_all("x-forwarded-proto").iter().map(HeaderValue::as_bytes);
    let scheme = Proxies::scheme(lines).unwrap_or(connection.scheme);
    let lines = headers.get_all("x-forwarded-for").iter().map(HeaderValue::as_bytes);
    (proxies.address_behind(peer, lines), scheme)
}
