//! What the gate makes of the pass that the lines set.

use super::Lint;
use super::line::Set;
use crate::cookies::CookieName;
use crate::diagnosis::{Diagnosis, mend};
use crate::encoding::decode;
use crate::key::HashAlgorithm;
use crate::policy::{Policy, PolicyError, Reading, Scope, Statement};
use crate::presented::{Carrier, PresentedPass};
use crate::resource::Resource;
use crate::set_cookie::CookiePath;
use crate::time::{EpochTime, EpochTimeError};
use crate::trusted_keys::PublicKeyId;
use crate::verify::missing_parts;

/// A pass that is good for longer than a day is hardly the shortest reasonable.
const LONG: u64 = 24 * 3600;

/// Patterns that cover every URL, or every URL of a scheme.
const EVERYTHING: [&str; 7] =
    ["*", "*://*", "*://*/*", "http*://*", "http*://*/*", "https://*", "https://*/*"];

pub(super) fn lint_set(set: &Set<'_>, now: EpochTime) -> Vec<Lint> {
    let empty = PresentedPass::empty(Carrier::Cookies);
    let presented =
        set.parts().fold(empty, |pass, (part, line)| pass.with(part, line.value().as_bytes()));
    let mended = mend(&presented);
    let pass = mended.pass;
    let missing = missing_parts(&pass).into_iter();
    let carrier = Carrier::Cookies;
    let missing = missing.map(|part| Diagnosis::MissingPart { part, carrier });
    let mut found: Vec<Lint> = mended.mistakes.into_iter().chain(missing).map(Lint::from).collect();
    found.extend(lint_names(&pass));
    if let Some(encoded) = pass.policy() {
        if set.parts().any(|(part, _)| part == CookieName::Expires) {
            found.push(Lint::BothTerms);
        }
        found.extend(lint_policy(encoded, set, now));
    } else if let Some(expires) = pass.expires() {
        found.push(Lint::CannedWithoutAddress);
        match read_expires(expires) {
            Ok(expiry) => found.extend(lint_expiry(expiry, now)),
            Err(error) => found.push(Lint::PolicyRefused(PolicyError::Expires(error))),
        }
    }
    found
}

fn lint_names(pass: &PresentedPass<'_>) -> Vec<Lint> {
    let text = |value| String::from_utf8_lossy(value).into_owned();
    let hash = pass.hash().map(text).filter(|hash| hash.parse::<HashAlgorithm>().is_err());
    let hash = hash.map(|hash| Lint::HashUnknown(hash.chars().take(20).collect()));
    let key_id = pass.key_id().filter(|id| !PublicKeyId::is_one(id));
    hash.into_iter().chain(key_id.map(|id| Lint::KeyIdMalformed(id.len()))).collect()
}

fn read_expires(expires: &[u8]) -> Result<EpochTime, EpochTimeError> {
    String::from_utf8_lossy(expires).parse()
}

fn lint_policy(encoded: &[u8], set: &Set<'_>, now: EpochTime) -> Vec<Lint> {
    let json = match decode(encoded) {
        Ok(json) => json,
        Err(error) => return vec![Lint::PolicyRefused(PolicyError::Encoding(error))],
    };
    let (policy, refused) = match Policy::parse(&json, Reading::CloudFront) {
        Ok(policy) => (policy, None),
        Err(error) => match Policy::parse(&json, Reading::Gatepass) {
            Ok(policy) => (policy, Some(Lint::PolicyBeyondCloudFront(error))),
            Err(error) => return vec![Lint::PolicyRefused(error)],
        },
    };
    let mut found: Vec<_> = refused.into_iter().chain(lint_expiry(policy.expiry(), now)).collect();
    found.extend(policy.statements().iter().flat_map(|statement| lint_statement(statement, set)));
    found
}

fn lint_expiry(expiry: EpochTime, now: EpochTime) -> Option<Lint> {
    let seconds = expiry.seconds_since(now);
    match seconds {
        0 => Some(Lint::Expired { expiry, now }),
        1..=LONG => None,
        _ => Some(Lint::LongExpiry { expiry, seconds }),
    }
}

fn lint_statement(statement: &Statement, set: &Set<'_>) -> Vec<Lint> {
    let (window, network) = (statement.window(), statement.network());
    let mut found = Vec::new();
    if let Some(start) = window.start().filter(|start| *start >= window.expiry()) {
        found.push(Lint::NeverOpens { start, expiry: window.expiry() });
    }
    if network.is_none_or(|network| network.to_string().ends_with("/0")) {
        found.push(Lint::NoAddress);
    }
    match statement.scope() {
        Scope::Patterns(patterns) => {
            found.extend(patterns.iter().flat_map(|pattern| lint_resource(pattern, set)));
        }
        Scope::Everything | Scope::Exactly(_) => {
            found.push(Lint::ResourceEverything("missing".into()));
        }
    }
    found
}

fn lint_resource(resource: &Resource, set: &Set<'_>) -> Vec<Lint> {
    let text = resource.as_str();
    let mut found = Vec::new();
    if EVERYTHING.contains(&text) {
        found.push(Lint::ResourceEverything(text.into()));
    }
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if scheme.is_some_and(|scheme| matches!(&*scheme, "*" | "http" | "http*")) {
        found.push(Lint::ResourceHttp(text.into()));
    }
    for line in set.lines() {
        found.extend(line.attribute("Domain").and_then(|domain| lint_reach(domain, text)));
        found.extend(line.attribute("Path").and_then(|path| lint_path(path, resource)));
    }
    found
}

/// Only a host without wildcards can be held against a `Domain`.
fn lint_reach(domain: &str, resource: &str) -> Option<Lint> {
    let (_, rest) = resource.split_once("://")?;
    let host = rest.split('/').next()?;
    let name = host.split(':').next()?.to_ascii_lowercase();
    let wanted = domain.trim_start_matches('.').to_ascii_lowercase();
    let is_beneath = || name.strip_suffix(&*wanted).is_some_and(|rest| rest.ends_with('.'));
    if wanted.is_empty() || name.contains(['*', '?']) || name == wanted || is_beneath() {
        return None;
    }
    Some(Lint::DomainElsewhere { domain: domain.into(), host: host.into() })
}

fn lint_path(path: &str, resource: &Resource) -> Option<Lint> {
    let covered = CookiePath::of(resource);
    let (covered, folder) = (covered.as_str(), path.strip_suffix('/').unwrap_or(path));
    if !path.starts_with('/') || path.contains('*') || leads_to(folder, covered) {
        return None;
    }
    let is_beneath = leads_to(covered, path);
    let (path, resource) = (path.into(), resource.as_str().into());
    Some(if is_beneath {
        Lint::PathNarrow { path, resource }
    } else {
        Lint::PathElsewhere { path, resource }
    })
}

/// A cookie's path matches itself and what lies beneath (RFC 6265, section 5.1.4).
fn leads_to(path: &str, target: &str) -> bool {
    let rest = target.strip_prefix(path);
    rest.is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
}
