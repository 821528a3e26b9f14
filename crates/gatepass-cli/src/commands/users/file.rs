//! The users file as an operator keeps it: comments stay, and it is replaced in one step.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use gatepass_issuer::Users;
use serde_json::{Map, Value as Json};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

use crate::words::{Failure, note};

#[derive(Args, Debug)]
pub(super) struct FileArgs {
    /// The users file
    #[arg(long, value_name = "FILE", default_value = "users.toml")]
    file: PathBuf,
}

/// A users file, taken apart so that it can be put together again as it was.
pub(super) struct UsersFile {
    path: PathBuf,
    /// As it was read; nothing if it is not there.
    text: Option<String>,
    document: DocumentMut,
}

impl FileArgs {
    /// The file, which has to be one that an issuer would take.
    pub(super) fn open(&self) -> Result<UsersFile, Failure> {
        self.open_or_new()
            .and_then(|file| if file.text.is_some() { Ok(file) } else { Err(self.missing()) })
    }

    /// The file, or an empty one if it is not there.
    pub(super) fn open_or_new(&self) -> Result<UsersFile, Failure> {
        let path = &self.file;
        let text = match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(Failure::new(format!("can't read {}: {error}", path.display())));
            }
        };
        let known = text.as_deref().unwrap_or_default();
        Users::read(known).map_err(|error| Failure::new(format!("{}:{error}", path.display())))?;
        let document =
            known.parse().map_err(|_| Failure::new(format!("{} is not TOML", path.display())))?;
        Ok(UsersFile { path: path.clone(), text, document })
    }

    fn missing(&self) -> Failure {
        Failure::new(format!("there is no file {}", self.file.display()))
            .hint("gatepass users add NAME makes one; --file says where it is")
    }
}

impl UsersFile {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Everybody in it, by name and with their claims as they are written.
    pub(super) fn users(&self) -> impl Iterator<Item = (&str, String)> {
        self.tables().into_iter().flat_map(ArrayOfTables::iter).map(|user| {
            let claims = user.get("claims").map(|claims| claims.to_string().trim().to_owned());
            (name_of(user), claims.unwrap_or_default())
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.users().any(|(known, _)| known == name)
    }

    /// Adds somebody at the end.
    pub(super) fn add(&mut self, name: &str, hash: &str, claims: &Map<String, Json>) {
        let mut user = Table::new();
        user.insert("name", name.into());
        user.insert("password", hash.into());
        if !claims.is_empty() {
            user.insert("claims", claims_item(claims));
        }
        let is_first = self.users().next().is_none();
        if !is_first || !self.document.trailing().as_str().unwrap_or_default().is_empty() {
            user.decor_mut().set_prefix("\n");
        }
        if is_first {
            // What stood in a file without users stands before the first one.
            let head = self.document.trailing().as_str().unwrap_or_default().to_owned();
            if !head.is_empty() {
                user.decor_mut().set_prefix(format!("{}\n\n", head.trim_end()));
                self.document.set_trailing("");
            }
        }
        self.tables_mut().push(user);
    }

    /// Gives somebody another password, and other claims if some are said.
    pub(super) fn change(&mut self, name: &str, hash: &str, claims: Option<&Map<String, Json>>) {
        if let Some(user) = self.tables_mut().iter_mut().find(|user| name_of(user) == name) {
            user.insert("password", hash.into());
            if let Some(claims) = claims {
                user.insert("claims", claims_item(claims));
            }
        }
    }

    /// Removes somebody, with the comment that stands right above them. What a blank line
    /// keeps apart from them stays.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let users = self.tables_mut();
        let Some(at) = users.iter().position(|user| name_of(user) == name) else {
            return false;
        };
        let removed = users.remove(at);
        let prefix = removed.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or("");
        let kept = prefix.rfind("\n\n").map_or("", |end| &prefix[..=end]).to_owned();
        if let Some(next) = users.get_mut(at) {
            let own = next.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or("");
            let joined = if kept.trim().is_empty() && at == 0 {
                own.trim_start_matches('\n').to_owned()
            } else {
                format!("{kept}{own}")
            };
            next.decor_mut().set_prefix(joined);
        } else if !kept.trim().is_empty() {
            let trailing = self.document.trailing().as_str().unwrap_or_default();
            let trailing = format!("{kept}{trailing}");
            self.document.set_trailing(trailing);
        }
        true
    }

    /// Puts the file in the place of the old one: whoever reads it sees one or the other.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let text = self.document.to_string();
        // An issuer has to be able to read what is written, or nothing is.
        Users::read(&text).map_err(|error| Failure::new(error.problem.as_ref()))?;
        if fs::read_to_string(&self.path).ok() != self.text {
            return Err(Failure::new(format!(
                "{} was changed by somebody else meanwhile, and is left as it is",
                self.path.display()
            ))
            .hint("try again"));
        }
        self.replace(&text).map_err(|error| {
            Failure::new(format!("can't write {}: {error}", self.path.display()))
        })?;
        #[cfg(unix)]
        tell_of_readers(&self.path);
        Ok(())
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        // A link stays, and leads to the new file.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        // Such a file is its owner's alone from the start.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        #[cfg(unix)]
        if let Ok(old) = fs::metadata(&path) {
            keep_readers(file.as_file(), &old)?;
        }
        file.as_file().sync_all()?;
        file.persist(&path)?;
        File::open(folder)?.sync_all()
    }

