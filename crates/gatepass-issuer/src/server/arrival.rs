//! A request as it arrived: from which address, when, from whose page, with which cookies.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use gatepass::EpochTime;
use http::header::ORIGIN;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::cookies;
use super::issuer::Issuer;

/// The peer of a connection; the listener leaves it with every request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What is known of a request before anything is done.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// The viewer's address, seen through listed proxies.
    pub(crate) address: IpAddr,
    /// Who is at the other end of the connection.
    pub(crate) peer: IpAddr,
    pub(crate) now: EpochTime,
    pub(crate) page: Page,
    headers: HeaderMap,
}

/// The page that caused a request, as browsers tell it. Who is no browser tells nothing, and
/// has no cookies but those they were given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Page {
    /// A page of the issuer's own origin, or nobody's: typed, or no browser.
    Own,
    /// A page of a listed origin.
    Listed(HeaderValue),
    /// Anybody else's.
    Foreign,
}

impl Arrival {
    /// The value of a cookie. If it came twice, somebody tossed one in, and none counts.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let mut found = cookies::values(&self.headers, name);
        let value = found.next()?.to_owned();
        found.next().is_none().then_some(value)
    }

    /// Whether somebody opens a page, as far as browsers tell. What pictures and scripts of
    /// other pages ask keeps nobody's session alive.
    pub(crate) fn is_visit(&self) -> bool {
        let destination = self.headers.get("sec-fetch-dest").map(HeaderValue::as_bytes);
        destination.is_none_or(|destination| destination == b"document")
    }

    /// The headers as they came.
    pub(crate) const fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl FromRequestParts<Arc<Issuer>> for Arrival {
    type Rejection = StatusCode;

    async fn from_request_parts(
        parts: &mut Parts,
        issuer: &Arc<Issuer>,
    ) -> Result<Self, StatusCode> {
        let Some(Peer(peer)) = parts.extensions.get().copied() else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let lines = parts.headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes);
        let speakers = issuer.speakers();
        if !speakers.contain(peer.ip())
            && is_near(peer.ip())
            && parts.headers.contains_key(FORWARDED_FOR)
        {
            issuer.tell_of_unlisted(peer.ip());
        }
        Ok(Self {
            address: speakers.address_behind(peer.ip(), lines),
            peer: peer.ip().to_canonical(),
            now: issuer.now(),
            page: page(&parts.headers, issuer),
            headers: parts.headers.clone(),
        })
    }
}

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Whether an address is of this machine or its network, as those of one's own proxies are.
/// Viewers from elsewhere may send what they like.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

fn page(headers: &HeaderMap, issuer: &Issuer) -> Page {
    let config = issuer.config();
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (Some(origin), None) if origin == config.url.origin().as_str() => Page::Own,
        (Some(origin), None) => match origin.to_str() {
            Ok(text) if config.return_to.lists(text) => Page::Listed(origin.clone()),
            _ => Page::Foreign,
        },
        (Some(_), Some(_)) => Page::Foreign,
        (None, _) => match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
            None | Some(b"same-origin" | b"none") => Page::Own,
            Some(_) => Page::Foreign,
        },
    }
}
