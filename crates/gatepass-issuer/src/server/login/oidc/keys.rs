//! The keys with which a provider signs: its JSON Web Key Set (RFC 7517).
//!
//! # Invariants
//!
//! A key is for one family of algorithms, by its own type and not by what a token says of it. A
//! secret that somebody published is not among them.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};

use super::error::OidcError;

/// A provider's keys, as far as they can check a signature.
pub(super) struct Keys(Vec<Key>);

struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    verifying: DecodingKey,
}

/// Why no key was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NoKey {
    /// None has the name and suits the algorithm.
    Unknown,
    /// Several could be meant.
    Ambiguous,
}

/// What the set is called in errors.
pub(super) const WHAT: &str = "key set";

/// The most keys of a set.
const MOST: usize = 64;

impl Keys {
    /// Reads a key set. Keys that are not for signatures, or of a kind that nobody here knows,
    /// are passed over: others may read them.
    pub(super) fn read(document: &Map<String, Value>) -> Result<Self, OidcError> {
        let unusable = |why: String| OidcError::Unusable { what: WHAT, why: why.into() };
        let keys = document.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or_else(|| unusable("it has no list of keys".to_owned()))?;
        if keys.len() > MOST {
            return Err(unusable(format!("it has {} keys, more than {MOST}", keys.len())));
        }
        Ok(Self(keys.iter().filter_map(Key::read).collect()))
    }

    /// The key that a token's header means.
    pub(super) fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<&DecodingKey, NoKey> {
        let suits = |key: &&Key| {
            key.algorithms.contains(&algorithm) && (id.is_none() || key.id.as_deref() == id)
        };
        let mut found = self.0.iter().filter(suits);
        match (found.next(), found.next()) {
            (Some(key), None) => Ok(&key.verifying),
            (None, _) => Err(NoKey::Unknown),
            (Some(_), Some(_)) => Err(NoKey::Ambiguous),
        }
    }
}

impl Key {
    fn read(value: &Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        if jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature)
        {
            return None;
        }
        let operations = jwk.common.key_operations.as_ref();
        if operations.is_some_and(|operations| !operations.contains(&KeyOperations::Verify)) {
            return None;
        }
        let own: &[Algorithm] = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => &[
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ],
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                &[Algorithm::ES256]
            }
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => {
                &[Algorithm::ES384]
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                &[Algorithm::EdDSA]
            }
            _ => return None,
        };
        let algorithms = match jwk.common.key_algorithm {
            None => own.to_vec(),
            Some(named) => {
                let named = Algorithm::try_from(named).ok()?;
                own.iter().copied().filter(|one| *one == named).collect()
            }
        };
        Some(Self {
            id: jwk.common.key_id.clone(),
            algorithms,
            verifying: DecodingKey::from_jwk(&jwk).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ec(id: &str) -> Value {
        let coordinate = "A".repeat(43);
        json!({"kty": "EC", "crv": "P-256", "kid": id, "x": coordinate, "y": coordinate})
    }

    fn with(mut key: Value, field: &str, value: Value) -> Value {
        key.as_object_mut().unwrap().insert(field.to_owned(), value);
        key
    }

    fn keys(keys: &[Value]) -> Result<Keys, OidcError> {
        Keys::read(json!({"keys": keys}).as_object().unwrap())
    }

    fn find(of: &[Value], id: Option<&str>, algorithm: Algorithm) -> Option<NoKey> {
        keys(of).unwrap().find(id, algorithm).err()
    }

    #[test]
    fn a_key_is_found_by_name_and_kind() {
        let both = [ec("a"), ec("b")];
        assert_eq!(find(&both, Some("b"), Algorithm::ES256), None);
        assert_eq!(find(&both, Some("c"), Algorithm::ES256), Some(NoKey::Unknown));
        assert_eq!(find(&both, Some("a"), Algorithm::ES384), Some(NoKey::Unknown));
        assert_eq!(find(&both, Some("a"), Algorithm::RS256), Some(NoKey::Unknown));
        assert_eq!(find(&both[..1], None, Algorithm::ES256), None);
        assert_eq!(find(&both, None, Algorithm::ES256), Some(NoKey::Ambiguous));
        assert_eq!(find(&[ec("a"), ec("a")], Some("a"), Algorithm::ES256), Some(NoKey::Ambiguous));
    }

    #[test]
    fn what_is_not_for_signatures_is_passed_over() {
        for key in [
            with(ec("a"), "use", json!("enc")),
            with(ec("a"), "key_ops", json!(["encrypt"])),
            with(ec("a"), "alg", json!("ES384")),
            with(ec("a"), "alg", json!("ECDH-ES")),
            with(ec("a"), "crv", json!("secp256k1")),
            json!({"kty": "oct", "kid": "a", "k": "c2VjcmV0"}),
            json!({"kty": "new", "kid": "a"}),
            json!("a"),
        ] {
            let found = find(&[key.clone(), ec("b")], Some("a"), Algorithm::ES256);
            assert_eq!(found, Some(NoKey::Unknown), "{key}");
            assert_eq!(find(&[key, ec("b")], Some("b"), Algorithm::ES256), None);
        }
        let hmac = json!({"kty": "oct", "kid": "a", "k": "c2VjcmV0"});
        assert_eq!(find(&[hmac], Some("a"), Algorithm::HS256), Some(NoKey::Unknown));
        let marked = with(with(ec("a"), "use", json!("sig")), "alg", json!("ES256"));
        assert_eq!(find(&[marked], Some("a"), Algorithm::ES256), None);
    }

    #[test]
    fn a_set_without_end_is_refused() {
        assert!(keys(&vec![ec("a"); 64]).is_ok());
        assert!(keys(&vec![ec("a"); 65]).is_err());
        assert!(Keys::read(&Map::new()).is_err());
        assert!(Keys::read(json!({"keys": {}}).as_object().unwrap()).is_err());
    }
}
