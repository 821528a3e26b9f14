//! Certificates from an authority that speaks ACME (RFC 8555), proven by TLS-ALPN-01 (RFC 8737):
//! the authority comes to the same port as the viewers, and nothing else needs to be open.
//!
//! # Invariants
//!
//! - Nothing waits for the authority: what is in the storage folder is shown at once, and what
//!   is missing is asked for beside the serving.
//! - A certificate is renewed once two thirds of its life are over. What fails is told, and
//!   tried again, each time a while later; the old one is shown meanwhile.
//! - Each name has a certificate of its own, so that one that can't be had harms no other.

mod authority;
mod client;
mod storage;

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use self::authority::{Authority, OrderError};
use self::storage::Storage;
use super::certificate::Certificate;
use super::certificates::Certificates;
use crate::config::AcmeConfig;
use crate::edge::Clock;

/// What happens to certificates that come by themselves.
#[derive(Debug)]
#[non_exhaustive]
pub enum AcmeEvent {
    /// A certificate came, and is shown.
    Issued {
        /// For which name.
        domain: Box<str>,
    },
    /// None came this time.
    Failed {
        /// For which name.
        domain: Box<str>,
        /// Why.
        problem: Box<str>,
        /// When it is tried again.
        again_in: Duration,
    },
    /// None will ever come, as things are.
    Impossible {
        /// Why.
        problem: Box<str>,
    },
}

impl fmt::Display for AcmeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issued { domain } => write!(f, "a certificate for {domain} came"),
            Self::Failed { domain, problem, again_in } => write!(
                f,
                "no certificate for {domain} this time: {problem}; trying again in {} s",
                again_in.as_secs()
            ),
            Self::Impossible { problem } => write!(f, "no certificates are asked for: {problem}"),
        }
    }
}

/// Keeps the certificates of some names fresh, until it is dropped.
#[derive(Debug)]
pub struct Acme {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// Told of everything that happens; called from a thread of its own.
pub type TellAcme = Box<dyn FnMut(AcmeEvent) + Send>;

impl Acme {
    /// Shows what is in the storage folder, and begins to ask for what is missing there.
    pub fn start(
        config: AcmeConfig,
        domains: Vec<Box<str>>,
        certificates: Arc<Certificates>,
        clock: Clock,
        tell: TellAcme,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let storage = Storage::new(&config.storage);
        let mut keeper = Keeper { config, storage, certificates, clock, tell, kept: Vec::new() };
        keeper.take_up(domains);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(keeper.keep(stopped));
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Acme {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Keeper {
    config: AcmeConfig,
    storage: Storage,
    certificates: Arc<Certificates>,
    clock: Clock,
    tell: TellAcme,
    kept: Vec<Kept>,
}

/// One name, and its certificate if there is one.
struct Kept {
    domain: Box<str>,
    certificate: Option<Arc<Certificate>>,
    /// Epoch seconds.
    due: u64,
    failures: u32,
}

/// How long to wait after the first failure, and at most after many.
const FIRST_RETRY: Duration = Duration::from_mins(1);
const LAST_RETRY: Duration = Duration::from_hours(6);
/// Even with nothing due, the clock is looked at so often: it may have been set.
const LONGEST_SLEEP: Duration = Duration::from_hours(1);

impl Keeper {
    fn take_up(&mut self, domains: Vec<Box<str>>) {
        for domain in domains {
            if domain.contains('*') {
                let problem = format!("{domain} is no plain name, and can't be proven by TLS");
                (self.tell)(AcmeEvent::Impossible { problem: problem.into() });
                continue;
            }
            let certificate = self.storage.certificate(&domain).map(Arc::new);
            let due = certificate.as_deref().map_or(0, renewal);
            self.kept.push(Kept { domain, certificate, due, failures: 0 });
        }
        self.show();
    }

    async fn keep(mut self, mut stopped: watch::Receiver<bool>) {
        if !self.config.accepts_terms {
            let problem = "the authority's terms are not agreed to (accept-terms = true)".into();
            (self.tell)(AcmeEvent::Impossible { problem });
            return;
        }
        let stop = async { drop(stopped.wait_for(|stopped| *stopped).await) };
        tokio::select! {
            () = stop => {}
            () = self.renew_for_ever() => {}
        }
    }

    async fn renew_for_ever(&mut self) {
        loop {
            for index in 0..self.kept.len() {
                if self.kept[index].due <= (self.clock)().seconds() {
                    self.renew(index).await;
                }
            }
            let now = (self.clock)().seconds();
            let next = self.kept.iter().map(|kept| kept.due).min().unwrap_or(u64::MAX);
            let sleep = Duration::from_secs(next.saturating_sub(now).max(1));
            tokio::time::sleep(sleep.min(LONGEST_SLEEP)).await;
        }
    }

    async fn renew(&mut self, index: usize) {
        let domain = self.kept[index].domain.clone();
        let ordered = self.order(&domain).await;
        let now = (self.clock)().seconds();
        let kept = &mut self.kept[index];
        match ordered {
            Ok(certificate) => {
                kept.due = renewal(&certificate);
                kept.certificate = Some(Arc::new(certificate));
                kept.failures = 0;
                self.show();
                (self.tell)(AcmeEvent::Issued { domain });
            }
            Err(error) => {
                let again_in = (FIRST_RETRY * (1 << kept.failures.min(10))).min(LAST_RETRY);
                kept.failures += 1;
                kept.due = now + again_in.as_secs();
                let problem = error.to_string().into();
                (self.tell)(AcmeEvent::Failed { domain, problem, again_in });
            }
        }
    }

    async fn order(&self, domain: &str) -> Result<Certificate, OrderError> {
        let authority = Authority::join(&self.config, &self.storage).await?;
        let issued = authority.issue(domain, &self.certificates).await?;
        let certificate = issued.certificate()?;
        self.storage.keep(domain, &issued)?;
        Ok(certificate)
    }

    fn show(&self) {
        let issued = self.kept.iter().filter_map(|kept| kept.certificate.clone());
        self.certificates.set_issued(issued.collect());
    }
}

/// When two thirds of its life are over, and up to a thirtieth more, so that a fleet does not
/// ask in the same second.
fn renewal(certificate: &Certificate) -> u64 {
    let life = certificate.ends().saturating_sub(certificate.begins());
    let jitter = RandomState::new().hash_one(()) % (life / 30).max(1);
    certificate.begins() + life / 3 * 2 + jitter
}
