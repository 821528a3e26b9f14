//! What browsers make of the attributes.

use super::Lint;
use super::line::{Line, Set};

/// Browsers keep no cookie whose name and value are longer.
const MAX_COOKIE_BYTES: usize = 4096;

/// The attributes that settle whether a cookie comes back.
const COMPARED: [&str; 5] = ["Domain", "Path", "Secure", "HttpOnly", "SameSite"];

/// Second labels beneath which countries register names.
const SECOND_LEVELS: [&str; 8] = ["ac", "co", "com", "edu", "gov", "ne", "net", "org"];

pub(super) fn lint_set(set: &Set<'_>) -> Vec<Lint> {
    let mut found: Vec<_> = set.lines().flat_map(lint_line).collect();
    let differ = |name: &&'static str| {
        let mut values = set.lines().map(|line| comparable(line, name));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    found.extend(COMPARED.into_iter().filter(differ).map(Lint::AttributesDiffer));
    for (part, line) in set.parts() {
        let bytes = line.name().len() + line.value().len();
        if bytes > MAX_COOKIE_BYTES {
            found.push(Lint::TooLong { name: part.as_str(), bytes });
        }
    }
    found
}

/// An attribute's value as far as it means something: a domain's dot and case don't.
fn comparable(line: &Line<'_>, name: &str) -> Option<String> {
    let value = line.attribute(name)?;
    Some(match name {
        "Domain" => value.trim_start_matches('.').to_ascii_lowercase(),
        "HttpOnly" | "Secure" => String::new(),
        "SameSite" => value.to_ascii_lowercase(),
        _ => value.to_owned(),
    })
}

fn lint_line(line: &Line<'_>) -> Vec<Lint> {
    let is_secure = line.attribute("Secure").is_some();
    let persistent = ["Expires", "Max-Age"].into_iter().find(|name| line.attribute(name).is_some());
    let same_site = line.attribute("SameSite").unwrap_or_default();
    let is_same_site_none = same_site.eq_ignore_ascii_case("none");
    let lints = [
        line.attribute("Domain").and_then(lint_domain),
        lint_path(line.attribute("Path")),
        persistent.map(Lint::Persistent),
        (!is_secure && is_same_site_none).then_some(Lint::SameSiteInsecure),
        (!is_secure).then_some(Lint::SecureMissing),
        line.attribute("HttpOnly").is_none().then_some(Lint::HttpOnlyMissing),
    ];
    lints.into_iter().flatten().collect()
}

fn lint_path(path: Option<&str>) -> Option<Lint> {
    match path {
        Some(path) if path.contains('*') => Some(Lint::PathPattern(path.into())),
        // What does not begin with a slash is passed over by browsers.
        Some(path) if path.starts_with('/') => None,
        _ => Some(Lint::PathMissing),
    }
}

/// An empty `Domain` is passed over by browsers.
fn lint_domain(domain: &str) -> Option<Lint> {
    let name = domain.strip_prefix('.').unwrap_or(domain).to_ascii_lowercase();
    if name.is_empty() && domain.is_empty() {
        return None;
    }
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let labels: Vec<_> = name.split('.').collect();
    if !name.bytes().all(is_name_byte) || labels.iter().any(|label| label.is_empty()) {
        return Some(Lint::DomainRefused(domain.into()));
    }
    match labels.len() - public_labels(&labels).min(labels.len()) {
        0 => Some(Lint::DomainRefused(domain.into())),
        1 if !name.ends_with(".cloudfront.net") => Some(Lint::DomainWide(domain.into())),
        _ => None,
    }
}

/// So many labels at the end belong to nobody. This knows the common cases, not the whole
/// public suffix list.
fn public_labels(labels: &[&str]) -> usize {
    match labels {
        [.., "cloudfront", "net"] => 2,
        [.., second, country] if country.len() == 2 && SECOND_LEVELS.contains(second) => 2,
        _ => 1,
    }
}
