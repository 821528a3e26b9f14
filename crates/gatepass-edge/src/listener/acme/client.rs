//! HTTPS to the authority: one connection for each request, bounded in time and size.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Uri};
use http_body_util::Limited;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::listener::tls;

/// A request and its answer take no longer than this.
const PATIENCE: Duration = Duration::from_secs(30);
/// No answer of an authority is nearly as long.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// Trusts whom the system trusts.
pub(super) struct Client(TlsConnector);

impl Client {
    pub(super) fn new() -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::clone(tls::provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let asked = ask(self.0.clone(), request);
        Box::pin(async move {
            let late = |_| Error::Str("the authority takes too long to answer");
            tokio::time::timeout(PATIENCE, asked).await.map_err(late)?
        })
    }
}

async fn ask(
    connector: TlsConnector,
    mut request: Request<BodyWrapper<Bytes>>,
) -> Result<BytesResponse, Error> {
    let uri = request.uri();
    if uri.scheme_str() != Some("https") {
        return Err(Error::Str("the authority's address is not https"));
    }
    let authority = uri.authority().ok_or(Error::Str("the authority's address names no host"))?;
    let host = HeaderValue::from_str(authority.as_str()).map_err(other)?;
    let (name, port) = (authority.host(), authority.port_u16().unwrap_or(443));
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((name, port)).await.map_err(other)?;
    let name = ServerName::try_from(name.to_owned()).map_err(other)?;
    let stream = connector.connect(name, stream).await.map_err(other)?;
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    *request.uri_mut() = path.parse::<Uri>().map_err(other)?;
    request.headers_mut().insert(HOST, host);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(other)?;
    tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(other)?;
    Ok(answer.map(|body| Limited::new(body, LONGEST_ANSWER)).into())
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Other(Box::new(error))
}
