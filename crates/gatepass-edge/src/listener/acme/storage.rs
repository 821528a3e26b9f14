//! The folder that keeps the account, the certificates and their keys: for its owner alone.
//!
//! A file is written whole beside the old one and then takes its place, so that a crash leaves
//! either of them; a certificate and its key are one file, or they could be of two orders.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use instant_acme::AccountCredentials;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::listener::certificate::{Certificate, Unusable};

pub(super) struct Storage(PathBuf);

/// A chain and its key, in PEM.
pub(super) struct Issued {
    pub(super) chain: String,
    pub(super) key: String,
}

impl Issued {
    pub(super) fn certificate(&self) -> Result<Certificate, Unusable> {
        let unreadable = |error| Unusable::Certificate(format!("is no PEM: {error}"));
        let chain = CertificateDer::pem_slice_iter(self.chain.as_bytes());
        let chain = chain.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes());
        let key = key.map_err(|error| Unusable::Key(format!("is no PEM: {error}")))?;
        Certificate::new(chain, key)
    }
}

impl Storage {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// What was kept for a name; none if it isn't there or can't be used any more.
    pub(super) fn certificate(&self, domain: &str) -> Option<Certificate> {
        let text = fs::read_to_string(self.path_of(domain)).ok()?;
        // Each looks for what it needs and passes over the rest.
        Issued { chain: text.clone(), key: text }.certificate().ok()
    }

    pub(super) fn keep(&self, domain: &str, issued: &Issued) -> io::Result<()> {
        self.write(&self.path_of(domain), format!("{}{}", issued.key, issued.chain).as_bytes())
    }

    /// The account that was opened with this authority; none if there is none yet.
    pub(super) fn account(&self, directory: &str) -> Option<AccountCredentials> {
        let bytes = fs::read(self.account_path(directory)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    pub(super) fn keep_account(
        &self,
        directory: &str,
        account: &AccountCredentials,
    ) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(account)?;
        self.write(&self.account_path(directory), &text)
    }

    fn path_of(&self, domain: &str) -> PathBuf {
        self.0.join(format!("{}.pem", plain(domain)))
    }

    /// Another authority doesn't know this one's accounts.
    fn account_path(&self, directory: &str) -> PathBuf {
        self.0.join(format!("account {}.json", plain(directory)))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let beside = path.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(beside, path)
    }
}

/// A name without anything that means something to a file system.
fn plain(name: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-');
    name.chars().map(|char| if is_plain(char) { char } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_for_its_owner_alone_and_survives() {
        let folder = tempfile::TempDir::new().unwrap();
        let storage = Storage::new(&folder.path().join("acme"));
        assert!(storage.certificate("media.test").is_none());
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["media.test".to_owned()]).unwrap();
        let chain = params.self_signed(&key).unwrap().pem();
        let issued = Issued { chain, key: key.serialize_pem() };
        storage.keep("media.test", &issued).unwrap();
        let names = storage.certificate("media.test").unwrap().names().to_vec();
        assert_eq!(names, ["media.test".into()]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let file = fs::metadata(folder.path().join("acme/media.test.pem")).unwrap();
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
        fs::write(folder.path().join("acme/media.test.pem"), "half of a fi").unwrap();
        assert!(storage.certificate("media.test").is_none());
    }

    #[test]
    fn names_stay_inside_of_the_folder() {
        assert_eq!(plain("../a/b"), ".._a_b");
        assert_eq!(plain("https://ca.test/dir"), "https___ca.test_dir");
    }
}
