//! Which invitations were used that are good for one login: a folder with a file for each,
//! until the invitation is over.
//!
//! The file says which browser used it, and when: whoever presses the button twice, or whose
//! connection breaks, may use it again for some minutes in the same browser. It counts the uses
//! of which something came; an empty one is of an invitation that was given back.
//!
//! Several issuers can share the folder, and a restart forgets nothing.
//!
//! # Invariants
//!
//! - Of all browsers that use an invitation at the same time, one succeeds.
//! - What can't be noted was not allowed: a full disk lets nobody in. Nor does a file that can't
//!   be read.
//! - There are about [`UsedInvitations::MOST`] files at most.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use gatepass::EpochTime;

use crate::server::csrf::BrowserMark;
use crate::server::locked;

/// A folder of used invitations.
#[derive(Clone, Debug)]
pub(crate) struct UsedInvitations {
    folder: PathBuf,
    most: usize,
}

/// Why an invitation can't be used now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UseError {
    #[error("it was used already")]
    Used,
    #[error("{} is full of used invitations that are not over yet", .0.display())]
    Full(PathBuf),
    #[error("can't note it in {}: {error}", folder.display())]
    Unwritable { folder: PathBuf, error: io::Error },
}

/// What a file says.
#[derive(Clone, Copy)]
enum Note {
    Unused,
    Used(Use),
    /// Not written by us, or not whole.
    Unreadable,
}

/// By which browser, when first, and how many times something came of it or still may.
#[derive(Clone, Copy)]
struct Use {
    by: BrowserMark,
    when: u64,
    times: u32,
}

impl UsedInvitations {
    /// The most invitations that are remembered at the same time.
    pub(crate) const MOST: usize = 100_000;

    /// For how many seconds the same browser may use an invitation again.
    const AGAIN: u64 = 300;

    /// A clock that is set back may not make a used invitation good again.
    const GRACE: u64 = 2 * 86_400;

    /// Makes the folder if it is not there, and forgets what is over.
    pub(crate) fn open(folder: &Path, now: EpochTime) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let opened = Self { folder: folder.to_owned(), most: Self::MOST };
        opened.sweep(now)?;
        Ok(opened)
    }

    /// Whether this browser may use it, or any that has not been here yet.
    pub(crate) fn is_open(
        &self,
        id: [u8; 16],
        expiry: EpochTime,
        browser: Option<BrowserMark>,
        now: EpochTime,
    ) -> bool {
        match File::open(self.place(id, expiry)).and_then(Note::read) {
            Ok(note) => note.is_open(browser, now),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Uses an invitation in a browser. This waits for the disk.
    pub(crate) fn take(
        &self,
        id: [u8; 16],
        expiry: EpochTime,
        browser: BrowserMark,
        now: EpochTime,
    ) -> Result<(), UseError> {
        let unwritable = |error| UseError::Unwritable { folder: self.folder.clone(), error };
        let path = self.place(id, expiry);
        if !path.exists() && self.sweep(now).map_err(unwritable)? >= self.most {
            return Err(UseError::Full(self.folder.clone()));
        }
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        let mut file = locked::open(&path, &options).map_err(unwritable)?;
        let note = Note::read(&file).map_err(unwritable)?;
        let used = match note {
            Note::Unused => Use { by: browser, when: now.seconds(), times: 1 },
            Note::Used(used) if note.is_open(Some(browser), now) => {
                Use { times: used.times.saturating_add(1), ..used }
            }
            _ => return Err(UseError::Used),
        };
        used.write(&mut file).map_err(unwritable)?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(unwritable)
    }

    /// Takes back a use that came to nothing, through no fault of the person.
    pub(crate) fn give_back(&self, id: [u8; 16], expiry: EpochTime) -> io::Result<()> {
        let options = OpenOptions::new().read(true).write(true).clone();
        let mut file = locked::open(&self.place(id, expiry), &options)?;
        match Note::read(&file)? {
            Note::Used(used) if used.times > 1 => {
                Use { times: used.times - 1, ..used }.write(&mut file)
            }
            Note::Used(_) => file.set_len(0).and_then(|()| file.sync_all()),
            Note::Unused | Note::Unreadable => Ok(()),
        }
    }

    /// Forgets what is over, and says how many are left.
    fn sweep(&self, now: EpochTime) -> io::Result<usize> {
        let mut left = 0;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let expiry = name.to_str().and_then(|name| name.split_once('-')?.1.parse::<u64>().ok());
            match expiry {
                Some(expiry) if expiry.saturating_add(Self::GRACE) < now.seconds() => {
                    // Another process may have been quicker.
                    drop(fs::remove_file(entry.path()));
                }
                _ => left += 1,
            }
        }
        Ok(left)
    }

    fn place(&self, id: [u8; 16], expiry: EpochTime) -> PathBuf {
        self.folder.join(format!("{}-{}", HEXLOWER.encode(&id), expiry.seconds()))
    }
}

impl Note {
    /// The longest file of ours, in bytes.
    const LONGEST: u64 = 128;

    fn read(file: impl io::Read) -> io::Result<Self> {
        let mut bytes = Vec::new();
        file.take(Self::LONGEST).read_to_end(&mut bytes)?;
        let used = || {
            let mut fields = std::str::from_utf8(&bytes).ok()?.strip_suffix('\n')?.split(' ');
            let by = HEXLOWER.decode(fields.next()?.as_bytes()).ok()?.try_into().ok()?;
            let (when, times) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            fields.next().is_none().then_some(Use { by, when, times })
        };
        if bytes.is_empty() {
            return Ok(Self::Unused);
        }
        Ok(used().map_or(Self::Unreadable, Self::Used))
    }

    fn is_open(self, browser: Option<BrowserMark>, now: EpochTime) -> bool {
        match self {
            Self::Unused => true,
            Self::Used(Use { by, when, .. }) => {
                let again = when..when.saturating_add(UsedInvitations::AGAIN);
                browser == Some(by) && again.contains(&now.seconds())
            }
            Self::Unreadable => false,
        }
    }
}

impl Use {
    /// Always as long, so that whoever reads meanwhile reads one or the other.
    fn write(self, file: &mut File) -> io::Result<()> {
        let Self { by, when, times } = self;
        let line = format!("{} {when:020} {times:010}\n", HEXLOWER.encode(&by));
        file.rewind()?;
        file.write_all(line.as_bytes())?;
        file.sync_all()
    }
}

#[cfg(test)]
mod tests;
