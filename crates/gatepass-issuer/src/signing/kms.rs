//! A key in AWS KMS, which signs over SHA-256 alone: passes then say so, in a fourth cookie.
//!
//! A signature is one call, `Sign`. The public half is fetched at the start by `GetPublicKey`,
//! and what KMS signs is verified before it is handed on.
//!
//! # Invariants
//!
//! - An alias is followed once, at the start: should it be pointed at another key later, passes
//!   are still signed by the key that edges trust.
//! - Answers are bounded in time and size, and no error shows a credential.

mod api;
mod credentials;
mod trouble;

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use gatepass::{HashAlgorithm, KeySizes, KeyType, PublicKey, PublicKeyId, SignedPass, Unsigned};
use http::Uri;
use serde::Deserialize;
use serde_json::json;

use self::api::Api;
pub use self::credentials::AwsSurroundings;
use self::trouble::KmsTrouble;
use super::SigningError;
use crate::https_client::HttpsClient;

/// Which key, and how it is asked.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "whoever reads a configuration gives all of it")]
pub struct KmsConfig {
    /// The key's ID, its ARN, or an alias (`alias/…`).
    pub key: Box<str>,
    /// The region that the key is in.
    pub region: Box<str>,
    /// Where KMS is asked, if not at the region's own endpoint.
    pub endpoint: Option<Uri>,
    /// The profile whose credentials are used; no other place is looked at then.
    pub profile: Option<Box<str>>,
    /// How long a signature may take, all attempts included.
    pub patience: Duration,
    /// Where credentials are looked for.
    pub surroundings: AwsSurroundings,
    /// Asks KMS.
    pub client: HttpsClient,
}

/// A private key that stays in AWS KMS.
#[derive(Debug)]
pub struct KmsKey {
    id: PublicKeyId,
    public: PublicKey,
    api: Api,
    /// As errors call it.
    name: Box<str>,
    /// As KMS is asked for it: its ARN, wherever an alias points by now.
    arn: Box<str>,
    algorithm: &'static str,
}

#[derive(Deserialize)]
struct PublicKeyAnswer {
    #[serde(rename = "KeyId")]
    arn: Box<str>,
    #[serde(rename = "PublicKey")]
    public_key: String,
    #[serde(rename = "KeyUsage", default)]
    usage: Box<str>,
}

#[derive(Deserialize)]
struct SignAnswer {
    #[serde(rename = "Signature")]
    signature: String,
}

impl KmsKey {
    /// Finds the key, and has it sign something that is no pass, to see that it may.
    pub(super) async fn open(
        id: PublicKeyId,
        config: KmsConfig,
        public: Option<PublicKey>,
        hash: HashAlgorithm,
    ) -> Result<Self, SigningError> {
        let name: Box<str> = format!("the key {:?} of AWS KMS", config.key).into();
        if hash == HashAlgorithm::Sha1 {
            return Err(SigningError::Hash { key: name, hash, hint: NO_SHA1 });
        }
        let key = config.key.clone();
        let api = Api::new(config).map_err(|trouble| trouble.of(&name))?;
        let (arn, found) = ask(&api, &key).await.map_err(|trouble| trouble.of(&name))?;
        if public.is_some_and(|given| given != found) {
            return Err(SigningError::OtherKey { key: name });
        }
        let algorithm = match found.key_type() {
            KeyType::P256 => "ECDSA_SHA_256",
            _ => "RSASSA_PKCS1_V1_5_SHA_256",
        };
        let key = Self { id, public: found, api, name, arn, algorithm };
        key.sign(b"no pass: is this key the one that it should be?").await?;
        Ok(key)
    }

    pub(super) const fn id(&self) -> &PublicKeyId {
        &self.id
    }

    pub(super) const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    pub(super) async fn complete(&self, unsigned: Unsigned) -> Result<SignedPass, SigningError> {
        let hash = unsigned.hash();
        if hash != HashAlgorithm::Sha256 {
            return Err(SigningError::Hash { key: self.name.clone(), hash, hint: NO_SHA1 });
        }
        let signature = self.sign(unsigned.message()).await?;
        Ok(unsigned.signed(self.id.clone(), &signature))
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let (kind, content) = if message.len() <= LONGEST_RAW {
            ("RAW", BASE64.encode(message))
        } else {
            ("DIGEST", BASE64.encode(digest(&SHA256, message).as_ref()))
        };
        let question = json!({
            "KeyId": self.arn,
            "Message": content,
            "MessageType": kind,
            "SigningAlgorithm": self.algorithm,
        });
        let answer = self.api.call::<SignAnswer>("Sign", &question).await;
        let signature = answer.and_then(|answer| decoded(&answer.signature));
        let signature = signature.map_err(|trouble| trouble.of(&self.name))?;
        if !self.public.verify(HashAlgorithm::Sha256, message, &signature) {
            return Err(SigningError::OtherKey { key: self.name.clone() });
        }
        Ok(signature)
    }
}

async fn ask(api: &Api, key: &str) -> Result<(Box<str>, PublicKey), KmsTrouble> {
    let answer: PublicKeyAnswer = api.call("GetPublicKey", &json!({ "KeyId": key })).await?;
    if &*answer.usage != "SIGN_VERIFY" {
        return Err(KmsTrouble::Usage(answer.usage));
    }
    let der = decoded(&answer.public_key)?;
    let public = PublicKey::parse(&der, KeySizes::Current).map_err(KmsTrouble::Key)?;
    Ok((answer.arn, public))
}

fn decoded(text: &str) -> Result<Vec<u8>, KmsTrouble> {
    BASE64.decode(text.as_bytes()).map_err(|_| KmsTrouble::Unreadable)
}

/// What KMS hashes itself, in bytes; of a longer message it is sent the hash.
const LONGEST_RAW: usize = 4096;

const NO_SHA1: &str = "KMS signs over SHA-256 alone: write hash-algorithm = \"SHA256\" (Gatepass and CloudFront take both), or keep the key elsewhere";
