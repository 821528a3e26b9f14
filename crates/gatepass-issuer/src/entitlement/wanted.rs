//! What entitlements look at: of all that is known of a person, only that is kept in a session,
//! for a session is kept in a cookie.
//!
//! # Invariants
//!
//! Whoever is reduced to what is looked at has the entitlements that they had before.

use serde_json::Value;

use super::{Conditions, Entitlement, Entitlements, Who};
use crate::person::Person;
use crate::placeholder::{Field, ResourceTemplate};

/// What is looked at of a claim.
#[derive(Default)]
struct Wish<'e> {
    /// It stands in a resource, or is looked at as only a whole can be.
    is_whole: bool,
    /// Whether it is there.
    is_there: bool,
    /// Whether it is, or holds, one of these texts.
    texts: Vec<&'e str>,
}

impl Entitlements {
    /// The same person with what entitlements look at, and nothing else: of a list of a hundred
    /// groups, those that one of them names.
    #[must_use]
    pub fn only_wanted(&self, person: Person) -> Person {
        person.keeping(|name, value| self.wish(name).of(value))
    }

    fn wish(&self, name: &str) -> Wish<'_> {
        let mut wish = Wish::default();
        for one in &self.all {
            wish.add(one, name);
        }
        wish
    }
}

impl<'e> Wish<'e> {
    fn add(&mut self, one: &'e Entitlement, name: &str) {
        let is_email = matches!(name, "email" | "email_verified");
        let is_named = |field: &Field| match field {
            Field::Subject => false,
            Field::Email => is_email,
            Field::Claim(claim) => **claim == *name,
        };
        self.is_whole |= one.resources.iter().flat_map(ResourceTemplate::fields).any(is_named);
        let Who::Those(Conditions { groups, email_domains, claims, has }) = &one.who else {
            return;
        };
        // An address counts if the other claim says that it is theirs.
        let is_beside = |claim: &str| claim == "email" && name == "email_verified";
        self.is_whole |= is_email && !email_domains.is_empty();
        if name == "groups" {
            self.texts.extend(groups.iter().map(|group| &**group));
        }
        for (claim, texts) in claims {
            self.is_whole |= is_beside(claim);
            if **claim == *name {
                self.texts.extend(texts.iter().map(|text| &**text));
            }
        }
        for claim in has {
            self.is_whole |= is_beside(claim);
            self.is_there |= **claim == *name;
        }
    }

    /// What is kept of a claim.
    fn of(&self, value: Value) -> Option<Value> {
        let is_named = |text: &Value| text.as_str().is_some_and(|text| self.texts.contains(&text));
        match value {
            value if self.is_whole => Some(value),
            value @ Value::String(_) => (self.is_there || is_named(&value)).then_some(value),
            Value::Array(members) => {
                let mut kept: Vec<&Value> = Vec::new();
                for text in members.iter().filter(|text| is_named(text)) {
                    if !kept.contains(&text) {
                        kept.push(text);
                    }
                }
                if kept.is_empty() && self.is_there {
                    kept.extend(members.iter().find(|member| member.is_string()));
                }
                (!kept.is_empty()).then(|| kept.into_iter().cloned().collect())
            }
            // No condition holds of anything else.
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entitlement::{AddressBinding, Start};
    use crate::laying::{CookieWishes, Site};
    use crate::plan::Reader;

    fn texts(texts: &[&str]) -> Vec<Box<str>> {
        texts.iter().map(|text| Box::from(*text)).collect()
    }

    fn entitlement(id: &str, who: Conditions, resource: &str) -> Entitlement {
        Entitlement {
            id: id.into(),
            who: Who::Those(who),
            resources: vec![resource.parse().unwrap()],
            lifetime_seconds: 100,
            start: Start::AtOnce,
            address: AddressBinding::Anywhere,
            cookies: CookieWishes::default(),
            reader: Reader::CloudFront,
        }
    }

    fn entitlements() -> Entitlements {
        let groups = |groups| Conditions { groups: texts(groups), ..Conditions::default() };
        let plans = vec![("plan".into(), texts(&["gold", "silver"]))];
        let all = vec![
            entitlement("a", groups(&["members", "staff"]), "https://m.test/a/*"),
            entitlement("b", groups(&["staff", "friends"]), "https://m.test/b/*"),
            entitlement(
                "c",
                Conditions { claims: plans, has: texts(&["team"]), ..Conditions::default() },
                "https://m.test/of/{claim:house}/*",
            ),
        ];
        Entitlements::new(all, Site::of("https://m.test/_gatepass").unwrap()).unwrap()
    }

    fn kept(claims: &Value) -> Value {
        let ada = Person::new("ada", claims.as_object().unwrap().clone()).unwrap();
        let ada = entitlements().only_wanted(ada);
        assert_eq!(ada.subject(), "ada");
        ada.claims().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    #[test]
    fn of_a_hundred_and_fifty_groups_those_are_kept_that_are_named() {
        let mut groups: Vec<_> = (0..150).map(|number| format!("department {number}")).collect();
        groups.insert(70, "staff".into());
        groups.push("members".into());
        groups.push("staff".into());
        assert_eq!(kept(&json!({ "groups": groups })), json!({"groups": ["staff", "members"]}));
        groups.retain(|group| group.starts_with("department"));
        assert_eq!(kept(&json!({ "groups": groups })), json!({}));
    }

    #[test]
    fn what_is_looked_at_is_kept_and_nothing_else() {
        for (claims, expected) in [
            (json!({"plan": "gold", "picture": "long"}), json!({"plan": "gold"})),
            (json!({"plan": "bronze", "groups": "staff"}), json!({"groups": "staff"})),
            (json!({"team": ["a", "b"]}), json!({"team": ["a"]})),
            (json!({"team": "red"}), json!({"team": "red"})),
            (json!({"team": [1, "b"], "plan": 7}), json!({"team": ["b"]})),
            (json!({"team": [], "groups": {"staff": true}}), json!({})),
            // Several can't stand in a resource, which has to be found out later, too.
            (json!({"house": ["x", "y"]}), json!({"house": ["x", "y"]})),
            (json!({"email": "a@b.c", "email_verified": true}), json!({})),
        ] {
            assert_eq!(kept(&claims), expected, "{claims}");
        }
    }
}
