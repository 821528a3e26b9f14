//! An origin behind a socket.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use gatepass_distribution::{Admitted, Origin};
use http::Response;
use http_body::{Frame, SizeHint};

use crate::origin::request::OriginRequest;
use crate::origin::trouble::Trouble;

/// A web server, a bucket, or a group of them. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Remote {
    origin: Origin,
}

impl Remote {
    /// Connects to nothing yet. Connections are driven by `runtime`, not by the caller's.
    pub fn open(origin: &Origin, runtime: &tokio::runtime::Handle) -> Self {
        let _ = runtime;
        Self { origin: origin.clone() }
    }

    /// Asks the origin. The response's headers are those that it sent, less the hop-by-hop.
    pub async fn fetch(
        &self,
        asked: Admitted<OriginRequest>,
    ) -> Result<Response<RemoteBody>, Trouble> {
        let _ = asked;
        Err(Trouble::Unreachable(format!("{} is not built yet", self.origin.id).into()))
    }
}

/// What an origin sends. It ends in [`Trouble`] if it stalls, or is shorter than it said.
#[derive(Debug)]
pub struct RemoteBody(());

impl http_body::Body for RemoteBody {
    type Data = Bytes;
    type Error = Trouble;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Trouble>>> {
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
