//! `[[signing-key]]`: the key in force, and the next one.

use std::time::Duration;

use gatepass::{HashAlgorithm, KeySizes, PublicKey, PublicKeyId, SigningKey};
use gatepass_issuer::{
    AwsSurroundings, HttpsClient, KeyPlace, KmsConfig, Pin, Pkcs11Config, SigningKeyConfig,
    TokenKeyName,
};

use super::source::Secrets;
use crate::config::table::{Table, Value};

/// Reads the keys. The first is in force, and the second the next one.
pub(in crate::config) fn read(
    tables: Vec<Table<'_>>,
    hash: HashAlgorithm,
    secrets: &Secrets<'_>,
    aws: &AwsSurroundings,
) -> Vec<SigningKeyConfig> {
    let mut known: Vec<PublicKeyId> = Vec::new();
    let mut keys = Vec::new();
    for (nth, table) in tables.into_iter().enumerate() {
        if nth >= 2 {
            table.mistake("", "one key is in force and one is the next: a third has no place");
        }
        keys.extend(signing_key(table, hash, secrets, aws, &mut known));
    }
    keys
}

fn signing_key(
    mut table: Table<'_>,
    hash: HashAlgorithm,
    secrets: &Secrets<'_>,
    aws: &AwsSurroundings,
    known: &mut Vec<PublicKeyId>,
) -> Option<SigningKeyConfig> {
    let id = table.required("key-pair-id", "the ID that edges know the key by");
    let id = id.and_then(|value| {
        let id: PublicKeyId = value.parsed()?;
        if known.contains(&id) {
            value.mistake(format!("{id} is there already: the next key has an ID of its own"));
        }
        known.push(id.clone());
        Some(id)
    });
    let passphrase = table.value("passphrase").and_then(|value| secrets.bytes(value));
    let passphrase = passphrase.as_deref().map(|bytes| without_line_break(bytes));
    let place = table
        .required("private-key", EXPECTED)
        .and_then(|value| place(value, passphrase, hash, secrets, aws));
    let public_key = table.value("public-key").and_then(|value| public_key(&value, secrets));
    if let (Some(KeyPlace::Local(private)), Some(public)) = (&place, &public_key)
        && private.public_key() != public
    {
        table.mistake("public-key", "it is not the public half of private-key");
    }
    table.finish();
    Some(SigningKeyConfig { id: id?, place: place?, public_key })
}

fn without_line_break(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

fn place(
    value: Value<'_>,
    passphrase: Option<&[u8]>,
    hash: HashAlgorithm,
    secrets: &Secrets<'_>,
    aws: &AwsSurroundings,
) -> Option<KeyPlace> {
    if value.is_table() {
        let mut table = value.clone().table();
        if let Some(inner) = table.value("pkcs11") {
            table.finish();
            return pkcs11(inner, secrets).map(Box::new).map(KeyPlace::Pkcs11);
        }
        if let Some(inner) = table.value("kms") {
            table.finish();
            if hash == HashAlgorithm::Sha1 {
                inner.mistake(NO_SHA1);
            }
            return kms(inner, aws).map(Box::new).map(KeyPlace::Kms);
        }
    }
    let bytes = secrets.bytes(value.clone())?;
    match SigningKey::parse(&bytes, passphrase) {
        Ok(key) => Some(KeyPlace::Local(Box::new(key))),
        Err(error) => {
            value.mistake(format!(
                "{error}; {}",
                error.hint().replace("--passphrase", "passphrase")
            ));
            None
        }
    }
}

fn pkcs11(value: Value<'_>, secrets: &Secrets<'_>) -> Option<Pkcs11Config> {
    let mut table = value.clone().table();
    let module = table.required("module", "the path of the token's library");
    let token = table.required("token", "the token's label");
    let label = table.value("label").and_then(|label| label.text());
    let id = table.value("id").and_then(|id| hexadecimal(&id));
    let pin = table.value("pin").map(|pin| secrets.text(pin));
    let sessions = table.value("sessions").and_then(|value| value.number(1..=256));
    let patience = patience(&mut table);
    table.finish();
    let key = match (label, id) {
        (Some(label), None) => TokenKeyName::Label(label.into()),
        (None, Some(id)) => TokenKeyName::Id(id.into()),
        _ => {
            value.mistake("name the key on the token by either label or id");
            return None;
        }
    };
    let pin = match pin {
        None => None,
        Some(pin) => Some(Pin::new(pin?.to_string())),
    };
    let sessions = usize::try_from(sessions.unwrap_or(4)).unwrap_or(4);
    Some(Pkcs11Config {
        module: secrets.folder.join(module?.text()?),
        token: token?.text()?.into(),
        key,
        pin,
        sessions,
        patience,
    })
}

fn kms(value: Value<'_>, aws: &AwsSurroundings) -> Option<KmsConfig> {
    let mut table = value.table();
    let key = table.required("key", "the key's ID, its ARN, or alias/…").and_then(|key| key.text());
    let region = table.value("region").and_then(|region| region.text());
    let region = region.or_else(|| key.and_then(region_of));
    if region.is_none() && key.is_some() {
        table.mistake("key", "region is missing: expected such as eu-central-1 (an ARN names it)");
    }
    let endpoint = table.value("endpoint").and_then(|endpoint| endpoint.parsed());
    let profile = table.value("profile").and_then(|profile| profile.text());
    let patience = patience(&mut table);
    table.finish();
    Some(KmsConfig {
        key: key?.into(),
        region: region?.into(),
        endpoint,
        profile: profile.map(Into::into),
        patience,
        surroundings: aws.clone(),
        client: HttpsClient::new(),
    })
}

/// `arn:aws:kms:eu-central-1:111122223333:key/…` names its region.
fn region_of(key: &str) -> Option<&str> {
    key.strip_prefix("arn:")?.split(':').nth(2).filter(|region| !region.is_empty())
}

fn patience(table: &mut Table<'_>) -> Duration {
    let seconds = table.value("timeout-seconds").and_then(|value| value.number(1..=60));
    Duration::from_secs(seconds.unwrap_or(5))
}

fn hexadecimal(value: &Value<'_>) -> Option<Vec<u8>> {
    let text = value.text()?.replace([':', ' '], "");
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    if bytes.as_ref().is_none_or(Vec::is_empty) {
        value.mistake("expected hexadecimal digits, as pkcs11-tool shows an ID");
        return None;
    }
    bytes
}

fn public_key(value: &Value<'_>, secrets: &Secrets<'_>) -> Option<PublicKey> {
    let path = secrets.folder.join(value.text()?);
    let bytes = (secrets.read_file)(&path);
    let bytes = bytes.map_err(|error| format!("can't read {}: {error}", path.display()));
    let key = bytes.and_then(|bytes| {
        PublicKey::parse(&bytes, KeySizes::Current)
            .map_err(|error| format!("{}: {error}; {}", path.display(), error.hint()))
    });
    key.map_err(|problem| value.mistake(problem)).ok()
}

const EXPECTED: &str = "{ file = \"…\" }, { env = \"NAME\" }, { credential = \"name\" }, { pkcs11 = { … } } or { kms = { … } }";

const NO_SHA1: &str = "KMS signs over SHA-256 alone: write hash-algorithm = \"SHA256\" in [issuer], or keep the key elsewhere";
