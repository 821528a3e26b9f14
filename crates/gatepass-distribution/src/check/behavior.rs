//! Behaviors: what they name is there, and what they promise can be kept.

use gatepass::{Trust, TrustedKeys};

use super::{Check, list};
use crate::behavior::CacheBehavior;
use crate::cors::Cors;
use crate::draft::{BehaviorDraft, DistributionDraft};
use crate::gate::Gate;
use crate::origin::OriginKind;
use crate::path_pattern::PathPattern;

/// What kinds of origin a behavior asks: one, or those of a group.
#[derive(Debug, Default)]
pub(super) struct Kinds<'d> {
    /// The origin's own, or that of a group's primary.
    pub(super) first: Option<&'d OriginKind>,
    /// That of a group's secondary.
    pub(super) second: Option<&'d OriginKind>,
}

impl<'d> Kinds<'d> {
    fn of(distribution: &'d DistributionDraft, origin: Option<usize>) -> Self {
        let named = |id: &str| distribution.origins.iter().find(|origin| *origin.id == *id);
        match origin.map(|at| &distribution.origins[at].kind) {
            Some(OriginKind::Group(group)) => Self {
                first: named(&group.primary).map(|origin| &origin.kind),
                second: named(&group.secondary).map(|origin| &origin.kind),
            },
            first => Self { first, second: None },
        }
    }

    pub(super) fn has_bucket(&self) -> bool {
        [self.first, self.second].iter().flatten().any(|kind| matches!(kind, OriginKind::S3(_)))
    }
}

impl Check<'_> {
    pub(super) fn behavior(
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
        if draft.renewal.is_some() && draft.trusted_key_groups.is_none() {
            self.mistake(
                format!("{at}.renew"),
                "there is no pass to renew: the behavior has no trusted-key-groups",
            );
        }
        if let Some(cors) = &draft.cors {
            self.cors(at, cors);
        }
        let kinds = Kinds::of(distribution, origin);
        let cache_policy = self.cache_policy(at, draft, &kinds);
        let origin_request_policy = self.origin_request_policy(at, draft, &kinds);
        self.conduct(at, draft, &cache_policy, &kinds);
        CacheBehavior {
            path_pattern,
            origin: origin.unwrap_or_default(),
            origin_identity: origin
                .map(|at| distribution.origins[at].identity(&distribution.origins))
                .unwrap_or_default(),
            gate: self.gate(at, draft),
            on_denied: draft.on_denied.clone(),
            renewal: draft.renewal.clone(),
            cors: draft.cors.clone(),
            cache_policy,
            origin_request_policy,
            conduct: draft.conduct.clone(),
        }
    }

    fn gate(&mut self, at: &str, behavior: &BehaviorDraft) -> Gate {
        let Some(groups) = &behavior.trusted_key_groups else {
            if behavior.is_report_only {
                self.mistake(
                    format!("{at}.gate"),
                    "there is nothing to report: the behavior has no trusted-key-groups",
                );
            }
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
}
