//! `[edge] cache`: what is kept of origins' answers, and where.

use std::path::Path;

use gatepass_edge::{CacheConfig, DiskConfig};

use super::size::{self, KIB, MIB, TIB};
use super::table::Table;

pub(super) fn cache(mut table: Table<'_>, folder: &Path) -> CacheConfig {
    let usual = CacheConfig::default();
    let memory = table.value("memory");
    let memory_bytes = memory.as_ref().and_then(|value| size::read(value, MIB..=16 * TIB));
    let disk = disk(table.table("disk"), folder);
    let slice = table.value("slice");
    let slice_bytes = slice.as_ref().and_then(|value| size::read(value, 64 * KIB..=8 * MIB));
    let slice_bytes =
        slice_bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or(usual.slice_bytes);
    let memory_bytes = memory_bytes.unwrap_or(usual.memory_bytes);
    let least = MIN_SLICES * u64::from(slice_bytes);
    if memory_bytes < least {
        let field = if memory.is_some() { "memory" } else { "slice" };
        table.mistake(
            field,
            format!("memory has to hold {MIN_SLICES} slices, which is {} MiB", least.div_ceil(MIB)),
        );
    }
    table.finish();
    CacheConfig { memory_bytes, disk, slice_bytes }
}

/// With less, one film would push everything else out.
const MIN_SLICES: u64 = 16;

fn disk(mut table: Table<'_>, folder: &Path) -> Option<DiskConfig> {
    let is_there = table.is_there();
    let directory = table.required("directory", "a folder for the cache alone");
    let directory = directory.and_then(|value| value.text());
    let size = table.required("size", "a size such as 10 GiB");
    let bytes = size.and_then(|value| size::read(&value, 256 * MIB..=1024 * TIB));
    table.finish();
    let (directory, bytes) = (folder.join(directory?), bytes?);
    is_there.then_some(DiskConfig { directory, bytes })
}
