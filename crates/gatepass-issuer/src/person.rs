//! A person who proved who they are, and what their way of logging in says of them.
//!
//! # Invariants
//!
//! A subject is not empty, and no longer than [`Person::MAX_SUBJECT`] bytes. It and all
//! claims together stay small enough for a session to be kept in a cookie.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A person who logged in. What is known of them never shows in `Debug`: it ends up in logs.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "Spelled")]
pub struct Person {
    subject: Box<str>,
    claims: Map<String, Value>,
}

/// Why somebody can't be taken for a person.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PersonError {
    /// Nobody is named.
    #[error("the subject is empty")]
    NoSubject,
    /// The name has no end.
    #[error("the subject has {0} bytes, more than {max}", max = Person::MAX_SUBJECT)]
    LongSubject(usize),
}

impl Person {
    /// The longest subject, in bytes; OpenID Connect allows 255.
    pub const MAX_SUBJECT: usize = 255;

    /// The person whom `subject` names, once and for all, at the way of their login.
    pub fn new(subject: &str, claims: Map<String, Value>) -> Result<Self, PersonError> {
        match subject.len() {
            0 => Err(PersonError::NoSubject),
            length if length > Self::MAX_SUBJECT => Err(PersonError::LongSubject(length)),
            _ => Ok(Self { subject: subject.into(), claims }),
        }
    }

    /// The name that never changes: OpenID Connect's `sub`, a user's name, an address.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// A claim as it came; `sub` is the subject.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// All claims, as they came.
    pub fn claims(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.claims.iter()
    }

    /// The e-mail address, if `email_verified` says that it is theirs. Some identity providers
    /// let people write any address they like, and say nothing about it.
    pub fn verified_email(&self) -> Option<&str> {
        let is_verified = self.claims.get("email_verified") == Some(&Value::Bool(true));
        self.claims.get("email").filter(|_| is_verified)?.as_str()
    }

    /// The texts of a claim: itself, or the members of a list. Anything else has none, nor has
    /// an `email` that is not [verified](Self::verified_email).
    pub fn texts<'p>(&'p self, name: &str) -> impl Iterator<Item = &'p str> + use<'p> {
        let subject = (name == "sub").then_some(&*self.subject);
        let counts = subject.is_none() && (name != "email" || self.verified_email().is_some());
        let (one, many) = match self.claims.get(name).filter(|_| counts) {
            Some(Value::String(text)) => (Some(&**text), &[][..]),
            Some(Value::Array(members)) => (None, &members[..]),
            _ => (None, &[][..]),
        };
        subject.into_iter().chain(one).chain(many.iter().filter_map(Value::as_str))
    }

    /// The same with no claims but those that `wanted` names.
    #[must_use]
    pub fn with_only(mut self, wanted: impl Fn(&str) -> bool) -> Self {
        self.claims.retain(|name, _| wanted(name));
        self
    }

    /// The same with what `keep` leaves of each claim.
    #[must_use]
    pub(crate) fn keeping(self, keep: impl Fn(&str, Value) -> Option<Value>) -> Self {
        let Self { subject, claims } = self;
        let kept = claims.into_iter().filter_map(|(name, value)| {
            let value = keep(&name, value)?;
            Some((name, value))
        });
        Self { subject, claims: kept.collect() }
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Spelled {
    subject: Box<str>,
    claims: Map<String, Value>,
}

impl TryFrom<Spelled> for Person {
    type Error = PersonError;

    fn try_from(spelled: Spelled) -> Result<Self, PersonError> {
        Self::new(&spelled.subject, spelled.claims)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person(claims: &Value) -> Person {
        Person::new("ada", claims.as_object().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_claim_is_one_text_or_several() {
        let ada = person(&json!({"groups": ["a", 1, "b"], "plan": "gold", "age": 7, "sub": "eve"}));
        let texts = |name| ada.texts(name).collect::<Vec<_>>();
        assert_eq!(texts("groups"), ["a", "b"]);
        assert_eq!(texts("plan"), ["gold"]);
        assert_eq!(texts("sub"), ["ada"]);
        assert!(texts("age").is_empty() && texts("none").is_empty());
    }

    #[test]
    fn an_address_counts_once_it_is_verified() {
        for (verified, counts) in [
            (json!(true), true),
            (json!(false), false),
            (json!("true"), false),
            (json!(null), false),
        ] {
            let ada = person(&json!({"email": "ada@example.com", "email_verified": verified}));
            assert_eq!(ada.verified_email().is_some(), counts);
            assert_eq!(ada.texts("email").count(), usize::from(counts));
        }
        assert_eq!(person(&json!({"email": "ada@example.com"})).verified_email(), None);
    }

    #[test]
    fn a_subject_has_a_beginning_and_an_end() {
        let named = |subject: &str| Person::new(subject, Map::new()).err();
        assert_eq!(named(""), Some(PersonError::NoSubject));
        assert_eq!(named(&"a".repeat(255)), None);
        assert_eq!(named(&"a".repeat(256)), Some(PersonError::LongSubject(256)));
        let spelled = format!(r#"{{"subject":"{}","claims":{{}}}}"#, "a".repeat(256));
        assert!(serde_json::from_str::<Person>(&spelled).is_err());
    }

    #[test]
    fn nobody_is_named_in_a_log() {
        assert!(!format!("{:?}", person(&json!({"plan": "gold"}))).contains("gold"));
    }
}
