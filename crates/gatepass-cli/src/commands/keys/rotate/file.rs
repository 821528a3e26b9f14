//! A configuration file that is edited as its owner would: comments and layout stay.
//!
//! # Invariants
//!
//! - A file is replaced whole or not at all, by one rename; its owner and mode stay.
//! - What is written was checked before, as the edge or the issuer reads it.
//! - What somebody else changed meanwhile is not written over.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};

use crate::words::Failure;

/// A file, as it was read and as it is to be.
#[derive(Debug)]
pub(super) struct TomlFile {
    /// As its user named it.
    name: PathBuf,
    /// Where it really is: a link stays a link.
    path: PathBuf,
    text: String,
    pub(super) document: DocumentMut,
}

impl TomlFile {
    pub(super) fn open(name: &Path) -> Result<Self, Failure> {
        let unreadable =
            |error: io::Error| Failure::new(format!("can't read {}: {error}", name.display()));
        let path = fs::canonicalize(name).map_err(unreadable)?;
        let text = fs::read_to_string(&path).map_err(unreadable)?;
        let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
            Failure::new(format!("{} is not TOML: {}", name.display(), error.message()))
        })?;
        Ok(Self { name: name.to_owned(), path, text, document })
    }

    pub(super) fn name(&self) -> std::path::Display<'_> {
        self.name.display()
    }

    /// The folder that paths in the file are relative to.
    pub(super) fn folder(&self) -> &Path {
        self.name.parent().unwrap_or(Path::new(""))
    }

    pub(super) fn is_changed(&self) -> bool {
        self.document.to_string() != self.text
    }

    /// Writes the file if it was changed and the new text passes the check.
    pub(super) fn write(&self, check: impl Fn(&str) -> Result<(), Failure>) -> Result<(), Failure> {
        if !self.is_changed() {
            return Ok(());
        }
        let text = self.document.to_string();
        check(&text).map_err(|failure| {
            failure.at("nothing is written, for what it would become is wrong")
        })?;
        if fs::read_to_string(&self.path).ok().as_deref() != Some(&*self.text) {
            return Err(Failure::new(format!("{} was changed meanwhile", self.name()))
                .hint("run this again"));
        }
        replace(&self.path, text.as_bytes())
    }

    /// The tables of an array, written as `[[name]]`.
    pub(super) fn tables(&self, name: &str) -> Option<&ArrayOfTables> {
        self.document.get(name).and_then(Item::as_array_of_tables)
    }

    /// The same, to be changed; an empty one if there is none.
    pub(super) fn tables_mut(&mut self, name: &str) -> Result<&mut ArrayOfTables, Failure> {
        let place = self.name.display().to_string();
        let new = || Item::ArrayOfTables(ArrayOfTables::new());
        self.document.entry(name).or_insert_with(new).as_array_of_tables_mut().ok_or_else(|| {
            Failure::new(format!("{place}: {name} is not written as [[{name}]]"))
                .hint(format!("write it as [[{name}]], or edit it by hand"))
        })
    }
}

/// The text of a field, if there is such a field with text.
pub(super) fn text<'t>(table: &'t Table, field: &str) -> Option<&'t str> {
    table.get(field).and_then(Item::as_str)
}

/// Puts a table after the others, with an empty line before it.
pub(super) fn append(tables: &mut ArrayOfTables, mut table: Table) {
    table.decor_mut().set_prefix("\n");
    tables.push(table);
}

/// Removes tables. What stands above the first, as a heading does, stands above the next then.
pub(super) fn drop_where(tables: &mut ArrayOfTables, is_dropped: impl Fn(&Table) -> bool) {
    let heading = tables.get(0).map(|first| first.decor().clone());
    let loses_its_head = tables.get(0).is_some_and(&is_dropped);
    tables.retain(|table| !is_dropped(table));
    if let (Some(heading), Some(first), true) = (heading, tables.get_mut(0), loses_its_head) {
        *first.decor_mut() = heading;
    }
}

/// Writes a file in one step: whoever reads it meanwhile gets the old one or the new one.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".gatepass-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        if let Ok(old) = fs::metadata(path) {
            keep_owner(file.path(), &old)?;
            file.as_file().set_permissions(old.permissions())?;
        }
        file.as_file().sync_all()?;
        file.persist(path)?;
        fs::File::open(folder)?.sync_all()
    };
    write().map_err(|error| Failure::new(format!("can't write {}: {error}", path.display())))
}

/// Gives a file to whom another belongs: a file that root writes anew must not become one that
/// the edge or the issuer can't read.
#[cfg(unix)]
pub(super) fn keep_owner(path: &Path, of: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, chown};

    let now = fs::metadata(path)?;
    if (now.uid(), now.gid()) == (of.uid(), of.gid()) {
        return Ok(());
    }
    chown(path, Some(of.uid()), Some(of.gid()))
}

#[cfg(not(unix))]
pub(super) fn keep_owner(_: &Path, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}
