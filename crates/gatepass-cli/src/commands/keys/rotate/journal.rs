//! How far a rotation is: a file beside the configuration, from the first step to the last.
//!
//! A step writes down that it begins before it changes anything, and that it is done after the
//! last change. Each change can be made twice without harm. So a step that broke off between
//! two files is gone through again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gatepass::{EpochTime, PublicKeyId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::file::replace;
use crate::words::Failure;

/// Where a rotation stands.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Standing {
    pub(super) step: Step,
    pub(super) old: Box<str>,
    pub(super) new: Box<str>,
    /// When the old key signed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) switched_at: Option<Timestamp>,
    /// How long its passes live, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) longest_pass_seconds: Option<u64>,
}

/// What was begun last, or done last.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Step {
    Adding,
    Added,
    Switching,
    Switched,
    Removing,
}

impl Standing {
    pub(super) fn old(&self) -> Result<PublicKeyId, Failure> {
        id(&self.old)
    }

    pub(super) fn new_key(&self) -> Result<PublicKeyId, Failure> {
        id(&self.new)
    }

    /// The first second in which no pass of the old key lives any more.
    pub(super) fn ends(&self) -> Option<EpochTime> {
        let switched = u64::try_from(self.switched_at?.as_second()).ok()?;
        let switched = EpochTime::new(switched).ok()?;
        Some(switched.plus(self.longest_pass_seconds?.saturating_add(MARGIN)))
    }
}

fn id(text: &str) -> Result<PublicKeyId, Failure> {
    text.parse().map_err(|error: gatepass::InvalidPublicKeyId| Failure::new(error.to_string()))
}

/// The file that remembers it.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    /// The folder, locked: two rotations at once would both be wrong.
    _lock: fs::File,
}

impl Journal {
    /// The journal of a configuration, `gatepass.rotation.toml` for `gatepass.toml`.
    pub(super) fn beside(configuration: &Path) -> Result<Self, Failure> {
        let path = configuration.with_extension("rotation.toml");
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(format!("can't lock the folder {}: {error}", folder.display()))
        };
        let lock = fs::File::open(folder).map_err(|error| failed(&error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => {
                Err(Failure::new("another rotation is at work in this folder"))
            }
            Err(fs::TryLockError::Error(error)) => Err(failed(&error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn read(&self) -> Result<Option<Standing>, Failure> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let path = self.path.display();
                return Err(Failure::new(format!("can't read {path}: {error}")));
            }
        };
        toml::from_str(&text).map(Some).map_err(|error| {
            let path = self.path.display();
            Failure::new(format!("{path} can't be understood: {}", error.message()))
                .hint("put it back as it was; without it nobody knows until when the old key's passes live")
        })
    }

    pub(super) fn write(&self, standing: &Standing) -> Result<(), Failure> {
        let text = toml::to_string(standing).expect("it is text and numbers");
        replace(&self.path, format!("{HEAD}{text}").as_bytes())
    }

    pub(super) fn remove(&self) -> Result<(), Failure> {
        fs::remove_file(&self.path)
            .map_err(|error| Failure::new(format!("can't remove {}: {error}", self.path.display())))
    }
}

const HEAD: &str = "\
# Written by `gatepass keys rotate`: how far the rotation of a key is.
# Leave it here until the rotation is done.
";

/// Clocks differ, and an issuer takes a moment to read its configuration: in seconds.
const MARGIN: u64 = 300;
