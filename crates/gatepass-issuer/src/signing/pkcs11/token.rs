//! One key on a token, and the sessions in which it signs.
//!
//! Sessions are kept. If one fails, for whatever reason, all of them are given up and a new
//! one is tried, once: that is how a token comes back that was pulled out, or a module in the
//! network that was restarted.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use gatepass::{HashAlgorithm, KeyError, PublicKey};

use super::{Pkcs11Config, TokenKeyName, digest, module, public};
use crate::signing::SigningError;

/// A key on a token. Every call blocks.
#[derive(Debug)]
pub(super) struct Token {
    config: Pkcs11Config,
    idle: Mutex<Vec<KeySession>>,
    /// Taken while a session is opened: the token logs in a process, not a session.
    opening: Mutex<()>,
    pin_was_refused: AtomicBool,
}

/// A session in which the key was found.
#[derive(Debug)]
struct KeySession {
    session: Session,
    key: ObjectHandle,
    is_rsa: bool,
}

/// Why a token did not do what it was asked.
#[derive(Debug)]
pub(super) enum TokenError {
    Library(Error),
    NoToken(Vec<String>),
    NoKey(Vec<String>),
    SeveralKeys,
    NoPublicKey,
    Key(KeyError),
    PinRefused,
    Signature,
    Slow,
    Panicked,
}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        match error {
            Error::Pkcs11(RvError::PinIncorrect | RvError::PinLenRange, _) => Self::PinRefused,
            other => Self::Library(other),
        }
    }
}

impl Token {
    pub(super) fn new(config: Pkcs11Config) -> Self {
        Self {
            config,
            idle: Mutex::default(),
            opening: Mutex::default(),
            pin_was_refused: AtomicBool::new(false),
        }
    }

    /// The public half of the key, from the public object of the same name, or from the
    /// private one: of an RSA key that says it all.
    pub(super) fn public_key(&self) -> Result<PublicKey, TokenError> {
        let opened = self.open()?;
        let session = &opened.session;
        let halves = session.find_objects(&self.template(ObjectClass::PUBLIC_KEY))?;
        let objects = halves.into_iter().take(1).chain([opened.key]);
        for object in objects {
            if let Some(read) = public::read(session, object)? {
                let key = read.map_err(TokenError::Key)?;
                self.keep(opened);
                return Ok(key);
            }
        }
        Err(TokenError::NoPublicKey)
    }

    /// Signs a hash.
    pub(super) fn sign(&self, hash: HashAlgorithm, digest: &[u8]) -> Result<Vec<u8>, TokenError> {
        let kept = self.idle().pop();
        if let Some(kept) = kept {
            match kept.sign(hash, digest) {
                Ok(signature) => {
                    self.keep(kept);
                    return Ok(signature);
                }
                Err(_) => self.idle().clear(),
            }
        }
        let opened = self.open()?;
        let signature = opened.sign(hash, digest)?;
        self.keep(opened);
        Ok(signature)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<KeySession>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, session: KeySession) {
        self.idle().push(session);
    }

    fn open(&self) -> Result<KeySession, TokenError> {
        let _opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let module = module::at(&self.config.module)?;
        let session = module.open_ro_session(self.slot(&module)?)?;
        self.log_in(&session)?;
        let mut found = session.find_objects(&self.template(ObjectClass::PRIVATE_KEY))?;
        let key = match (found.pop(), found.pop()) {
            (Some(key), None) => key,
            (Some(_), Some(_)) => return Err(TokenError::SeveralKeys),
            (None, _) => return Err(TokenError::NoKey(labels(&session)?)),
        };
        let is_rsa = public::is_rsa(&session, key)?;
        Ok(KeySession { session, key, is_rsa })
    }

    fn slot(&self, module: &Pkcs11) -> Result<Slot, TokenError> {
        let mut labels = Vec::new();
        for slot in module.get_slots_with_token()? {
            let Ok(token) = module.get_token_info(slot) else { continue };
            if token.label() == &*self.config.token {
                return Ok(slot);
            }
            if token.token_initialized() {
                labels.push(token.label().to_owned());
            }
        }
        Err(TokenError::NoToken(labels))
    }

