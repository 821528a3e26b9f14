//! A distribution: host names, and behaviors in order.

use crate::behavior::CacheBehavior;
use crate::error_response::ErrorResponse;
use crate::origin::Origin;
use crate::path_pattern::NormalPath;

/// Some host names and what is served under them. Well-formed: a
/// [`Snapshot`](crate::Snapshot) made it.
#[derive(Clone, Debug)]
pub struct Distribution {
    pub(crate) position: usize,
    pub(crate) id: Box<str>,
    pub(crate) aliases: Vec<Box<str>>,
    pub(crate) default_root_object: Option<Box<str>>,
    pub(crate) origins: Vec<Origin>,
    pub(crate) behaviors: Vec<CacheBehavior>,
    pub(crate) default_behavior: CacheBehavior,
    pub(crate) error_responses: Vec<ErrorResponse>,
}

impl Distribution {
    /// Its place among the distributions of its snapshot.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Its name, such as `EDFDVBD6EXAMPLE`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The host names it answers to.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.aliases.iter().map(|alias| &**alias)
    }

    /// What is served for `/`, without a leading slash.
    pub fn default_root_object(&self) -> Option<&str> {
        self.default_root_object.as_deref()
    }

    /// Where its content comes from.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// The first behavior whose pattern covers the path; the default one if none does.
    pub fn behavior(&self, path: &NormalPath<'_>) -> &CacheBehavior {
        self.behaviors
            .iter()
            .find(|behavior| behavior.path_pattern.covers(path))
            .unwrap_or(&self.default_behavior)
    }

    /// Its behaviors in order, the default one last.
    pub fn behaviors(&self) -> impl Iterator<Item = &CacheBehavior> {
        self.behaviors.iter().chain([&self.default_behavior])
    }

    /// What is answered instead of an error of this status.
    pub fn error_response(&self, status: u16) -> Option<&ErrorResponse> {
        self.error_responses.iter().find(|response| response.status() == status)
    }

    /// Says whether any of it asks for a pass.
    pub fn guards_anything(&self) -> bool {
        self.behaviors().any(|behavior| behavior.gate.is_guarded())
    }

    /// How well its aliases fit a host, if they do: the longest that covers it, and its own
    /// name before any pattern.
    pub(crate) fn claim_to(&self, host: &str) -> Option<(bool, usize)> {
        let claims = self.aliases.iter().filter(|alias| covers_host(alias, host));
        claims.map(|alias| (!alias.contains('*'), alias.len())).max()
    }
}

/// `*` is any host; `*.example.com` is any sub-domain. Host names ignore case.
pub(crate) fn covers_host(alias: &str, host: &str) -> bool {
    let is_end = |end: &str| {
        host.len() > end.len()
            && host.as_bytes()[host.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
    };
    alias == "*"
        || alias.eq_ignore_ascii_case(host)
        || alias.strip_prefix('*').is_some_and(|end| end.starts_with('.') && is_end(end))
}

/// The name in a `Host` header.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}