    fn tables(&self) -> Option<&ArrayOfTables> {
        self.document.get("user").and_then(Item::as_array_of_tables)
    }

    fn tables_mut(&mut self) -> &mut ArrayOfTables {
        let users = self.document.entry("user");
        let users = users.or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        if users.as_array_of_tables().is_none() {
            // Written as `user = [{…}]`: the same, in a form that grows better.
            let tables = std::mem::take(users).into_array_of_tables().unwrap_or_default();
            *users = Item::ArrayOfTables(tables);
        }
        users.as_array_of_tables_mut().expect("it was made one")
    }
}

/// Whoever could read the old file (an issuer that runs as another user) can read the new one,
/// and nobody else. That may be everybody: an issuer is perhaps told that this is meant, and
/// would keep to its old list if it could read the new one no more.
#[cfg(unix)]
fn keep_readers(file: &File, old: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(file, Some(old.uid()), Some(old.gid()))?;
    }
    file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o664 | 0o600))
}

/// Tells of a file that an issuer refuses if it is not told otherwise.
#[cfg(unix)]
fn tell_of_readers(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    if fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o004 != 0) {
        let path = path.display();
        note(&format!(
            "{path} may still be read by everybody on this machine: an issuer takes it only with world-readable = true. Otherwise give it to the issuer, and chmod o= {path}"
        ));
    }
}

fn name_of(user: &Table) -> &str {
    user.get("name").and_then(Item::as_str).unwrap_or_default()
}

fn claims_item(claims: &Map<String, Json>) -> Item {
    let value = |claim: &Json| match claim {
        Json::Array(texts) => texts.iter().filter_map(Json::as_str).collect::<Array>().into(),
        claim => Value::from(claim.as_str().unwrap_or_default()),
    };
    let mut table = InlineTable::new();
    for (name, claim) in claims {
        table.insert(name, value(claim));
    }
    table.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
                        $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn file(text: &str) -> UsersFile {
        let document = text.parse().unwrap();
        UsersFile { path: PathBuf::new(), text: Some(text.to_owned()), document }
    }

    fn user(name: &str) -> String {
        format!("[[user]]\nname = \"{name}\"\npassword = \"{HASH}\"\n")
    }

    #[cfg(unix)]
    #[test]
    fn whoever_could_read_the_old_file_can_read_the_new_one() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        for (before, after) in [(0o644, 0o644), (0o640, 0o640), (0o400, 0o600), (0o666, 0o664)] {
            fs::write(&path, format!("{}\n{}", user("ada"), user("eve"))).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(before)).unwrap();
            let mut users = FileArgs { file: path.clone() }.open().unwrap();
            assert!(users.remove("eve"));
            users.write().unwrap();
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, after, "{before:o}");
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn comments_stay_when_somebody_comes() {
        let before = format!("# All of us.\n\n# The first.\n{}\n# The end.\n", user("ada"));
        let mut file = file(&before);
        let claims = serde_json::json!({"groups": ["a"], "plan": "gold"});
        file.add("bob", HASH, claims.as_object().unwrap());
        let after = file.document.to_string();
        assert!(after.starts_with(&before[..before.len() - "# The end.\n".len()]), "{after}");
        assert!(after.contains("# The end."), "{after}");
        assert!(after.contains("claims = { groups = [\"a\"], plan = \"gold\" }"), "{after}");
        let users = Users::read(&after).unwrap();
        assert_eq!(users.person("bob").unwrap().texts("groups").collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn the_first_comes_into_an_empty_file_and_below_what_was_noted() {
        for (before, after) in
            [("", user("ada")), ("# Ours.\n", format!("# Ours.\n\n{}", user("ada")))]
        {
            let mut file = file(before);
            file.add("ada", HASH, &Map::new());
            assert_eq!(file.document.to_string(), after);
        }
    }

    #[test]
    fn another_password_changes_nothing_else() {
        let other = HASH.replace("19456", "47104");
        let before = format!("{}claims = {{ plan = \"gold\" }} # paid\n", user("ada"));
        let mut file = file(&before);
        file.change("ada", &other, None);
        assert_eq!(file.document.to_string(), before.replace(HASH, &other));
    }

    #[test]
    fn whoever_goes_takes_their_own_comment_and_no_other() {
        let head = "# All of us.\n\n";
        let (ada, bob) = (user("ada"), user("bob"));
        let text = format!("{head}# The first.\n{ada}\n# The second.\n{bob}");
        let without = |names: &[&str]| {
            let mut file = file(&text);
            assert!(names.iter().all(|name| file.remove(name)));
            file.document.to_string()
        };
        assert_eq!(without(&["bob"]), format!("{head}# The first.\n{ada}"));
        let left = without(&["ada"]);
        assert!(left.starts_with("# All of us.\n") && !left.contains("first"), "{left}");
        assert!(left.ends_with(&format!("# The second.\n{bob}")), "{left}");
        assert_eq!(without(&["ada", "bob"]).trim(), "# All of us.");
        assert!(!file(&text).remove("eve"));
    }

    #[test]
    fn users_in_one_line_are_users_too() {
        let text = format!("user = [{{ name = \"ada\", password = \"{HASH}\" }}]\n");
        let mut file = file(&text);
        file.add("bob", HASH, &Map::new());
        assert_eq!(Users::read(&file.document.to_string()).unwrap().count(), 2);
    }
}
