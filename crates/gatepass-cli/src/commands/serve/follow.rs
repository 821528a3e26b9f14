//! What changes while an edge runs: its configuration, with every file that it names, and
//! what is added to its state folder.
//!
//! One thread looks a few times a second. A configuration is checked whole before anything
//! of it is in force; one with mistakes is told, and what was in force stays.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use data_encoding::HEXLOWER;
use gatepass_distribution::Snapshot;
use gatepass_edge::{AccessLog, CertificateFiles, Certificates, ConfigStatus, Edge};
use gatepass_store::{Follower, Store, StoreError};

use super::disk::DiskWatch;
use super::restart::Fixed;
use super::systemd;
use super::warn_of;
use super::watched::Watched;
use crate::clock;
use crate::commands::configuration;
use crate::config::Config;
use crate::words::{Failure, note, tell};

/// A change is in force within two of these, facts within one.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A configuration file, and what was read of it.
pub(super) struct Followed {
    file: PathBuf,
    watched: Watched,
    fixed: Fixed,
    follower: Follower,
    snapshot: Snapshot,
    tls: Vec<CertificateFiles>,
    status: ConfigStatus,
    disk: DiskWatch,
}

/// What is told of a change.
pub(super) struct Served {
    pub(super) edge: Arc<Edge>,
    pub(super) certificates: Option<Arc<Certificates>>,
    pub(super) log: AccessLog,
}

/// A thread that follows, until it is dropped.
#[derive(Debug)]
pub(super) struct Following {
    reload: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Followed {
    /// Reads the configuration to begin with, and the facts that belong to it.
    pub(super) fn open(file: &Path) -> Result<(Self, Config), Failure> {
        let (config, watched) = load(file, Vec::new());
        let mut config = config?;
        let store = Store::open(&config.state);
        let (follower, problem) =
            Follower::begin(store, clock::now()).map_err(|error| no_facts(&error))?;
        if let Some(problem) = problem {
            complain(&problem);
        }
        config.snapshot = config.snapshot.with_facts(follower.facts());
        let opened = Self {
            watched,
            fixed: Fixed::of(&config),
            follower,
            snapshot: config.snapshot.clone(),
            tls: config.edge.tls.clone(),
            status: ConfigStatus {
                version: version(file),
                installed: Some(clock::now()),
                ..ConfigStatus::default()
            },
            disk: DiskWatch::default(),
            file: file.to_owned(),
        };
        Ok((opened, config))
    }

    /// Follows from now on.
    pub(super) fn begin(mut self, served: Served) -> Following {
        let (reload, asked) = channel();
        served.edge.tell_config(self.status.clone());
        let thread = std::thread::spawn(move || self.run(&served, &asked));
        Following { reload: Some(reload), thread: Some(thread) }
    }

    fn run(&mut self, served: &Served, asked: &Receiver<()>) {
        loop {
            let is_asked = match asked.recv_timeout(LOOK_EVERY) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if is_asked {
                served.log.reopen();
            }
            if self.watched.changed() || is_asked {
                systemd::reloading();
                self.reload(served);
                systemd::ready();
            }
            self.follow_facts(served);
            self.disk.look(&served.edge);
        }
    }

    fn reload(&mut self, served: &Served) {
        let (loaded, watched) = load(&self.file, self.watched.paths().collect());
        self.watched = watched;
        let taken = loaded.and_then(|config| self.take(config, served));
        self.status.last_reload_failed = taken.is_err();
        match taken {
            Ok(()) => {
                self.status.reloads += 1;
                self.status.version = version(&self.file);
                self.status.installed = Some(clock::now());
                tell(&format!("{} is in force as it is now", self.file.display()));
            }
            Err(failure) => {
                self.status.failed_reloads += 1;
                failure.hint("what was in force before stays in force").report();
            }
        }
        served.edge.tell_config(self.status.clone());
    }

    /// Puts a configuration in force: all of it that a running edge can change, or nothing.
    fn take(&mut self, config: Config, served: &Served) -> Result<(), Failure> {
        let show = |files: &[CertificateFiles]| match &served.certificates {
            Some(certificates) if !files.is_empty() => {
                certificates.replace(files).map_err(|errors| failure_of(&errors))
            }
            _ => Ok(()),
        };
        let snapshot = config.snapshot.with_facts(self.follower.facts());
        show(&config.edge.tls)?;
        if let Err(errors) = served.edge.install(snapshot.clone()) {
            // They could be read when they were put in force; if not now, those in memory stay.
            let _ = show(&self.tls);
            return Err(failure_of(&errors));
        }
        let fixed = self.fixed.needs_restart(&config);
        if !fixed.is_empty() {
            note(&format!("restart to change these fields of [edge]: {}", fixed.join(", ")));
        }
        if let Some(certificates) = &served.certificates {
            warn_of(certificates);
        }
        self.snapshot = snapshot;
        self.tls = config.edge.tls;
        Ok(())
    }

    fn follow_facts(&mut self, served: &Served) {
        match self.follower.poll(clock::now()) {
            None => {}
            Some(Err(error)) => complain(&error),
            Some(Ok(facts)) => {
                self.snapshot = self.snapshot.with_facts(facts);
                if let Err(errors) = served.edge.install(self.snapshot.clone()) {
                    failure_of(&errors).report();
                }
            }
        }
    }
}

impl Following {
    /// Reads everything again now, whether it changed or not.
    pub(super) fn reload(&self) {
        if let Some(reload) = &self.reload {
            // If the thread has ended, so has the process, or nearly.
            let _ = reload.send(());
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        drop(self.reload.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads a configuration, and remembers how each of its files was before it was read.
fn load(file: &Path, known: Vec<PathBuf>) -> (Result<Config, Failure>, Watched) {
    let mut paths = known;
    paths.push(file.to_owned());
    loop {
        let watched = Watched::new(paths.iter().cloned());
        let named = RefCell::default();
        let loaded = configuration::load_noting(file, &named);
        let mut named = named.into_inner();
        named.push(file.to_owned());
        if named.iter().all(|path| paths.contains(path)) {
            // A file that is only named no more may come back with the next mistake.
            let watched = if loaded.is_ok() { watched.only(&named) } else { watched };
            return (loaded, watched);
        }
        paths.extend(named);
    }
}

/// What the file says, in few letters.
fn version(file: &Path) -> Box<str> {
    let text = std::fs::read(file).unwrap_or_default();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &text);
    HEXLOWER.encode(&digest.as_ref()[..6]).into()
}

fn failure_of<E: ToString>(errors: &[E]) -> Failure {
    Failure::new(errors.iter().map(E::to_string).collect::<Vec<_>>().join("\n"))
}

fn complain(error: &StoreError) {
    Failure::new(error.to_string()).hint(hint(error)).report();
}

fn hint(error: &StoreError) -> &'static str {
    match error {
        StoreError::WentBack { .. } => {
            "the newer one stays in force; restart to take the older one, with fewer revoked passes"
        }
        StoreError::Unreadable { .. } | StoreError::Gone(_) => {
            "the last good state is in force; gatepass invalidate and revoke go on from it with --repair"
        }
        _ => "the last good state is in force",
    }
}

fn no_facts(error: &StoreError) -> Failure {
    Failure::new(error.to_string()).hint(
        "nobody can tell which passes were revoked; restore the folder, or remove it to begin anew",
    )
}
