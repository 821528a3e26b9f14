//! An origin behind a socket.

use std::sync::Arc;
use std::time::Instant;

use gatepass_distribution::{Admitted, Origin, OriginKind};
use http::Response;

use crate::metrics::OriginMetrics;
use crate::origin::http::WebServer;
pub use crate::origin::remote_body::RemoteBody;
use crate::origin::request::OriginRequest;
pub use crate::origin::surroundings::Surroundings;
use crate::origin::trouble::Trouble;

/// A web server, a bucket, or a group of them. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Remote {
    kind: Kind,
    metrics: Option<Arc<OriginMetrics>>,
}

#[derive(Clone, Debug)]
enum Kind {
    Http(Arc<WebServer>),
}

impl Remote {
    /// Connects to nothing yet. Fails if the origin could never be asked: its host is no
    /// name, its headers are none, or it is not a remote one.
    pub fn open(origin: &Origin, surroundings: &Surroundings) -> Result<Self, Trouble> {
        let kind = match &origin.kind {
            OriginKind::Http(http) => Kind::Http(Arc::new(WebServer::open(http, surroundings)?)),
            _ => return Err(Trouble::Unreachable(format!("{} is not remote", origin.id).into())),
        };
        Ok(Self { kind, metrics: None })
    }

    /// Asks the origin. The response's headers are those that it sent, less the hop-by-hop.
    ///
    /// A 101, which comes only if the request asked for an upgrade, has its
    /// [`OnUpgrade`](hyper::upgrade::OnUpgrade) among its extensions: take it with
    /// [`hyper::upgrade::on`].
    pub async fn fetch(
        &self,
        asked: Admitted<OriginRequest>,
    ) -> Result<Response<RemoteBody>, Trouble> {
        let began = Instant::now();
        let answered = self.ask(asked.into_request()).await;
        if let Some(metrics) = &self.metrics {
            match &answered {
                Ok(response) => metrics.answered(response.status(), began.elapsed()),
                Err(trouble) => metrics.failed(trouble.reason()),
            }
        }
        answered
    }

    /// Counts what becomes of every request.
    #[must_use]
    pub fn counted_by(self, metrics: Arc<OriginMetrics>) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    async fn ask(&self, request: OriginRequest) -> Result<Response<RemoteBody>, Trouble> {
        match &self.kind {
            Kind::Http(server) => server.fetch(request).await,
        }
    }
}
