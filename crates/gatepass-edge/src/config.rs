//! How viewers reach the edge, and how much it lets a stranger send.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;

/// What an edge needs to be told, besides the snapshot.
#[derive(Clone, Debug)]
pub struct EdgeConfig {
    /// The address that viewers connect to; port 0 picks one.
    pub listen: SocketAddr,
    /// Whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Bounds on what a stranger can send.
    pub limits: Limits,
    /// How many threads answer, each with a listener of its own.
    pub threads: usize,
    /// About how many bytes the memory of verified passes may take.
    pub verified_passes_bytes: u64,
}

/// Bounds on what a stranger can send. The first two are CloudFront's.
#[derive(Clone, Debug)]
pub struct Limits {
    /// A longer URL is answered with 414.
    pub url_bytes: usize,
    /// A longer request line with headers is answered with 494.
    pub request_bytes: usize,
    /// A viewer that sends a longer body is cut off. CloudFront's limit is 64 GB.
    pub body_bytes: u64,
    /// A request's headers must be here, and an idle connection must ask again, within this.
    pub request_timeout: Duration,
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
            stall_timeout: Duration::from_mins(1),
            connections: 10_000,
            drain_timeout: Duration::from_secs(30),
        }
    }
}

impl EdgeConfig {
    /// The port that viewers reach by HTTPS, if it is known here.
    pub(crate) const fn https_port(&self) -> Option<u16> {
        None
    }

    /// Listens on `address`, trusts no proxy, and keeps to the default limits.
    pub fn listening_on(address: SocketAddr) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            listen: address,
            trusted_proxies: Vec::new(),
            limits: Limits::default(),
            threads: cores,
            verified_passes_bytes: 64 * 1024 * 1024,
        }
    }
}
