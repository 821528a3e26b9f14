//! A file to which several processes write: whoever has its lock has the one at its path.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file and waits for its lock, which ends when the file is dropped.
pub(crate) fn open(path: &Path, options: &OpenOptions) -> io::Result<File> {
    loop {
        let file = options.open(path)?;
        file.lock()?;
        // Somebody may have put another file in its place while we waited.
        if mark(&file.metadata()?) == std::fs::metadata(path).map_or(0, |data| mark(&data)) {
            return Ok(file);
        }
    }
}

/// What tells a file from the one that stood at its path before.
#[cfg(unix)]
pub(crate) fn mark(data: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(data)
}

/// What tells a file from the one that stood at its path before: here nothing does.
#[cfg(not(unix))]
pub(crate) const fn mark(_: &std::fs::Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn what_is_locked_is_the_file_at_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("noted");
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        let first = open(&path, &options).unwrap();
        let waiting = std::thread::spawn({
            let (path, options) = (path.clone(), options.clone());
            move || open(&path, &options).unwrap().write_all(b"late").unwrap()
        });
        let fresh = path.with_extension("new");
        std::fs::write(&fresh, "anew, ").unwrap();
        std::fs::rename(&fresh, &path).unwrap();
        drop(first);
        waiting.join().unwrap();
        let mut text = String::new();
        File::open(&path).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "anew, late");
    }
}
