//! How viewers reach the edge, and how much it lets a stranger send.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gatepass_distribution::{Endpoint, HttpOrigin, Patience};
use ipnet::IpNet;

/// What an edge needs to be told, besides the snapshot.
#[derive(Clone, Debug)]
pub struct EdgeConfig {
    /// The address that viewers connect to; port 0 picks one.
    pub listen: SocketAddr,
    /// A second address, where plain HTTP is spoken although `listen` speaks TLS: what comes
    /// there is mostly redirected.
    pub plain_listen: Option<SocketAddr>,
    /// Whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Bounds on what a stranger can send.
    pub limits: Limits,
    /// How many threads answer, each with a listener of its own.
    pub threads: usize,
    /// About how many bytes the memory of verified passes may take.
    pub verified_passes_bytes: u64,
    /// Where metrics and health are told; nowhere if none.
    pub metrics_listen: Option<SocketAddr>,
    /// How a line of the access log is written.
    pub log_format: LogFormat,
    /// Certificates from files. With neither these nor ACME, plain HTTP is spoken.
    pub tls: Vec<CertificateFiles>,
    /// Whom to ask for certificates.
    pub acme: Option<AcmeConfig>,
    /// What is kept of origins' answers.
    pub cache: CacheConfig,
}

/// How a line of the access log is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LogFormat {
    /// CloudFront's standard fields, separated by tabs.
    CloudFront,
    /// One object a line, with a denial's reason.
    #[default]
    Json,
}

/// A certificate with its chain, and its private key, each in PEM.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateFiles {
    /// The certificate first, then those that vouch for it.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// An account with a certificate authority that speaks ACME (RFC 8555).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AcmeConfig {
    /// The URL of the authority's directory.
    pub directory: Box<str>,
    /// Whom the authority may write to, such as `mailto:admin@example.com`.
    pub contact: Vec<Box<str>>,
    /// The host names to ask certificates for; where none are listed, the aliases of all
    /// distributions that are plain names.
    pub domains: Vec<Box<str>>,
    /// The folder that keeps the account, the certificates and their keys.
    pub storage: PathBuf,
    /// Whether the operator agrees to the authority's terms. Without it nothing is asked.
    pub accepts_terms: bool,
}

/// What is kept of origins' answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CacheConfig {
    /// About how much is kept in memory. With zero there is no cache in memory.
    pub memory_bytes: u64,
    /// What is kept on disk besides.
    pub disk: Option<DiskConfig>,
    /// Objects are fetched and kept in pieces of this size: 64 KiB to 8 MiB.
    pub slice_bytes: u32,
}

/// A folder for the cache alone. What else lies there may be lost.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DiskConfig {
    /// The folder.
    pub directory: PathBuf,
    /// How much it may take.
    pub bytes: u64,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { memory_bytes: 256 * 1024 * 1024, disk: None, slice_bytes: 1024 * 1024 }
    }
}

/// Where spans are sent, and of which requests there are any.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenTelemetry {
    /// The collector. It is asked for its own path and `/v1/traces`.
    pub collector: HttpOrigin,
    /// What every span says that it is told by.
    pub service_name: Box<str>,
    /// Which part of the requests is told: from 0, none, to 1, all.
    pub sample: f64,
    /// Whether a viewer's `traceparent` says of which trace a request is, and whether it is
    /// told. Only for edges whose viewers are all one's own: a stranger could have every
    /// request told.
    pub follow_viewers: bool,
}

impl OpenTelemetry {
    /// Whether spans can be told at all: whether this was built with the feature
    /// `opentelemetry`.
    pub const IS_BUILT_IN: bool = cfg!(feature = "opentelemetry");

    /// Tells every tenth request to a collector, under the name of `gatepass`.
    pub fn told_to(endpoint: Endpoint, path: Box<str>) -> Self {
        const PATIENCE: Duration = Duration::from_secs(5);

        let patience =
            Patience { connect: PATIENCE, response: PATIENCE, attempts: 1, ..Patience::default() };
        let collector = HttpOrigin {
            endpoint,
            path,
            headers: Vec::new(),
            patience,
            // It is the operator's own, wherever its name leads.
            allow_private_addresses: true,
        };
        Self { collector, service_name: "gatepass".into(), sample: 0.1, follow_viewers: false }
    }
}

/// Bounds on what a stranger can send. The first two are CloudFront's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// A longer URL is answered with 414.
    pub url_bytes: usize,
    /// A longer request line with headers is answered with 494.
    pub request_bytes: usize,
    /// A viewer that sends a longer body is cut off. CloudFront's limit is 64 GB.
    pub body_bytes: u64,
    /// A request's headers must be here, and an idle connection must ask again, within this.
    pub request_timeout: Duration,
    /// A TLS handshake must be through within this.
    pub handshake_timeout: Duration,
    /// A viewer that takes nothing of its answer for so long is cut off.
    pub stall_timeout: Duration,
    /// Connections beyond this are closed at once.
    pub connections: usize,
    /// What still runs this long after the end was asked for is cut off.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            url_bytes: 8_192,
            request_bytes: 32_768,
            body_bytes: 64 * 1024 * 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            handshake_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_mins(1),
            connections: 10_000,
            drain_timeout: Duration::from_secs(30),
        }
    }
}

impl EdgeConfig {
    /// The port that viewers reach by HTTPS, if it is known here.
    pub(crate) fn https_port(&self) -> Option<u16> {
        let speaks_tls = !self.tls.is_empty() || self.acme.is_some();
        speaks_tls.then(|| self.listen.port())
    }

    /// Listens on `address` in plain HTTP, trusts no proxy, and keeps to the default limits.
    pub fn listening_on(address: SocketAddr) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            listen: address,
            plain_listen: None,
            trusted_proxies: Vec::new(),
            limits: Limits::default(),
            threads: cores,
            verified_passes_bytes: 64 * 1024 * 1024,
            metrics_listen: None,
            log_format: LogFormat::default(),
            tls: Vec::new(),
            acme: None,
            cache: CacheConfig::default(),
        }
    }
}
