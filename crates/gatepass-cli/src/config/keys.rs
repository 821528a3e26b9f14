//! `[[public-key]]` and `[[key-group]]`.

use std::path::Path;

use gatepass::{KeySizes, KeyType, PublicKey, PublicKeyId, SigningKey};
use gatepass_distribution::{KeyGroup, PublicKeyRecord};

use super::ReadFile;
use super::table::{Table, Value};

pub(super) fn public_keys(
    tables: Vec<Table<'_>>,
    folder: &Path,
    read_file: ReadFile<'_>,
) -> Vec<PublicKeyRecord> {
    let read = |mut table: Table<'_>| {
        let id: Option<PublicKeyId> =
            table.required("id", "the ID that passes name the key by").and_then(|id| id.parsed());
        let sizes = match table.value("legacy").and_then(|legacy| legacy.flag()) {
            Some(true) => KeySizes::Legacy,
            _ => KeySizes::Current,
        };
        let key = table
            .required("file", "the path of a public key in PEM")
            .and_then(|file| public_key(&file, folder, read_file, sizes));
        table.finish();
        // A key that can't be read is told once, and not again by every group that names it:
        // something stands in for it until the configuration is refused.
        Some(PublicKeyRecord { id: id?, key: key.or_else(stand_in)? })
    };
    tables.into_iter().filter_map(read).collect()
}

fn stand_in() -> Option<PublicKey> {
    SigningKey::generate(KeyType::P256).ok().map(|key| key.public_key().clone())
}

fn public_key(
    file: &Value<'_>,
    folder: &Path,
    read_file: ReadFile<'_>,
    sizes: KeySizes,
) -> Option<PublicKey> {
    let path = folder.join(file.text()?);
    let bytes = match read_file(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            file.mistake(format!("can't read {}: {error}", path.display()));
            return None;
        }
    };
    match PublicKey::parse(&bytes, sizes) {
        Ok(key) => Some(key),
        Err(error) => {
            file.mistake(format!("{}: {error}; {}", path.display(), error.hint()));
            None
        }
    }
}

pub(super) fn key_groups(tables: Vec<Table<'_>>) -> Vec<KeyGroup> {
    let read = |mut table: Table<'_>| {
        let id = table.required("id", "a name for the group").and_then(|id| id.text());
        let keys = table
            .required("public-keys", "a list of public key IDs")
            .map_or_else(Vec::new, Value::items);
        let public_keys = keys.iter().filter_map(Value::parsed).collect();
        table.finish();
        Some(KeyGroup { id: id?.into(), public_keys })
    };
    tables.into_iter().filter_map(read).collect()
}
