//! The new key: made here, or found where its operator has put it.

use std::fs;
use std::path::{Path, PathBuf};

use gatepass::{KeySizes, KeyType, PublicKey, PublicKeyId, Signer, SigningKey};
use gatepass_issuer::Signing;

use super::edge_file::EdgeFile;
use super::file::{keep_owner, replace};
use super::issuer_file::IssuerFile;
use super::steps::within;
use crate::commands::keys::new::Kind;
use crate::commands::keys::{fingerprint, pair};
use crate::words::Failure;

/// Where both halves are, as the configurations will say it.
#[derive(Debug)]
pub(super) struct NewPair {
    pub(super) public: PublicKey,
    pub(super) public_in_edge: PathBuf,
    /// None if the key is on a token or in KMS, and the issuer's configuration says so.
    pub(super) private_in_issuer: Option<PathBuf>,
    /// What was done, line by line.
    pub(super) told: Vec<String>,
}

impl NewPair {
    /// Finds the pair of this ID, or makes one of the kind that the old key is.
    pub(super) fn of(
        new: &PublicKeyId,
        old: &PublicKeyId,
        issuer: Option<&IssuerFile>,
        edge: Option<&EdgeFile>,
        kind: Option<Kind>,
    ) -> Result<Self, Failure> {
        let folders = Folders::of(old, issuer, edge);
        let public_file = folders.public.join(format!("{new}.public.pem"));
        if let Some(issuer) = issuer.filter(|issuer| issuer.keys().contains(new)) {
            // The operator has made it: on a token, say. Edges need its public half in a file.
            let known = edge.and_then(|edge| edge.public_half(new));
            let mut told = Vec::new();
            let public = if known.is_none() && !public_file.exists() {
                let public = issuer.public_key(new)?;
                replace(&public_file, public.to_pem().as_bytes())?;
                let (file, print) = (public_file.display(), fingerprint(&public));
                told.push(format!("wrote {file} ({public}, {print})"));
                public
            } else {
                let folder = edge.map_or(Path::new(""), |edge| edge.file().folder());
                read_public(&known.as_ref().map_or(public_file.clone(), |file| folder.join(file)))?
            };
            let public_in_edge = known.unwrap_or_else(|| Folders::in_edge(edge, &public_file));
            return Ok(Self { public, public_in_edge, private_in_issuer: None, told });
        }
        if issuer.is_some_and(|issuer| issuer.private_half(old).is_none()) && kind.is_none() {
            return Err(Failure::new(format!("{old} is not in a file, so its successor isn't made here"))
                .hint("make a key where the old one is, add it to issuer.toml as the second [[signing-key]], and run this again; or give --type for one in a file"));
        }
        let private_file = folders.private.join(format!("{new}.private.pem"));
        let unnamed = folders.private.join(format!("{UNNAMED}.private.pem"));
        let mut told = Vec::new();
        let key = if private_file.exists() {
            read(&private_file)?
        } else if unnamed.exists() {
            // Made before CloudFront had named it.
            move_pair(&folders, new)?;
            read(&private_file)?
        } else {
            let key = SigningKey::generate(key_type(kind, old, issuer, edge))?;
            pair::write_pair_in(&folders.private, &folders.public, new, &key)?;
            folders.like_the_old(&private_file)?;
            told.push(format!(
                "wrote {} (only its owner may read it; keep it so)",
                private_file.display()
            ));
            let public = key.public_key();
            told.push(format!(
                "wrote {} ({public}, {})",
                public_file.display(),
                fingerprint(public)
            ));
            key
        };
        if !public_file.exists() {
            replace(&public_file, key.public_key().to_pem().as_bytes())?;
        }
        let private_in_issuer = issuer.map(|issuer| within(issuer.file().folder(), &private_file));
        let public_in_edge = Folders::in_edge(edge, &public_file);
        Ok(Self { public: key.public_key().clone(), public_in_edge, private_in_issuer, told })
    }

    /// Makes a pair that has no ID yet: CloudFront gives it one.
    pub(super) fn unnamed(
        old: &PublicKeyId,
        issuer: Option<&IssuerFile>,
        edge: Option<&EdgeFile>,
        kind: Option<Kind>,
    ) -> Result<Self, Failure> {
        let id: PublicKeyId = UNNAMED.parse().expect("letters are an ID");
        Self::of(&id, old, issuer, edge, kind).map(|pair| Self { private_in_issuer: None, ..pair })
    }

