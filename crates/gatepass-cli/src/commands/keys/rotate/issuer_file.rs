//! `issuer.toml`: the key in force, the next one, and how long passes live.

use std::path::{Path, PathBuf};

use gatepass::{PublicKey, PublicKeyId};
use gatepass_issuer::{Entitlement, Signing};
use toml_edit::{DocumentMut, InlineTable, Item, Table, Value, value};

use super::file::{TomlFile, append, drop_where, text};
use crate::commands::configuration;
use crate::words::Failure;

/// An issuer's configuration.
#[derive(Debug)]
pub(super) struct IssuerFile(TomlFile);

impl IssuerFile {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        configuration::load_issuer_keys(path)?;
        TomlFile::open(path).map(Self)
    }

    pub(super) const fn file(&self) -> &TomlFile {
        &self.0
    }

    /// The key in force, and the next one.
    pub(super) fn keys(&self) -> Vec<PublicKeyId> {
        keys(&self.0.document)
    }

    /// Where browsers find the issuer, as the file says it.
    pub(super) fn url(&self) -> Option<&str> {
        self.0.document.get("issuer")?.get("url")?.as_str()
    }

    /// Where the private half of a key is, if it is a file.
    pub(super) fn private_half(&self, id: &PublicKeyId) -> Option<PathBuf> {
        let table = self.table(id)?;
        let file = table.get("private-key")?.get("file")?.as_str()?;
        Some(PathBuf::from(file))
    }

    /// The public half of a key, wherever its private half is.
    pub(super) fn public_key(&self, id: &PublicKeyId) -> Result<PublicKey, Failure> {
        self.signing(id).map(|key| key.public_key().clone())
    }

    /// A key, ready to sign.
    pub(super) fn signing(&self, id: &PublicKeyId) -> Result<Signing, Failure> {
        let keys = configuration::load_issuer_keys(Path::new(&self.0.name().to_string()))?;
        let hash = keys.hash;
        let key = keys.keys.into_iter().find(|key| key.id == *id).ok_or_else(|| {
            let name = self.0.name();
            Failure::new(format!("the secrets of {id} in {name} are not given to this command"))
                .hint("they are the issuer's: give its public half in a file, and --trusted instead of --probe")
        })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| Failure::new(format!("can't ask for the key: {error}")))?;
        runtime.block_on(Signing::open(key, hash)).map_err(Failure::from)
    }

    /// The longest that a pass of an entitlement lives, in seconds; none if something else
    /// decides.
    pub(super) fn longest_pass(&self) -> Option<u64> {
        if self.0.document.contains_key("webhook") {
            return None;
        }
        let entitlements = self.0.tables("entitlement")?.iter();
        // Who says nothing has the usual lifetime, which a shorter --longest-pass must not hide.
        let lifetime = |table: &Table| match table.get("lifetime-seconds") {
            Some(seconds) => seconds.as_integer().and_then(|seconds| u64::try_from(seconds).ok()),
            None => Some(Entitlement::DEFAULT_LIFETIME),
        };
        let lifetimes: Option<Vec<u64>> = entitlements.map(lifetime).collect();
        // An end is put off so that those who come soon after each other share a signature.
        lifetimes?.into_iter().max().map(|seconds| seconds + GRID)
    }

    /// Adds the next key.
    pub(super) fn add(&mut self, id: &PublicKeyId, private: &Path) -> Result<(), Failure> {
        if self.keys().contains(id) {
            return Ok(());
        }
        let mut place = InlineTable::new();
        place.insert("file", Value::from(private.display().to_string()));
        let mut table = Table::new();
        table.insert("key-pair-id", value(id.as_str()));
        table.insert("private-key", value(place));
        append(self.0.tables_mut("signing-key")?, table);
        Ok(())
    }

    /// Puts a key in force: it comes first.
    pub(super) fn put_in_force(&mut self, id: &PublicKeyId) -> Result<(), Failure> {
        let tables = self.0.tables_mut("signing-key")?;
        let Some(at) = tables.iter().position(|one| text(one, "key-pair-id") == Some(id.as_str()))
        else {
            return Err(Failure::new(format!("{id} is not among the signing keys any more")));
        };
        if at == 0 {
            return Ok(());
        }
        // What stands above the tables stays, as a heading does; each place gets another key.
        let places: Vec<_> =
            tables.iter().map(|one| (one.position(), one.decor().clone())).collect();
        let mut keys: Vec<Table> = tables.iter().cloned().collect();
        keys[..=at].rotate_right(1);
        tables.clear();
        for (mut key, (place, decor)) in keys.into_iter().zip(places) {
            // Tables within a key follow it, wherever it goes.
            forget_places(&mut key);
            key.set_position(place);
            *key.decor_mut() = decor;
            tables.push(key);
        }
        Ok(())
    }

    /// Removes a key that signs nothing any more.
    pub(super) fn remove(&mut self, id: &PublicKeyId) -> Result<(), Failure> {
        let tables = self.0.tables_mut("signing-key")?;
        drop_where(tables, |table| text(table, "key-pair-id") == Some(id.as_str()));
        Ok(())
    }

    /// Writes it, unless an issuer could not read it.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let wanted = self.keys();
        let name = self.0.name().to_string();
        self.0.write(|text| {
            configuration::check_issuer_keys(text, Path::new(&name))?;
            // What was meant has to be what is read: tables are easily written in another order.
            if text.parse().is_ok_and(|read| keys(&read) == wanted) {
                return Ok(());
            }
            Err(Failure::new("its signing keys are written in a way that isn't known here")
                .hint("write each as [[signing-key]]"))
        })
    }

    fn table(&self, id: &PublicKeyId) -> Option<&Table> {
        let mut tables = self.0.tables("signing-key")?.iter();
        tables.find(|table| text(table, "key-pair-id") == Some(id.as_str()))
    }
}

