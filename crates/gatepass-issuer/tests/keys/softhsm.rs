//! Keys on a token of `SoftHSM`. There is one token, made before the library is loaded, which
//! looks for tokens at its beginning alone. And there is one library for the whole process,
//! which one test ends under the feet of all: they come one after the other.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use cryptoki::context::Pkcs11;
use gatepass::{EpochTime, HashAlgorithm, KeyType, PublicKey, Signer, SigningKey, Unsigned};
use gatepass_issuer::{
    KeyPlace, Pin, Pkcs11Config, Signing, SigningError, SigningKeyConfig, TokenKeyName,
};

use crate::{URL, is_good};

static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const PIN: &str = "a PIN of this test";

/// The token, made by softhsm2-util.
struct Token {
    label: String,
}

static TOKEN: LazyLock<Token> = LazyLock::new(|| {
    let label = format!("test {}", std::process::id());
    util(&["--init-token", "--free", "--label", &label, "--so-pin", "12345678", "--pin", PIN]);
    Token { label }
});

impl Token {
    /// Puts a new key on the token. It stays here as well, to compare with.
    fn import(&self, key_type: KeyType, label: &str, id: &str) -> SigningKey {
        let key = SigningKey::generate(key_type).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.pem");
        std::fs::write(&file, key.to_pem().unwrap().as_bytes()).unwrap();
        let file = file.display().to_string();
        let token = ["--token", &self.label, "--pin", PIN];
        util(&[&["--import", &*file, "--label", label, "--id", id], &token[..]].concat());
        key
    }

    fn config(&self, key: TokenKeyName) -> Pkcs11Config {
        Pkcs11Config {
            module: module(),
            token: self.label.as_str().into(),
            key,
            pin: Some(Pin::new(PIN.to_owned())),
            sessions: 3,
            patience: Duration::from_secs(20),
        }
    }
}

fn module() -> PathBuf {
    std::env::var_os("GATEPASS_TEST_SOFTHSM_MODULE").unwrap().into()
}

fn util(arguments: &[&str]) {
    let program = std::env::var_os("GATEPASS_TOOL_SOFTHSM").unwrap();
    let mut command = Command::new(program);
    command.arg("--module").arg(module()).args(arguments);
    let said = command.output().unwrap();
    assert!(said.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
}

fn label(text: &str) -> TokenKeyName {
    TokenKeyName::Label(text.into())
}

async fn open(
    config: Pkcs11Config,
    public_key: Option<PublicKey>,
    hash: HashAlgorithm,
) -> Result<Signing, SigningError> {
    let place = KeyPlace::Pkcs11(Box::new(config));
    let key = SigningKeyConfig { id: "K1".parse().unwrap(), place, public_key };
    Signing::open(key, hash).await
}

#[tokio::test]
async fn every_kind_of_key_signs_over_both_hashes() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let token = &*TOKEN;
    for (key_type, name, id) in [(KeyType::Rsa2048, "rsa", "a1"), (KeyType::P256, "ec", "A2B3")] {
        let known = token.import(key_type, name, id);
        let id = data_encoding::HEXLOWER_PERMISSIVE.decode(id.as_bytes()).unwrap();
        for wanted in [label(name), TokenKeyName::Id(id.into())] {
            for hash in [HashAlgorithm::Sha1, HashAlgorithm::Sha256] {
                let key = open(token.config(wanted.clone()), None, hash).await.unwrap();
                assert_eq!(key.public_key(), known.public_key());
                let pass = is_good(&key, hash).await;
                if key_type == KeyType::Rsa2048 {
                    let pem = known.to_pem().unwrap();
                    let local = SigningKey::parse(pem.as_bytes(), None).unwrap();
                    let local = Signer::new("K1".parse().unwrap(), local);
                    let expiry = EpochTime::new(2_000_000_000).unwrap();
                    let unsigned = Unsigned::canned(URL, expiry, hash).unwrap();
                    assert_eq!(local.complete(unsigned).unwrap(), pass);
                }
            }
        }
    }
}

#[tokio::test]
async fn many_at_once_share_a_few_sessions() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let token = &*TOKEN;
    token.import(KeyType::Rsa2048, "many", "11");
    let hash = HashAlgorithm::Sha1;
    let key = Arc::new(open(token.config(label("many")), None, hash).await.unwrap());
    let tasks: Vec<_> = (0..40)
        .map(|nth| {
            let key = Arc::clone(&key);
            tokio::spawn(async move {
                let url = format!("https://media.example.com/{nth}.mp4");
                let expiry = EpochTime::new(2_000_000_000).unwrap();
                key.complete(Unsigned::canned(&url, expiry, hash).unwrap()).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_token_that_went_away_is_found_again() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let token = &*TOKEN;
    token.import(KeyType::P256, "away", "21");
    let hash = HashAlgorithm::Sha256;
    let key = open(token.config(label("away")), None, hash).await.unwrap();
    is_good(&key, hash).await;
    // It ends the library for the whole process, and with it every session.
    Pkcs11::new(module()).unwrap().finalize().unwrap();
    is_good(&key, hash).await;
}

#[tokio::test]
async fn what_is_not_there_is_named_beside_what_is() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let token = &*TOKEN;
    let known = token.import(KeyType::P256, "autumn", "31");
    let hash = HashAlgorithm::Sha256;
    let error = open(token.config(label("winter")), None, hash).await.unwrap_err().to_string();
    assert!(error.contains("\"winter\"") && error.contains("\"autumn\""), "{error}");

    let mut elsewhere = token.config(label("autumn"));
    elsewhere.token = "no such".into();
    let error = open(elsewhere, None, hash).await.unwrap_err().to_string();
    assert!(error.contains("\"no such\"") && error.contains(&token.label), "{error}");

    let mut nowhere = token.config(label("autumn"));
    nowhere.module = "/nowhere/lib.so".into();
    let error = open(nowhere, None, hash).await.unwrap_err();
    assert!(error.to_string().contains("can't be loaded"), "{error}");

    token.import(KeyType::P256, "autumn", "32");
    let error = open(token.config(label("autumn")), None, hash).await.unwrap_err().to_string();
    assert!(error.contains("several"), "{error}");

    let one = TokenKeyName::Id([0x31].into());
    let other = SigningKey::generate(KeyType::P256).unwrap().public_key().clone();
    open(token.config(one.clone()), Some(known.public_key().clone()), hash).await.unwrap();
    let error = open(token.config(one), Some(other), hash).await.unwrap_err();
    assert!(matches!(error, SigningError::OtherKey { .. }), "{error}");
}

#[tokio::test]
async fn a_wrong_pin_is_never_shown() {
    let _turn = ONE_AT_A_TIME.lock().await;
    // Who has logged in already is not asked for a PIN: the library begins anew.
    let label = TOKEN.label.clone();
    drop(Pkcs11::new(module()).unwrap().finalize());
    TOKEN.import(KeyType::P256, "pin", "41");
    let mut config = TOKEN.config(TokenKeyName::Label("pin".into()));
    config.pin = Some(Pin::new("a wrong one".to_owned()));
    let shown = format!("{config:?}");
    let error = open(config, None, HashAlgorithm::Sha256).await.unwrap_err();
    let shown = format!("{shown} {error} {error:?}");
    assert!(shown.contains("refuses the PIN") && shown.contains(&label), "{shown}");
    assert!(!shown.contains("a wrong one"), "{shown}");
}
