//! The folder, with the few verbs that a bucket has too: get, put, list, remove, and one
//! pointer that is replaced.
//!
//! # Invariants
//!
//! - A document has its name only once it is whole and on the disk.
//! - The pointer is replaced in one step, after what it names.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::bundle::Bundle;
use crate::document::DocumentError;
use crate::error::StoreError;
use crate::pointer::Pointer;
use crate::segment::Segment;

/// Where documents lie.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    /// How many more steps of writing are done before the power fails.
    #[cfg(test)]
    pub(crate) fuse: std::sync::atomic::AtomicUsize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Bundle,
    Segment,
}

/// The right to change something, until it is dropped. A process that is killed loses it.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock ends with it")] File);

/// Somebody else's change takes no longer, unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(20);

const POINTER: &str = "current";

/// What is not whole yet.
const UNFINISHED: &str = ".unfinished";

impl Kind {
    const fn folder(self) -> &'static str {
        match self {
            Self::Bundle => "bundles",
            Self::Segment => "segments",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Bundle => ".json",
            Self::Segment => "",
        }
    }

    const fn max_bytes(self) -> u64 {
        match self {
            Self::Bundle => Bundle::MAX_BYTES,
            Self::Segment => Segment::MAX_BYTES,
        }
    }
}

impl Folder {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            root,
            #[cfg(test)]
            fuse: usize::MAX.into(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn pointer_path(&self) -> PathBuf {
        self.root.join(POINTER)
    }

    pub(crate) fn path(&self, kind: Kind, address: Address) -> PathBuf {
        self.root.join(kind.folder()).join(format!("{address}{}", kind.ending()))
    }

    /// The pointer's bytes; none if nothing was ever kept here.
    pub(crate) fn pointer(&self) -> Result<Option<Vec<u8>>, StoreError> {
        match read(&self.pointer_path(), Pointer::MAX_BYTES) {
            Err(StoreError::Read { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    /// A document, if it is what its name says.
    pub(crate) fn get(&self, kind: Kind, address: Address) -> Result<Vec<u8>, StoreError> {
        let path = self.path(kind, address);
        let bytes = read(&path, kind.max_bytes())?;
        if Address::of(&bytes) != address {
            return Err(StoreError::Unreadable { path, problem: DocumentError::Altered });
        }
        Ok(bytes)
    }

    /// The names of all documents; what has no such name is not ours.
    pub(crate) fn list(&self, kind: Kind) -> Result<Vec<Address>, StoreError> {
        let path = self.root.join(kind.folder());
        let failed = |error| StoreError::Read { path: path.clone(), error };
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(kind.ending()));
            found.extend(name.and_then(|name| name.parse::<Address>().ok()));
        }
        Ok(found)
    }

    /// Waits until nobody else changes anything.
    pub(crate) fn lock(&self) -> Result<Lock, StoreError> {
        self.make_folders()
            .map_err(|error| StoreError::Write { path: self.root.clone(), error })?;
        let path = self.root.join("lock");
        let failed = |error| StoreError::Write { path: path.clone(), error };
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => return Err(StoreError::Busy(self.root.clone())),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    fn make_folders(&self) -> io::Result<()> {
        let is_new = !self.root.exists();
        for kind in [Kind::Bundle, Kind::Segment] {
            fs::create_dir_all(self.root.join(kind.folder()))?;
        }
        match self.root.parent().filter(|parent| is_new && !parent.as_os_str().is_empty()) {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }

    /// Keeps a document. Its writer holds the lock.
    pub(crate) fn put(&self, kind: Kind, bytes: &[u8]) -> Result<Address, StoreError> {
        let address = Address::of(bytes);
        self.replace(&self.path(kind, address), bytes)?;
        Ok(address)
    }

    /// Names the state in force. Its writer holds the lock.
    pub(crate) fn point(&self, pointer: &Pointer) -> Result<(), StoreError> {
        self.replace(&self.pointer_path(), &pointer.write())
    }

    pub(crate) fn remove(&self, kind: Kind, address: Address) -> Result<(), StoreError> {
        let path = self.path(kind, address);
        let removed = self.step().and_then(|()| fs::remove_file(&path));
        removed.map_err(|error| StoreError::Write { path, error })
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let written = self.write_whole(path, bytes);
        written.map_err(|error| StoreError::Write { path: path.to_owned(), error })
    }

    /// Each step is on the disk before the next begins.
    fn write_whole(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        let unfinished = folder.join(UNFINISHED);
        self.step()?;
        let mut file = File::create(&unfinished)?;
        let (first, second) = bytes.split_at(bytes.len() / 2);
        for half in [first, second] {
            self.step()?;
            file.write_all(half)?;
        }
        self.step()?;
        file.sync_all()?;
        self.step()?;
        fs::rename(&unfinished, path)?;
        self.step()?;
        File::open(folder)?.sync_all()
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "it fails in tests")]
    const fn step(&self) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn step(&self) -> io::Result<()> {
        use std::sync::atomic::Ordering::SeqCst;
        let left = self.fuse.load(SeqCst);
        self.fuse.store(left.saturating_sub(1), SeqCst);
        if left == 0 { Err(io::Error::other("the power failed")) } else { Ok(()) }
    }
}

/// Never more than `max` bytes are taken into memory, whatever lies there.
fn read(path: &Path, max: u64) -> Result<Vec<u8>, StoreError> {
    let failed = |error| StoreError::Read { path: path.to_owned(), error };
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    (&file).take(max + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > max {
        let length = file.metadata().map_err(failed)?.len();
        let problem = DocumentError::TooLong(length);
        return Err(StoreError::Unreadable { path: path.to_owned(), problem });
    }
    Ok(bytes)
}
