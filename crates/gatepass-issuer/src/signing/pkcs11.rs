//! A key on a token that speaks PKCS#11: a hardware security module, a smart card, `SoftHSM`.
//!
//! The token's library blocks, so it is called on threads for blocking work, by as many at
//! once as there are sessions. What a token signs is verified before it is handed on: a token
//! may come back from a failure as another one.
//!
//! # Invariants
//!
//! - The private key never leaves the token, and nothing here asks it to.
//! - A PIN that was refused is not tried again: after a few attempts a token locks itself.

mod digest;
mod module;
mod public;
mod token;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cryptoki::types::AuthPin;
use gatepass::{HashAlgorithm, PublicKey, PublicKeyId, SignedPass, Unsigned};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::token::{Token, TokenError};
use super::SigningError;

/// Where a key is, and how the token is opened.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "whoever reads a configuration gives all of it")]
pub struct Pkcs11Config {
    /// The library that came with the token.
    pub module: PathBuf,
    /// The token's label.
    pub token: Box<str>,
    /// Which of the token's keys.
    pub key: TokenKeyName,
    /// What opens the token; some need nothing.
    pub pin: Option<Pin>,
    /// How many signatures are made at once, at most.
    pub sessions: usize,
    /// How long a signature may take, waiting for a session included.
    pub patience: Duration,
}

/// What a key is called on its token: `CKA_LABEL` or `CKA_ID`.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "PKCS#11 knows these two")]
pub enum TokenKeyName {
    /// Its label.
    Label(Box<str>),
    /// Its ID, which most tools show in hexadecimal.
    Id(Box<[u8]>),
}

impl fmt::Display for TokenKeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(label) => write!(f, "{label:?}"),
            Self::Id(id) => id.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

/// What opens a token. It is wiped when it goes, and never shown.
#[derive(Clone)]
pub struct Pin(AuthPin);

impl Pin {
    /// Takes the PIN as it is: white space at its ends belongs to it.
    pub fn new(pin: String) -> Self {
        Self(pin.into())
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

/// A private key that stays on its token.
#[derive(Debug)]
pub struct TokenKey {
    id: PublicKeyId,
    public: PublicKey,
    token: Arc<Token>,
    turns: Arc<Semaphore>,
    patience: Duration,
}

impl TokenKey {
    /// Finds the key, and has it sign something that is no pass, to see that it works.
    ///
    /// Its public half is read from the token, unless it is given: some tokens keep only the
    /// private one.
    pub(super) async fn open(
        id: PublicKeyId,
        config: Pkcs11Config,
        public: Option<PublicKey>,
        hash: HashAlgorithm,
    ) -> Result<Self, SigningError> {
        let (sessions, patience) = (config.sessions.max(1), config.patience);
        let token = Arc::new(Token::new(config));
        let place = token.to_string();
        let opening = Arc::clone(&token);
        let found = blocking(patience, move || opening.public_key()).await;
        let public = match (found, public) {
            (Ok(found), Some(given)) if found != given => {
                return Err(SigningError::OtherKey { key: place.into() });
            }
            (Ok(found), _) => found,
            (Err(TokenError::NoPublicKey), Some(given)) => given,
            (Err(error), _) => return Err(error.of(&place)),
        };
        let turns = Arc::new(Semaphore::new(sessions));
        let key = Self { id, public, token, turns, patience };
        key.sign(hash, b"no pass: is this key the one that it should be?").await?;
        Ok(key)
    }

    pub(super) const fn id(&self) -> &PublicKeyId {
        &self.id
    }

    pub(super) const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    pub(super) async fn complete(&self, unsigned: Unsigned) -> Result<SignedPass, SigningError> {
        let signature = self.sign(unsigned.hash(), unsigned.message()).await?;
        Ok(unsigned.signed(self.id.clone(), &signature))
    }

    async fn sign(&self, hash: HashAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let (token, turns) = (Arc::clone(&self.token), Arc::clone(&self.turns));
        let digest = digest::of(hash, message);
        let signing = async move {
            let turn = turns.acquire_owned().await.expect("it is never closed");
            // The turn ends with the call, even if nobody waits for it any more: a token that
            // hangs then holds a few threads, and not one for each viewer.
            let call = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                token.sign(hash, &digest)
            });
            call.await.unwrap_or(Err(TokenError::Panicked))
        };
        let signed = timeout(self.patience, signing).await.unwrap_or(Err(TokenError::Slow));
        let signature = signed.map_err(|error| error.of(&self.token.to_string()))?;
        if !self.public.verify(hash, message, &signature) {
            return Err(SigningError::OtherKey { key: self.token.to_string().into() });
        }
        Ok(signature)
    }
}

async fn blocking<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> Result<T, TokenError> + Send + 'static,
) -> Result<T, TokenError> {
    let call = tokio::task::spawn_blocking(work);
    let done = timeout(patience, call).await.map_err(|_| TokenError::Slow)?;
    done.unwrap_or(Err(TokenError::Panicked))
}
