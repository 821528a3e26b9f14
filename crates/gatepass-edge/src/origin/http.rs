//! A web server as an origin.

use std::sync::Arc;

use gatepass_distribution::{Endpoint, HttpOrigin};
use http::header::HOST;
use http::{HeaderName, HeaderValue, Response};

use crate::origin::peer::{Outgoing, Peer};
use crate::origin::remote_body::RemoteBody;
use crate::origin::request::OriginRequest;
use crate::origin::surroundings::{Surroundings, elsewhere};
use crate::origin::target::target;
use crate::origin::trouble::Trouble;

/// A web server, with the path and the headers that every request to it carries.
#[derive(Debug)]
pub(crate) struct WebServer {
    peer: Arc<Peer>,
    path: Box<str>,
    host: HeaderValue,
    /// Shared secrets, most often: marked as sensitive, so they are not printed.
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl WebServer {
    pub(crate) fn open(origin: &HttpOrigin, surroundings: &Surroundings) -> Result<Self, Trouble> {
        let HttpOrigin { endpoint, patience, allow_private_addresses, .. } = origin;
        let peer = Peer::new(endpoint, *patience, *allow_private_addresses, surroundings)?;
        let headers = origin.headers.iter().map(|(name, value)| header(name, value));
        Ok(Self {
            peer: Arc::new(peer),
            path: origin.path.clone(),
            host: host(endpoint)?,
            headers: headers.collect::<Result<_, _>>()?,
        })
    }

    /// Where it is, and what it puts before every path.
    pub(crate) fn place(&self) -> (&Endpoint, &str) {
        (self.peer.endpoint(), &self.path)
    }

    pub(crate) async fn fetch(
        &self,
        request: OriginRequest,
    ) -> Result<Response<RemoteBody>, Trouble> {
        let OriginRequest { method, path, query, mut headers, body, .. } = request;
        let target = target(&self.path, &path, query.as_deref())?;
        headers.entry(HOST).or_insert_with(|| self.host.clone());
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        let (peer, outgoing) = (Arc::clone(&self.peer), Outgoing { method, target, headers, body });
        elsewhere(self.peer.runtime(), async move { peer.exchange(outgoing).await }).await
    }
}

/// What the `Host` header says of an endpoint: its port only if it is not the scheme's own.
pub(crate) fn host(endpoint: &Endpoint) -> Result<HeaderValue, Trouble> {
    let Endpoint { is_https, host, port } = endpoint;
    let is_default = *port == if *is_https { 443 } else { 80 };
    let text = if is_default { host.to_string() } else { format!("{host}:{port}") };
    HeaderValue::try_from(text)
        .map_err(|_| Trouble::Unreachable(format!("{host:?} is no host name").into()))
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Trouble> {
    let unusable =
        || Trouble::Unreachable(format!("{name:?} is no header, or its value none").into());
    let name = HeaderName::try_from(name).map_err(|_| unusable())?;
    let mut value = HeaderValue::try_from(value).map_err(|_| unusable())?;
    value.set_sensitive(true);
    Ok((name, value))
}
