//! A behavior's conduct: nothing is promised that its origin or its policies can't keep.

use std::collections::HashSet;

use super::Check;
use super::behavior::Kinds;
use crate::behavior::{AllowedMethods, CachedMethods};
use crate::cache_policy::CachePolicy;
use crate::draft::BehaviorDraft;
use crate::header_field;
use crate::origin::OriginKind;

impl Check<'_> {
    pub(super) fn conduct(
        &mut self,
        at: &str,
        behavior: &BehaviorDraft,
        cache_policy: &CachePolicy,
        kinds: &Kinds<'_>,
    ) {
        let conduct = &behavior.conduct;
        let is_folder = matches!(kinds.first, Some(OriginKind::Directory(_)));
        if is_folder && conduct.allowed_methods == AllowedMethods::All {
            self.mistake(
                format!("{at}.allowed-methods"),
                "a folder takes no PUT, POST, PATCH or DELETE: expected at most [\"GET\", \"HEAD\", \"OPTIONS\"]",
            );
        }
        let caches_options = conduct.cached_methods == CachedMethods::GetHeadOptions;
        if caches_options && conduct.allowed_methods == AllowedMethods::GetHead {
            self.mistake(
                format!("{at}.cached-methods"),
                "allowed-methods has no \"OPTIONS\", so there is none to keep an answer of",
            );
        }
        if conduct.compress && !cache_policy.gzip && !cache_policy.brotli {
            self.mistake(
                format!("{at}.compress"),
                format!(
                    "the cache policy {:?} has neither gzip nor brotli, so nothing would be compressed: choose one that has, or leave compress out",
                    cache_policy.id
                ),
            );
        }
        if conduct.cap_viewer_cache && behavior.trusted_key_groups.is_none() {
            self.mistake(
                format!("{at}.cap-viewer-cache"),
                "no pass ends here: the behavior has no trusted-key-groups",
            );
        }
        self.response_headers(at, behavior);
    }

    fn response_headers(&mut self, at: &str, behavior: &BehaviorDraft) {
        let mut seen = HashSet::new();
        for (name, value) in &behavior.conduct.response_headers {
            let place = format!("{at}.response-headers.{name}");
            let is_cors =
                name.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("access-control-"));
            if !header_field::is_name(name) {
                self.mistake(&place, format!("{name:?} is no name of a header"));
            } else if header_field::is_kept_from_response_headers(name) {
                self.mistake(&place, format!("{name} can't be set: it is the edge's own"));
            } else if is_cors && behavior.cors.is_some() {
                self.mistake(&place, format!("{name} is already said by cors; use one of the two"));
            } else if !seen.insert(name.to_ascii_lowercase()) {
                self.mistake(&place, format!("{name} is set twice; capitals don't count"));
            }
            if !header_field::is_value(value) {
                self.mistake(&place, format!("the value of {name} can't be sent: {VALUE_RULE}"));
            }
        }
    }
}

/// What [`header_field::is_value`] asks for, in words.
pub(super) const VALUE_RULE: &str =
    "expected ASCII text that can be seen, without line breaks or spaces at its ends";
