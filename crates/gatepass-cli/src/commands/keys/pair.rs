//! A key pair in two files, `ID.private.pem` and `ID.public.pem`: written once, never over.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use data_encoding::BASE32_NOPAD;
use gatepass::{PublicKeyId, SigningKey};

use crate::words::Failure;

/// An ID like CloudFront's: `K` and 13 capital letters and digits, 65 bits of chance.
pub(crate) fn new_id() -> Result<PublicKeyId, Failure> {
    let mut random = [0; 9];
    rand::fill(&mut random).map_err(|_| Failure::new("the system gave no random numbers"))?;
    let text = BASE32_NOPAD.encode(&random);
    Ok(format!("K{}", &text[..13]).parse().expect("letters and digits are an ID"))
}

/// Writes both halves into a folder, and says where the private one is.
pub(crate) fn write_pair(
    folder: &Path,
    id: &PublicKeyId,
    key: &SigningKey,
) -> Result<PathBuf, Failure> {
    write_pair_in(folder, folder, id, key)
}

/// The same, each half into a folder of its own.
pub(super) fn write_pair_in(
    folder: &Path,
    public_folder: &Path,
    id: &PublicKeyId,
    key: &SigningKey,
) -> Result<PathBuf, Failure> {
    for folder in [folder, public_folder] {
        if !folder.as_os_str().is_empty() {
            fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        }
    }
    let private = folder.join(format!("{id}.private.pem"));
    write_new(&private, key.to_pem()?.as_bytes(), 0o600)?;
    let public = public_half(public_folder, id);
    if let Err(failure) = write_new(&public, key.public_key().to_pem().as_bytes(), 0o644) {
        // Half a pair is of no use, and it is we who made it.
        drop(fs::remove_file(&private));
        return Err(failure);
    }
    Ok(private)
}

/// Where the public half of a pair is.
pub(super) fn public_half(folder: &Path, id: &PublicKeyId) -> PathBuf {
    folder.join(format!("{id}.public.pem"))
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let mut file = create_new(path, mode).map_err(|error| unwritable(path, &error))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| unwritable(path, &error))
}

#[cfg(unix)]
fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create_new(path: &Path, _mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::new(format!("{path} is there already, and keys are never overwritten"))
                .hint("choose another --id or --out, or move the old pair away")
        }
        _ => Failure::new(format!("can't write {path}: {error}")),
    }
}
