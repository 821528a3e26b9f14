//! The page that Prometheus reads, in OpenMetrics text.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::behavior::CLASSES;
use super::histogram::Sum;
use super::status::Status;
use super::{BehaviorMetrics, OriginMetrics};
use crate::outcome::CacheOutcome;

/// What one page tells.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) behaviors: Vec<Arc<BehaviorMetrics>>,
    pub(super) origins: Vec<Arc<OriginMetrics>>,
    pub(super) status: Status,
}

impl Page {
    pub(super) fn text(self) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut page = String::new();
        text::encode(&mut page, &registry).expect("a string takes all that is written to it");
        page
    }
}

impl Collector for Page {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut told = Told(&mut encoder);
        self.requests(&mut told)?;
        self.refusals(&mut told)?;
        self.durations(&mut told)?;
        self.origins(&mut told)?;
        self.edge(&mut told)?;
        self.config(&mut told)?;
        self.cache(&mut told)
    }
}

impl Page {
    fn requests(&self, told: &mut Told<'_, '_>) -> fmt::Result {
        let mut requests = told.counters(
            "gatepass_requests",
            "Requests by what was answered and how the answer came about.",
        )?;
        for behavior in &self.behaviors {
            for (class, status) in CLASSES.into_iter().enumerate() {
                for outcome in CacheOutcome::ALL {
                    let [distribution, pattern] = labels(behavior);
                    let count = behavior.requests(class, outcome);
                    let outcome = ("outcome", outcome.result_type());
                    some(
                        &mut requests,
                        &[distribution, pattern, ("status", status), outcome],
                        count,
                    )?;
                }
            }
        }
        for (name, help, count) in [
            (
                "gatepass_sent_bytes",
                "Bytes of bodies that were sent to viewers.",
                BehaviorMetrics::sent as fn(&BehaviorMetrics) -> u64,
            ),
            (
                "gatepass_received_bytes",
                "Bytes that came from viewers, with headers.",
                BehaviorMetrics::received,
            ),
            (
                "gatepass_cut_off_requests",
                "Answers that ended before the viewer had all of them.",
                BehaviorMetrics::cut_off,
            ),
        ] {
            let mut counter = told.counters(name, help)?;
            for behavior in &self.behaviors {
                some(&mut counter, &labels(behavior), count(behavior))?;
            }
        }
        Ok(())
    }

    fn refusals(&self, told: &mut Told<'_, '_>) -> fmt::Result {
        let mut refused =
            told.counters("gatepass_refusals", "Requests that were refused, by reason.")?;
        for behavior in &self.behaviors {
            for (reason, count) in behavior.refusals() {
                let [distribution, pattern] = labels(behavior);
                some(&mut refused, &[distribution, pattern, ("reason", reason)], count)?;
            }
        }
        let mut reported = told.counters(
            "gatepass_reported_refusals",
            "Requests that a gate which only reports would have refused, by reason.",
        )?;
        for behavior in &self.behaviors {
            for (reason, count) in behavior.reported() {
                let [distribution, pattern] = labels(behavior);
                some(&mut reported, &[distribution, pattern, ("reason", reason)], count)?;
            }
        }
        Ok(())
    }

    fn durations(&self, told: &mut Told<'_, '_>) -> fmt::Result {
        for (name, help, sum) in [
            (
                "gatepass_gate_seconds",
                "How long the gate took to judge a request.",
                BehaviorMetrics::gate as fn(&BehaviorMetrics) -> Sum,
            ),
            (
                "gatepass_request_seconds",
                "From a request's arrival to the end of its answer.",
                BehaviorMetrics::request,
            ),
            (
                "gatepass_first_byte_seconds",
                "From a request's arrival to the first byte of its answer's body.",
                BehaviorMetrics::first_byte,
            ),
        ] {
            let mut histogram =
                told.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
            for behavior in &self.behaviors {
                steps(&mut histogram, &labels(behavior), &sum(behavior))?;
            }
        }
        Ok(())
    }

    fn origins(&self, told: &mut Told<'_, '_>) -> fmt::Result {
        let labels =
            |origin: &Arc<OriginMetrics>, name: &'static str, word: &'static str| -> [_; 3] {
                [
                    ("distribution", origin.distribution().to_owned()),
                    ("origin", origin.origin().to_owned()),
                    (name, word.to_owned()),
                ]
            };
        let mut answers = told.counters("gatepass_origin_answers", "Answers of an origin.")?;
        for origin in &self.origins {
            for (class, count) in origin.answers() {
                some(&mut answers, &labels(origin, "status", class), count)?;
            }
        }
        let mut failures = told.counters(
            "gatepass_origin_failures",
            "Requests that an origin did not answer, or not to the end.",
        )?;
        for origin in &self.origins {
            for (reason, count) in origin.failures() {
                some(&mut failures, &labels(origin, "reason", reason), count)?;
            }
        }
        let mut latency = told.0.encode_descriptor(
            "gatepass_origin_seconds",
            "How long an origin took until the headers of its answer were there.",
            None,
            MetricType::Histogram,
        )?;
        for origin in &self.origins {
            let labels = [("distribution", origin.distribution()), ("origin", origin.origin())];
            steps(&mut latency, &labels, &origin.latency())?;
        }
        Ok(())
    }

