//! What an application answers, held against what it may grant.
//!
//! ```json
//! {"policies": [{"resources": ["https://media.example.com/of/ada/*"],
//!                "lifetime-seconds": 600, "start": 1767290400, "address": "viewer"}]}
//! ```
//!
//! Only `resources` has to be there. `start` is the last second in which the pass does not
//! admit yet.
//!
//! # Invariants
//!
//! Every URL that a [`WebhookAnswer`] covers is covered by one of the [`AllowedResources`].

use gatepass::{EpochTime, Resource};
use serde::Deserialize;

use crate::entitlement::{AddressBinding, Start};
use crate::placeholder::ResourceTemplate;
use crate::plan::MOST_PASSES;

/// The resources that an application may grant: URLs, or folders that end in `*`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AllowedResources(Box<[Box<str>]>);

/// A resource that can't bound anything.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{0:?} bounds nothing: expected a URL, or a folder such as https://media.example.com/of/*, with no other wildcard, no query and no dot segment"
)]
pub struct AllowedResourcesError(Box<str>);

/// What an application granted, within bounds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WebhookAnswer(Vec<GrantedPolicy>);

/// One policy of an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GrantedPolicy {
    /// What it is for.
    pub resources: Vec<Resource>,
    /// For how many seconds, if that was said.
    pub lifetime_seconds: Option<u64>,
    /// From when on.
    pub start: Start,
    /// From where.
    pub address: AddressBinding,
}

/// Why an answer is refused. It repeats no resource: they may name persons.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookAnswerError {
    /// It is not the JSON that it should be.
    #[error(
        "expected {{\"policies\": [{{\"resources\": [\"https://…\"]}}]}}: line {line}, column {column}"
    )]
    Json {
        /// Where reading ended.
        line: usize,
        /// Where in that line.
        column: usize,
    },
    /// There are too many resources for one person.
    #[error("it grants {0} resources, more than {MOST_PASSES}")]
    TooMany(usize),
    /// A policy has no resource, or a lifetime of nothing, or an odd start or address.
    #[error("policies[{policy}].{field} is out of range")]
    Range {
        /// Which one.
        policy: usize,
        /// What of it.
        field: &'static str,
    },
    /// A resource is not below what is allowed.
    #[error(
        "policies[{policy}].resources[{resource}] lies outside of all that [webhook] allow lists"
    )]
    Outside {
        /// Which policy.
        policy: usize,
        /// Which of its resources.
        resource: usize,
    },
}

impl AllowedResources {
    /// Lists what may be granted. An empty list allows nothing.
    pub fn new<'t>(
        patterns: impl IntoIterator<Item = &'t str>,
    ) -> Result<Self, AllowedResourcesError> {
        let read = |text: &'t str| {
            let literal = text.strip_suffix('*').unwrap_or(text);
            let host = literal
                .strip_prefix("https://")
                .or_else(|| literal.strip_prefix("http://"))
                .and_then(|rest| rest.split_once('/'));
            let is_bound = host.is_some_and(|(host, _)| !host.is_empty())
                && text.len() <= ResourceTemplate::LONGEST
                && !literal.contains(['*', '?', '\\', '#'])
                && literal.bytes().all(|byte| byte.is_ascii_graphic())
                && is_normal(literal);
            is_bound
                .then(|| Box::from(text))
                .ok_or_else(|| AllowedResourcesError(text.chars().take(200).collect()))
        };
        patterns.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The patterns as written.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|text| &**text)
    }

    /// Says whether all that `resource` covers is allowed. Scheme and host must be spelled as
    /// in the list.
    pub fn hold(&self, resource: &str) -> bool {
        is_normal(resource)
            && self.texts().any(|allowed| match allowed.strip_suffix('*') {
                // Beyond these letters, which say scheme, host and folder, it may be any pattern.
                Some(folder) => resource.starts_with(folder),
                None => resource == allowed,
            })
    }
}

