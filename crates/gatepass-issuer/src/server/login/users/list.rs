//! The users file: who may log in with a password, as TOML that an operator can edit.
//!
//! # Invariants
//!
//! - Names are unique, and there is no user without the hash of a password.
//! - A mistake is told with its line, and never with a hash.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::person::{Person, PersonError};
use crate::server::login::vouch;
use crate::server::password::{PasswordHash, PasswordHashError};

/// Everybody who may log in with a password.
#[derive(Debug)]
pub struct Users {
    known: HashMap<Box<str>, User>,
    /// What is checked for names that nobody has: as dear as for those that somebody has.
    of_nobody: Vec<PasswordHash>,
    hasher: RandomState,
}

#[derive(Debug)]
struct User {
    person: Person,
    hash: PasswordHash,
}

/// What is wrong with a users file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{line}:{column}: {problem}")]
pub struct UsersError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: Box<str>,
}

impl Users {
    /// The longest file, in bytes.
    pub const LONGEST_FILE: usize = 4 * 1024 * 1024;

    /// Reads the text of a users file.
    pub fn read(text: &str) -> Result<Self, UsersError> {
        let file: File = toml::from_str(text).map_err(|error| {
            // Its message alone: the line as it stands there may hold a hash.
            UsersError::at(text, error.span().map_or(0, |span| span.start), error.message())
        })?;
        let mut known = HashMap::new();
        let mut of_nobody: Vec<PasswordHash> = Vec::new();
        for spelled in file.user {
            let place = spelled.span().start;
            let Spelled { name, password, claims } = spelled.into_inner();
            let wrong = |problem: &dyn std::fmt::Display| {
                UsersError::at(text, place, &format!("the user {name:?}: {problem}"))
            };
            let claims = claims.into_iter().map(|(name, claim)| (name, claim.into()));
            let mut claims = claims.collect::<Map<_, _>>();
            vouch(&mut claims);
            let person = Person::new(&name, claims).map_err(|error: PersonError| wrong(&error))?;
            let hash: PasswordHash =
                password.parse().map_err(|error: PasswordHashError| wrong(&error))?;
            of_nobody.push(hash.of_nobody());
            if known.insert(name.clone(), User { person, hash }).is_some() {
                return Err(wrong(&"the name stands here twice"));
            }
        }
        if of_nobody.is_empty() {
            of_nobody.push(PasswordHash::of_nobody_at_all());
        }
        Ok(Self { known, of_nobody, hasher: RandomState::new() })
    }

    /// The person of this name, whatever their password.
    pub fn person(&self, name: &str) -> Option<&Person> {
        self.known.get(name).map(|user| &user.person)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.known.len()
    }

    /// The hash to check for a name, and whose it is, if anybody's. An unknown name has a hash
    /// that no password fits and that is as dear as somebody's, the same one each time.
    pub(crate) fn hash_of(&self, name: &str) -> (PasswordHash, Option<Person>) {
        // Chosen either way, so that it can't be told by that either.
        let nobody = self.hasher.hash_one(name) % (self.of_nobody.len() as u64);
        let nobody = &self.of_nobody[usize::try_from(nobody).unwrap_or(0)];
        match self.known.get(name) {
            Some(user) => (user.hash.clone(), Some(user.person.clone())),
            None => (nobody.clone(), None),
        }
    }
}

impl UsersError {
    fn at(text: &str, place: usize, problem: &str) -> Self {
        let before = text.get(..place).unwrap_or_default();
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line..].chars().count() + 1,
            problem: problem.split_whitespace().collect::<Vec<_>>().join(" ").into(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    user: Vec<toml::Spanned<Spelled>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spelled {
    name: Box<str>,
    password: Box<str>,
    #[serde(default)]
    claims: HashMap<String, Claim>,
}

/// What a claim may be: anything else would make nobody's entitlement.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a claim is text, a list of texts, a whole number, true or false")]
enum Claim {
    Text(String),
    Texts(Vec<String>),
    Number(i64),
    Flag(bool),
}

impl From<Claim> for Value {
    fn from(claim: Claim) -> Self {
        match claim {
            Claim::Text(text) => text.into(),
            Claim::Texts(texts) => texts.into(),
            Claim::Number(number) => number.into(),
            Claim::Flag(flag) => flag.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn user(name: &str, memory_kib: u32) -> String {
        format!(
            "[[user]]\nname = {name:?}\npassword = \"$argon2id$v=19$m={memory_kib},t=5,p=1{REST}\"\n"
        )
    }

    #[test]
    fn users_have_names_passwords_and_claims() {
        let claims = "claims = { groups = [\"a\", \"b\"], plan = \"gold\", staff = true, \
                      email = \"ada@example.com\" }";
        let text = format!("# ours\n{}{claims}\n{}", user("ada", 7_168), user("bob", 7_168));
        let users = Users::read(&text).unwrap();
        assert_eq!(users.count(), 2);
        let ada = users.person("ada").unwrap();
        assert_eq!(ada.texts("groups").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(ada.claim("staff"), Some(&Value::Bool(true)));
        assert_eq!(ada.claim("email_verified"), Some(&Value::Bool(true)));
        assert!(users.person("Ada").is_none() && users.person("").is_none());
        assert_eq!(Users::read("").unwrap().count(), 0);
    }

    #[test]
    fn mistakes_are_told_with_their_line_and_without_a_hash() {
        for (text, line, part) in [
            ("[[user]]\nname = \"ada\"\n".to_owned(), 1, "missing field `password`"),
            (format!("{}plan = 1\n", user("ada", 7_168)), 4, "unknown field `plan`"),
            (format!("{}{}", user("ada", 7_168), user("ada", 7_168)), 4, "twice"),
            (user("", 7_168), 1, "the subject is empty"),
            (user(&"a".repeat(256), 7_168), 1, "256 bytes"),
            (user("ada", 8), 1, "weaker"),
            ("[[user]]\nname = \"ada\"\npassword = \"hunter2\"".to_owned(), 1, "no hash"),
            (format!("{}claims = {{ a = 1.5 }}\n", user("ada", 7_168)), 4, "a claim is"),
            ("[[user]]\nname = \"a".to_owned(), 2, ""),
        ] {
            let error = Users::read(&text).unwrap_err();
            let told = error.to_string();
            assert!(told.starts_with(&format!("{line}:")) && told.contains(part), "{told}");
            assert!(!told.contains("argon2id$v=19$m") && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_name_that_nobody_has_is_as_dear_as_somebodys() {
        let text = format!("{}{}", user("ada", 7_168), user("bob", 65_536));
        let users = Users::read(&text).unwrap();
        let dear = |name: &str| users.hash_of(name).0.to_string().contains("m=65536,t=5,p=1");
        assert!(users.hash_of("ada").1.is_some() && users.hash_of("eve").1.is_none());
        let names: Vec<_> = (0..64).map(|number| format!("nobody{number}")).collect();
        let dear_ones = names.iter().filter(|name| dear(name)).count();
        assert!((1..64).contains(&dear_ones), "both prices are there: {dear_ones}");
        assert!(names.iter().all(|name| dear(name) == dear(name)));
    }
}
