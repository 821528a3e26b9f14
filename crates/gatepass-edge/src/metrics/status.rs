//! What an edge says of itself when it is asked, rather than counting it as it goes.

use gatepass::EpochTime;

/// Whoever can say how it is. Asked once a scrape.
pub trait Observed: Send + Sync + 'static {
    /// How it is now.
    fn status(&self) -> Status;
}

impl<F: Fn() -> Status + Send + Sync + 'static> Observed for F {
    fn status(&self) -> Status {
        self()
    }
}

/// How an edge is at one moment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "whoever is observed writes it out")]
pub struct Status {
    /// Whether viewers should come: a snapshot is in force, and the end was not asked for.
    pub is_ready: bool,
    /// Connections of viewers that are open.
    pub connections: u64,
    /// Passes whose signature is remembered.
    pub verified_passes: u64,
    /// Passes that were not remembered, and so had their signatures checked.
    pub pass_checks: u64,
    /// Passes that are refused although they are genuine.
    pub revoked_passes: u64,
    /// Lines of the access log that were lost.
    pub log_lines_dropped: u64,
    /// Bytes of compressed copies in memory.
    pub compressed_copies_bytes: u64,
    /// Spans that were lost; none if none are told.
    pub spans_dropped: Option<u64>,
    /// What is in force.
    pub config: ConfigStatus,
    /// What is kept of origins' answers; none if nothing is.
    pub cache: Option<CacheStatus>,
}

/// The configuration in force.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "whoever is observed writes it out")]
pub struct ConfigStatus {
    /// A name for it that changes when it does.
    pub version: Box<str>,
    /// Since when it is in force.
    pub installed: Option<EpochTime>,
    /// How often another one took its place.
    pub reloads: u64,
    /// How often another one had mistakes and did not.
    pub failed_reloads: u64,
    /// Whether the last attempt had mistakes.
    pub last_reload_failed: bool,
}

/// What the cache holds, and how it did since the process began.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "whoever is observed writes it out")]
pub struct CacheStatus {
    /// Bytes in memory.
    pub memory_bytes: u64,
    /// Bytes on disk: the blocks in which something is.
    pub disk_bytes: u64,
    /// Slices in memory.
    pub entries: u64,
    /// Slices that were there when they were asked for.
    pub hits: u64,
    /// Slices that were not.
    pub misses: u64,
    /// Slices that made room for others in memory.
    pub evictions: u64,
    /// Bytes on disk that made room for others.
    pub disk_freed_bytes: u64,
    /// Slices that were too large to be kept.
    pub rejected_inserts: u64,
    /// Slices that were kept in memory alone, since the disk was too slow for them.
    pub unwritten_inserts: u64,
    /// What the disk failed at: reads and writes.
    pub disk_errors: u64,
}
