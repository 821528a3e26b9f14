//! Files, and whether they changed.
//!
//! A few times a second every file is asked for its times and size: that sees what an editor,
//! a rename and a link put elsewhere do, on every file system. Watching by events sees less.

use std::fs;
use std::path::{Path, PathBuf};

/// Files that a configuration was read from.
#[derive(Debug)]
pub(in crate::commands) struct Watched {
    files: Vec<(PathBuf, Stamp)>,
    is_settling: bool,
}

/// What changes when a file's content does; none if it can't be asked.
type Stamp = Option<(u64, std::time::SystemTime, FileId)>;

/// Tells apart what has the same name.
type FileId = (u64, u64, i64, i64);

impl Watched {
    /// Remembers how the files are now. Call it before reading them, so that no change is
    /// overlooked.
    pub(in crate::commands) fn new(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut paths: Vec<_> = paths.into_iter().collect();
        paths.sort();
        paths.dedup();
        let files = paths.into_iter().map(|path| {
            let stamp = stamp(&path);
            (path, stamp)
        });
        Self { files: files.collect(), is_settling: false }
    }

    pub(in crate::commands) fn paths(&self) -> impl Iterator<Item = PathBuf> {
        self.files.iter().map(|(path, _)| path.clone())
    }

    /// Those of these files alone.
    #[must_use]
    pub(in crate::commands) fn only(mut self, paths: &[PathBuf]) -> Self {
        self.files.retain(|(path, _)| paths.contains(path));
        self
    }

    /// Says that something changed, once it no longer does: whoever writes several files, or
    /// one in pieces, is let finish.
    pub(in crate::commands) fn changed(&mut self) -> bool {
        let mut moved = false;
        for (path, known) in &mut self.files {
            let now = stamp(path);
            moved |= now != *known;
            *known = now;
        }
        let is_due = self.is_settling && !moved;
        self.is_settling = moved;
        is_due
    }
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?, file_id(&metadata)))
}

#[cfg(unix)]
fn file_id(metadata: &fs::Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn file_id(_: &fs::Metadata) -> FileId {
    Default::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_and_when_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
        fs::write(&one, "1").unwrap();
        let mut watched = Watched::new([one.clone(), two.clone()]);
        assert!(!watched.changed());
        // A file that was missing, and one of the same size by another name.
        for change in [&two, &one] {
            let other = folder.path().join("other");
            fs::write(&other, "2").unwrap();
            fs::rename(&other, change).unwrap();
            assert!(!watched.changed());
            assert!(watched.changed());
            assert!(!watched.changed());
        }
        fs::remove_file(&two).unwrap();
        assert!(!watched.changed());
        fs::write(&one, "still writing").unwrap();
        assert!(!watched.changed());
        assert!(watched.changed());
    }
}
