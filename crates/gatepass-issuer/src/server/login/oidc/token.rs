//! An ID token, checked: OpenID Connect Core 1.0, section 3.1.3.7.
//!
//! It is believed if all of this holds:
//!
//! 1. It is signed in an algorithm of the list, by the one key of the provider that its header
//!    means; `none` is no algorithm.
//! 2. `iss` is the provider, `aud` is or names us, and `azp`, which must be there when others are
//!    named beside us, is us.
//! 3. It has not ended (`exp`), it was not made in the future or long ago (`iat`), and it counts
//!    already (`nbf`, if there is one).
//! 4. `nonce` is the one that this browser was sent away with.
//! 5. `at_hash`, if there is one, is that of the access token that came along.
//! 6. `auth_time` is recent, if that was asked for.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512, digest};
use data_encoding::BASE64URL_NOPAD;
use gatepass::EpochTime;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde_json::{Map, Value};

use super::config::TokenAlgorithm;

/// What a token has to fit.
#[derive(Clone, Copy)]
pub(super) struct Expected<'e> {
    pub(super) issuer: &'e str,
    pub(super) client_id: &'e str,
    /// In seconds.
    pub(super) skew: u64,
    pub(super) now: EpochTime,
}

/// Why a token is not believed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is none.
    #[error("it can't be read")]
    Unreadable,
    /// It has no end.
    #[error("it has more than {LONGEST} bytes")]
    TooLong,
    /// It is signed in another way than agreed.
    #[error("its algorithm is not in the list")]
    Algorithm,
    /// It demands what nobody here understands.
    #[error("its header has critical extensions")]
    Critical,
    /// The provider has no such key, also after it was asked again.
    #[error("the provider has no key for it")]
    NoKey,
    /// It could be of several keys.
    #[error("it names no key, and the provider has several that it could mean")]
    AmbiguousKey,
    /// Its signature is another's.
    #[error("its signature is not good")]
    Signature,
    /// A claim is not as it must be.
    #[error("its {0} is missing or wrong")]
    Claim(&'static str),
    /// It ended.
    #[error("it ended {0} seconds ago")]
    Ended(u64),
    /// It begins later.
    #[error("its {0} is in the future: do the clocks agree?")]
    Future(&'static str),
    /// It was made long ago.
    #[error("it was made {0} seconds ago: do the clocks agree?")]
    Old(u64),
    /// The password was typed too long ago.
    #[error("the person proved who they are too long ago")]
    StaleLogin,
}

/// A token's claims: the signature is good, and `iss` and `aud` and the times are.
pub(super) struct Believed {
    pub(super) claims: Map<String, Value>,
    algorithm: Algorithm,
}

/// The longest token, in bytes.
pub(super) const LONGEST: usize = 32_768;

/// How old a token may be that just came from the token endpoint, in seconds.
const OLDEST: u64 = 600;

/// Reads which key a token means. Nothing of it is believed yet.
pub(super) fn header(token: &str, allowed: &[TokenAlgorithm]) -> Result<Header, TokenError> {
    if token.len() > LONGEST {
        return Err(TokenError::TooLong);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|error| match error.kind() {
        // An algorithm that the library does not know is an unknown word in JSON.
        ErrorKind::Json(_) => TokenError::Algorithm,
        _ => TokenError::Unreadable,
    })?;
    if !allowed.contains(&TokenAlgorithm(header.alg)) {
        return Err(TokenError::Algorithm);
    }
    match header.crit {
        None => Ok(header),
        Some(_) => Err(TokenError::Critical),
    }
}

/// Checks signature, issuer, audience and times.
pub(super) fn believe(
    token: &str,
    algorithm: Algorithm,
    key: &DecodingKey,
    expected: &Expected<'_>,
) -> Result<Believed, TokenError> {
    // Claims are checked below, by the clock that is handed in and more closely.
    let mut signature_alone = Validation::new(algorithm);
    signature_alone.required_spec_claims.clear();
    signature_alone.validate_exp = false;
    signature_alone.validate_aud = false;
    let data = jsonwebtoken::decode::<Map<String, Value>>(token, key, &signature_alone);
    let claims = data.map_err(|error| match error.kind() {
        ErrorKind::Json(_) | ErrorKind::Base64(_) | ErrorKind::Utf8(_) => TokenError::Unreadable,
        _ => TokenError::Signature,
    })?;
    let believed = Believed { claims: claims.claims, algorithm };
    believed.check(expected)?;
    Ok(believed)
}

impl Believed {
    fn check(&self, expected: &Expected<'_>) -> Result<(), TokenError> {
        self.is_text("iss", expected.issuer)?;
        self.check_audience(expected.client_id)?;
        let (now, skew) = (expected.now.seconds(), expected.skew);
        let end = self.time("exp")?.ok_or(TokenError::Claim("exp"))?;
        if now >= end.saturating_add(skew) {
            return Err(TokenError::Ended(now - end));
        }
        let made = self.made()?;
        if made > now.saturating_add(skew) {
            return Err(TokenError::Future("iat"));
        }
        if now - made.min(now) > OLDEST + skew {
            return Err(TokenError::Old(now - made));
        }
        match self.time("nbf")? {
            Some(begin) if begin > now.saturating_add(skew) => Err(TokenError::Future("nbf")),
            _ => Ok(()),
        }
    }

    /// When it was made, in epoch seconds, by the provider's clock.
    pub(super) fn made(&self) -> Result<u64, TokenError> {
        self.time("iat")?.ok_or(TokenError::Claim("iat"))
    }

    fn check_audience(&self, client_id: &str) -> Result<(), TokenError> {
        let (is_named, is_alone) = match self.claims.get("aud") {
            Some(Value::String(one)) => (one == client_id, true),
            Some(Value::Array(all)) => {
                (all.iter().any(|one| one.as_str() == Some(client_id)), all.len() == 1)
            }
            _ => (false, false),
        };
        if !is_named {
            return Err(TokenError::Claim("aud"));
        }
        match self.claims.get("azp") {
            None if is_alone => Ok(()),
            Some(Value::String(party)) if party == client_id => Ok(()),
            _ => Err(TokenError::Claim("azp")),
        }
    }

    /// Checks that the token was made for the browser that asks.
    pub(super) fn check_nonce(&self, nonce: &str) -> Result<(), TokenError> {
        let given = self.claims.get("nonce").and_then(Value::as_str).unwrap_or_default();
        verify_slices_are_equal(given.as_bytes(), nonce.as_bytes())
            .map_err(|_| TokenError::Claim("nonce"))
    }

    /// Checks that an access token came with this ID token, if the ID token says with which.
    pub(super) fn check_access_token(&self, access_token: &str) -> Result<(), TokenError> {
        let (Some(given), Some(algorithm)) = (self.claims.get("at_hash"), self.hash()) else {
            return Ok(());
        };
        let hash = digest(algorithm, access_token.as_bytes());
        let half = BASE64URL_NOPAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2]);
        let is_good = given.as_str() == Some(&half);
        if is_good { Ok(()) } else { Err(TokenError::Claim("at_hash")) }
    }

    /// Checks that somebody proved who they are at most so many seconds ago.
    pub(super) fn check_login(
        &self,
        max_age: u64,
        expected: &Expected<'_>,
    ) -> Result<(), TokenError> {
        let login = self.time("auth_time")?.ok_or(TokenError::Claim("auth_time"))?;
        let latest = login.saturating_add(max_age).saturating_add(expected.skew);
        if expected.now.seconds() > latest { Err(TokenError::StaleLogin) } else { Ok(()) }
    }

    fn is_text(&self, claim: &'static str, expected: &str) -> Result<(), TokenError> {
        let is_good = self.claims.get(claim).and_then(Value::as_str) == Some(expected);
        if is_good { Ok(()) } else { Err(TokenError::Claim(claim)) }
    }

    /// A claim in seconds; a fraction is allowed and dropped.
    fn time(&self, claim: &'static str) -> Result<Option<u64>, TokenError> {
        let Some(value) = self.claims.get(claim) else { return Ok(None) };
        let wrong = TokenError::Claim(claim);
        if let Some(whole) = value.as_u64() {
            return Ok(Some(whole));
        }
        let fraction = value.as_f64().filter(|seconds| (0.0..1e15).contains(seconds));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between 0 and 10^15"
        )]
        fraction.map(|seconds| Some(seconds as u64)).ok_or(wrong)
    }

    /// The hash of `at_hash`. `EdDSA` has none that all agree on.
    fn hash(&self) -> Option<&'static digest::Algorithm> {
        match self.algorithm {
            Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 | Algorithm::HS256 => {
                Some(&SHA256)
            }
            Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 | Algorithm::HS384 => {
                Some(&SHA384)
            }
            Algorithm::RS512 | Algorithm::PS512 | Algorithm::HS512 => Some(&SHA512),
            _ => None,
        }
    }
}

impl fmt::Debug for Believed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Believed").finish_non_exhaustive()
    }
}
