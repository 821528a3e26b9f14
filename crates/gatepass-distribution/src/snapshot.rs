//! The whole truth of a moment: every distribution, checked together.
//!
//! # Invariants
//!
//! - A snapshot that exists is well-formed: no behavior names a missing origin or key group,
//!   no alias belongs to two distributions, no login page redirects to itself.
//! - A behavior that trusts key groups stays closed, even if they hold no key.

use std::collections::HashSet;
use std::sync::Arc;

use gatepass::{Trust, TrustedKeys};

use crate::behavior::CacheBehavior;
use crate::cache_policy::CachePolicy;
use crate::cors::Cors;
use crate::distribution::{Distribution, covers_host};
use crate::draft::{BehaviorDraft, DistributionDraft, Draft, Mistake};
use crate::facts::Facts;
use crate::gate::Gate;
use crate::login_page::LoginPage;
use crate::managed::{managed_cache_policy, managed_origin_request_policy};
use crate::origin_request_policy::OriginRequestPolicy;
use crate::path_pattern::{NormalPath, PathPattern};

/// All that a gate knows at one moment. It is never changed, only replaced. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    distributions: Arc<[Distribution]>,
    facts: Arc<Facts>,
}

/// Where a request is going.
#[derive(Clone, Copy, Debug)]
pub struct Route<'s> {
    /// The distribution that its host belongs to.
    pub distribution: &'s Distribution,
    /// The behavior that its path belongs to.
    pub behavior: &'s CacheBehavior,
}

/// Why a request goes nowhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RouteError {
    /// Readers differ about what the path names, and the distribution guards something.
    #[error("the path can be read in several ways")]
    AmbiguousPath,
    /// No distribution has this host name.
    #[error("no distribution has this host name")]
    UnknownHost,
}

impl Snapshot {
    /// Checks a draft whole; every mistake is told, not just the first.
    pub fn check(draft: &Draft) -> Result<Self, Vec<Mistake>> {
        let mut check = Check { draft, mistakes: Vec::new() };
        check.ids();
        let distributions = draft
            .distributions
            .iter()
            .enumerate()
            .map(|(at, distribution)| {
                check.distribution(at, &format!("distribution[{at}]"), distribution)
            })
            .collect();
        check.aliases();
        if !check.mistakes.is_empty() {
            return Err(check.mistakes);
        }
        Ok(Self { distributions, facts: Arc::default() })
    }

    /// Every distribution.
    pub fn distributions(&self) -> &[Distribution] {
        &self.distributions
    }

    /// What was added while things run.
    pub const fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    /// The same distributions, and other facts.
    #[must_use]
    pub fn with_facts(&self, facts: Arc<Facts>) -> Self {
        Self { distributions: Arc::clone(&self.distributions), facts }
    }

    /// Finds where a request goes: its host, perhaps with a port, and its raw path.
    pub fn route(&self, host: &str, path: &NormalPath<'_>) -> Result<Route<'_>, RouteError> {
        let name = without_port(host);
        let distribution = self
            .distributions
            .iter()
            .filter_map(|one| Some((one.claim_to(name)?, one)))
            .max_by_key(|(claim, _)| *claim)
            .map(|(_, distribution)| distribution)
            .ok_or(RouteError::UnknownHost)?;
        if path.is_ambiguous() && distribution.guards_anything() {
            return Err(RouteError::AmbiguousPath);
        }
        Ok(Route { distribution, behavior: distribution.behavior(path) })
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

struct Check<'d> {
    draft: &'d Draft,
    mistakes: Vec<Mistake>,
}

impl Check<'_> {
    fn mistake(&mut self, at: impl Into<String>, problem: impl Into<String>) {
        self.mistakes.push(Mistake { at: at.into(), problem: problem.into() });
    }

    fn ids(&mut self) {
        let draft = self.draft;
        self.unique("public-key", draft.public_keys.iter().map(|key| key.id.as_str()));
        self.unique("key-group", draft.key_groups.iter().map(|group| &*group.id));
        self.unique("distribution", draft.distributions.iter().map(|one| &*one.id));
        for (at, group) in draft.key_groups.iter().enumerate() {
            for (nth, id) in group.public_keys.iter().enumerate() {
                if !draft.public_keys.iter().any(|key| key.id == *id) {
                    let known = list(draft.public_keys.iter().map(|key| key.id.as_str()));
                    self.mistake(
                        format!("key-group[{at}].public-keys[{nth}]"),
                        format!("no public key has the ID {:?}; there is {known}", id.as_str()),
                    );
                }
            }
        }
    }

    fn unique<'i>(&mut self, table: &str, ids: impl Iterator<Item = &'i str>) {
        let mut seen = HashSet::new();
        for (at, id) in ids.enumerate() {
            if !seen.insert(id) {
                self.mistake(format!("{table}[{at}].id"), format!("the ID {id:?} is used twice"));
            }
        }
    }

