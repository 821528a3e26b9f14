//! What a running edge can't change: it is told when a configuration asks for it.

use gatepass_edge::EdgeConfig;

use crate::config::{Config, LogTo};

/// The parts of a configuration that an edge begins with and keeps to its end.
#[derive(Debug)]
pub(super) struct Fixed {
    edge: EdgeConfig,
    log: LogTo,
    state: std::path::PathBuf,
}

impl Fixed {
    pub(super) fn of(config: &Config) -> Self {
        Self { edge: config.edge.clone(), log: config.log.clone(), state: config.state.clone() }
    }

    /// The fields that `asked` has otherwise, by their names in the file.
    pub(super) fn needs_restart(&self, asked: &Config) -> Vec<&'static str> {
        let (ours, theirs) = (&self.edge, &asked.edge);
        let speaks_tls = |edge: &EdgeConfig| !edge.tls.is_empty() || edge.acme.is_some();
        let differs = [
            ("listen", ours.listen != theirs.listen),
            ("plain-listen", ours.plain_listen != theirs.plain_listen),
            ("metrics-listen", ours.metrics_listen != theirs.metrics_listen),
            ("trusted-proxies", ours.trusted_proxies != theirs.trusted_proxies),
            ("threads", ours.threads != theirs.threads),
            ("verified-passes-mib", ours.verified_passes_bytes != theirs.verified_passes_bytes),
            ("connections and the timeouts", ours.limits != theirs.limits),
            ("tls", speaks_tls(ours) != speaks_tls(theirs)),
            ("acme", ours.acme != theirs.acme),
            ("cache", ours.cache != theirs.cache),
            ("access-log", self.log != asked.log || ours.log_format != theirs.log_format),
            ("state", self.state != asked.state),
        ];
        differs.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
    }
}
