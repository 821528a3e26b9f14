//! From a provider's claims to a person: groups as a list, `email_verified` as true or false, and
//! nothing that is about the token alone.

use serde_json::{Map, Value};

use super::config::OidcConfig;
use super::error::OidcError;
use super::token::TokenError;
use crate::person::Person;

/// Claims that say something of a token, not of a person.
const OF_THE_TOKEN: [&str; 11] =
    ["at_hash", "aud", "azp", "c_hash", "exp", "iat", "iss", "jti", "nbf", "nonce", "s_hash"];

/// The most groups that are kept of a person.
const MOST_GROUPS: usize = 1_000;

/// Says whether a claim is missing that has to be there.
pub(super) fn is_lacking(config: &OidcConfig, claims: &Map<String, Value>) -> bool {
    config.claims.iter().any(|name| {
        let is_groups = &**name == "groups";
        !(claims.contains_key(&**name) || is_groups && find(claims, &config.groups_claim).is_some())
    })
}

/// Adds what userinfo says of the same person. What is signed counts before what is not.
pub(super) fn add_userinfo(
    claims: &mut Map<String, Value>,
    userinfo: Map<String, Value>,
) -> Result<(), OidcError> {
    if userinfo.get("sub").and_then(Value::as_str).is_none() || userinfo["sub"] != claims["sub"] {
        let why = "its sub is not the ID token's".into();
        return Err(OidcError::Unusable { what: "userinfo endpoint", why });
    }
    for (name, value) in userinfo {
        claims.entry(name).or_insert(value);
    }
    Ok(())
}

/// Makes a person of claims.
pub(super) fn person(
    config: &OidcConfig,
    mut claims: Map<String, Value>,
) -> Result<Person, OidcError> {
    let Some(Value::String(subject)) = claims.remove("sub") else {
        return Err(OidcError::Token(TokenError::Claim("sub")));
    };
    let groups = find(&claims, &config.groups_claim).map(|value| list(config, value));
    // Somebody's own claim of that name would else count where another was meant.
    claims.remove("groups");
    if let Some(groups) = groups {
        claims.insert("groups".to_owned(), groups);
    }
    // Some providers write it as text.
    if let Some(flag @ Value::String(_)) = claims.get_mut("email_verified") {
        *flag = Value::Bool(flag.as_str() == Some("true"));
    }
    claims.retain(|name, _| !OF_THE_TOKEN.contains(&&**name));
    Ok(Person::new(&subject, claims)?)
}

fn find<'c>(claims: &'c Map<String, Value>, place: &str) -> Option<&'c Value> {
    let Some(path) = place.strip_prefix('/') else { return claims.get(place) };
    let mut names = path.split('/').map(|name| name.replace("~1", "/").replace("~0", "~"));
    let first = claims.get(&names.next()?)?;
    names.try_fold(first, |value, name| value.get(name))
}

fn list(config: &OidcConfig, value: &Value) -> Value {
    let texts: Vec<&str> = match (value, config.groups_separator) {
        (Value::String(text), Some(between)) => {
            text.split(between).map(str::trim).filter(|group| !group.is_empty()).collect()
        }
        (Value::String(text), None) => vec![text],
        (Value::Array(items), _) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    texts.into_iter().take(MOST_GROUPS).map(Value::from).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config() -> OidcConfig {
        OidcConfig::new("https://e.com", "gatepass")
    }

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn groups(config: &OidcConfig, claims: &Value) -> Vec<String> {
        let mut claims = map(claims);
        claims.insert("sub".to_owned(), json!("ada"));
        let person = person(config, claims).unwrap();
        person.texts("groups").map(str::to_owned).collect()
    }

    #[test]
    fn groups_are_a_list_however_they_come() {
        let mut config = config();
        assert_eq!(groups(&config, &json!({"groups": ["a", 1, "b c"]})), ["a", "b c"]);
        // Cut at the blank, a "site admins" would be an "admins".
        assert_eq!(groups(&config, &json!({"groups": "site admins"})), ["site admins"]);
        config.groups_separator = Some(',');
        assert_eq!(groups(&config, &json!({"groups": "a, b c,,"})), ["a", "b c"]);
        config.groups_separator = Some(' ');
        assert_eq!(groups(&config, &json!({"groups": "a  b"})), ["a", "b"]);
        assert_eq!(groups(&config, &json!({"groups": {"a": 1}})), [""; 0]);
        let many: Vec<_> = (0..1_001).map(|at| at.to_string()).collect();
        assert_eq!(groups(&config, &json!({"groups": many})).len(), 1_000);
    }

    #[test]
    fn groups_are_where_the_operator_says() {
        let mut config = config();
        config.groups_claim = "/realm_access/roles".into();
        let claims = json!({"realm_access": {"roles": ["a"]}, "groups": ["admin"]});
        assert_eq!(groups(&config, &claims), ["a"]);
        assert_eq!(groups(&config, &json!({"groups": ["admin"]})), [""; 0]);
        config.groups_claim = "https://e.com/roles".into();
        assert_eq!(groups(&config, &json!({"https://e.com/roles": ["a"]})), ["a"]);
        config.groups_claim = "/https:~1~1e.com~1roles".into();
        assert_eq!(groups(&config, &json!({"https://e.com/roles": ["a"]})), ["a"]);
    }

    #[test]
    fn an_address_is_verified_if_the_provider_says_so() {
        for (given, kept) in [
            (json!(true), json!(true)),
            (json!("true"), json!(true)),
            (json!("TRUE"), json!(false)),
            (json!("no"), json!(false)),
            (json!(false), json!(false)),
        ] {
            let claims = map(&json!({"sub": "ada", "email_verified": given}));
            let person = person(&config(), claims).unwrap();
            assert_eq!(person.claim("email_verified"), Some(&kept), "{given}");
        }
    }

    #[test]
    fn what_is_about_the_token_is_not_about_the_person() {
        let claims = map(&json!({"sub": "ada", "iss": "x", "nonce": "n", "sid": "s", "plan": 1}));
        let person = person(&config(), claims).unwrap();
        assert_eq!(
            (person.subject(), person.claim("nonce"), person.claim("iss")),
            ("ada", None, None)
        );
        assert!(person.claim("sid").is_some() && person.claim("plan").is_some());
        for bad in [json!({}), json!({"sub": 1}), json!({"sub": ""})] {
            assert!(super::person(&config(), map(&bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn userinfo_is_of_the_same_person_and_overrides_nothing() {
        let mut claims = map(&json!({"sub": "ada", "email": "ada@e.com"}));
        let said = json!({"sub": "ada", "email": "eve@e.com", "groups": ["a"]});
        add_userinfo(&mut claims, map(&said)).unwrap();
        assert_eq!(claims["email"], "ada@e.com");
        assert_eq!(claims["groups"], json!(["a"]));
        for other in [json!({"sub": "eve"}), json!({}), json!({"sub": null})] {
            assert!(add_userinfo(&mut claims, map(&other)).is_err(), "{other}");
        }
    }

    #[test]
    fn a_claim_that_has_to_be_there_is_missed() {
        let mut config = config();
        assert!(!is_lacking(&config, &Map::new()));
        config.claims = vec!["email".into(), "groups".into()];
        config.groups_claim = "roles".into();
        assert!(is_lacking(&config, &map(&json!({"email": "a"}))));
        assert!(!is_lacking(&config, &map(&json!({"email": "a", "roles": []}))));
    }
}
