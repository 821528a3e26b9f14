//! What can't be, in a draft: every mistake with its place, in the words of the file.
//!
//! Readers of a file refuse what is no value of its kind (an address, a number, a path
//! pattern); here is what only the whole can tell, and CloudFront's limits.

mod behavior;
mod conduct;
mod login_page;
mod origin;
mod policy;

use std::collections::HashSet;

use crate::distribution::Distribution;
use crate::draft::{DistributionDraft, Draft, Mistake};
use crate::error_response::ErrorResponse;
use crate::path_pattern::PathPattern;

/// Makes the distributions of a draft, or tells everything that is wrong with it.
pub(crate) fn check(draft: &Draft) -> Result<Vec<Distribution>, Vec<Mistake>> {
    let mut check = Check { draft, mistakes: Vec::new() };
    check.ids();
    check.policies();
    let all = draft.distributions.iter().enumerate();
    let distributions = all.map(|(at, one)| check.distribution(at, one)).collect();
    check.aliases();
    if check.mistakes.is_empty() { Ok(distributions) } else { Err(check.mistakes) }
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

    fn distribution(&mut self, position: usize, draft: &DistributionDraft) -> Distribution {
        let at = &*format!("distribution[{position}]");
        self.origins(at, &draft.origins);
        self.error_responses(at, &draft.error_responses);
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

    fn error_responses(&mut self, at: &str, responses: &[ErrorResponse]) {
        let mut seen = HashSet::new();
        for (nth, status) in responses.iter().map(ErrorResponse::status).enumerate() {
            if !seen.insert(status) {
                self.mistake(
                    format!("{at}.error-response[{nth}].status"),
                    format!("{status} already has an error response"),
                );
            }
        }
    }
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
