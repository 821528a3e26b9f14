//! An authority, certificates in a folder, a door that tells how it was reached, a viewer.

#![expect(unreachable_pub, reason = "part of a test")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gatepass_edge::{
    Answering, Body, CertificateFiles, Connection, Door, EdgeConfig, Running, Sent, listen,
};
use http::{Request, Response};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

/// Answers every request with how it came.
pub struct Mirror;

impl Door for Mirror {
    fn answer(self: &Arc<Self>, request: Request<Sent>, connection: &Connection) -> Answering {
        let tls = connection.tls.map_or("plain".to_owned(), |tls| {
            let resumed = if tls.is_resumed { " resumed" } else { "" };
            format!("{} {}{resumed}", tls.protocol, tls.cipher)
        });
        let scheme = connection.scheme.as_str();
        let length = request.uri().query().and_then(|query| query.parse().ok()).unwrap_or(0);
        let text = format!("{scheme} {:?} {tls}{}", request.version(), ".".repeat(length));
        Answering::ready(Response::new(Body::Whole(text.into())))
    }
}

/// A certificate authority and the folder that its certificates lie in.
pub struct Stage {
    pub folder: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Stage {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { folder: TempDir::new().unwrap(), issuer }
    }

    pub fn root(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// The first certificate of a PEM file.
    pub fn first_of(pem: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a certificate for `names` and its P-256 key.
    pub fn certificate(&self, file: &str, names: &[&str]) -> CertificateFiles {
        self.certificate_with(file, names, &KeyPair::generate().unwrap(), |_| {})
    }

    pub fn certificate_with(
        &self,
        file: &str,
        names: &[&str],
        key: &KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> CertificateFiles {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let certificate = params.signed_by(key, &self.issuer).unwrap();
        let files = CertificateFiles {
            certificate: self.path(&format!("{file}.pem")),
            key: self.path(&format!("{file}.key")),
        };
        std::fs::write(&files.certificate, certificate.pem() + &self.issuer.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }

    /// A viewer that trusts this authority, and speaks these protocols.
    pub fn viewer(&self, protocols: &[&str]) -> Arc<ClientConfig> {
        self.viewer_of(protocols, rustls::ALL_VERSIONS)
    }

    pub fn viewer_of(
        &self,
        protocols: &[&str],
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|one| one.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

pub fn config(files: Vec<CertificateFiles>) -> EdgeConfig {
    let local = ([127, 0, 0, 1], 0).into();
    EdgeConfig { threads: 1, tls: files, ..EdgeConfig::listening_on(local) }
}

pub fn start(files: Vec<CertificateFiles>) -> Running {
    listen(&config(files), &Arc::new(Mirror)).unwrap()
}

pub type Stream = StreamOwned<ClientConnection, TcpStream>;

pub fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

pub fn connect(address: SocketAddr, viewer: &Arc<ClientConfig>, name: &str) -> Stream {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let session = ClientConnection::new(Arc::clone(viewer), name).unwrap();
    StreamOwned::new(session, tcp(address))
}

/// Asks once, reads to the end; what went wrong, if something did.
pub fn get(stream: &mut Stream, target: &str) -> std::io::Result<String> {
    write!(stream, "GET {target} HTTP/1.1\r\nHost: media.test\r\nConnection: close\r\n\r\n")?;
    stream.flush()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The names of the certificate that a viewer is shown, which need not be the one it asked for.
pub fn shown(address: SocketAddr, viewer: &Arc<ClientConfig>, name: &str) -> String {
    let stream = &mut connect(address, viewer, name);
    match get(stream, "/") {
        Ok(_) => "the right one".into(),
        Err(error) => {
            let rustls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
            match rustls {
                Some(rustls::Error::InvalidCertificate(
                    rustls::CertificateError::NotValidForNameContext { presented, .. },
                )) => presented.join(" "),
                other => panic!("{other:?}"),
            }
        }
    }
}
