//! What the store counts of itself: of all that foyer would tell, what an operator asks for.
//!
//! foyer tells its numbers to a registry of metrics and to nobody else. This is one that keeps
//! a handful of them and lets go of the rest.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mixtrics::metrics::{
    BoxedCounter, BoxedCounterVec, BoxedGauge, BoxedGaugeVec, BoxedHistogramVec, CounterOps,
    CounterVecOps, GaugeOps, GaugeVecOps, RegistryOps,
};
use mixtrics::registry::noop::NoopMetricsRegistry;

/// The numbers. Cheap to clone; clones share everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    numbers: [Number; COUNT],
}

/// One number.
#[derive(Clone, Debug, Default)]
struct Number(Arc<AtomicU64>);

/// Which one: its place among the numbers.
#[derive(Clone, Copy)]
enum Of {
    /// Entries that made room for others in memory.
    Evicted,
    /// Entries that did not come onto the disk: too much waits for it.
    Overflowed,
    /// Blocks of the disk that are written, those that are being written, and those that are
    /// being freed.
    Written,
    Writing,
    Freeing,
    /// How often a block was freed.
    Freed,
    /// Bytes of a block.
    BlockBytes,
}

const COUNT: usize = Of::BlockBytes as usize + 1;

impl Tally {
    /// Entries that made room for others in memory.
    pub(crate) fn evicted(&self) -> u64 {
        self.get(Of::Evicted)
    }

    /// Entries that did not come onto the disk, since too much waited for it.
    pub(crate) fn overflowed(&self) -> u64 {
        self.get(Of::Overflowed)
    }

    /// Bytes of the disk's blocks that are not empty.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let blocks = self.get(Of::Written) + self.get(Of::Writing) + self.get(Of::Freeing);
        blocks * self.get(Of::BlockBytes)
    }

    /// Bytes of the disk's blocks that were emptied to make room.
    pub(crate) fn freed_bytes(&self) -> u64 {
        self.get(Of::Freed) * self.get(Of::BlockBytes)
    }

    fn get(&self, which: Of) -> u64 {
        self.number(which).0.load(Ordering::Relaxed)
    }

    fn number(&self, which: Of) -> &Number {
        &self.numbers[which as usize]
    }
}

/// A metric of foyer's that is split by its last label.
#[derive(Debug)]
struct Split {
    metric: Cow<'static, str>,
    tally: Tally,
}

impl Split {
    fn numbers(&self, labels: &[Cow<'static, str>]) -> Vec<Number> {
        let label = labels.last().map_or("", |label| &**label);
        let which: &[Of] = match (&*self.metric, label) {
            ("foyer_memory_op_total", "evict") => &[Of::Evicted],
            ("foyer_storage_inner_op_total", "buffer_overflow" | "channel_overflow") => {
                &[Of::Overflowed]
            }
            ("foyer_storage_block_engine_block", "evictable") => &[Of::Written],
            ("foyer_storage_block_engine_block", "writing") => &[Of::Writing],
            ("foyer_storage_block_engine_block", "reclaiming") => &[Of::Freeing, Of::Freed],
            ("foyer_storage_block_engine_block_size_bytes", _) => &[Of::BlockBytes],
            _ => &[],
        };
        which.iter().map(|which| self.tally.number(*which).clone()).collect()
    }
}

impl CounterVecOps for Split {
    fn counter(&self, labels: &[Cow<'static, str>]) -> BoxedCounter {
        match self.numbers(labels).pop() {
            Some(number) => Box::new(number),
            None => Box::new(NoopMetricsRegistry),
        }
    }
}

impl GaugeVecOps for Split {
    fn gauge(&self, labels: &[Cow<'static, str>]) -> BoxedGauge {
        let mut numbers = self.numbers(labels).into_iter();
        match (numbers.next(), numbers.next()) {
            (Some(level), ever) => Box::new(Level { level, ever: ever.unwrap_or_default() }),
            (None, _) => Box::new(NoopMetricsRegistry),
        }
    }
}

impl CounterOps for Number {
    fn increase(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

/// A number that goes up and down, and how much it ever went up.
#[derive(Debug)]
struct Level {
    level: Number,
    ever: Number,
}

impl GaugeOps for Level {
    fn increase(&self, by: u64) {
        self.level.increase(by);
        self.ever.increase(by);
    }

    fn decrease(&self, by: u64) {
        self.level.0.fetch_sub(by, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.level.0.store(value, Ordering::Relaxed);
    }
}

impl RegistryOps for Tally {
    fn register_counter_vec(
        &self,
        metric: Cow<'static, str>,
        _: Cow<'static, str>,
        _: &'static [&'static str],
    ) -> BoxedCounterVec {
        Box::new(Split { metric, tally: self.clone() })
    }

    fn register_gauge_vec(
        &self,
        metric: Cow<'static, str>,
        _: Cow<'static, str>,
        _: &'static [&'static str],
    ) -> BoxedGaugeVec {
        Box::new(Split { metric, tally: self.clone() })
    }

    fn register_histogram_vec(
        &self,
        _: Cow<'static, str>,
        _: Cow<'static, str>,
        _: &'static [&'static str],
    ) -> BoxedHistogramVec {
        Box::new(NoopMetricsRegistry)
    }

    fn register_histogram_vec_with_buckets(
        &self,
        _: Cow<'static, str>,
        _: Cow<'static, str>,
        _: &'static [&'static str],
        _: Vec<f64>,
    ) -> BoxedHistogramVec {
        Box::new(NoopMetricsRegistry)
    }
}
