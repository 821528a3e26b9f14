//! Names as a folder spells them, where the file system is less exact.
//!
//! If `/PRIVATE/x` opened `private/x`, it would slip past the behavior that guards
//! `/private/*`. Where the file system folds case, or has yet other ways to name a file (short
//! names, trailing dots, composed letters), each segment is looked up in its folder's listing
//! and has to be there byte by byte. That is slow where folders are large, and meant for a
//! developer's machine.

use std::io;
use std::path::Path;

use cap_std::fs::{Dir, DirEntry, Metadata};

/// How exact a file system is about names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Spelling {
    /// A file has one name.
    Exact,
    /// A file answers to other names than its folder lists.
    Loose,
}

impl Spelling {
    /// Finds out how exact the file system of this folder is.
    ///
    /// Linux, too, has some that fold case: what is shared with a Mac or a PC, or with a
    /// container on one. The first name with a letter in it tells, by its other case.
    pub(crate) fn of(folder: &Dir) -> io::Result<Self> {
        let mut entries = folder.entries()?.flatten();
        let told_apart = cfg!(target_os = "linux")
            && entries.find_map(|entry| is_told_apart(folder, &entry)).unwrap_or(true);
        Ok(if told_apart { Self::Exact } else { Self::Loose })
    }

    /// Whether a file that was opened by this path may be had by it.
    pub(crate) fn permits(self, folder: &Dir, path: &Path) -> bool {
        match self {
            Self::Exact => true,
            Self::Loose => is_spelled_as_listed(folder, path),
        }
    }
}

/// Whether each name on the path is one that its folder lists, byte by byte.
fn is_spelled_as_listed(folder: &Dir, path: &Path) -> bool {
    let lists = |parent: &Path, name| {
        let parent = if parent == Path::new("") { Path::new(".") } else { parent };
        let mut entries = folder.read_dir(parent).into_iter().flatten().flatten();
        entries.any(|entry| entry.file_name() == name)
    };
    path.ancestors()
        .filter_map(|path| path.parent().zip(path.file_name()))
        .all(|(parent, name)| lists(parent, name))
}

/// Whether the other case of a name names something else; nothing if it has no letters.
fn is_told_apart(folder: &Dir, entry: &DirEntry) -> Option<bool> {
    let name = entry.file_name();
    let other_case = name.to_str()?.chars().map(|letter| match letter {
        'a'..='z' => letter.to_ascii_uppercase(),
        _ => letter.to_ascii_lowercase(),
    });
    let other_name = other_case.collect::<String>();
    (name != *other_name).then(|| match (entry.metadata(), folder.symlink_metadata(other_name)) {
        (Ok(one), Ok(other)) => !is_same(&one, &other),
        _ => true,
    })
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use cap_std::fs::MetadataExt;

    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use cap_std::ambient_authority;

    use super::*;

    #[test]
    fn names_are_compared_with_the_listing_byte_by_byte() {
        let temporary = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(temporary.path().join("Films/New")).unwrap();
        std::fs::write(temporary.path().join("Films/New/a.mp4"), "").unwrap();
        let folder = Dir::open_ambient_dir(temporary.path(), ambient_authority()).unwrap();

        let spelled = |path: &str| Spelling::Loose.permits(&folder, Path::new(path));
        assert!(Spelling::Exact.permits(&folder, Path::new("films")), "it would not have opened");
        assert!(spelled("Films"));
        assert!(spelled("Films/New/a.mp4"));
        for path in ["films", "films/New/a.mp4", "Films/new/a.mp4", "Films/New/A.mp4", "x/a.mp4"] {
            assert!(!spelled(path), "{path}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn most_file_systems_of_linux_tell_names_apart() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Dir::open_ambient_dir(temporary.path(), ambient_authority()).unwrap();
        assert_eq!(Spelling::of(&folder).unwrap(), Spelling::Exact);
        std::fs::write(temporary.path().join("123"), "").unwrap();
        std::fs::write(temporary.path().join("film"), "").unwrap();
        std::fs::write(temporary.path().join("FILM"), "").unwrap();
        assert_eq!(Spelling::of(&folder).unwrap(), Spelling::Exact);
    }

    #[test]
    fn a_file_that_answers_to_the_other_case_gives_the_file_system_away() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Dir::open_ambient_dir(temporary.path(), ambient_authority()).unwrap();
        std::fs::write(temporary.path().join("Film-1"), "").unwrap();
        // A second name for the file: where case is folded, the first would do.
        drop(folder.hard_link("Film-1", &folder, "fILM-1"));
        assert_eq!(Spelling::of(&folder).unwrap(), Spelling::Loose);
    }
}
