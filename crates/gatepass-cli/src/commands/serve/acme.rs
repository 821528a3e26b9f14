//! Certificates that come by themselves, for the names that are served.

use std::sync::Arc;

use gatepass_distribution::{Distribution, Snapshot};
use gatepass_edge::{Acme, EdgeConfig, Running};

use crate::clock;
use crate::words::note;

/// The names to ask certificates for: those that are listed, or every plain name that a
/// distribution answers to.
pub(super) fn domains(config: &EdgeConfig, snapshot: &Snapshot) -> Vec<Box<str>> {
    let Some(acme) = &config.acme else { return Vec::new() };
    if !acme.domains.is_empty() {
        return acme.domains.clone();
    }
    let aliases = snapshot.distributions().iter().flat_map(Distribution::aliases);
    let mut names: Vec<Box<str>> =
        aliases.filter(|alias| !alias.contains('*')).map(Into::into).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Keeps them fresh for as long as what it gives is held.
pub(super) fn keep(config: &EdgeConfig, domains: Vec<Box<str>>, running: &Running) -> Option<Acme> {
    let (acme, certificates) = (config.acme.clone()?, running.certificates()?);
    let tell = Box::new(|event| note(&format!("{event}")));
    Some(Acme::start(acme, domains, Arc::clone(certificates), Arc::new(clock::now), tell))
}
