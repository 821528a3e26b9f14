//! Asking another server, for logins, webhooks and keys that are elsewhere.
//!
//! # Invariants
//!
//! - Every answer comes within a time and a size, or counts as none.
//! - No redirect is followed: whoever asks would no longer know whom.
//! - Without TLS only this machine is asked, and only where the operator wrote `http://`.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, Scheme, Uri};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// A client for HTTP/1.1 that keeps connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HttpsClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    plain: Vec<Authority>,
}

/// Why there is no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpsError {
    /// It would be asked without TLS.
    #[error("{0} would be asked without TLS, which is for this machine alone: write https://")]
    Plain(Box<str>),
    /// It took too long.
    #[error("no answer came within {0:?}")]
    Late(Duration),
    /// The answer has no end.
    #[error("the answer has more than {0} bytes")]
    TooLong(usize),
    /// It could not be asked, or broke off.
    #[error("{0}")]
    Unreachable(Box<str>),
}

impl HttpsClient {
    /// Trusts the certificate authorities that the machine trusts.
    pub fn new() -> Self {
        Self::trusting([])
    }

    /// Trusts these authorities besides those of the machine.
    pub fn trusting(authorities: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots.add_parsable_certificates(authorities);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(8)
            .http1_max_buf_size(MAX_HEAD)
            .build(connector);
        Self { client, plain: Vec::new() }
    }

    /// Also asks the host of this URL without TLS, which the operator wrote with `http://`.
    /// It has to be this machine.
    pub fn allowing(mut self, url: &Uri) -> Result<Self, HttpsError> {
        if url.scheme() == Some(&Scheme::HTTP) {
            match url.authority() {
                Some(host) if is_loopback(host.host()) => self.plain.push(host.clone()),
                _ => return Err(HttpsError::Plain(url.host().unwrap_or_default().into())),
            }
        }
        Ok(self)
    }

    /// Also asks Amazon's metadata services, which speak no TLS: their addresses lead no
    /// further than to the machine's own host.
    #[cfg(feature = "kms")]
    #[must_use]
    pub(crate) fn allowing_metadata_services(mut self) -> Self {
        const ADDRESSES: [&str; 5] = [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "[fd00:ec2::254]",
            "[fd00:ec2::23]",
        ];
        self.plain.extend(ADDRESSES.map(Authority::from_static));
        self
    }

    /// Sends a request to an absolute URL, and reads the whole answer.
    pub async fn send(
        &self,
        request: Request<Bytes>,
        patience: Duration,
        max_body: usize,
    ) -> Result<Response<Bytes>, HttpsError> {
        let url = request.uri();
        let is_plain = url.authority().is_some_and(|host| self.plain.contains(host));
        if url.scheme() != Some(&Scheme::HTTPS) && !is_plain {
            return Err(HttpsError::Plain(url.host().unwrap_or_default().into()));
        }
        let exchange = async {
            let unreachable = |error: hyper_util::client::legacy::Error| sentence(&error);
            let answer = self.client.request(request.map(Full::new)).await.map_err(unreachable)?;
            let (head, body) = answer.into_parts();
            match Limited::new(body, max_body).collect().await {
                Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
                Err(error) if error.is::<LengthLimitError>() => Err(HttpsError::TooLong(max_body)),
                Err(error) => Err(sentence(&*error)),
            }
        };
        tokio::time::timeout(patience, exchange).await.map_err(|_| HttpsError::Late(patience))?
    }
}

impl Default for HttpsClient {
    fn default() -> Self {
        Self::new()
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// An error and its causes, in one sentence.
fn sentence(error: &(dyn Error + 'static)) -> HttpsError {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let texts: Vec<_> = causes.map(ToString::to_string).collect();
    HttpsError::Unreachable(texts.join(": ").into())
}

/// The longest head of an answer, in bytes.
const MAX_HEAD: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that gives each of its visitors this answer, and then nothing more.
    async fn server(answer: &'static str) -> Uri {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut asked = [0; 1_024];
                    drop(stream.read(&mut asked).await);
                    drop(stream.write_all(answer.as_bytes()).await);
                    tokio::time::sleep(Duration::from_mins(1)).await;
                });
            }
        });
        url
    }

    async fn asked(url: &Uri) -> Result<Response<Bytes>, HttpsError> {
        let client = HttpsClient::new().allowing(url).unwrap();
        let request = Request::get(url.clone()).body(Bytes::new()).unwrap();
        client.send(request, Duration::from_millis(500), 8).await
    }

    #[tokio::test]
    async fn an_answer_comes_whole_or_not_at_all() {
        let url = server("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n12345678").await;
        assert_eq!(&asked(&url).await.unwrap().into_body()[..], b"12345678");
        for (answer, error) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789", HttpsError::TooLong(8)),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n1234",
                HttpsError::Late(Duration::from_millis(500)),
            ),
            ("", HttpsError::Late(Duration::from_millis(500))),
        ] {
            assert_eq!(asked(&server(answer).await).await.unwrap_err(), error, "{answer}");
        }
        let nobody = asked(&"http://127.0.0.1:1/".parse().unwrap()).await;
        assert!(matches!(nobody, Err(HttpsError::Unreachable(_))));
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_nothing_more() {
        let other = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let answer =
            format!("HTTP/1.1 302 Found\r\nlocation: {other}\r\ncontent-length: 0\r\n\r\n");
        let answer = asked(&server(answer.leak()).await).await.unwrap();
        assert_eq!(answer.status(), 302);
    }

    #[tokio::test]
    async fn without_tls_only_this_machine_is_asked_where_the_operator_wrote_it() {
        let url = |text: &str| text.parse::<Uri>().unwrap();
        let client = HttpsClient::new();
        for other in ["http://example.com/", "http://10.0.0.1/", "http://127.0.0.1.example.com/"] {
            assert!(client.clone().allowing(&url(other)).is_err(), "{other}");
        }
        let client = client.allowing(&url("http://localhost:8000/hook")).unwrap();
        for other in ["http://localhost:8001/", "http://127.0.0.1:8000/", "/relative"] {
            let request = Request::get(other).body(Bytes::new()).unwrap();
            let refused = client.send(request, Duration::from_secs(1), 8).await;
            assert!(matches!(refused, Err(HttpsError::Plain(_))), "{other}");
        }
    }
}