    fn aliases(&mut self) {
        let draft = self.draft;
        let all = draft.distributions.iter().enumerate().flat_map(|(at, distribution)| {
            distribution.aliases.iter().enumerate().map(move |(nth, alias)| (at, nth, alias))
        });
        let mut seen: Vec<(usize, &str)> = Vec::new();
        for (at, nth, alias) in all {
            let place = format!("distribution[{at}].aliases[{nth}]");
            if let Some((other, _)) =
                seen.iter().find(|(_, known)| known.eq_ignore_ascii_case(alias))
            {
                let owner = &draft.distributions[*other].id;
                self.mistake(&place, format!("the host {alias:?} already belongs to {owner:?}"));
            }
            if !is_host(alias) {
                self.mistake(
                    &place,
                    format!("{alias:?} is no host name: expected media.example.com, *.example.com or *, without scheme, port or path"),
                );
            }
            seen.push((at, alias));
        }
    }

    fn distribution(
        &mut self,
        position: usize,
        at: &str,
        draft: &DistributionDraft,
    ) -> Distribution {
        self.unique(&format!("{at}.origin"), draft.origins.iter().map(|origin| &*origin.id));
        if draft.aliases.is_empty() {
            self.mistake(
                format!("{at}.aliases"),
                "a distribution without a host name is never reached; \"*\" answers to every host",
            );
        }
        if let Some(object) = draft.default_root_object.as_deref()
            && (object.is_empty() || object.starts_with('/') || object.len() > 255)
        {
            self.mistake(
                    format!("{at}.default-root-object"),
                    format!("{object:?} can't be served for /: expected a path without a leading slash, such as index.html"),
                );
        }
        let behaviors = draft.behaviors.iter().enumerate().map(|(nth, (pattern, behavior))| {
            self.behavior(&format!("{at}.behavior[{nth}]"), draft, pattern.clone(), behavior)
        });
        let behaviors = behaviors.collect();
        let everything = PathPattern::everything();
        let default_at = format!("{at}.default-behavior");
        let default_behavior =
            self.behavior(&default_at, draft, everything, &draft.default_behavior);
        let distribution = Distribution {
            position,
            id: draft.id.clone(),
            aliases: draft.aliases.clone(),
            default_root_object: draft.default_root_object.clone(),
            origins: draft.origins.clone(),
            behaviors,
            default_behavior,
            error_responses: draft.error_responses.clone(),
        };
        self.login_pages(at, &distribution);
        distribution
    }

    fn behavior(
        &mut self,
        at: &str,
        distribution: &DistributionDraft,
        path_pattern: PathPattern,
        draft: &BehaviorDraft,
    ) -> CacheBehavior {
        let origin = distribution.origins.iter().position(|origin| origin.id == draft.origin);
        if origin.is_none() {
            let known = list(distribution.origins.iter().map(|origin| &*origin.id));
            self.mistake(
                format!("{at}.origin"),
                format!("no origin has the ID {:?}; there is {known}", draft.origin),
            );
        }
        if draft.on_denied.is_some() && draft.trusted_key_groups.is_none() {
            self.mistake(
                format!("{at}.on-denied"),
                "nobody is denied here: the behavior has no trusted-key-groups",
            );
        }
        if let Some(cors) = &draft.cors {
            self.cors(at, cors);
        }
        CacheBehavior {
            path_pattern,
            origin: origin.unwrap_or_default(),
            gate: self.gate(at, draft),
            on_denied: draft.on_denied.clone(),
            cors: draft.cors.clone(),
            cache_policy: self.cache_policy(at, draft),
            origin_request_policy: self.origin_request_policy(at, draft),
            conduct: draft.conduct.clone(),
        }
    }

