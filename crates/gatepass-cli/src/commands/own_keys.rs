//! The key pair that `serve FOLDER` makes on first use and keeps for the next.
//!
//! It lies outside of everything that is served, and only its owner can read it.

use std::fs::{self, DirBuilder};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use gatepass::{KeyType, PublicKey, PublicKeyId, SigningKey};

use super::keys;
use crate::words::Failure;

/// A folder's own key.
#[derive(Debug)]
pub(super) struct OwnKey {
    pub(super) id: PublicKeyId,
    pub(super) public: PublicKey,
    /// Where the private half lies.
    pub(super) file: PathBuf,
    pub(super) is_new: bool,
}

impl OwnKey {
    /// Finds the key of a folder, or makes one.
    pub(super) fn of_folder(folder: &Path, keys: Option<&Path>) -> Result<Self, Failure> {
        let place = match keys {
            Some(place) => place.to_owned(),
            None => default_place(folder)?,
        };
        // Twice: by its name, before anything is made; and as it is, links resolved, after.
        let is_inside = |place: &Path| place.starts_with(folder);
        let named_inside = std::path::absolute(&place).is_ok_and(|place| is_inside(&place));
        if !named_inside {
            make_private_folder(&place)?;
        }
        if named_inside || place.canonicalize().is_ok_and(|place| is_inside(&place)) {
            return Err(Failure::new(format!(
                "the keys in {} would be served with the folder {}",
                place.display(),
                folder.display()
            ))
            .hint("keep them elsewhere: --keys DIR"));
        }
        match Self::find(&place)? {
            Some(key) => Ok(key),
            None => Self::make(&place),
        }
    }

    fn find(place: &Path) -> Result<Option<Self>, Failure> {
        let unreadable =
            |error| Failure::new(format!("can't read the keys in {}: {error}", place.display()));
        for entry in fs::read_dir(place).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Some(id) = name.strip_suffix(".private.pem").and_then(|id| id.parse().ok()) else {
                continue;
            };
            let pem = zeroize::Zeroizing::new(fs::read(&file).map_err(unreadable)?);
            let key = SigningKey::parse(&pem, None).map_err(|error| {
                Failure::new(format!("{}: {error}", file.display())).hint(error.hint())
            })?;
            return Ok(Some(Self { id, public: key.public_key().clone(), file, is_new: false }));
        }
        Ok(None)
    }

    fn make(place: &Path) -> Result<Self, Failure> {
        let id = keys::new_id()?;
        let key = SigningKey::generate(KeyType::P256)
            .map_err(|error| Failure::new(error.to_string()).hint(error.hint()))?;
        let file = keys::write_pair(place, &id, &key)?;
        Ok(Self { id, public: key.public_key().clone(), file, is_new: true })
    }
}

/// `~/.local/state/gatepass/NAME-HASH`: one place for each folder that is served.
fn default_place(folder: &Path) -> Result<PathBuf, Failure> {
    let state = crate::input::environment("XDG_STATE_HOME").map(PathBuf::from).or_else(|| {
        crate::input::environment("HOME").map(|home| Path::new(&home).join(".local/state"))
    });
    let state = state.ok_or_else(|| {
        Failure::new("there is no home folder to keep the folder's keys in")
            .hint("say where: --keys DIR")
    })?;
    let digest = digest(&SHA256, folder.as_os_str().as_encoded_bytes());
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let hash = data_encoding::HEXLOWER.encode(&digest.as_ref()[..8]);
    Ok(state.join("gatepass").join(format!("{name}-{hash}")))
}

fn make_private_folder(place: &Path) -> Result<(), Failure> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(place).map_err(|error| {
        Failure::new(format!("can't make the folder {} for keys: {error}", place.display()))
            .hint("say where: --keys DIR")
    })
}
