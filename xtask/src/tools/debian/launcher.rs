//! Scripts that start an unpacked program with what was unpacked beside it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use crate::{
    checkout::{self, Checkout},
    failure::Failure,
    tools::debian::{entries, root},
};

/// Writes the script for the program at `inside`, a path among the packages.
pub(super) fn write(checkout: &Checkout, launcher: &Path, inside: &str) -> Result<(), Failure> {
    let root = root(checkout);
    let fonts = checkout.tools("debian/fonts.conf");
    let cached = checkout.tools("debian/fonts-cache");
    checkout::write(&fonts, &font_settings(&root, &cached))?;
    let script = format!(
        "#!/bin/sh\n\
         # Written by `cargo xtask setup`: starts a program with the libraries unpacked beside it.\n\
         export LD_LIBRARY_PATH='{libraries}'\n\
         export FONTCONFIG_FILE='{fonts}'\n\
         export VALGRIND_LIB='{root}/usr/libexec/valgrind'\n\
         export RUBYLIB='{ruby}'\n\
         export GOROOT='{root}/usr/lib/go-1.19' GOPATH='{root}/usr/share/gocode'\n\
         export GO111MODULE=off GOCACHE='{go_cache}'\n\
         exec '{root}/{inside}' \"$@\"\n",
        libraries = library_folders(&root)?,
        fonts = fonts.display(),
        ruby = ruby_folders(&root)?,
        go_cache = checkout.tools("debian/go-cache").display(),
        root = root.display(),
    );
    checkout::write(launcher, &script)?;
    fs::set_permissions(launcher, fs::Permissions::from_mode(0o755)).map_err(|error| {
        Failure::new(format!("cannot make {} executable: {error}", launcher.display()))
    })
}

/// The folders of libraries, as `LD_LIBRARY_PATH` lists them.
pub(super) fn library_folders(root: &Path) -> Result<String, Failure> {
    let mut folders = vec![];
    for place in ["usr/lib", "lib"].map(|place| root.join(place)) {
        if place.is_dir() {
            add_library_folders(&place, &mut folders)?;
        }
    }
    Ok(folders.join(":"))
}

/// Adds a folder and those below it, where some packages keep libraries that only they use.
fn add_library_folders(folder: &Path, folders: &mut Vec<String>) -> Result<(), Failure> {
    let inside = entries(folder)?;
    if inside.iter().any(|path| is_library(path)) {
        folders.push(folder.display().to_string());
    }
    inside
        .iter()
        // Where a package links to a folder, it means the machine's.
        .filter(|path| path.is_dir() && !path.is_symlink())
        .try_for_each(|path| add_library_folders(path, folders))
}

fn is_library(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.starts_with("lib") && name.contains(".so") && path.is_file()
}

/// Where an unpacked Ruby's own libraries are, which it would look for at the machine's root.
fn ruby_folders(root: &Path) -> Result<String, Failure> {
    let mut folders = vec![];
    for place in ["usr/lib/ruby", "usr/lib/x86_64-linux-gnu/ruby"].map(|place| root.join(place)) {
        if place.is_dir() {
            folders.extend(entries(&place)?.iter().map(|folder| folder.display().to_string()));
        }
    }
    Ok(folders.join(":"))
}

fn font_settings(root: &Path, cached: &Path) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n\
         <!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n\
         <fontconfig>\n  <dir>{root}/usr/share/fonts</dir>\n  <dir>/usr/share/fonts</dir>\n  \
         <cachedir>{cached}</cachedir>\n</fontconfig>\n",
        root = root.display(),
        cached = cached.display(),
    )
}