    fn log_in(&self, session: &Session) -> Result<(), TokenError> {
        let Some(pin) = &self.config.pin else { return Ok(()) };
        if self.pin_was_refused.load(Ordering::Relaxed) {
            return Err(TokenError::PinRefused);
        }
        match session.login(UserType::User, Some(&pin.0)).map_err(TokenError::from) {
            Err(TokenError::Library(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _))) => Ok(()),
            Err(TokenError::PinRefused) => {
                self.pin_was_refused.store(true, Ordering::Relaxed);
                Err(TokenError::PinRefused)
            }
            other => other,
        }
    }

    fn template(&self, class: ObjectClass) -> Vec<Attribute> {
        let name = match &self.config.key {
            TokenKeyName::Label(label) => Attribute::Label(label.as_bytes().to_vec()),
            TokenKeyName::Id(id) => Attribute::Id(id.to_vec()),
        };
        vec![Attribute::Class(class), name]
    }
}

/// The labels of the private keys that there are, for whoever named one that isn't.
fn labels(session: &Session) -> Result<Vec<String>, TokenError> {
    use cryptoki::object::AttributeType;

    let keys = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)])?;
    let label = |key: ObjectHandle| match session.get_attributes(key, &[AttributeType::Label]) {
        Ok(found) => found.into_iter().find_map(|attribute| match attribute {
            Attribute::Label(label) => Some(String::from_utf8_lossy(&label).into_owned()),
            _ => None,
        }),
        Err(_) => None,
    };
    Ok(keys.into_iter().take(20).filter_map(label).collect())
}

impl KeySession {
    fn sign(&self, hash: HashAlgorithm, digest: &[u8]) -> Result<Vec<u8>, TokenError> {
        let Self { session, key, is_rsa } = self;
        if *is_rsa {
            let named = digest::named(hash, digest);
            return Ok(session.sign(&Mechanism::RsaPkcs, *key, &named)?);
        }
        let numbers = session.sign(&Mechanism::Ecdsa, *key, digest)?;
        digest::in_der(&numbers).ok_or(TokenError::Signature)
    }
}

/// The key, as an operator calls it.
impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key {} of the PKCS#11 token {:?}", self.config.key, self.config.token)
    }
}

impl TokenError {
    pub(super) fn of(self, key: &str) -> SigningError {
        let may_pass = self.may_pass();
        let (problem, hint) = self.words();
        SigningError::Elsewhere { key: key.into(), problem: problem.into(), hint, may_pass }
    }

    /// Whether trying again may help. A PIN is never tried again, lest the token lock itself.
    const fn may_pass(&self) -> bool {
        let is_for_good = matches!(
            self,
            Self::Library(Error::LibraryLoading(_) | Error::Pkcs11(RvError::PinLocked, _))
        );
        !is_for_good && matches!(self, Self::Library(_) | Self::NoToken(_) | Self::Slow)
    }

    fn words(self) -> (String, &'static str) {
        match self {
            Self::Library(Error::LibraryLoading(error)) => {
                (format!("its library can't be loaded: {error}"), "name the library in `module`")
            }
            Self::Library(Error::Pkcs11(RvError::PinLocked, _)) => (
                "the token has locked itself after wrong PINs".to_owned(),
                "have its security officer set a new PIN",
            ),
            Self::Library(error) => (
                format!("the token's library says: {error}"),
                "try the token with its own tools, or with pkcs11-tool",
            ),
            Self::NoToken(labels) => (
                format!("there is no such token{}", listed("the tokens here are", &labels)),
                "softhsm2-util --show-slots and pkcs11-tool --list-slots list the tokens",
            ),
            Self::NoKey(labels) => (
                format!("the token has no such private key{}", listed("it has", &labels)),
                "name the key by `label` or `id`; without its PIN a token shows no private keys",
            ),
            Self::SeveralKeys => (
                "the token has several private keys of that name".to_owned(),
                "name the key by `id` instead of `label`, or the other way round",
            ),
            Self::NoPublicKey => {
                ("the token doesn't keep its public half".to_owned(), "give its file as public-key")
            }
            Self::Key(error) => (error.to_string(), error.hint()),
            Self::PinRefused => (
                "the token refuses the PIN, and it is not tried again lest the token lock itself"
                    .to_owned(),
                "set the right PIN, without a line break at its end, and start again",
            ),
            Self::Signature => {
                ("its signature is not as PKCS#11 says".to_owned(), "tell its maker")
            }
            Self::Slow => (
                "the token does not answer in time".to_owned(),
                "see whether it is busy or gone; `sessions` and `timeout-seconds` can be raised",
            ),
            Self::Panicked => ("the call to its library broke off".to_owned(), "tell us"),
        }
    }
}

fn listed(what: &str, labels: &[String]) -> String {
    match labels {
        [] => String::new(),
        labels => {
            let quoted: Vec<_> = labels.iter().map(|label| format!("{label:?}")).collect();
            format!("; {what} {}", quoted.join(", "))
        }
    }
}
