//! `gatepass.toml`: the public keys that an edge trusts, and the groups that they are in.

use std::path::{Path, PathBuf};

use gatepass::{KeyType, PublicKeyId};
use toml_edit::{Array, Item, RawString, Table, Value, value};

use super::file::{TomlFile, append, drop_where, text};
use crate::commands::configuration;
use crate::words::Failure;

/// An edge's configuration.
#[derive(Debug)]
pub(super) struct EdgeFile(TomlFile);

impl EdgeFile {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        configuration::load(path)?;
        TomlFile::open(path).map(Self)
    }

    pub(super) const fn file(&self) -> &TomlFile {
        &self.0
    }

    /// The keys that are in a group, in the order of the file.
    pub(super) fn keys(&self) -> Vec<PublicKeyId> {
        let mut keys: Vec<PublicKeyId> = Vec::new();
        for group in self.0.tables("key-group").into_iter().flatten() {
            let members = group.get("public-keys").and_then(Item::as_array);
            let members = members.into_iter().flatten().filter_map(Value::as_str);
            for key in members.filter_map(|id| id.parse().ok()) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        keys
    }

    /// Where the public half of a key is, as the file says it.
    pub(super) fn public_half(&self, id: &PublicKeyId) -> Option<PathBuf> {
        let tables = self.0.tables("public-key")?;
        let table = tables.iter().find(|table| text(table, "id") == Some(id.as_str()))?;
        text(table, "file").map(PathBuf::from)
    }

    /// The kind of key that could take the place of this one.
    pub(super) fn key_type(&self, id: &PublicKeyId) -> Option<KeyType> {
        let path = self.0.folder().join(self.public_half(id)?);
        let bytes = std::fs::read(path).ok()?;
        gatepass::PublicKey::parse(&bytes, gatepass::KeySizes::Legacy)
            .ok()
            .map(|key| key.key_type())
    }

    /// Trusts `new` wherever `old` is trusted. Says which groups that are.
    pub(super) fn trust(
        &mut self,
        old: &PublicKeyId,
        new: &PublicKeyId,
        file: &Path,
    ) -> Result<Vec<String>, Failure> {
        if self.public_half(new).is_none() {
            let mut table = Table::new();
            table.insert("id", value(new.as_str()));
            table.insert("file", value(file.display().to_string()));
            append(self.0.tables_mut("public-key")?, table);
        }
        let mut groups = Vec::new();
        for group in self.0.tables_mut("key-group")?.iter_mut() {
            let id = text(group, "id").unwrap_or_default().to_owned();
            let Some(keys) = group.get_mut("public-keys").and_then(Item::as_array_mut) else {
                continue;
            };
            if position(keys, old).is_some() {
                if position(keys, new).is_none() {
                    add(keys, new);
                }
                groups.push(id);
            }
        }
        Ok(groups)
    }

    /// Trusts a key no more, in no group.
    pub(super) fn distrust(&mut self, id: &PublicKeyId) -> Result<(), Failure> {
        for group in self.0.tables_mut("key-group")?.iter_mut() {
            if let Some(keys) = group.get_mut("public-keys").and_then(Item::as_array_mut)
                && let Some(at) = position(keys, id)
            {
                remove(keys, at);
            }
        }
        let tables = self.0.tables_mut("public-key")?;
        drop_where(tables, |table| text(table, "id") == Some(id.as_str()));
        Ok(())
    }

    /// Writes it, unless an edge could not read it.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let name = self.0.name().to_string();
        self.0.write(|text| configuration::check(text, Path::new(&name)).map(drop))
    }
}

fn position(keys: &Array, id: &PublicKeyId) -> Option<usize> {
    keys.iter().position(|key| key.as_str() == Some(id.as_str()))
}

/// Adds a key in the layout of the one before it, whose comment stays with it.
fn add(keys: &mut Array, id: &PublicKeyId) {
    let mut comment = keys.trailing().as_str().unwrap_or_default().to_owned();
    let mut indent = String::new();
    if let Some(last) = keys.len().checked_sub(1).and_then(|last| keys.get_mut(last)) {
        let decor = last.decor_mut();
        let text = |raw: Option<&RawString>| raw.and_then(RawString::as_str).map(str::to_owned);
        indent = text(decor.prefix()).unwrap_or_default();
        // Without a comma at the end of the list, the comment is the last key's own.
        comment.insert_str(0, &text(decor.suffix()).unwrap_or_default());
        decor.set_suffix("");
    }
    let indent = indent.rfind('\n').map_or(" ", |line| &indent[line..]);
    let Some(line) = comment.rfind('\n') else {
        keys.push_formatted(Value::from(id.as_str()).decorated(indent, comment));
        return keys.set_trailing("");
    };
    let own = &comment[..line];
    keys.push_formatted(Value::from(id.as_str()).decorated(format!("{own}{indent}"), ""));
    keys.set_trailing(&comment[line..]);
}

/// Removes a key; the next one stands where it stood.
fn remove(keys: &mut Array, at: usize) {
    let removed = keys.remove(at);
    if let (Some(next), Some(prefix)) = (keys.get_mut(at), removed.decor().prefix()) {
        next.decor_mut().set_prefix(prefix.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(list: &str, change: impl Fn(&mut Array)) -> String {
        let mut document: toml_edit::DocumentMut = format!("keys = {list}\n").parse().unwrap();
        change(document["keys"].as_array_mut().unwrap());
        let text = document.to_string();
        assert!(text.parse::<toml_edit::DocumentMut>().is_ok(), "{text}");
        text["keys = ".len()..].trim_end().to_owned()
    }

    #[test]
    fn a_list_keeps_its_layout_and_a_key_its_comment() {
        for (list, added, removed) in [
            (r#"["K1"]"#, r#"["K1", "K2"]"#, r#"["K2"]"#),
            (r#"[ "K1" ]"#, r#"[ "K1", "K2" ]"#, r#"[ "K2" ]"#),
            ("[\n  \"K1\",\n]", "[\n  \"K1\",\n  \"K2\",\n]", "[\n  \"K2\",\n]"),
            ("[\n  \"K1\", # Ann's\n]", "[\n  \"K1\", # Ann's\n  \"K2\",\n]", "[\n  \"K2\",\n]"),
            ("[\n  \"K1\" # Ann's\n]", "[\n  \"K1\", # Ann's\n  \"K2\"\n]", "[\n  \"K2\"\n]"),
        ] {
            let new = "K2".parse().unwrap();
            assert_eq!(changed(list, |keys| add(keys, &new)), added);
            assert_eq!(changed(added, |keys| remove(keys, 0)), removed);
        }
    }
}
