//! The certificates that a listener shows, and which of them a viewer sees.
//!
//! # Invariants
//!
//! - What is held was checked whole: a chain that can be read and a key that fits it. What
//!   can't be used never replaces what can.
//! - A name is looked up exactly first, then with `*` for its first label. A viewer that names
//!   nobody, or somebody unknown, sees the first certificate: it is the one to complain.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use gatepass::EpochTime;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::certificate::{Certificate, CertificateError};
use crate::config::CertificateFiles;

/// The ALPN name of a certificate authority that looks for its challenge (RFC 8737).
pub(super) const ACME_TLS: &[u8] = b"acme-tls/1";

/// All certificates of a listener; shared with whoever reloads or renews them.
#[derive(Debug, Default)]
pub struct Certificates {
    shown: ArcSwap<Shown>,
    sources: Mutex<Sources>,
    challenges: ArcSwap<HashMap<Box<str>, Arc<CertifiedKey>>>,
}

/// Where certificates come from. Those from files come first.
#[derive(Debug, Default)]
struct Sources {
    files: Vec<CertificateFiles>,
    from_files: Vec<Arc<Certificate>>,
    issued: Vec<Arc<Certificate>>,
}

/// A certificate that is shown, but that viewers will not like.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateWarning {
    /// It is past its end.
    #[error("the certificate for {names} has expired: viewers are refused by their browsers")]
    Expired {
        /// The names it is for.
        names: Box<str>,
    },
    /// It has not begun.
    #[error("the certificate for {names} is not valid yet")]
    NotYetValid {
        /// The names it is for.
        names: Box<str>,
    },
}

impl Certificates {
    /// Reads every certificate and key; tells every mistake.
    pub fn open(files: &[CertificateFiles]) -> Result<Self, Vec<CertificateError>> {
        let certificates = Self::default();
        certificates.replace(files)?;
        Ok(certificates)
    }

    /// Reads the same files again. If one of them is bad, all the old ones stay in force.
    pub fn reload(&self) -> Result<(), Vec<CertificateError>> {
        let files = self.sources().files.clone();
        self.replace(&files)
    }

    /// Shows the certificates of other files from now on. If one of them is bad, all the old
    /// ones stay in force.
    pub fn replace(&self, files: &[CertificateFiles]) -> Result<(), Vec<CertificateError>> {
        let (mut read, mut errors) = (Vec::new(), Vec::new());
        for files in files {
            match Certificate::open(files) {
                Ok(certificate) => read.push(Arc::new(certificate)),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut sources = self.sources();
        sources.files = files.to_vec();
        sources.from_files = read;
        self.show(&sources);
        Ok(())
    }

    /// What viewers will not like about the certificates in force.
    pub fn warnings(&self, now: EpochTime) -> Vec<CertificateWarning> {
        let sources = self.sources();
        let all = sources.from_files.iter().chain(&sources.issued);
        all.filter_map(|one| {
            let names = || one.names().join(", ").into_boxed_str();
            if now.seconds() > one.ends() {
                Some(CertificateWarning::Expired { names: names() })
            } else if now.seconds() < one.begins() {
                Some(CertificateWarning::NotYetValid { names: names() })
            } else {
                None
            }
        })
        .collect()
    }

    /// Shows these, too: what an authority issued, after those from files.
    pub(super) fn set_issued(&self, issued: Vec<Arc<Certificate>>) {
        let mut sources = self.sources();
        sources.issued = issued;
        self.show(&sources);
    }

    /// Answers an authority that comes to see whether a name is ours, until told otherwise.
    pub(super) fn set_challenge(&self, name: &str, answer: Option<&Arc<CertifiedKey>>) {
        self.challenges.rcu(|challenges| {
            let mut changed = HashMap::clone(challenges);
            match answer {
                Some(answer) => changed.insert(name.into(), Arc::clone(answer)),
                None => changed.remove(name),
            };
            changed
        });
    }

    fn show(&self, sources: &Sources) {
        let all = sources.from_files.iter().chain(&sources.issued);
        self.shown.store(Arc::new(Shown::new(all)));
    }

    fn sources(&self) -> std::sync::MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().map(str::to_ascii_lowercase);
        let mut protocols = hello.alpn().into_iter().flatten();
        if protocols.next() == Some(ACME_TLS) && protocols.next().is_none() {
            return self.challenges.load().get(name.as_deref()?).cloned();
        }
        let shown = self.shown.load();
        let candidates = shown.candidates(name.as_deref());
        let usable =
            |one: &&Arc<CertifiedKey>| one.key.choose_scheme(hello.signature_schemes()).is_some();
        candidates.iter().find(usable).or_else(|| candidates.first()).cloned()
    }
}

type Keys = Vec<Arc<CertifiedKey>>;

/// Certificates by name; several for one name if their keys are of different kinds.
#[derive(Debug, Default)]
struct Shown {
    first: Keys,
    exact: HashMap<Box<str>, Keys>,
    wildcard: HashMap<Box<str>, Keys>,
}

impl Shown {
    fn new<'c>(certificates: impl Iterator<Item = &'c Arc<Certificate>>) -> Self {
        let mut shown = Self::default();
        for one in certificates {
            if shown.first.is_empty() {
                shown.first.push(Arc::clone(one.key()));
            }
            for name in one.names() {
                let keys = match name.strip_prefix("*.") {
                    Some(parent) => shown.wildcard.entry(parent.into()),
                    None => shown.exact.entry(name.clone()),
                };
                keys.or_default().push(Arc::clone(one.key()));
            }
        }
        shown
    }

    fn candidates(&self, name: Option<&str>) -> &[Arc<CertifiedKey>] {
        let found = name.and_then(|name| {
            let parent = || self.wildcard.get(name.split_once('.')?.1);
            self.exact.get(name).or_else(parent)
        });
        found.unwrap_or(&self.first)
    }
}
