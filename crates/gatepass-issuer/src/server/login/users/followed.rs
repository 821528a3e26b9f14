//! A users file that is followed while people log in.
//!
//! # Invariants
//!
//! A file that can't be read changes nothing: the last good one stays in force, and that it
//! does is told once for each change.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::UsersConfig;
use super::list::{Users, UsersError};
use crate::server::login::Tell;

/// A file, and who stood in it when it was last good.
pub(crate) struct FollowedUsers {
    config: UsersConfig,
    seen: Mutex<Seen>,
    tell: Tell,
}

struct Seen {
    users: Arc<Users>,
    mark: Option<Mark>,
    looked: Instant,
}

/// Why a users file can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsersFileError {
    /// It can't be read.
    #[error("can't read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Everybody on the machine may read or write it.
    #[error("{path} may be read by everybody on this machine: chmod o= {path} (or write world-readable = true beside file)", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// Something in it is wrong.
    #[error("{}:{error}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What.
        error: UsersError,
    },
}

/// What changes when a file does, or who may read it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Mark {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
    mode: u32,
    owner: (u32, u32),
    /// In seconds and nanoseconds, when anything of it changed, its access lists as well.
    changed: (i64, i64),
}

impl FollowedUsers {
    /// How long a change may go unnoticed.
    const PATIENCE: Duration = Duration::from_secs(1);

    /// Reads the file for the first time. `tell` hears of changes.
    pub(crate) fn open(config: &UsersConfig, tell: Tell) -> Result<Self, UsersFileError> {
        let (mark, users) = read(config);
        let seen = Seen { users: Arc::new(users?), mark, looked: Instant::now() };
        Ok(Self { config: config.clone(), seen: Mutex::new(seen), tell })
    }

    /// Who may log in now. It may read the file: not for asynchronous threads.
    pub(crate) fn users(&self) -> Arc<Users> {
        self.users_at(Instant::now())
    }

    fn users_at(&self, now: Instant) -> Arc<Users> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(seen.looked) < Self::PATIENCE {
            return Arc::clone(&seen.users);
        }
        seen.looked = now;
        if Mark::of(&self.config.file) == seen.mark {
            return Arc::clone(&seen.users);
        }
        let (mark, users) = read(&self.config);
        seen.mark = mark;
        match users {
            Ok(users) => {
                let file = self.config.file.display();
                (self.tell)(&format!("{file}: {} users", users.count()));
                seen.users = Arc::new(users);
            }
            Err(error) => (self.tell)(&format!("{error}; the users before it stay in force")),
        }
        Arc::clone(&seen.users)
    }
}

impl std::fmt::Debug for FollowedUsers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FollowedUsers").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Mark {
    fn of(path: &Path) -> Option<Self> {
        let data = std::fs::metadata(path).ok()?;
        #[cfg(unix)]
        let (inode, mode, owner, changed) = {
            use std::os::unix::fs::MetadataExt as _;
            let changed = (data.ctime(), data.ctime_nsec());
            (data.ino(), data.mode(), (data.uid(), data.gid()), changed)
        };
        #[cfg(not(unix))]
        let (inode, mode, owner, changed) = (0, 0, (0, 0), (0, 0));
        let (modified, length) = (data.modified().ok(), data.len());
        Some(Self { modified, length, inode, mode, owner, changed })
    }
}

/// Its mark is taken first: what changes while it is read is read again.
fn read(config: &UsersConfig) -> (Option<Mark>, Result<Users, UsersFileError>) {
    let path = &*config.file;
    let mark = Mark::of(path);
    if !config.may_be_open && mark.is_some_and(|mark| mark.mode & EVERYBODY != 0) {
        return (mark, Err(UsersFileError::Open { path: path.to_owned() }));
    }
    let unreadable = |error| UsersFileError::Unreadable { path: path.to_owned(), error };
    let users = text(path).map_err(unreadable).and_then(|text| {
        let wrong = |error| UsersFileError::Wrong { path: path.to_owned(), error };
        Users::read(&text).map_err(wrong)
    });
    (mark, users)
}

/// Others may read, or write.
const EVERYBODY: u32 = 0o006;

