//! TLS 1.2 and 1.3, as viewers are met with it.
//!
//! No early data: a request in it could be played again by anybody who saw it. Sessions are
//! resumed by tickets alone, whose keys change every six hours and never leave the process.

use std::sync::{Arc, LazyLock};

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs;
use rustls::server::{NoServerSessionStorage, ServerConfig, ServerConnection};
use rustls::{HandshakeKind, ProtocolVersion};

use super::certificates::{ACME_TLS, Certificates};

/// What was agreed on with a viewer, in the words of CloudFront's log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "tests and other listeners make one")]
pub struct TlsParameters {
    /// `TLSv1.2` or `TLSv1.3`.
    pub protocol: &'static str,
    /// As OpenSSL calls it: `ECDHE-RSA-AES128-GCM-SHA256`, `TLS_AES_128_GCM_SHA256`.
    pub cipher: &'static str,
    /// Whether it went on from an earlier connection.
    pub is_resumed: bool,
}

impl TlsParameters {
    pub(super) fn of(connection: &ServerConnection) -> Self {
        Self {
            protocol: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                _ => "-",
            },
            cipher: connection.negotiated_cipher_suite().map_or("-", |suite| {
                let name = suite.suite().as_str().unwrap_or("-");
                CIPHERS.iter().find(|(known, _)| *known == name).map_or("-", |(_, named)| *named)
            }),
            is_resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
        }
    }
}

/// How rustls names what it offers, and how logs do.
const CIPHERS: [(&str, &str); 9] = [
    ("TLS13_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
    ("TLS13_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
    ("TLS13_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"),
];

/// The cryptography that is used; named, because a process may hold several.
pub(super) fn provider() -> &'static Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));
    &PROVIDER
}

/// How handshakes are done; the same for every thread, so that tickets are good on each.
pub(super) fn server_config(
    certificates: Arc<Certificates>,
    answers_acme: bool,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".into(), b"http/1.1".into()];
    if answers_acme {
        config.alpn_protocols.push(ACME_TLS.into());
    }
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    // A ticket may be used more than once, so the second that rustls would send is never missed.
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cipher_on_offer_has_a_name_for_the_log() {
        for suite in &provider().cipher_suites {
            let name = suite.suite().as_str().unwrap();
            assert!(CIPHERS.iter().any(|(known, _)| *known == name), "{name}");
        }
    }
}
