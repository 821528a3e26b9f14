//! Origins behind TLS: who they are is checked.

use std::sync::Arc;

use gatepass_distribution::{Endpoint, Origin, OriginKind};
use gatepass_edge::origin::remote::Remote;
use gatepass_edge::origin::trouble::Trouble;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::script::*;

/// An authority of the test's own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().der().clone();
    Authority { issuer: Issuer::new(params, key), certificate }
}

impl Authority {
    /// A server with a certificate for these names, valid until this year.
    async fn server(&self, names: &[&str], year: i32) -> u16 {
        let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        serve(config).await
    }
}

/// Answers with the name that the client asked for, and cuts off a `/cut` without a farewell.
async fn serve(config: ServerConfig) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut request = [0; 1024];
                let length = stream.read(&mut request).await.unwrap();
                let (_, session) = stream.get_ref();
                let name = session.server_name().unwrap_or("nobody").to_owned();
                if request[..length].starts_with(b"GET /cut") {
                    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhalf of it").await.unwrap();
                    stream.flush().await.unwrap();
                    return;
                }
                let answer = format!("HTTP/1.1 200 OK\r\n\r\n{name}");
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            });
        }
    });
    port
}

async fn ask(host: &str, port: u16, trusted: &Authority, path: &str) -> Result<String, Trouble> {
    let endpoint = Endpoint { is_https: true, host: host.into(), port };
    let mut origin = http_origin(endpoint);
    origin.patience.response = std::time::Duration::from_secs(5);
    origin.patience.connect = std::time::Duration::from_secs(5);
    let origin = Origin { id: "tls".into(), kind: OriginKind::Http(origin) };
    let surroundings = surroundings().trusting([trusted.certificate.clone()]);
    fetch_text(&Remote::open(&origin, &surroundings), path).await
}

#[track_caller]
fn assert_unreachable(answer: Result<String, Trouble>, why: &str) {
    match answer {
        Err(Trouble::Unreachable(what)) => assert!(what.contains(why), "{what}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_origin_that_proves_its_name_is_asked() {
    let authority = authority();
    let port = authority.server(&["localhost"], 2090).await;
    assert_eq!(ask("localhost", port, &authority, "/").await.unwrap(), "localhost");
}

#[tokio::test]
async fn an_origin_may_prove_its_address() {
    let authority = authority();
    let port = authority.server(&["127.0.0.1"], 2090).await;
    assert_eq!(ask("127.0.0.1", port, &authority, "/").await.unwrap(), "nobody");
}

#[tokio::test]
async fn an_origin_with_another_name_is_not_asked() {
    let authority = authority();
    let port = authority.server(&["other.test"], 2090).await;
    assert_unreachable(ask("localhost", port, &authority, "/").await, "certificate not valid for");
}

#[tokio::test]
async fn an_origin_vouched_for_by_strangers_is_not_asked() {
    let port = authority().server(&["localhost"], 2090).await;
    assert_unreachable(ask("localhost", port, &authority(), "/").await, "invalid peer certificate");
}

#[tokio::test]
async fn an_origin_whose_certificate_has_expired_is_not_asked() {
    let authority = authority();
    let port = authority.server(&["localhost"], 2020).await;
    assert_unreachable(ask("localhost", port, &authority, "/").await, "expired");
}

#[tokio::test]
async fn an_origin_that_does_not_speak_tls_is_unreachable() {
    let site = answering("HTTP/1.1 200 OK\r\n\r\n");
    let answer = ask("localhost", site.address.port(), &authority(), "/").await;
    assert!(matches!(answer, Err(Trouble::Unreachable(_) | Trouble::Late(_))), "{answer:?}");
}

#[tokio::test]
async fn an_answer_cut_off_within_tls_is_told_from_one_that_ended() {
    let authority = authority();
    let port = authority.server(&["localhost"], 2090).await;
    let answer = ask("localhost", port, &authority, "/cut").await;
    assert!(matches!(answer, Err(Trouble::BrokeOff(_))), "{answer:?}");
}

#[tokio::test]
async fn what_is_no_host_name_is_unreachable() {
    let endpoint = Endpoint { is_https: true, host: "not a host".into(), port: 443 };
    let remote = open(OriginKind::Http(http_origin(endpoint)));
    assert!(matches!(fetch(&remote, get("/")).await, Err(Trouble::Unreachable(_))));
}
