//! apt, as far as it can be used without being root: asking and downloading.

use std::{path::PathBuf, process::Command, sync::OnceLock};

use crate::{
    checkout::{self, Checkout},
    failure::Failure,
    process,
    tools::debian::entries,
};

/// apt with lists and a cache of its own; of the machine it only reads what is installed.
pub(super) struct Apt {
    home: PathBuf,
}

impl Apt {
    pub(super) fn new(checkout: &Checkout) -> Result<Self, Failure> {
        let apt = Self { home: checkout.tools("debian/apt") };
        for folder in ["lists/partial", "archives/partial"] {
            checkout::make_folder(&apt.home.join(folder))?;
        }
        Ok(apt)
    }

    /// Downloads packages and what they depend on, and gives the archives.
    pub(super) fn download(&self, packages: &[&str]) -> Result<Vec<PathBuf>, Failure> {
        let archives = self.home.join("archives");
        // What an earlier package left is unpacked already.
        checkout::remove_folder(&archives)?;
        checkout::make_folder(&archives.join("partial"))?;
        if UPDATED.get().is_none() {
            process::quietly(self.get().arg("update"))?;
            UPDATED.get_or_init(|| ());
        }
        process::quietly(
            self.get()
                .args(["install", "--yes", "--download-only", "--no-install-recommends"])
                // A package that the machine has is wanted here all the same.
                .arg("--reinstall")
                .args(packages),
        )?;
        let mut archives = entries(&archives)?;
        archives.retain(|path| path.extension().is_some_and(|end| end == "deb"));
        Ok(archives)
    }

    fn get(&self) -> Command {
        let home = self.home.display();
        let settings = [
            format!("Dir::State={home}"),
            format!("Dir::State::Lists={home}/lists"),
            // Without this the machine would count as empty, and libc be fetched with the rest.
            "Dir::State::Status=/var/lib/dpkg/status".to_owned(),
            format!("Dir::Cache={home}"),
            format!("Dir::Cache::Archives={home}/archives"),
            // The lock is for those who install; and the user that root's apt downloads as may
            // not write here.
            "Debug::NoLocking=true".to_owned(),
            "APT::Sandbox::User=".to_owned(),
            // Containers are set up to throw away what was downloaded.
            "APT::Keep-Downloaded-Packages=true".to_owned(),
        ];
        let mut command = Command::new("apt-get");
        command.args(settings.iter().flat_map(|setting| ["-o", setting]));
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

/// Whether the lists of packages were fetched in this run, which takes longer than most packages.
static UPDATED: OnceLock<()> = OnceLock::new();
