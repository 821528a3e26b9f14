//! What a browser brings back from the provider, read and not believed.

use form_urlencoded::parse;

use super::error::{OidcError, Quoted};

/// The parameters of a callback.
pub(super) struct Callback {
    pub(super) state: String,
    /// Who answers, by its own word (RFC 9207).
    pub(super) issuer: Option<String>,
    /// The code, or the provider's word for why there is none.
    pub(super) outcome: Result<String, Quoted>,
}

/// The longest query, in bytes.
const LONGEST: usize = 8_192;

/// The longest value, in characters.
const LONGEST_VALUE: usize = 4_096;

impl Callback {
    /// Reads a query. A parameter that comes twice could be read in two ways, and isn't.
    pub(super) fn read(query: &str) -> Result<Self, OidcError> {
        if query.len() > LONGEST {
            return Err(OidcError::Callback("its query is too long"));
        }
        let [mut state, mut issuer, mut code, mut error] = [None, None, None, None];
        for (name, value) in parse(query.as_bytes()) {
            let place = match &*name {
                "state" => &mut state,
                "iss" => &mut issuer,
                "code" => &mut code,
                "error" => &mut error,
                _ => continue,
            };
            if value.len() > LONGEST_VALUE {
                return Err(OidcError::Callback("a parameter is too long"));
            }
            if place.replace(value.into_owned()).is_some() {
                return Err(OidcError::Callback("a parameter comes twice"));
            }
        }
        let state = state.ok_or(OidcError::Callback("it has no state"))?;
        let outcome = match (code, error) {
            (Some(code), None) if !code.is_empty() => Ok(code),
            (None, Some(error)) => Err(Quoted::new(&error)),
            _ => return Err(OidcError::Callback("it has neither a code nor an error, or both")),
        };
        Ok(Self { state, issuer, outcome })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why_not(query: &str) -> &'static str {
        match Callback::read(query) {
            Err(OidcError::Callback(why)) => why,
            _ => panic!("{query:?} was read"),
        }
    }

    #[test]
    fn a_code_and_a_state_come_back() {
        let callback = Callback::read("state=a%2Bb&code=c+d&iss=https%3A%2F%2Fe.com&x=1&x=2");
        let callback = callback.unwrap();
        assert_eq!((&*callback.state, callback.issuer.as_deref()), ("a+b", Some("https://e.com")));
        assert_eq!(callback.outcome, Ok("c d".to_owned()));
        let refused = Callback::read("error=access_denied&state=a&error_description=x").unwrap();
        assert_eq!(refused.outcome, Err(Quoted::new("access_denied")));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        for twice in ["state=a&state=a&code=c", "state=a&code=c&code=d", "state=a&code=c&iss=&iss="]
        {
            assert!(why_not(twice).contains("twice"), "{twice}");
        }
        for odd in ["state=a", "state=a&code=", "state=a&code=c&error=e", "state=a&error"] {
            let is_error_alone = odd.ends_with("&error");
            assert!(is_error_alone || why_not(odd).contains("neither"), "{odd}");
        }
        assert!(why_not("").contains("state"));
        assert!(why_not("code=c").contains("state"));
    }

    #[test]
    fn a_callback_has_an_end() {
        let long = |length: usize| format!("state=a&code={}", "c".repeat(length));
        assert!(Callback::read(&long(4_096)).is_ok());
        assert!(why_not(&long(4_097)).contains("too long"));
        assert!(why_not(&format!("{}&x={}", long(1), "x".repeat(8_192))).contains("too long"));
    }
}
