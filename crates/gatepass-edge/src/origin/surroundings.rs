//! What remote origins need of the process around them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use reqsign_core::{Env, StaticEnv};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::origin::trouble::Trouble;

/// Where connections are driven, whom TLS trusts, and where credentials are looked for.
#[derive(Clone, Debug)]
pub struct Surroundings {
    runtime: Handle,
    tls: Option<Arc<ClientConfig>>,
    variables: Arc<dyn Env>,
}

impl Surroundings {
    /// Connections are driven by this runtime; it must outlive whoever asks. TLS trusts the
    /// certificate authorities that the machine trusts, read once in a process. Credentials
    /// are looked for in the process's environment.
    pub fn new(runtime: Handle) -> Self {
        Self { runtime, tls: None, variables: Arc::new(Variables) }
    }

    /// Trusts these authorities besides those of the machine.
    #[must_use]
    pub fn trusting(self, authorities: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        let mut roots = native_roots();
        roots.add_parsable_certificates(authorities);
        Self { tls: Some(trusting(roots)), ..self }
    }

    /// Looks for credentials among these variables and below this home instead.
    #[must_use]
    pub fn with_variables<'v>(
        self,
        variables: impl IntoIterator<Item = (&'v str, &'v str)>,
        home: Option<PathBuf>,
    ) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let envs = variables.into_iter().map(owned).collect();
        Self { variables: Arc::new(StaticEnv { home_dir: home, envs }), ..self }
    }

    pub(crate) const fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        static NATIVE: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        let native = || Arc::clone(NATIVE.get_or_init(|| trusting(native_roots())));
        self.tls.clone().unwrap_or_else(native)
    }

    pub(crate) fn variables(&self) -> Shared {
        Shared(Arc::clone(&self.variables))
    }
}

/// Does this on another runtime than the caller's. It is given up if the caller is.
pub(crate) async fn elsewhere<T: Send + 'static>(
    runtime: &Handle,
    work: impl Future<Output = Result<T, Trouble>> + Send + 'static,
) -> Result<T, Trouble> {
    // A set of one: it is aborted if whoever waits for it stops waiting.
    let mut task = JoinSet::new();
    task.spawn_on(work, runtime);
    let stopped = || Trouble::Unreachable("the edge is stopping".into());
    task.join_next().await.and_then(Result::ok).ok_or_else(stopped)?
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

/// The process's environment, where the tools of Amazon's customers put their credentials.
/// A variable that is no text counts as absent.
#[derive(Debug)]
struct Variables;

impl Env for Variables {
    fn var(&self, name: &str) -> Option<String> {
        std::env::var_os(name)?.into_string().ok()
    }

    fn vars(&self) -> HashMap<String, String> {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            name.into_string().ok().zip(value.into_string().ok())
        };
        std::env::vars_os().filter_map(text).collect()
    }

    fn home_dir(&self) -> Option<PathBuf> {
        std::env::home_dir()
    }
}

/// An environment that several origins look at.
#[derive(Debug)]
pub(crate) struct Shared(Arc<dyn Env>);

impl Env for Shared {
    fn var(&self, name: &str) -> Option<String> {
        self.0.var(name)
    }

    fn vars(&self) -> HashMap<String, String> {
        self.0.vars()
    }

    fn home_dir(&self) -> Option<PathBuf> {
        self.0.home_dir()
    }
}
