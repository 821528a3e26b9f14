//! Small files whose bytes are kept in memory, for as long as they stay the same.
//!
//! One `stat` by name then answers what would take an open, a `stat`, a read and a close. A
//! file counts as the same while device, inode, length, and both of its times (of content
//! and of state) are, to the nanosecond. It is kept only once those times are two seconds
//! old: a file that is written twice within a tick of the clock would look the same.
//!
//! What is kept was opened beneath the folder once. Should its name lead elsewhere by now,
//! it either leads to another file, which is then looked for as any other, or to this one.

use std::fmt;
use std::fs::{File, Metadata};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use cap_std::fs::Dir;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::file_body::Content;
use super::found::{Facts, Found, SETTLED};

/// Files of up to so many bytes are kept.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// About so many bytes are kept of one folder.
const MAX_KEPT_BYTES: u64 = 32 * 1024 * 1024;

pub(crate) struct KeptFiles(Cache<Box<[u8]>, Arc<Kept>, Weight>);

struct Kept {
    identity: Identity,
    facts: Arc<Facts>,
    content: Bytes,
}

/// What tells a state of a file from every other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Identity {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl KeptFiles {
    pub(crate) fn new() -> Self {
        const TYPICAL_BYTES: u64 = 8 * 1024;
        let files = usize::try_from(MAX_KEPT_BYTES / TYPICAL_BYTES).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(files, MAX_KEPT_BYTES, Weight))
    }

    /// The file of this name, if it is kept and still the same.
    pub(crate) fn find(&self, folder: &Dir, segments: &[u8], path: &Path) -> Option<Found> {
        let kept = self.0.get(segments)?;
        if kept.identity != Identity::by_name(folder, path)? {
            self.0.remove(segments);
            return None;
        }
        Some(Found::new(Content::Kept(kept.content.clone()), Arc::clone(&kept.facts)))
    }

    /// Keeps a file that was opened, if it may be; the content to answer with either way.
    pub(crate) fn keep(
        &self,
        segments: &[u8],
        file: File,
        metadata: &Metadata,
        facts: &Arc<Facts>,
        now: SystemTime,
    ) -> Content {
        let Some(identity) = Identity::of(metadata) else { return Content::Open(file) };
        let may_be_kept = identity.length <= MAX_FILE_BYTES && identity.is_settled(now);
        let Some(content) = may_be_kept.then(|| read_at_once(&file, identity.length)).flatten()
        else {
            return Content::Open(file);
        };
        let kept = Kept { identity, facts: Arc::clone(facts), content: content.clone() };
        self.0.insert(segments.into(), Arc::new(kept));
        Content::Kept(content)
    }
}

impl Identity {
    #[cfg(target_os = "linux")]
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
    fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::linux::fs::MetadataExt;
        Some(Self {
            device: metadata.st_dev(),
            inode: metadata.st_ino(),
            length: metadata.st_size(),
            modified: (metadata.st_mtime(), metadata.st_mtime_nsec()),
            changed: (metadata.st_ctime(), metadata.st_ctime_nsec()),
        })
    }

    #[cfg(target_os = "linux")]
    fn by_name(folder: &Dir, path: &Path) -> Option<Self> {
        use rustix::fs::{AtFlags, statat};
        let found = statat(folder, path, AtFlags::empty()).ok()?;
        Some(Self {
            device: found.st_dev,
            inode: found.st_ino,
            length: u64::try_from(found.st_size).ok()?,
            modified: (found.st_mtime, i64::try_from(found.st_mtime_nsec).ok()?),
            changed: (found.st_ctime, i64::try_from(found.st_ctime_nsec).ok()?),
        })
    }

    /// Elsewhere nothing is kept.
    #[cfg(not(target_os = "linux"))]
    fn of(_: &Metadata) -> Option<Self> {
        None
    }

    #[cfg(not(target_os = "linux"))]
    fn by_name(_: &Dir, _: &Path) -> Option<Self> {
        None
    }

    fn is_settled(&self, now: SystemTime) -> bool {
        let before = now
            .checked_sub(SETTLED)
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let before = before.and_then(|since| i64::try_from(since.as_secs()).ok());
        before.is_some_and(|before| self.modified.0 < before && self.changed.0 < before)
    }
}

/// Reads what the page cache holds; nothing if the disk would have to be waited for.
#[cfg(target_os = "linux")]
fn read_at_once(file: &File, length: u64) -> Option<Bytes> {
    use rustix::io::{ReadWriteFlags, preadv2};
    use std::io::IoSliceMut;
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    let read = preadv2(file, &mut [IoSliceMut::new(&mut bytes)], 0, ReadWriteFlags::NOWAIT).ok()?;
    (read == bytes.len()).then(|| bytes.into())
}

#[cfg(not(target_os = "linux"))]
fn read_at_once(_: &File, _: u64) -> Option<Bytes> {
    None
}

#[derive(Clone)]
struct Weight;

impl Weighter<Box<[u8]>, Arc<Kept>> for Weight {
    fn weight(&self, segments: &Box<[u8]>, kept: &Arc<Kept>) -> u64 {
        const OVERHEAD: u64 = 400;
        OVERHEAD + segments.len() as u64 + kept.content.len() as u64
    }
}

impl fmt::Debug for KeptFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeptFiles").field(&self.0.len()).finish()
    }
}
