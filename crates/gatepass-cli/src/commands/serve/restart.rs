//! What a running edge can't change: it is told when a configuration asks for it.

use gatepass_edge::{EdgeConfig, OpenTelemetry};

use crate::config::{Config, LogTo};

/// The parts of a configuration that an edge begins with and keeps to its end.
#[derive(Debug)]
pub(super) struct Fixed {
    edge: EdgeConfig,
    log: LogTo,
    state: std::path::PathBuf,
    opentelemetry: Option<OpenTelemetry>,
}

impl Fixed {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            edge: config.edge.clone(),
            log: config.log.clone(),
            state: config.state.clone(),
            opentelemetry: config.opentelemetry.clone(),
        }
    }

    /// The fields that `asked` has otherwise, by their names in the file.
    pub(super) fn needs_restart(&self, asked: &Config) -> Vec<&'static str> {
        let (ours, theirs) = (&self.edge, &asked.edge);
        let (limits, new_limits) = (&ours.limits, &theirs.limits);
        let speaks_tls = |edge: &EdgeConfig| !edge.tls.is_empty() || edge.acme.is_some();
        let differs = [
            ("listen", ours.listen != theirs.listen),
            ("plain-listen", ours.plain_listen != theirs.plain_listen),
            ("metrics-listen", ours.metrics_listen != theirs.metrics_listen),
            ("trusted-proxies", ours.trusted_proxies != theirs.trusted_proxies),
            ("threads", ours.threads != theirs.threads),
            ("verified-passes-mib", ours.verified_passes_bytes != theirs.verified_passes_bytes),
            ("connections", limits.connections != new_limits.connections),
            ("request-timeout-seconds", limits.request_timeout != new_limits.request_timeout),
            ("stall-timeout-seconds", limits.stall_timeout != new_limits.stall_timeout),
            ("drain-timeout-seconds", limits.drain_timeout != new_limits.drain_timeout),
            ("tls", speaks_tls(ours) != speaks_tls(theirs)),
            ("acme", ours.acme != theirs.acme),
            ("cache", ours.cache != theirs.cache),
            ("access-log", self.log != asked.log || ours.log_format != theirs.log_format),
            ("opentelemetry", self.opentelemetry != asked.opentelemetry),
            ("state", self.state != asked.state),
        ];
        differs.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Mistakes, read};

    /// Each field of `[edge]` with a value that is not its default.
    const CHANGES: [(&str, &str); 16] = [
        ("listen", r#""127.0.0.1:81""#),
        ("metrics-listen", r#""127.0.0.1:82""#),
        ("plain-listen", r#""127.0.0.1:83""#),
        ("trusted-proxies", r#"["10.0.0.1"]"#),
        ("tls", r#"[{ certificate = "c.pem", key = "k.pem" }]"#),
        (
            "acme",
            r#"{ directory = "https://ca.test/", storage = "acme", accept-terms = true, domains = ["a.test"] }"#,
        ),
        ("threads", "77"),
        ("verified-passes-mib", "77"),
        ("connections", "77"),
        ("request-timeout-seconds", "77"),
        ("stall-timeout-seconds", "77"),
        ("drain-timeout-seconds", "77"),
        ("cache", r#"{ memory = "77 MiB" }"#),
        ("access-log", r#"{ format = "cloudfront" }"#),
        ("opentelemetry", r#"{ endpoint = "http://127.0.0.1:4318" }"#),
        ("state", r#""elsewhere""#),
    ];

    fn config(edge: &str) -> Config {
        read_edge(edge).unwrap_or_else(|mistakes| panic!("{}", mistakes.lines(&"gatepass.toml")))
    }

    fn read_edge(edge: &str) -> Result<Config, Mistakes> {
        const REST: &str = "[[distribution]]\nid = \"E1\"\naliases = [\"*\"]\n\
            [[distribution.origin]]\nid = \"app\"\nhttp = \"http://127.0.0.1:8000\"\n\
            [distribution.default-behavior]\norigin = \"app\"\n";
        let text = format!("[edge]\n{edge}\n{REST}");
        read(&text, Path::new("conf"), &|_: &Path| Ok(Vec::new()))
    }

    #[test]
    fn every_field_of_edge_is_told_by_its_name() {
        let base = r#"tls = [{ certificate = "a.pem", key = "b.pem" }]"#;
        // A build without spans takes no word about them.
        let is_known = |field| field != "opentelemetry" || OpenTelemetry::IS_BUILT_IN;
        for (field, value) in CHANGES.into_iter().filter(|(field, _)| is_known(*field)) {
            // Plain HTTP has an address of its own only beside TLS.
            let before = if field == "plain-listen" { base } else { "" };
            let fixed = Fixed::of(&config(before));
            assert_eq!(fixed.needs_restart(&config(before)), <[&str; 0]>::default());
            let told = fixed.needs_restart(&config(&format!("{before}\n{field} = {value}")));
            assert!(told.contains(&field), "{field}: {told:?}");
            assert!(told.iter().all(|told| *told == field || field == "acme"), "{field}: {told:?}");
        }
        let fields: Vec<_> = CHANGES.iter().map(|(field, _)| *field).collect();
        let unknown = read_edge("x = 1").unwrap_err().lines(&"gatepass.toml");
        let known = unknown.lines().next().unwrap().split_once("it has ").unwrap().1;
        for known in known.split(", ") {
            assert!(
                fields.contains(&known),
                "{known} is a field of [edge], and never changed here"
            );
        }
    }
}
