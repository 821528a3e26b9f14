//! How a million revocations are kept without being written anew each time.
//!
//! The latest stand in the bundle. When they are too many they become a segment, together
//! with every segment that is not much larger. So segments are each more than twice as large
//! as the next, there are few of them, and each revocation is written again only when
//! as many others came since.

use gatepass::EpochTime;
use gatepass_distribution::Revocation;

use crate::bundle::SegmentName;
use crate::error::StoreError;
use crate::folder::{Folder, Kind};
use crate::segment::Segment;

/// Passes that no longer count, as they lie in the folder.
#[derive(Debug, Default)]
pub(crate) struct Revoked {
    pub(crate) latest: Vec<Revocation>,
    /// From large to small.
    pub(crate) segments: Vec<SegmentName>,
}

/// So many stand in the bundle itself.
const MAX_LATEST: usize = 1_024;

/// Who has to revoke more should take a key away.
const MAX: usize = 10_000_000;

impl Revoked {
    /// Adds some, and drops what would have expired anyway.
    pub(crate) fn add(
        &mut self,
        more: Vec<Revocation>,
        now: EpochTime,
        folder: &Folder,
    ) -> Result<(), StoreError> {
        self.segments.retain(|segment| segment.expiry.is_none_or(|expiry| now < expiry));
        self.latest.extend(more);
        let mut batch = Segment::of(std::mem::take(&mut self.latest), now);
        if batch.len() <= MAX_LATEST {
            self.latest = batch.revocations();
            return Ok(());
        }
        let total = self.segments.iter().map(|segment| segment.count).sum::<usize>() + batch.len();
        while let Some(last) = self.segments.last()
            && (last.count <= 2 * batch.len() || total > MAX)
        {
            let mut all = read(folder, last)?.revocations();
            all.extend(batch.revocations());
            batch = Segment::of(all, now);
            self.segments.pop();
        }
        if batch.len() > MAX {
            return Err(StoreError::Full(batch.len()));
        }
        if !batch.is_empty() {
            let address = folder.put(Kind::Segment, &batch.write())?;
            let (count, expiry) = (batch.len(), batch.expiry());
            self.segments.push(SegmentName { address, count, expiry });
        }
        Ok(())
    }
}

/// What a segment holds.
pub(crate) fn read(folder: &Folder, segment: &SegmentName) -> Result<Segment, StoreError> {
    let bytes = folder.get(Kind::Segment, segment.address)?;
    Segment::read(&bytes).map_err(|problem| {
        let path = folder.path(Kind::Segment, segment.address);
        StoreError::Unreadable { path, problem }
    })
}
