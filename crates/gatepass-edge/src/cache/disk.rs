//! Opening the store: how memory and disk are set up.

use std::path::{Path, PathBuf};

use foyer::{
    BlockEngineConfig, DeviceBuilder, FsDeviceBuilder, HybridCache, HybridCacheBuilder,
    HybridCachePolicy, LruConfig, RecoverMode, Spawner,
};
use tokio::runtime::Handle;

use crate::cache::store::{Kept, Place, Store};
use crate::cache::tally::Tally;
use crate::config::{CacheConfig, DiskConfig};

/// Why a cache can't be opened.
#[derive(Debug, thiserror::Error)]
#[error("can't keep anything in {directory}: {reason}")]
pub struct CacheError {
    directory: PathBuf,
    reason: Box<str>,
}

/// Opens memory and, if there is one, disk.
pub(crate) fn open(config: &CacheConfig, runtime: &Handle) -> Result<Store, CacheError> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let tally = Tally::default();
    let task = (config.clone(), tally.clone());
    let spawner = runtime.clone();
    // The caller may be a thread of some runtime, where waiting for a future is not allowed.
    runtime.spawn(async move { sender.send(build(&task.0, task.1, spawner).await) });
    let capacity = config.disk.as_ref().map_or(config.memory_bytes, |disk| disk.bytes);
    let directory = config.disk.as_ref().map(|disk| disk.directory.clone()).unwrap_or_default();
    match receiver.recv() {
        Ok(Ok((entries, largest))) => Ok(Store::new(entries, tally, largest, capacity)),
        Ok(Err(reason)) => Err(CacheError { directory, reason: reason.into() }),
        Err(_) => Err(CacheError { directory, reason: "the runtime has ended".into() }),
    }
}

async fn build(
    config: &CacheConfig,
    tally: Tally,
    runtime: Handle,
) -> Result<(HybridCache<Place, Kept>, usize), String> {
    let memory = usize::try_from(config.memory_bytes).unwrap_or(usize::MAX / 2).max(1);
    let slice = config.slice_bytes.max(1) as usize;
    // An entry must be a small part of its shard.
    let shards = (memory / (16 * slice)).clamp(1, 16);
    let builder = HybridCacheBuilder::new()
        .with_name("gatepass")
        .with_metrics_registry(Box::new(tally))
        .with_policy(HybridCachePolicy::WriteOnInsertion)
        .with_flush_on_close(false)
        .memory(memory)
        .with_shards(shards)
        .with_eviction_config(LruConfig::default())
        .with_weighter(|_: &Place, kept: &Kept| kept.weight())
        .storage()
        .with_spawner(Spawner::from(runtime));
    let mut largest = memory / shards;
    let builder = match &config.disk {
        None => builder,
        Some(disk) => {
            empty_unless_cut(&disk.directory, slice).map_err(|error| error.to_string())?;
            let block = block_bytes(disk, slice);
            largest = block / 2;
            let capacity = usize::try_from(disk.bytes).unwrap_or(usize::MAX / 2);
            let device = FsDeviceBuilder::new(&disk.directory)
                .with_capacity(capacity)
                .build()
                .map_err(|error| error.to_string())?;
            builder.with_recover_mode(RecoverMode::Quiet).with_engine_config(
                BlockEngineConfig::new(device)
                    .with_block_size(block)
                    .with_tombstone_log(true)
                    .with_buffer_pool_size(WAITING_BYTES)
                    .with_submit_queue_size_threshold(WAITING_BYTES),
            )
        }
    };
    let entries = builder.build().await.map_err(|error| error.to_string())?;
    if let Some(disk) = &config.disk {
        reserve(&disk.directory).map_err(|error| format!("no room for it: {error}"))?;
    }
    Ok((entries, largest))
}

/// Takes all the room at once: a disk that is full once the cache is half full could not be
/// written to until the next start.
#[cfg(target_os = "linux")]
fn reserve(directory: &Path) -> std::io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;

    if missing(directory)? > available(directory)? {
        // Asked first: what a failed attempt took would stay taken.
        return Err(std::io::ErrorKind::StorageFull.into());
    }
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let length = entry.metadata()?.len();
        if !entry.file_type()?.is_file() || length == 0 {
            continue;
        }
        let file = std::fs::File::options().write(true).open(entry.path())?;
        match fallocate(&file, FallocateFlags::empty(), 0, length) {
            // A file system that can't.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What the files say they hold and don't take yet.
#[cfg(target_os = "linux")]
fn missing(directory: &Path) -> std::io::Result<u64> {
    use std::os::unix::fs::MetadataExt;

    let mut missing = 0;
    for entry in std::fs::read_dir(directory)? {
        let metadata = entry?.metadata()?;
        missing += metadata.len().saturating_sub(metadata.blocks() * 512);
    }
    Ok(missing)
}

#[cfg(target_os = "linux")]
fn available(directory: &Path) -> std::io::Result<u64> {
    let system = rustix::fs::statvfs(directory)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
fn reserve(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Slices are filed by number: of another size, they would be found at the wrong places. So a
/// folder is emptied that was cut into others.
fn empty_unless_cut(directory: &Path, slice: usize) -> std::io::Result<()> {
    const CUT: &str = "slice-bytes";

    std::fs::create_dir_all(directory)?;
    let cut = slice.to_string();
    if std::fs::read_to_string(directory.join(CUT)).is_ok_and(|known| known == cut) {
        return Ok(());
    }
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("foyer-") {
            std::fs::remove_file(entry.path())?;
        }
    }
    std::fs::write(directory.join(CUT), cut)
}

/// The disk is written and freed in blocks: many slices each, and not too few of them.
fn block_bytes(disk: &DiskConfig, slice: usize) -> usize {
    const SMALLEST: usize = 1 << 20;
    const LARGEST: usize = 64 << 20;
    let bytes = usize::try_from(disk.bytes).unwrap_or(usize::MAX / 2);
    (bytes / 64).clamp(SMALLEST, LARGEST).max(4 * slice)
}

/// So many bytes may wait to be written; what comes beyond is not written.
const WAITING_BYTES: usize = 64 << 20;
