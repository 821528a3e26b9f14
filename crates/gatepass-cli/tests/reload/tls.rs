//! Which certificate an edge shows.

use std::fs;
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedKey, KeyPair, date_time_ymd, generate_simple_self_signed};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::edge::Place;

/// A certificate that vouches for itself.
pub(crate) struct SelfSigned(CertifiedKey<KeyPair>);

impl SelfSigned {
    pub(crate) fn new() -> Self {
        Self(generate_simple_self_signed(["localhost".to_owned()]).unwrap())
    }

    /// One that was good for a day, long ago.
    pub(crate) fn expired() -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 2);
        let signing_key = KeyPair::generate().unwrap();
        let cert = params.self_signed(&signing_key).unwrap();
        Self(CertifiedKey { cert, signing_key })
    }

    pub(crate) fn key(&self) -> String {
        self.0.signing_key.serialize_pem()
    }

    pub(crate) fn write(&self, place: &Place) {
        fs::write(place.path("cert.pem"), self.0.cert.pem()).unwrap();
        fs::write(place.path("key.pem"), self.key()).unwrap();
    }

    /// Says whether a handshake succeeds with whoever trusts this certificate alone.
    pub(crate) fn is_shown_by(&self, place: &Place) -> bool {
        let mut trusted = RootCertStore::empty();
        trusted.add(self.0.cert.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let name = "localhost".try_into().unwrap();
        let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = TcpStream::connect(&place.address).unwrap();
        while client.is_handshaking() {
            if client.complete_io(&mut stream).is_err() {
                return false;
            }
        }
        true
    }
}
