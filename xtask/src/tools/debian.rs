//! Programs from Debian's packages, without root: unpacked below `.tools/debian/root`.
//!
//! apt is asked, with a state of its own in `.tools/debian`, for a package and for those of its
//! dependencies that the machine lacks. They are unpacked beside each other, and a launcher in
//! `.tools/bin` starts the program with their libraries.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    checkout::{self, Checkout},
    failure::Failure,
    process, say,
    tools::{program::Program, stamp::Stamp},
};

/// Fetches a program if it isn't there, and says where its launcher is.
pub(super) fn fetched(checkout: &Checkout, program: Program) -> Result<PathBuf, Failure> {
    let name = program.name();
    let Recipe { packages, inside } = recipe(program);
    let launcher = checkout.tools("bin").join(name);
    let stamp = Stamp::new(checkout, name, &format!("{}\n{inside}", packages.join("\n")));
    if !stamp.is_current() {
        unpack(checkout, name, packages).map_err(|failure| failure.hint(way_out(name)))?;
        write_launcher(checkout, &launcher, inside)?;
        stamp.set()?;
    }
    program.answering(launcher).map_err(|failure| failure.hint(way_out(name)))
}

/// Fetches pip as one wheel, for a Python that comes without it.
pub(super) fn pip(checkout: &Checkout) -> Result<PathBuf, Failure> {
    let stamp = Stamp::new(checkout, "pip", PIP);
    if !stamp.is_current() {
        unpack(checkout, PIP, &[PIP])
            .map_err(|failure| failure.hint("install python3-venv, and this is not needed"))?;
        stamp.set()?;
    }
    let wheels = root(checkout).join("usr/share/python-wheels");
    entries(&wheels)?
        .into_iter()
        .find(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pip-"))
        })
        .ok_or_else(|| Failure::new(format!("the package {PIP} holds no pip")))
}

/// A program's packages, and its path in them.
struct Recipe {
    packages: &'static [&'static str],
    inside: &'static str,
}

const fn recipe(program: Program) -> Recipe {
    match program {
        // It finds its other half by its own path; and without any font, a page has no text.
        Program::Chromium => Recipe {
            packages: &["chromium", "chromium-common", "fonts-liberation"],
            inside: "usr/lib/chromium/chromium",
        },
        Program::Nginx => Recipe { packages: &["nginx"], inside: "usr/sbin/nginx" },
        Program::OpenSsl => Recipe { packages: &["openssl"], inside: "usr/bin/openssl" },
        Program::Valgrind => Recipe { packages: &["valgrind"], inside: "usr/bin/valgrind" },
        Program::Wrk => Recipe { packages: &["wrk"], inside: "usr/bin/wrk" },
    }
}

fn root(checkout: &Checkout) -> PathBuf {
    checkout.tools("debian/root")
}

fn unpack(checkout: &Checkout, name: &str, packages: &[&str]) -> Result<(), Failure> {
    say::step(&format!("fetching {name} from Debian's packages (no root needed)"));
    let apt = Apt::new(checkout)?;
    let archives = apt
        .download(packages)
        .map_err(|failure| failure.while_at(&format!("{name} could not be fetched")))?;
    say::step(&format!("unpacking {} packages for {name}", archives.len()));
    checkout::make_folder(&root(checkout))?;
    for archive in archives {
        process::quietly(Command::new("dpkg-deb").arg("-x").arg(&archive).arg(root(checkout)))?;
    }
    Ok(())
}

/// apt with lists and a cache of its own; of the machine it only reads what is installed.
struct Apt {
    home: PathBuf,
}

impl Apt {
    fn new(checkout: &Checkout) -> Result<Self, Failure> {
        let apt = Self { home: checkout.tools("debian/apt") };
        for folder in ["lists/partial", "archives/partial"] {
            checkout::make_folder(&apt.home.join(folder))?;
        }
        Ok(apt)
    }

    /// Downloads packages and what they depend on, and gives the archives.
    fn download(&self, packages: &[&str]) -> Result<Vec<PathBuf>, Failure> {
        let archives = self.home.join("archives");
        // What an earlier package left is unpacked already.
        checkout::remove_folder(&archives)?;
        checkout::make_folder(&archives.join("partial"))?;
        process::quietly(self.get().arg("update"))?;
        process::quietly(
            self.get()
                .args(["install", "--yes", "--download-only", "--no-install-recommends"])
                // A package that the machine has is wanted here all the same.
                .arg("--reinstall")
                .args(packages),
        )?;
        let mut archives = entries(&archives)?;
        archives.retain(|path| path.extension().is_some_and(|end| end == "deb"));
        Ok(archives)
    }

    fn get(&self) -> Command {
        let mut command = Command::new("apt-get");
        for (setting, path) in [("State", ""), ("State::Lists", "lists"), ("Cache", "")] {
            let mut option = OsString::from(format!("Dir::{setting}="));
            option.push(self.home.join(path));
            command.arg("-o").arg(option);
        }
        let mut archives = OsString::from("Dir::Cache::Archives=");
        archives.push(self.home.join("archives"));
        command
            .arg("-o")
            .arg(archives)
            // Without this the machine would count as empty, and libc be fetched with the rest.
            .args(["-o", "Dir::State::Status=/var/lib/dpkg/status"])
            // The lock is for those who install; and the user that root's apt downloads as may
            // not write here.
            .args(["-o", "Debug::NoLocking=true", "-o", "APT::Sandbox::User="])
            // Containers are set up to throw away what was downloaded.
            .args(["-o", "APT::Keep-Downloaded-Packages=true", "-o", "Dpkg::Use-Pty=false"])
            .env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

fn write_launcher(checkout: &Checkout, launcher: &Path, inside: &str) -> Result<(), Failure> {
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
         exec '{root}/{inside}' \"$@\"\n",
        libraries = library_folders(&root)?,
        fonts = fonts.display(),
        root = root.display(),
    );
    checkout::write(launcher, &script)?;
    fs::set_permissions(launcher, fs::Permissions::from_mode(0o755)).map_err(|error| {
        Failure::new(format!("cannot make {} executable: {error}", launcher.display()))
    })
}

/// The folders of libraries, as `LD_LIBRARY_PATH` lists them.
fn library_folders(root: &Path) -> Result<String, Failure> {
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

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(|error| Failure::new(format!("cannot list {}: {error}", folder.display())))
}

fn way_out(name: &str) -> String {
    format!(
        "install {name} by this machine's own package manager, or name one that is installed in \
         GATEPASS_TOOL_{}",
        name.to_uppercase()
    )
}

const PIP: &str = "python3-pip-whl";
