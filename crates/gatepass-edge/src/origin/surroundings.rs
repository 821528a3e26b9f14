//! What remote origins need of the process around them.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Handle;

/// Where connections are driven, and whom TLS trusts.
#[derive(Clone, Debug)]
pub struct Surroundings {
    runtime: Handle,
    tls: Arc<ClientConfig>,
}

impl Surroundings {
    /// Connections are driven by this runtime; it must outlive whoever asks. TLS trusts the
    /// certificate authorities that the machine trusts, read once in a process.
    pub fn new(runtime: Handle) -> Self {
        static NATIVE: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        let tls = Arc::clone(NATIVE.get_or_init(|| trusting(native_roots())));
        Self { runtime, tls }
    }

    /// Trusts these authorities besides those of the machine.
    #[must_use]
    pub fn trusting(self, authorities: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        let mut roots = native_roots();
        roots.add_parsable_certificates(authorities);
        Self { tls: trusting(roots), ..self }
    }

    pub(crate) const fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.tls)
    }
}

/// Without any, no origin that speaks TLS is reached.
fn native_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn trusting(roots: RootCertStore) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}