    /// Signs with the new key.
    pub(super) fn signer(
        new: &PublicKeyId,
        issuer: Option<&IssuerFile>,
        edge: Option<&EdgeFile>,
    ) -> Result<Signing, Failure> {
        if let Some(issuer) = issuer {
            return issuer.signing(new);
        }
        let folders = Folders::of(new, issuer, edge);
        let key = read(&folders.public.join(format!("{new}.private.pem"))).map_err(|failure| {
            failure.hint("without its private half nothing can be asked: see to it yourself, and give --switched")
        })?;
        Ok(Signing::Local(Signer::new(new.clone(), key)))
    }
}

/// Where keys are kept.
struct Folders {
    private: PathBuf,
    public: PathBuf,
    old_private: Option<PathBuf>,
}

impl Folders {
    /// Beside the old ones.
    fn of(old: &PublicKeyId, issuer: Option<&IssuerFile>, edge: Option<&EdgeFile>) -> Self {
        let beside = |folder: &Path, file: &Path| {
            folder.join(file).parent().map(Path::to_owned).unwrap_or_default()
        };
        let old_private = issuer.and_then(|issuer| {
            issuer.private_half(old).map(|file| issuer.file().folder().join(file))
        });
        let public = edge
            .and_then(|edge| edge.public_half(old).map(|file| beside(edge.file().folder(), &file)));
        let configuration = issuer
            .map(|issuer| issuer.file().folder())
            .or_else(|| edge.map(|edge| edge.file().folder()))
            .unwrap_or(Path::new(""));
        let private = old_private.as_deref().map(|file| beside(Path::new(""), file));
        let private =
            private.or_else(|| public.clone()).unwrap_or_else(|| configuration.to_owned());
        let public = public.unwrap_or_else(|| private.clone());
        Self { private, public, old_private }
    }

    fn in_edge(edge: Option<&EdgeFile>, public: &Path) -> PathBuf {
        edge.map_or_else(|| public.to_owned(), |edge| within(edge.file().folder(), public))
    }

    /// Whoever reads the old key has to be able to read the new one.
    fn like_the_old(&self, private: &Path) -> Result<(), Failure> {
        let Some(old) = self.old_private.as_ref().and_then(|old| fs::metadata(old).ok()) else {
            return Ok(());
        };
        let give = || {
            keep_owner(private, &old)?;
            fs::set_permissions(private, without_others(&old.permissions()))
        };
        give().map_err(|error| {
            Failure::new(format!(
                "can't give {} to who reads the old key: {error}",
                private.display()
            ))
        })
    }
}

#[cfg(unix)]
fn without_others(permissions: &fs::Permissions) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    fs::Permissions::from_mode(permissions.mode() & 0o770)
}

#[cfg(not(unix))]
fn without_others(permissions: &fs::Permissions) -> fs::Permissions {
    permissions.clone()
}

fn read_public(file: &Path) -> Result<PublicKey, Failure> {
    let bytes = fs::read(file)
        .map_err(|error| Failure::new(format!("can't read {}: {error}", file.display())))?;
    PublicKey::parse(&bytes, KeySizes::Current)
        .map_err(|error| Failure::from(error).at(file.display()))
}

fn read(file: &Path) -> Result<SigningKey, Failure> {
    let bytes = fs::read(file).map(zeroize::Zeroizing::new);
    let bytes =
        bytes.map_err(|error| Failure::new(format!("can't read {}: {error}", file.display())))?;
    SigningKey::parse(&bytes, None).map_err(|error| Failure::from(error).at(file.display()))
}

fn move_pair(folders: &Folders, new: &PublicKeyId) -> Result<(), Failure> {
    for (folder, half) in [(&folders.public, "public"), (&folders.private, "private")] {
        let from = folder.join(format!("{UNNAMED}.{half}.pem"));
        let to = folder.join(format!("{new}.{half}.pem"));
        if from.exists() {
            fs::rename(&from, &to).map_err(|error| {
                Failure::new(format!("can't rename {}: {error}", from.display()))
            })?;
        }
    }
    Ok(())
}

fn key_type(
    kind: Option<Kind>,
    old: &PublicKeyId,
    issuer: Option<&IssuerFile>,
    edge: Option<&EdgeFile>,
) -> KeyType {
    let of_old = || {
        let trusted = edge.and_then(|edge| edge.key_type(old));
        trusted.or_else(|| Some(issuer?.public_key(old).ok()?.key_type()))
    };
    kind.map(Kind::key_type).or_else(of_old).unwrap_or(KeyType::Rsa2048)
}

/// What a pair is called until CloudFront has named it.
const UNNAMED: &str = "new-key";
