//! What a viewer asks, and what it shows.

use std::net::IpAddr;

use crate::presented::{PresentedPasses, own_query};
use crate::url::ViewerUrl;

/// A viewer request as a gate sees it: the URL it is for, who asks, and what was presented.
#[derive(Clone, Debug)]
pub struct ViewerRequest<'a> {
    url: ViewerUrl<'a>,
    address: IpAddr,
    passes: PresentedPasses<'a>,
    /// The `Cookie` headers as sent. Most requests have one at most.
    first_cookies: Option<&'a [u8]>,
    more_cookies: Vec<&'a [u8]>,
}

impl<'a> ViewerRequest<'a> {
    /// Reads a request from its URL as sent, the viewer's address, and its `Cookie` headers.
    pub fn new<C: AsRef<[u8]> + ?Sized + 'a>(
        sent: ViewerUrl<'a>,
        address: IpAddr,
        cookies: impl IntoIterator<Item = &'a C>,
    ) -> Self {
        let query = sent.borrowed_query();
        let mut cookies = cookies.into_iter().map(AsRef::as_ref);
        let (first_cookies, more_cookies) = (cookies.next(), cookies.collect::<Vec<_>>());
        let all_cookies = first_cookies.into_iter().chain(more_cookies.iter().copied());
        let passes = PresentedPasses::read(query, all_cookies);
        let url = match query {
            Some(query) if passes.in_url() => sent.with_query(own_query(query)),
            _ => sent,
        };
        Self { url, address, passes, first_cookies, more_cookies }
    }

    /// The URL without reserved parameters: what a pass must cover.
    pub const fn url(&self) -> &ViewerUrl<'a> {
        &self.url
    }

    /// The viewer's address.
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// What the viewer presents.
    pub const fn passes(&self) -> &PresentedPasses<'a> {
        &self.passes
    }

    /// The `Cookie` headers as sent, whether or not they were looked at.
    pub(crate) fn cookies(&self) -> impl Iterator<Item = &'a [u8]> {
        self.first_cookies.into_iter().chain(self.more_cookies.iter().copied())
    }

    /// The same request, had its URL held no reserved parameter.
    pub(crate) fn without_url_pass(&self) -> Self {
        Self { passes: PresentedPasses::read(None, self.cookies()), ..self.clone() }
    }
}