    fn edge(&self, told: &mut Told<'_, '_>) -> fmt::Result {
        let status = &self.status;
        told.gauge("gatepass_ready", "Whether viewers are served.", status.is_ready.into())?;
        told.gauge("gatepass_connections", "Open connections of viewers.", status.connections)?;
        told.gauge(
            "gatepass_verified_passes",
            "Passes whose signature is remembered.",
            status.verified_passes,
        )?;
        told.counter(
            "gatepass_pass_checks",
            "Passes that were not remembered, and so had their signatures checked.",
            status.pass_checks,
        )?;
        told.gauge(
            "gatepass_revoked_passes",
            "Passes that are refused although they are genuine.",
            status.revoked_passes,
        )?;
        told.gauge(
            "gatepass_compressed_copies_bytes",
            "Bytes of compressed copies in memory.",
            status.compressed_copies_bytes,
        )?;
        told.counter(
            "gatepass_log_lines_dropped",
            "Lines of the access log that were lost.",
            status.log_lines_dropped,
        )?;
        match status.spans_dropped {
            Some(dropped) => told.counter(
                "gatepass_spans_dropped",
                "Spans that were lost: the collector was too slow, or did not take them.",
                dropped,
            ),
            None => Ok(()),
        }
    }

    fn config(&self, told: &mut Told<'_, '_>) -> fmt::Result {
        let config = &self.status.config;
        let mut info = told.0.encode_descriptor(
            "gatepass_config",
            "The configuration in force.",
            None,
            MetricType::Info,
        )?;
        info.encode_info(&[("version", &*config.version)])?;
        if let Some(installed) = config.installed {
            told.gauge(
                "gatepass_config_installed_timestamp_seconds",
                "Since when the configuration is in force.",
                installed.seconds(),
            )?;
        }
        told.counter(
            "gatepass_config_reloads",
            "How often another configuration came into force.",
            config.reloads,
        )?;
        told.counter(
            "gatepass_config_failed_reloads",
            "How often another configuration had mistakes.",
            config.failed_reloads,
        )?;
        told.gauge(
            "gatepass_config_last_reload_failed",
            "Whether the last attempt to reload found mistakes.",
            config.last_reload_failed.into(),
        )
    }

    fn cache(&self, told: &mut Told<'_, '_>) -> fmt::Result {
        let Some(cache) = self.status.cache else { return Ok(()) };
        let mut bytes = told.0.encode_descriptor(
            "gatepass_cache_bytes",
            "Bytes that the cache holds: on disk, those of all blocks in which something is.",
            None,
            MetricType::Gauge,
        )?;
        for (tier, held) in [("memory", cache.memory_bytes), ("disk", cache.disk_bytes)] {
            bytes.encode_family(&[("tier", tier)])?.encode_gauge(&held)?;
        }
        told.gauge("gatepass_cache_entries", "Slices in memory.", cache.entries)?;
        for (name, help, count) in [
            ("gatepass_cache_hits", "Slices that were there when asked for.", cache.hits),
            ("gatepass_cache_misses", "Slices that were not there when asked for.", cache.misses),
            (
                "gatepass_cache_evictions",
                "Slices that made room for others in memory.",
                cache.evictions,
            ),
            (
                "gatepass_cache_disk_freed_bytes",
                "Bytes on disk that made room for others.",
                cache.disk_freed_bytes,
            ),
            (
                "gatepass_cache_rejected_inserts",
                "Slices that were too large to be kept.",
                cache.rejected_inserts,
            ),
            (
                "gatepass_cache_unwritten_inserts",
                "Slices that the disk was too slow for: they are in memory alone.",
                cache.unwritten_inserts,
            ),
            (
                "gatepass_cache_disk_errors",
                "What the disk failed at: it is full, or broken.",
                cache.disk_errors,
            ),
        ] {
            told.counter(name, help, count)?;
        }
        Ok(())
    }
}

/// What is told so far.
struct Told<'e, 'd>(&'e mut DescriptorEncoder<'d>);

impl Told<'_, '_> {
    fn counters<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, MetricType::Counter)
    }

    fn counter(&mut self, name: &str, help: &str, count: u64) -> fmt::Result {
        let mut counter = self.counters(name, help)?;
        counter.encode_counter::<[(&str, &str); 0], u64, u64>(&count, None)
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.0.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
    }
}

fn labels(behavior: &BehaviorMetrics) -> [(&'static str, &str); 2] {
    [("distribution", behavior.distribution()), ("behavior", behavior.path_pattern())]
}

/// A count, if there is any: most combinations of labels never occur.
fn some(encoder: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, count: u64) -> fmt::Result {
    if count == 0 {
        return Ok(());
    }
    encoder.encode_family(labels)?.encode_counter::<[(&str, &str); 0], u64, u64>(&count, None)
}

fn steps(encoder: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, sum: &Sum) -> fmt::Result {
    let count = sum.count();
    if count == 0 {
        return Ok(());
    }
    encoder.encode_family(labels)?.encode_histogram::<[(&str, &str); 0]>(
        sum.seconds,
        count,
        &sum.buckets,
        None,
    )
}
