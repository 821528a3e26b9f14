//! What changes while an issuer runs: its configuration, with every file that it names.
//!
//! Keys and entitlements are put in force as they are, without a restart, and sessions go on.
//! A configuration with mistakes is told, and what was in force stays. If a key can't be had
//! for a reason that may pass, such as a KMS that is away, it is asked for again and again, ever
//! more seldom; that is told once.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use gatepass_issuer::{Issuer, IssuerConfig};
use tokio::runtime::Handle;

use crate::commands::configuration;
use crate::commands::serve::{systemd, watched::Watched};
use crate::config::issuer::{self, IssuerFile};
use crate::words::{Failure, note, tell};

/// A change is in force within two of these.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What failed and may pass is tried again after so many looks, and then after twice as many…
const FIRST_LOOKS: u32 = 8;

/// … until it is a minute.
const MOST_LOOKS: u32 = 240;

/// A configuration file, and what was read of it.
pub(super) struct Followed {
    file: PathBuf,
    watched: Watched,
    /// What takes a restart to change, secrets and all.
    fixed: IssuerConfig,
    retry: Option<Retry>,
}

/// When to try again what failed for a reason that may pass.
#[derive(Debug)]
struct Retry {
    /// What was told of it.
    sentence: String,
    /// So many looks are left.
    looks: u32,
    /// So many there were between the last two tries.
    of: u32,
}

impl Retry {
    /// The next try after a failure, if there is one; `earlier` is what came before.
    fn after(failure: &Failure, earlier: Option<Self>) -> Option<Self> {
        let of = earlier.map_or(FIRST_LOOKS, |earlier| (2 * earlier.of).min(MOST_LOOKS));
        failure.may_pass().then(|| Self { sentence: failure.sentence().to_owned(), looks: of, of })
    }

    /// Looks once more, and says whether it is time.
    const fn is_due(&mut self) -> bool {
        self.looks = self.looks.saturating_sub(1);
        self.looks == 0
    }
}

/// A thread that follows, until it is dropped.
#[derive(Debug)]
pub(super) struct Following {
    reload: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Followed {
    /// Reads the configuration to begin with.
    pub(super) fn open(file: &Path) -> Result<(Self, IssuerFile), Failure> {
        let (loaded, watched) = load_watching(file, Vec::new());
        let loaded = loaded?;
        let fixed = loaded.config.clone();
        Ok((Self { file: file.to_owned(), watched, fixed, retry: None }, loaded))
    }

    /// Follows from now on.
    pub(super) fn begin(mut self, issuer: Arc<Issuer>, runtime: Handle) -> Following {
        let (reload, asked) = channel();
        let thread = std::thread::spawn(move || self.run(&issuer, &runtime, &asked));
        Following { reload: Some(reload), thread: Some(thread) }
    }

    fn run(&mut self, issuer: &Issuer, runtime: &Handle, asked: &Receiver<()>) {
        loop {
            let is_asked = match asked.recv_timeout(LOOK_EVERY) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let is_due = self.retry.as_mut().is_some_and(Retry::is_due);
            if self.watched.changed() || is_asked {
                self.retry = None;
                systemd::reloading();
                self.take_over(issuer, runtime);
                systemd::ready();
            } else if is_due {
                self.take_over(issuer, runtime);
            }
        }
    }

    fn take_over(&mut self, issuer: &Issuer, runtime: &Handle) {
        let result = self.reload(issuer, runtime);
        let earlier = self.retry.take();
        match result {
            Ok(()) => tell(&format!("{} is in force as it is now", self.file.display())),
            Err(failure) => {
                let told = earlier.as_ref().map(|earlier| earlier.sentence.clone());
                self.retry = Retry::after(&failure, earlier);
                if told.as_deref() == Some(failure.sentence()) {
                    return;
                }
                let again = if self.retry.is_some() { "; it is tried again" } else { "" };
                failure.hint(format!("what was in force before stays in force{again}")).report();
            }
        }
    }

    fn reload(&mut self, issuer: &Issuer, runtime: &Handle) -> Result<(), Failure> {
        let (loaded, watched) = load_watching(&self.file, self.watched.paths().collect());
        self.watched = watched;
        let loaded = loaded?;
        let is_told = self.retry.is_some();
        for warning in loaded.warnings.iter().filter(|_| !is_told) {
            note(warning);
        }
        if loaded.config != self.fixed && !is_told {
            note(
                "restart to change [issuer] and [login], their secrets included: keys and entitlements are in force",
            );
        }
        let issuance = runtime.block_on(super::issuance(loaded.keys, loaded.rights))?;
        issuer.install(issuance);
        Ok(())
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

/// Reads a configuration; a failure tells all of its mistakes.
pub(super) fn load(file: &Path) -> Result<IssuerFile, Failure> {
    load_noting(file, &RefCell::default())
}

/// Reads a configuration, and remembers how each of its files was before it was read.
fn load_watching(file: &Path, known: Vec<PathBuf>) -> (Result<IssuerFile, Failure>, Watched) {
    let mut paths = known;
    paths.push(file.to_owned());
    loop {
        let watched = Watched::new(paths.iter().cloned());
        let named = RefCell::default();
        let loaded = load_noting(file, &named);
        let mut named = named.into_inner();
        named.push(file.to_owned());
        if named.iter().all(|path| paths.contains(path)) {
            let watched = if loaded.is_ok() { watched.only(&named) } else { watched };
            return (loaded, watched);
        }
        paths.extend(named);
    }
}

fn load_noting(file: &Path, named: &RefCell<Vec<PathBuf>>) -> Result<IssuerFile, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("can't read {}: {error}", file.display())))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let read_file = |path: &Path| {
        named.borrow_mut().push(path.to_owned());
        std::fs::read(path)
    };
    issuer::read(&text, folder, &read_file).map_err(|mistakes| configuration::told(&mistakes, file))
}