/// Whether a path neither climbs nor repeats slashes, which two readers may take differently.
fn is_normal(resource: &str) -> bool {
    let path = resource.split_once("://").map_or(resource, |(_, rest)| rest);
    let path = path.split(['?', '\\']).next().unwrap_or_default();
    let mut segments = path.split('/').skip(1).peekable();
    let mut is_normal = true;
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        is_normal &= !matches!(segment, "." | "..") && (is_last || !segment.is_empty());
    }
    is_normal
}

impl WebhookAnswer {
    /// Reads an answer, and refuses all of it if a part is out of bounds.
    pub fn read(json: &[u8], allow: &AllowedResources) -> Result<Self, WebhookAnswerError> {
        let spelled: Spelled = serde_json::from_slice(json).map_err(|error| {
            WebhookAnswerError::Json { line: error.line(), column: error.column() }
        })?;
        let count = spelled.policies.iter().map(|policy| policy.resources.len()).sum();
        if count > MOST_PASSES || spelled.policies.len() > MOST_PASSES {
            return Err(WebhookAnswerError::TooMany(count));
        }
        let policies = spelled.policies.into_iter().enumerate();
        policies.map(|(at, policy)| policy.check(at, allow)).collect::<Result<_, _>>().map(Self)
    }

    /// What was granted.
    pub fn policies(&self) -> &[GrantedPolicy] {
        &self.0
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spelled {
    policies: Vec<SpelledPolicy>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SpelledPolicy {
    resources: Vec<String>,
    lifetime_seconds: Option<u64>,
    start: Option<u64>,
    address: Option<String>,
}

impl SpelledPolicy {
    fn check(
        self,
        policy: usize,
        allow: &AllowedResources,
    ) -> Result<GrantedPolicy, WebhookAnswerError> {
        let range = |field| WebhookAnswerError::Range { policy, field };
        if self.resources.is_empty() {
            return Err(range("resources"));
        }
        let outside = |one: &String| one.len() > ResourceTemplate::LONGEST || !allow.hold(one);
        if let Some(resource) = self.resources.iter().position(outside) {
            return Err(WebhookAnswerError::Outside { policy, resource });
        }
        if self.lifetime_seconds == Some(0) {
            return Err(range("lifetime-seconds"));
        }
        let start = match self.start.map(EpochTime::in_pass) {
            None => Start::AtOnce,
            Some(start) => Start::After(start.map_err(|_| range("start"))?),
        };
        let address = self.address.as_deref().map_or(Ok(AddressBinding::Anywhere), str::parse);
        Ok(GrantedPolicy {
            resources: self.resources.into_iter().map(Resource::new).collect(),
            lifetime_seconds: self.lifetime_seconds,
            start,
            address: address.map_err(|_| range("address"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use gatepass::ViewerUrl;
    use proptest::prelude::*;

    use super::*;

    fn allow() -> AllowedResources {
        AllowedResources::new(["https://m.test/of/*", "https://m.test/a.mp4"]).unwrap()
    }

    fn read(json: &str) -> Result<WebhookAnswer, WebhookAnswerError> {
        WebhookAnswer::read(json.as_bytes(), &allow())
    }

    fn granting(resource: &str) -> Result<WebhookAnswer, WebhookAnswerError> {
        read(&serde_json::json!({"policies": [{"resources": [resource]}]}).to_string())
    }

    #[test]
    fn an_answer_says_what_for_how_long_since_when_and_from_where() {
        let all = r#"{"policies": [{"resources": ["https://m.test/of/ada/*"],
            "lifetime-seconds": 60, "start": 1767290400, "address": "viewer/24"}]}"#;
        let answer = read(all).unwrap();
        let [policy] = answer.policies() else { panic!("{answer:?}") };
        assert_eq!(policy.lifetime_seconds, Some(60));
        assert_eq!(policy.start, Start::After(EpochTime::new(1_767_290_400).unwrap()));
        assert_eq!(policy.address, AddressBinding::Viewer { v4: 24, v6: None });
        assert_eq!(read(r#"{"policies": []}"#).unwrap().policies(), []);
    }

    #[test]
    fn what_is_not_allowed_is_granted_to_nobody() {
        for inside in [
            "https://m.test/of/ada/*",
            "https://m.test/of/*.mp4",
            "https://m.test/of/*",
            "https://m.test/a.mp4",
            "https://m.test/of/",
        ] {
            assert!(granting(inside).is_ok(), "{inside}");
        }
        for outside in [
            "*",
            "https://*",
            "https://m.test/*",
            "https://m.test/o*",
            "https://m.test/a*",
            "https://m.test/a.mp4?x",
            "https://M.test/of/x",
            "http://m.test/of/x",
            "http*://m.test/of/x",
            "https://m.test/of/../*",
            "https://m.test/of/./x",
            "https://m.test/of//x",
            "https://m.test/of/..",
            "https://m.test.evil.test/of/x",
            "https://m.tes?/of/x",
            "",
        ] {
            let error = WebhookAnswerError::Outside { policy: 0, resource: 0 };
            assert_eq!(granting(outside), Err(error), "{outside}");
        }
        let long = |length: usize| format!("https://m.test/of/{}", "a".repeat(length - 18));
        assert!(granting(&long(1_024)).is_ok());
        assert!(granting(&long(1_025)).is_err());
    }

    #[test]
    fn what_is_not_understood_is_refused_whole() {
        let one = r#"{"resources": ["https://m.test/of/x"]"#;
        for odd in [
            "",
            "null",
            "[]",
            "{}",
            "{\"policies\": {}}",
            r#"{"policies": [], "policies": []}"#,
            r#"{"policies": [], "more": 1}"#,
            &format!(r#"{{"policies": [{one}, "expires": 1}}]}}"#),
            &format!(r#"{{"policies": [{one}, "lifetime-seconds": 0}}]}}"#),
            &format!(r#"{{"policies": [{one}, "lifetime-seconds": -1}}]}}"#),
            &format!(r#"{{"policies": [{one}, "start": 1767290400000}}]}}"#),
            &format!(r#"{{"policies": [{one}, "address": "10.0.0.0/8"}}]}}"#),
            r#"{"policies": [{"resources": []}]}"#,
            r#"{"policies": []} x"#,
        ] {
            assert!(read(odd).is_err(), "{odd}");
        }
        let many = |count| {
            let resources = vec!["https://m.test/of/x"; count];
            read(&serde_json::json!({"policies": [{"resources": resources}]}).to_string())
        };
        assert!(many(16).is_ok());
        assert_eq!(many(17), Err(WebhookAnswerError::TooMany(17)));
    }

    #[test]
    fn a_bound_is_a_url_or_a_folder() {
        for odd in [
            "*",
            "https://*",
            "https://m.test",
            "https://m.test*",
            "https://m.test/a*b",
            "https://m.test/?x",
            "https://m.test/a\\?",
            "m.test/a",
            "https:///a",
            "https://m.test/a/../b",
            "https://m.test//a",
            "https://m.test/ä",
        ] {
            assert!(AllowedResources::new([odd]).is_err(), "{odd}");
        }
        assert!(!AllowedResources::new([]).unwrap().hold("https://m.test/"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn no_url_is_covered_that_was_not_allowed(
            tail in "(of/|a\\.mp4|o)?[a./*?\\\\]{0,6}",
            path in "(of/|a\\.mp4|o)?[a./?]{0,6}",
        ) {
            let resource = format!("https://m.test/{tail}");
            let Ok(answer) = granting(&resource) else { return Ok(()) };
            let url = format!("https://m.test/{path}");
            let url = ViewerUrl::parse(&url).unwrap();
            let is_covered = answer.policies()[0].resources[0].covers(&url);
            let is_allowed = allow().texts().any(|one| Resource::new(one).covers(&url));
            prop_assert!(!is_covered || is_allowed, "{} covers {}", resource, url);
        }
    }
}