    fn cache_policy(&mut self, at: &str, behavior: &BehaviorDraft) -> CachePolicy {
        let id = behavior.cache_policy.as_deref().unwrap_or("CachingOptimized");
        let own = self.draft.cache_policies.iter().find(|policy| *policy.id == *id).cloned();
        own.or_else(|| managed_cache_policy(id)).unwrap_or_else(|| {
            self.mistake(
                format!("{at}.cache-policy"),
                format!("no cache policy has the ID {id:?}"),
            );
            managed_cache_policy("CachingOptimized").expect("AWS has it")
        })
    }

    fn origin_request_policy(
        &mut self,
        at: &str,
        behavior: &BehaviorDraft,
    ) -> Option<OriginRequestPolicy> {
        let id = behavior.origin_request_policy.as_deref()?;
        let mut own = self.draft.origin_request_policies.iter();
        let found = own.find(|policy| *policy.id == *id).cloned();
        let found = found.or_else(|| managed_origin_request_policy(id));
        if found.is_none() {
            let place = format!("{at}.origin-request-policy");
            self.mistake(place, format!("no origin request policy has the ID {id:?}"));
        }
        found
    }

    fn gate(&mut self, at: &str, behavior: &BehaviorDraft) -> Gate {
        let Some(groups) = &behavior.trusted_key_groups else {
            return Gate::Open;
        };
        let draft = self.draft;
        let mut keys = Vec::new();
        for (nth, id) in groups.iter().enumerate() {
            if let Some(group) = draft.key_groups.iter().find(|group| group.id == *id) {
                keys.extend(group.public_keys.iter());
            } else {
                let known = list(draft.key_groups.iter().map(|group| &*group.id));
                self.mistake(
                    format!("{at}.trusted-key-groups[{nth}]"),
                    format!("no key group has the ID {id:?}; there is {known}"),
                );
            }
        }
        let records = draft.public_keys.iter().filter(|record| keys.contains(&&record.id));
        let keys: TrustedKeys =
            records.map(|record| (record.id.clone(), record.key.clone())).collect();
        let trust = Trust { keys, reading: behavior.reading, minimum_hash: behavior.minimum_hash };
        if behavior.is_report_only { Gate::Reporting(trust) } else { Gate::Guarded(trust) }
    }

    fn cors(&mut self, at: &str, cors: &Cors) {
        if cors.is_for_everyone() && cors.allow_credentials {
            self.mistake(
                format!("{at}.cors"),
                "browsers refuse allow-credentials together with the origin \"*\"; list the origins",
            );
        }
        for (nth, origin) in cors.allow_origins.iter().enumerate() {
            let is_origin = origin.split_once("://").is_some_and(|(scheme, host)| {
                matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains('/')
            });
            if !is_origin && &**origin != "*" {
                self.mistake(
                    format!("{at}.cors.allow-origins[{nth}]"),
                    format!(
                        "{origin:?} is no origin: expected https://app.example.com, without a path"
                    ),
                );
            }
        }
    }

    fn login_pages(&mut self, at: &str, distribution: &Distribution) {
        let places = (0..distribution.behaviors.len()).map(|nth| format!("{at}.behavior[{nth}]"));
        let places = places.chain([format!("{at}.default-behavior")]);
        for (place, behavior) in places.zip(distribution.behaviors()) {
            if let Some(problem) =
                behavior.on_denied().and_then(|page| login_page_problem(page, distribution))
            {
                self.mistake(format!("{place}.on-denied.redirect-pages-to"), problem);
            }
        }
    }
}

fn login_page_problem(page: &LoginPage, distribution: &Distribution) -> Option<String> {
    let is_own = |host: &str| {
        distribution.aliases().any(|alias| alias != "*" && covers_host(alias, without_port(host)))
    };
    if let Some(host) = page.host().filter(|host| !is_own(host)) {
        return Some(format!(
            "{host:?} is no host of this distribution; viewers are redirected within it"
        ));
    }
    let target = distribution.behavior(&NormalPath::read(page.path()));
    target.gate().is_guarded().then(|| {
        format!("{:?} asks for a pass itself, so the redirect would never end", page.as_str())
    })
}

fn is_host(alias: &str) -> bool {
    let name = alias.strip_prefix("*.").unwrap_or(alias);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let is_ipv6 = name.starts_with('[') && name.ends_with(']');
    alias == "*" || is_ipv6 || (!name.is_empty() && name.bytes().all(is_name))
}

fn list<'i>(ids: impl Iterator<Item = &'i str>) -> String {
    let ids: Vec<_> = ids.map(|id| format!("{id:?}")).collect();
    if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
}
