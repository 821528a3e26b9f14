//! Whom the cache asks for what it doesn't have.

use std::fmt;

use bytes::Bytes;
use gatepass_distribution::Admitted;
use http::{HeaderMap, Method, Response};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

use crate::asked::Asked;
use crate::forward::origin_request;
use crate::origin::remote::Remote;
use crate::origin::request::{OriginRequest, RequestBody};
use crate::origin::trouble::Trouble;

/// An origin behind a socket; in unit tests one that follows a script.
#[derive(Clone)]
pub(crate) enum Upstream {
    Remote(Remote),
    #[cfg(test)]
    Scripted(std::sync::Arc<super::script::Script>),
}

/// What it is asked, without body, condition or range: in its terms, and as often as needed.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    path: Box<str>,
    query: Option<Box<str>>,
    pub(crate) headers: HeaderMap,
}

impl Question {
    /// What a viewer's request comes to.
    pub(crate) fn of(asked: &Asked<'_>) -> Self {
        let OriginRequest { path, query, headers, .. } = origin_request(asked, RequestBody::Empty);
        Self { path, query, headers }
    }

    /// The request.
    pub(crate) fn request(&self, method: Method) -> OriginRequest {
        OriginRequest {
            method,
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            body: RequestBody::Empty,
        }
    }
}

/// What comes from it.
pub(crate) type UpstreamBody = UnsyncBoxBody<Bytes, Trouble>;

impl Upstream {
    pub(crate) async fn fetch(
        &self,
        asked: Admitted<OriginRequest>,
    ) -> Result<Response<UpstreamBody>, Trouble> {
        match self {
            Self::Remote(remote) => {
                let response = remote.fetch(asked).await?;
                Ok(response.map(BodyExt::boxed_unsync))
            }
            #[cfg(test)]
            Self::Scripted(script) => script.fetch(asked.into_request()).await,
        }
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upstream")
    }
}