fn text(path: &Path) -> io::Result<String> {
    let most = Users::LONGEST_FILE;
    let mut text = String::new();
    File::open(path)?.take(most as u64 + 1).read_to_string(&mut text)?;
    if text.len() > most {
        return Err(io::Error::other(format!("it has more than {most} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PASSWORD: &str = "password = \"$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
                            $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n";

    fn user(name: &str) -> String {
        format!("[[user]]\nname = {name:?}\n{PASSWORD}")
    }

    fn config(file: &Path) -> UsersConfig {
        UsersConfig { file: file.to_owned(), at_once: None, may_be_open: true }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everybody_may_read_is_refused_and_changes_nothing() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        fs::write(&path, user("ada")).unwrap();
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o640);
        let closed = UsersConfig { may_be_open: false, ..config(&path) };
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let tell = move |line: &str| heard.lock().unwrap().push(line.to_owned());
        let followed = FollowedUsers::open(&closed, Arc::new(tell)).unwrap();
        mode(0o644);
        let users = followed.users_at(Instant::now() + FollowedUsers::PATIENCE);
        assert!(users.person("ada").is_some());
        assert!(told.lock().unwrap()[0].contains("chmod o="), "{told:?}");
        for open in [0o644, 0o602] {
            mode(open);
            let refused = FollowedUsers::open(&closed, Arc::new(|_: &str| ())).unwrap_err();
            assert!(matches!(refused, UsersFileError::Open { .. }), "{refused}");
            assert!(FollowedUsers::open(&config(&path), Arc::new(|_: &str| ())).is_ok());
        }
    }

    /// Root mends a file that the issuer could not read by giving it away: its text stays.
    #[cfg(unix)]
    #[test]
    fn a_file_that_became_readable_is_read_though_its_text_is_as_it_was() {
        use std::os::unix::fs::{MetadataExt as _, chown};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        fs::write(&path, user("ada")).unwrap();
        let (before, data) = (Mark::of(&path), fs::metadata(&path).unwrap());
        let probe = folder.path().join("probe");
        let changed = |data: &fs::Metadata| (data.ctime(), data.ctime_nsec());
        // The clock of a file system goes in steps: until its next one.
        while fs::write(&probe, "").is_ok() {
            if changed(&fs::metadata(&probe).unwrap()) > changed(&data) {
                break;
            }
        }
        assert_eq!(Mark::of(&path), before);
        // Anybody may give away their own file to themselves.
        chown(&path, Some(data.uid()), Some(data.gid())).unwrap();
        assert_ne!(Mark::of(&path), before);
    }

    #[test]
    fn a_changed_file_counts_and_a_bad_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        fs::write(&path, user("ada")).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let tell = move |line: &str| heard.lock().unwrap().push(line.to_owned());
        let followed = FollowedUsers::open(&config(&path), Arc::new(tell)).unwrap();
        let mut now = Instant::now();
        let mut names = || {
            now += FollowedUsers::PATIENCE;
            let users = followed.users_at(now);
            ["ada", "bob"].map(|name| users.person(name).is_some())
        };
        assert_eq!(names(), [true, false]);
        fs::write(&path, user("bob") + &user("ada")).unwrap();
        assert_eq!(names(), [true, true]);
        fs::write(&path, "[[user]]\nname = 1\n").unwrap();
        assert_eq!((names(), names()), ([true, true], [true, true]));
        fs::remove_file(&path).unwrap();
        assert_eq!((names(), names()), ([true, true], [true, true]));
        fs::write(&path, user("bob")).unwrap();
        assert_eq!(names(), [false, true]);
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told[1].contains("users.toml:2:8:") && told[1].contains("stay in force"));
        assert!(told[2].contains("can't read"), "{told:?}");
    }

    #[test]
    fn a_file_without_end_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        let open = || FollowedUsers::open(&config(&path), Arc::new(|_: &str| ())).map(drop);
        fs::write(&path, " ".repeat(Users::LONGEST_FILE)).unwrap();
        assert!(open().is_ok());
        fs::write(&path, " ".repeat(Users::LONGEST_FILE + 1)).unwrap();
        assert!(open().unwrap_err().to_string().contains("more than"));
    }
}
