//! One certificate with its chain and its key, read from PEM.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::tls;
use crate::config::CertificateFiles;

/// A certificate that a listener can show.
#[derive(Debug)]
pub(super) struct Certificate {
    key: Arc<CertifiedKey>,
    names: Vec<Box<str>>,
    begins: u64,
    ends: u64,
}

/// Why a certificate can't be shown. Names the file at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A file isn't there, or may not be read.
    #[error("can't read {}: {problem}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
    /// A file is no PEM with what is looked for in it.
    #[error("{}: {problem}", file.display())]
    Content {
        /// Which.
        file: PathBuf,
        /// What is wrong with it.
        problem: Box<str>,
    },
    /// Certificate and key are both well, but not of each other.
    #[error("the key {} is not that of the certificate {}", key.display(), certificate.display())]
    OtherKey {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
}

impl Certificate {
    pub(super) fn open(files: &CertificateFiles) -> Result<Self, CertificateError> {
        let chain = read_chain(&files.certificate)?;
        let key = read_key(&files.key)?;
        Self::new(chain, key).map_err(|problem| match problem {
            Unusable::OtherKey => CertificateError::OtherKey {
                certificate: files.certificate.clone(),
                key: files.key.clone(),
            },
            Unusable::Certificate(problem) => content(&files.certificate, problem),
            Unusable::Key(problem) => content(&files.key, problem),
        })
    }

    /// Puts a chain, its own certificate first, and a key together.
    pub(super) fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, Unusable> {
        let leaf = chain.first().ok_or_else(|| Unusable::Certificate("holds none".into()))?;
        let unreadable = |error| Unusable::Certificate(format!("can't be read: {error}"));
        let read = x509_cert::Certificate::from_der(leaf).map_err(unreadable)?;
        let read = read.tbs_certificate();
        let alternative = read.get_extension::<SubjectAltName>().map_err(unreadable)?;
        let names = alternative.iter().flat_map(|(_, names)| &names.0);
        let names = names.filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase().into()),
            _ => None,
        });
        let names = names.collect();
        let begins = read.validity().not_before.to_unix_duration().as_secs();
        let ends = read.validity().not_after.to_unix_duration().as_secs();
        let loaded = tls::provider().key_provider.load_private_key(key);
        let key =
            loaded.map_err(|error| Unusable::Key(format!("holds an unusable key: {error}")))?;
        let key = CertifiedKey::new(chain, key);
        match key.keys_match() {
            Ok(()) => Ok(Self { key: Arc::new(key), names, begins, ends }),
            Err(rustls::Error::InconsistentKeys(_)) => Err(Unusable::OtherKey),
            Err(error) => Err(Unusable::Certificate(format!("can't be read: {error}"))),
        }
    }

    pub(super) const fn key(&self) -> &Arc<CertifiedKey> {
        &self.key
    }

    /// The host names that it is for, in lower case; the first label may be `*`.
    pub(super) fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// The first second at which it counts.
    pub(super) const fn begins(&self) -> u64 {
        self.begins
    }

    /// The last second at which it counts.
    pub(super) const fn ends(&self) -> u64 {
        self.ends
    }
}

/// What keeps a certificate and a key from being used together.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("the certificate {0}")]
    Certificate(String),
    #[error("the key {0}")]
    Key(String),
    #[error("the key is not the certificate's")]
    OtherKey,
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let certificates = CertificateDer::pem_reader_iter(open(path)?).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| unreadable(path, error))?;
    if certificates.is_empty() {
        return Err(content(path, "holds no certificate (-----BEGIN CERTIFICATE-----)".into()));
    }
    Ok(certificates)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, CertificateError> {
    PrivateKeyDer::from_pem_reader(open(path)?).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            content(path, "holds no private key in the clear (-----BEGIN PRIVATE KEY-----)".into())
        }
        error => unreadable(path, error),
    })
}

fn open(path: &Path) -> Result<File, CertificateError> {
    let failed = |problem| CertificateError::File { file: path.to_owned(), problem };
    File::open(path).map_err(failed)
}

fn unreadable(path: &Path, error: pem::Error) -> CertificateError {
    match error {
        pem::Error::Io(problem) => CertificateError::File { file: path.to_owned(), problem },
        error => content(path, format!("is no PEM: {error}")),
    }
}

fn content(path: &Path, problem: String) -> CertificateError {
    CertificateError::Content { file: path.to_owned(), problem: problem.into() }
}
