//! Which invitations were used that are good for one login: a folder with an empty file for
//! each, until the invitation is over.
//!
//! A file is there or it is not, for every process that looks: several issuers can share the
//! folder, and a restart forgets nothing.
//!
//! # Invariants
//!
//! - Of all who use an invitation at the same time, one succeeds.
//! - What can't be noted was not allowed: a full disk lets nobody in.
//! - There are no more than [`UsedInvitations::MOST`] files.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use gatepass::EpochTime;

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

impl UsedInvitations {
    /// The most invitations that are remembered at the same time.
    pub(crate) const MOST: usize = 100_000;

    /// A clock that is set back may not make a used invitation good again.
    const GRACE: u64 = 2 * 86_400;

    /// Makes the folder if it is not there, and forgets what is over.
    pub(crate) fn open(folder: &Path, now: EpochTime) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let opened = Self { folder: folder.to_owned(), most: Self::MOST };
        opened.sweep(now)?;
        Ok(opened)
    }

    /// Whether it was used.
    pub(crate) fn has(&self, id: [u8; 16], expiry: EpochTime) -> bool {
        self.place(id, expiry).exists()
    }

    /// Uses an invitation. This waits for the disk.
    pub(crate) fn take(
        &self,
        id: [u8; 16],
        expiry: EpochTime,
        now: EpochTime,
    ) -> Result<(), UseError> {
        let unwritable = |error| UseError::Unwritable { folder: self.folder.clone(), error };
        if self.sweep(now).map_err(unwritable)? >= self.most {
            return Err(UseError::Full(self.folder.clone()));
        }
        let created = OpenOptions::new().write(true).create_new(true).open(self.place(id, expiry));
        let note = created.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => UseError::Used,
            _ => unwritable(error),
        })?;
        let keep = || note.sync_all().and_then(|()| File::open(&self.folder)?.sync_all());
        keep().map_err(unwritable)
    }

    /// Takes back a use that came to nothing, through no fault of the person.
    pub(crate) fn give_back(&self, id: [u8; 16], expiry: EpochTime) -> io::Result<()> {
        fs::remove_file(self.place(id, expiry))
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn at(seconds: u64) -> EpochTime {
        EpochTime::new(1_000_000 + seconds).unwrap()
    }

    #[test]
    fn an_invitation_is_used_once_however_many_try() {
        let folder = tempfile::tempdir().unwrap();
        let used = UsedInvitations::open(&folder.path().join("a/b"), at(0)).unwrap();
        let succeeded = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    if used.take([1; 16], at(100), at(0)).is_ok() {
                        succeeded.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(succeeded.into_inner(), 1);
        assert!(used.take([2; 16], at(100), at(0)).is_ok());
    }

    #[test]
    fn a_restart_forgets_nothing_until_the_invitation_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let open = |seconds| UsedInvitations::open(folder.path(), at(seconds)).unwrap();
        open(0).take([1; 16], at(100), at(0)).unwrap();
        let again = open(50);
        assert!(again.has([1; 16], at(100)) && !again.has([2; 16], at(100)));
        assert!(matches!(again.take([1; 16], at(100), at(50)), Err(UseError::Used)));
        assert!(open(100 + UsedInvitations::GRACE).has([1; 16], at(100)));
        assert!(!open(101 + UsedInvitations::GRACE).has([1; 16], at(100)));
    }

    #[test]
    fn what_is_given_back_can_be_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let used = UsedInvitations::open(folder.path(), at(0)).unwrap();
        used.take([1; 16], at(100), at(0)).unwrap();
        used.give_back([1; 16], at(100)).unwrap();
        assert!(used.take([1; 16], at(100), at(0)).is_ok());
    }

    #[test]
    fn what_can_not_be_noted_is_not_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let used = UsedInvitations::open(&folder.path().join("a"), at(0)).unwrap();
        fs::remove_dir(folder.path().join("a")).unwrap();
        let taken = used.take([1; 16], at(100), at(0));
        assert!(matches!(taken, Err(UseError::Unwritable { .. })));
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(UsedInvitations::open(&file, at(0)).is_err());
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let folder = tempfile::tempdir().unwrap();
        let opened = UsedInvitations::open(folder.path(), at(0)).unwrap();
        let used = UsedInvitations { most: 3, ..opened };
        for number in 0..3 {
            used.take([number; 16], at(u64::from(number)), at(0)).unwrap();
        }
        assert!(matches!(used.take([9; 16], at(9), at(0)), Err(UseError::Full(_))));
        assert!(used.take([9; 16], at(9), at(1 + UsedInvitations::GRACE)).is_ok());
    }
}
