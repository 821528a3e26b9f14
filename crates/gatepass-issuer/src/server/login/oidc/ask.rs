//! Asking the provider: one question, one answer in JSON, both with an end.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use serde_json::{Map, Value};

use super::config::OidcConfig;
use super::error::OidcError;
use crate::https_client::HttpsClient;

/// Asks a server by HTTP; handed in, so that tests do without a socket. Who answers follows no
/// redirect, gives up after [`PATIENCE`] and after [`MOST_BYTES`].
pub type Ask = Arc<dyn Fn(Request<Bytes>) -> Answer + Send + Sync>;

/// What a server answered, or why it did not.
pub type Answer = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Box<str>>> + Send>>;

/// For how long an answer is waited for.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer that is read, in bytes.
pub const MOST_BYTES: usize = 262_144;

/// A JSON object, and the status it came with.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) object: Map<String, Value>,
}

/// Asks for a JSON object. `what` names the place in errors.
pub(super) async fn ask(
    ask: &Ask,
    what: &'static str,
    mut request: Request<Bytes>,
) -> Result<Answered, OidcError> {
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::ACCEPT, json);
    let answer = ask(request).await.map_err(|why| OidcError::Unreachable { what, why })?;
    let status = answer.status().as_u16();
    if answer.status().is_server_error() {
        return Err(OidcError::Unreachable { what, why: format!("status {status}").into() });
    }
    let unusable = |why: &str| OidcError::Unusable { what, why: why.into() };
    if answer.body().len() > MOST_BYTES {
        return Err(unusable("the answer is too long"));
    }
    match serde_json::from_slice(answer.body()) {
        Ok(object) => Ok(Answered { status, object }),
        Err(_) => Err(unusable(&format!("status {status}, and no JSON object"))),
    }
}

/// The same, where everything but 200 is a failure.
pub(super) async fn ask_for(
    ask_: &Ask,
    what: &'static str,
    request: Request<Bytes>,
) -> Result<Map<String, Value>, OidcError> {
    match ask(ask_, what, request).await? {
        Answered { status: 200, object } => Ok(object),
        Answered { status, .. } => {
            Err(OidcError::Unusable { what, why: format!("status {status}").into() })
        }
    }
}

/// A question without a body. The URL was checked when it was learned.
pub(super) fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).expect("a checked URL")
}

/// Asks by a client of our own, which takes http for this machine alone, and there for the host
/// of the provider alone.
pub(crate) fn by_https(config: &OidcConfig) -> Ask {
    let client = HttpsClient::new();
    let allowed = config.issuer.parse().ok().and_then(|url| client.clone().allowing(&url).ok());
    let client = allowed.unwrap_or(client);
    Arc::new(move |request| {
        let client = client.clone();
        Box::pin(async move {
            let answer = client.send(request, PATIENCE, MOST_BYTES).await;
            answer.map_err(|error| error.to_string().into())
        })
    })
}
