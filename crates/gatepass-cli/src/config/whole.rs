//! What only the whole file can tell: the edge and what it serves, held against each other.

use std::path::{Path, PathBuf};

use gatepass_distribution::{Draft, Mistake, OriginKind, ViewerProtocol};
use gatepass_edge::EdgeConfig;

use super::edge::{LogTo, Read};

pub(super) fn mistakes(draft: &Draft, edge: &Read) -> Vec<Mistake> {
    let mut mistakes = unreachable_https(draft, &edge.config);
    mistakes.extend(nameless_certificates(draft, &edge.config));
    mistakes.extend(served_secrets(draft, edge));
    mistakes
}

/// Behind nothing that speaks TLS, a redirect to HTTPS leads nowhere.
fn unreachable_https(draft: &Draft, edge: &EdgeConfig) -> Vec<Mistake> {
    if !edge.tls.is_empty() || edge.acme.is_some() || !edge.trusted_proxies.is_empty() {
        return Vec::new();
    }
    let distributions = draft.distributions.iter().enumerate();
    let behaviors = distributions.flat_map(|(at, distribution)| {
        let listed = distribution.behaviors.iter().enumerate().map(move |(nth, (_, behavior))| {
            (format!("distribution[{at}].behavior[{nth}]"), behavior)
        });
        let default = format!("distribution[{at}].default-behavior");
        listed.chain([(default, &distribution.default_behavior)])
    });
    behaviors
        .filter(|(_, behavior)| behavior.conduct.viewer_protocol != ViewerProtocol::AllowAll)
        .map(|(at, _)| Mistake {
            at: format!("{at}.viewer-protocol"),
            problem: "nobody can come over HTTPS: give [edge] tls, acme, or the trusted-proxies that speak it".to_owned(),
        })
        .collect()
}

/// An authority is asked for names, not for patterns.
fn nameless_certificates(draft: &Draft, edge: &EdgeConfig) -> Option<Mistake> {
    let acme = edge.acme.as_ref()?;
    let mut aliases = draft.distributions.iter().flat_map(|one| &one.aliases);
    let is_named = !acme.domains.is_empty() || aliases.any(|alias| !alias.contains('*'));
    (!is_named).then(|| Mistake {
        at: "edge.acme".to_owned(),
        problem: "no alias is a plain name to ask a certificate for: list domains".to_owned(),
    })
}

/// What the edge keeps for itself must not lie where viewers can ask for it.
fn served_secrets(draft: &Draft, edge: &Read) -> Vec<Mistake> {
    let origins = draft.distributions.iter().flat_map(|distribution| &distribution.origins);
    let folders: Vec<_> = origins
        .filter_map(|origin| match &origin.kind {
            OriginKind::Directory(folder) => Some((&origin.id, settled(folder))),
            _ => None,
        })
        .collect();
    let told = |(at, path): (String, &Path)| {
        let place = settled(path);
        let (id, _) = folders.iter().find(|(_, folder)| place.starts_with(folder))?;
        let problem =
            format!("{} lies in the folder that the origin {id:?} serves", path.display());
        Some(Mistake { at, problem })
    };
    secrets(edge).into_iter().filter_map(told).collect()
}

fn secrets(edge: &Read) -> Vec<(String, &Path)> {
    let config = &edge.config;
    let mut paths = vec![("edge.state".to_owned(), &*edge.state)];
    if let LogTo::File(file) = &edge.log {
        paths.push(("edge.access-log.file".to_owned(), file));
    }
    if let Some(disk) = &config.cache.disk {
        paths.push(("edge.cache.disk.directory".to_owned(), &disk.directory));
    }
    if let Some(acme) = &config.acme {
        paths.push(("edge.acme.storage".to_owned(), &acme.storage));
    }
    let keys = config.tls.iter().enumerate();
    paths.extend(keys.map(|(nth, files)| (format!("edge.tls[{nth}].key"), &*files.key)));
    paths
}

/// The path without links and detours, as far as it is there.
fn settled(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut missing = Vec::new();
    let mut known = absolute.as_path();
    loop {
        if let Ok(found) = known.canonicalize() {
            return missing.iter().rev().fold(found, |path, name| path.join(name));
        }
        match (known.parent(), known.file_name()) {
            (Some(parent), Some(name)) => {
                missing.push(name);
                known = parent;
            }
            _ => return absolute,
        }
    }
}