fn keys(document: &DocumentMut) -> Vec<PublicKeyId> {
    let tables = document.get("signing-key").and_then(Item::as_array_of_tables);
    let ids = tables.into_iter().flatten().filter_map(|table| text(table, "key-pair-id"));
    ids.filter_map(|id| id.parse().ok()).collect()
}

fn forget_places(table: &mut Table) {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(inner) => forget_places(inner),
            Item::ArrayOfTables(inner) => inner.iter_mut().for_each(forget_places),
            _ => {}
        }
    }
}

/// By how much the end of a pass may be put off, in seconds.
const GRID: u64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_force_comes_first_with_all_that_is_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("issuer.toml");
        let pem = gatepass::SigningKey::generate(gatepass::KeyType::P256).unwrap();
        std::fs::write(folder.path().join("K1.pem"), pem.to_pem().unwrap()).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(folder.path().join("K1.pem"), mode).unwrap();
        }
        let text = "\
# Keys: the first is in force.
[[signing-key]]
key-pair-id = \"K1\"
private-key = { file = \"K1.pem\" } # spring

[[signing-key]]
key-pair-id = \"K2\"

[signing-key.private-key.pkcs11] # in the safe
module = \"/usr/lib/softhsm/libsofthsm2.so\"
token = \"films\"
label = \"k2\"

[issuer]
";
        std::fs::write(&path, text).unwrap();
        let mut file = IssuerFile::open(&path).unwrap();
        file.put_in_force(&"K2".parse().unwrap()).unwrap();
        file.write().unwrap();
        let swapped = "\
# Keys: the first is in force.
[[signing-key]]
key-pair-id = \"K2\"

[signing-key.private-key.pkcs11] # in the safe
module = \"/usr/lib/softhsm/libsofthsm2.so\"
token = \"films\"
label = \"k2\"

[[signing-key]]
key-pair-id = \"K1\"
private-key = { file = \"K1.pem\" } # spring

[issuer]
";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), swapped);
        let mut file = IssuerFile::open(&path).unwrap();
        file.remove(&"K2".parse().unwrap()).unwrap();
        let left = "\
# Keys: the first is in force.
[[signing-key]]
key-pair-id = \"K1\"
private-key = { file = \"K1.pem\" } # spring

[issuer]
";
        assert_eq!(file.0.document.to_string(), left);
    }
}
