//! An origin behind a socket.

use std::sync::Arc;
use std::time::Instant;

use gatepass_distribution::{Admitted, Endpoint, Origin, OriginGroup, OriginKind};
use http::Response;
use percent_encoding::percent_decode_str;

use crate::metrics::OriginMetrics;
use crate::origin::group::Group;
use crate::origin::http::WebServer;
pub use crate::origin::remote_body::RemoteBody;
use crate::origin::request::OriginRequest;
use crate::origin::s3::Bucket;
pub use crate::origin::surroundings::Surroundings;
use crate::origin::trouble::Trouble;
use crate::telemetry::Call;

/// A web server, a bucket, or a group of them. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Remote {
    kind: Kind,
    metrics: Option<Arc<OriginMetrics>>,
}

#[derive(Clone, Debug)]
enum Kind {
    Http(Arc<WebServer>),
    S3(Arc<Bucket>),
    Group(Arc<Group>),
    /// What can't be asked, ever, and why.
    Unusable(Box<str>),
}

impl Remote {
    /// Connects to nothing yet.
    ///
    /// What could never be asked is unreachable to everybody who asks: a host that is no
    /// name, a header that is none, a folder, and a group, which is made by
    /// [`group`](Self::group).
    pub fn open(origin: &Origin, surroundings: &Surroundings) -> Self {
        let kind = match &origin.kind {
            OriginKind::Http(http) => {
                WebServer::open(http, surroundings).map(|server| Kind::Http(Arc::new(server)))
            }
            OriginKind::S3(s3) => {
                Bucket::open(s3, surroundings).map(|bucket| Kind::S3(Arc::new(bucket)))
            }
            _ => Err(Trouble::Unreachable(format!("{} is not remote", origin.id).into())),
        };
        Self::of(kind.unwrap_or_else(|trouble| Kind::Unusable(trouble.to_string().into())))
    }

    /// Two that are open already, the second for when the first fails.
    pub fn group(group: &OriginGroup, primary: Self, secondary: Self) -> Self {
        Self::of(Kind::Group(Arc::new(Group::new(primary, secondary, &group.statuses))))
    }

    const fn of(kind: Kind) -> Self {
        Self { kind, metrics: None }
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
        self.ask(asked.into_request()).await
    }

    /// Counts what becomes of every request.
    #[must_use]
    pub fn counted_by(self, metrics: Arc<OriginMetrics>) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    pub(crate) async fn ask(
        &self,
        mut request: OriginRequest,
    ) -> Result<Response<RemoteBody>, Trouble> {
        let began = Instant::now();
        if leads_out(&request.path) {
            return Err(Trouble::Viewer("the path leads above the origin's own".into()));
        }
        let metrics = self.metrics.as_deref();
        let call = self.place().map(|(endpoint, prefix)| {
            // Nothing makes a cache key of the request any longer.
            Call::begin(&mut request, endpoint, prefix, metrics)
        });
        let answered = match &self.kind {
            Kind::Http(server) => server.fetch(request).await,
            Kind::S3(bucket) => bucket.fetch(request).await,
            Kind::Group(group) => group.fetch(request).await,
            Kind::Unusable(why) => Err(Trouble::Unreachable(why.clone())),
        };
        if let Some(call) = call {
            call.answered(&answered);
        }
        if let Some(metrics) = metrics {
            match &answered {
                Ok(response) => metrics.answered(response.status(), began.elapsed()),
                Err(trouble) => metrics.failed(trouble.reason()),
            }
        }
        answered
    }

    /// The one server that is asked: of a group each member has its own.
    fn place(&self) -> Option<(&Endpoint, &str)> {
        match &self.kind {
            Kind::Http(server) => Some(server.place()),
            Kind::S3(bucket) => Some(bucket.place()),
            Kind::Group(_) | Kind::Unusable(_) => None,
        }
    }
}

/// Says whether an origin that resolves dot segments would leave the path in front of this one.
fn leads_out(path: &str) -> bool {
    let path = percent_decode_str(path).collect::<Vec<u8>>();
    let mut depth = 0_usize;
    path.split(|byte| matches!(byte, b'/' | b'\\')).any(|segment| {
        let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
        match name {
            b"" | b"." => false,
            b".." => match depth.checked_sub(1) {
                Some(up) => {
                    depth = up;
                    false
                }
                None => true,
            },
            _ => {
                depth += 1;
                false
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_above_the_origins_own() {
        for path in ["/..", "/../a", "/a/../../b", "//../a", "/./../a", "/%2e%2E/a", "/a/..%2f../b"]
        {
            assert!(leads_out(path), "{path}");
        }
        for path in ["/..\\a", "/..;x/a", "/a//../../b", "/.%2e/a", "/a\\..\\..\\b"] {
            assert!(leads_out(path), "{path}");
        }
        for path in
            ["/", "", "/a/..", "/a/../b", "/a/b/../..", "/...", "/..a", "/a%2e%2e", "/%252e%252e"]
        {
            assert!(!leads_out(path), "{path}");
        }
    }
}
