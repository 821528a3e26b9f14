//! Policies: those of one's own within CloudFront's limits, and those that behaviors name.

use gatepass::CookieName;

use super::behavior::Kinds;
use super::{Check, list};
use crate::cache_policy::{CachePolicy, Ttls};
use crate::draft::BehaviorDraft;
use crate::header_field::{self, TOLD_BY_THE_EDGE};
use crate::managed::{managed_cache_policy, managed_origin_request_policy};
use crate::origin::OriginKind;
use crate::origin_request_policy::OriginRequestPolicy;
use crate::selection::Selection;

/// Of one kind (headers, cookies, query parameters) in one policy.
const MAX_NAMES: usize = 10;

/// Of the names of one kind in one policy.
const MAX_NAME_BYTES: usize = 1_024;

/// A hundred years.
const MAX_TTL: u64 = 100 * 365 * 86_400;

impl Check<'_> {
    pub(super) fn policies(&mut self) {
        let draft = self.draft;
        self.unique("cache-policy", draft.cache_policies.iter().map(|policy| &*policy.id));
        for (at, policy) in draft.cache_policies.iter().enumerate() {
            self.own_cache_policy(&format!("cache-policy[{at}]"), policy);
        }
        let own = &draft.origin_request_policies;
        self.unique("origin-request-policy", own.iter().map(|policy| &*policy.id));
        for (at, policy) in own.iter().enumerate() {
            self.own_origin_request_policy(&format!("origin-request-policy[{at}]"), policy);
        }
    }

    fn own_cache_policy(&mut self, at: &str, policy: &CachePolicy) {
        self.own_id(at, &policy.id, managed_cache_policy(&policy.id).is_some());
        self.ttls(at, policy.ttls);
        let key = format!("{at}.key");
        self.headers(&format!("{key}.headers"), &policy.headers);
        if matches!(policy.headers, Selection::AllExcept(_) | Selection::All) {
            self.mistake(
                format!("{key}.headers"),
                "a cache key holds headers by name: expected \"none\" or a list",
            );
        }
        if (policy.gzip || policy.brotli)
            && policy.headers.names().iter().any(|name| &**name == "accept-encoding")
        {
            self.mistake(
                format!("{key}.headers"),
                "accept-encoding is in the key already, by gzip and brotli; with both false it can be listed",
            );
        }
        self.names(&format!("{key}.cookies"), "cookies", &policy.cookies);
        for (nth, name) in policy.cookies.names().iter().enumerate() {
            if CookieName::recognize(name.as_bytes()).is_some() {
                self.mistake(
                    format!("{key}.cookies[{nth}]"),
                    format!("{name:?} is part of a pass, which is never in a cache key"),
                );
            }
        }
        self.names(&format!("{key}.query-strings"), "query parameters", &policy.query_strings);
    }

    fn own_origin_request_policy(&mut self, at: &str, policy: &OriginRequestPolicy) {
        self.own_id(at, &policy.id, managed_origin_request_policy(&policy.id).is_some());
        self.headers(&format!("{at}.headers"), &policy.headers);
        if let Selection::Only(names) = &policy.headers
            && names.iter().any(|name| &**name == "authorization")
        {
            self.mistake(
                format!("{at}.headers"),
                "authorization goes to the origin with everything, or as part of a cache key: answers must not be shared by those who send different ones",
            );
        }
        for name in &policy.cloudfront_headers {
            self.cloudfront_header(&format!("{at}.headers"), name);
        }
        self.names(&format!("{at}.cookies"), "cookies", &policy.cookies);
        self.names(&format!("{at}.query-strings"), "query parameters", &policy.query_strings);
    }

    fn own_id(&mut self, at: &str, id: &str, is_managed: bool) {
        if id.is_empty() {
            self.mistake(format!("{at}.id"), "a policy needs a name");
        }
        if is_managed {
            self.mistake(
                format!("{at}.id"),
                format!(
                    "{id:?} is a managed policy of AWS, which stays as it is: choose another ID"
                ),
            );
        }
    }

    fn ttls(&mut self, at: &str, ttls: Ttls) {
        let Ttls { minimum, default, maximum } = ttls;
        if default < minimum {
            self.mistake(
                format!("{at}.ttl-seconds.default"),
                format!("the default of {default} s is below the minimum of {minimum} s"),
            );
        }
        if maximum < default.max(minimum) {
            let (which, other) =
                if default < minimum { ("minimum", minimum) } else { ("default", default) };
            self.mistake(
                format!("{at}.ttl-seconds.maximum"),
                format!("the maximum of {maximum} s is below the {which} of {other} s"),
            );
        }
        if maximum > MAX_TTL {
            self.mistake(
                format!("{at}.ttl-seconds.maximum"),
                format!("{maximum} s is more than a hundred years"),
            );
        }
    }

    /// Header names of a policy, in lower case.
    fn headers(&mut self, at: &str, headers: &Selection) {
        self.names(at, "headers", headers);
        for (nth, name) in headers.names().iter().enumerate() {
            let place = format!("{at}[{nth}]");
            if !header_field::is_name(name) {
                self.mistake(place, format!("{name:?} is no name of a header"));
            } else if header_field::is_kept_from_policies(name) {
                self.mistake(
                    place,
                    format!("{name} can't be part of a policy: the edge asks with its own"),
                );
            } else if name.starts_with("cloudfront-") {
                self.cloudfront_header(&place, name);
            }
        }
    }

    fn cloudfront_header(&mut self, at: &str, name: &str) {
        if !TOLD_BY_THE_EDGE.contains(&name) {
            self.mistake(
                at,
                format!("{name} is not known here; there is {}", TOLD_BY_THE_EDGE.join(", ")),
            );
        }
    }

    fn names(&mut self, at: &str, what: &str, selection: &Selection) {
        let names = selection.names();
        if names.len() > MAX_NAMES {
            self.mistake(
                at,
                format!("a policy has at most {MAX_NAMES} {what}, not {}", names.len()),
            );
        }
        let bytes: usize = names.iter().map(|name| name.len()).sum();
        if bytes > MAX_NAME_BYTES {
            self.mistake(
                at,
                format!("the names of {what} take at most {MAX_NAME_BYTES} bytes, not {bytes}"),
            );
        }
        for (nth, name) in names.iter().enumerate() {
            let place = format!("{at}[{nth}]");
            if name.is_empty() {
                self.mistake(place, "a name can't be empty");
            } else if names[..nth].contains(name) {
                self.mistake(place, format!("{name:?} is listed twice"));
            }
        }
    }

    /// The policy that a behavior names, or what suits its origin: a folder and a bucket say
    /// little about keeping, so they are kept for a day; an application is kept only for as
    /// long as it allows.
    pub(super) fn cache_policy(
        &mut self,
        at: &str,
        behavior: &BehaviorDraft,
        kinds: &Kinds<'_>,
    ) -> CachePolicy {
        let default = match kinds.first {
            Some(OriginKind::Http(_)) => "UseOriginCacheControlHeaders-QueryStrings",
            _ => "CachingOptimized",
        };
        let id = behavior.cache_policy.as_deref().unwrap_or(default);
        let draft = self.draft;
        let own = draft.cache_policies.iter().find(|policy| *policy.id == *id).cloned();
        let Some(policy) = own.or_else(|| managed_cache_policy(id)) else {
            let known = list(draft.cache_policies.iter().map(|policy| &*policy.id));
            self.mistake(
                format!("{at}.cache-policy"),
                format!("no cache policy has the ID {id:?}; there is {known}, and AWS's managed ones such as \"CachingOptimized\""),
            );
            return managed_cache_policy(default).expect("AWS has it");
        };
        if policy.headers.covers("host") && kinds.has_bucket() {
            self.mistake(
                format!("{at}.cache-policy"),
                format!("{:?} sends the viewer's Host, and a bucket answers only to its own: choose one such as \"CachingOptimized\"", policy.id),
            );
        }
        policy
    }

    pub(super) fn origin_request_policy(
        &mut self,
        at: &str,
        behavior: &BehaviorDraft,
        kinds: &Kinds<'_>,
    ) -> Option<OriginRequestPolicy> {
        let id = behavior.origin_request_policy.as_deref()?;
        let place = format!("{at}.origin-request-policy");
        let own = &self.draft.origin_request_policies;
        let found = own.iter().find(|policy| *policy.id == *id).cloned();
        let found = found.or_else(|| managed_origin_request_policy(id));
        match &found {
            None => {
                let known = list(own.iter().map(|policy| &*policy.id));
                self.mistake(
                    place,
                    format!("no origin request policy has the ID {id:?}; there is {known}, and AWS's managed ones such as \"AllViewer\""),
                );
            }
            Some(policy) if policy.headers.covers("host") && kinds.has_bucket() => self.mistake(
                place,
                format!("{:?} sends the viewer's Host, and a bucket answers only to its own: choose one such as \"AllViewerExceptHostHeader\" or \"CORS-S3Origin\"", policy.id),
            ),
            Some(_) => {}
        }
        found
    }
}
