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
}

impl<'a> ViewerRequest<'a> {
    /// Reads a request from its URL as sent, the viewer's address, and its `Cookie` headers.
    pub fn new<C: AsRef<[u8]> + ?Sized + 'a>(
        sent: ViewerUrl<'a>,
        address: IpAddr,
        cookies: impl IntoIterator<Item = &'a C>,
    ) -> Self {
        let query = sent.borrowed_query();
        let passes = PresentedPasses::read(query, cookies.into_iter().map(AsRef::as_ref));
        let url = if passes.is_empty() { sent } else { sent.with_query(query.and_then(own_query)) };
        Self { url, address, passes }
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
}
