//! Programs from Debian's packages, without root: unpacked below `.tools/debian/root`.
//!
//! [`apt`] is asked, with a state of its own, for a package and for those of its dependencies that
//! the machine lacks. They are unpacked beside each other, and a [`launcher`] in `.tools/bin`
//! starts the program with their libraries.

mod apt;
mod launcher;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    checkout::{self, Checkout},
    failure::Failure,
    process, say,
    tools::{debian::apt::Apt, program::Program, stamp::Stamp},
};

/// Fetches a program if it isn't there, and says where its launcher is.
pub(super) fn fetched(checkout: &Checkout, program: Program) -> Result<PathBuf, Failure> {
    let name = program.name();
    let Recipe { packages, inside } = recipe(program);
    let launcher = checkout.tools("bin").join(name);
    let thing = format!("debian/{name}");
    let stamp = Stamp::new(checkout, &thing, &format!("{}\n{inside}", packages.join("\n")));
    if !stamp.is_current() {
        unpack(checkout, name, packages).map_err(|failure| failure.hint(way_out(name)))?;
        launcher::write(checkout, &launcher, inside)?;
        stamp.set()?;
    }
    program.answering(launcher).map_err(|failure| failure.hint(way_out(name)))
}

/// Fetches pip as one wheel, for a Python that comes without it.
pub(super) fn pip(checkout: &Checkout) -> Result<PathBuf, Failure> {
    let stamp = Stamp::new(checkout, "debian/pip", PIP);
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

/// The library of `SoftHSM`, which programs load that speak to its tokens.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) path: PathBuf,
    /// `LD_LIBRARY_PATH` for whoever loads it, if it was unpacked here.
    pub(crate) libraries: Option<String>,
}

/// Finds the library that goes with the program.
pub(crate) fn softhsm_module(checkout: &Checkout, program: &Path) -> Result<Module, Failure> {
    let is_own = program.starts_with(checkout.tools("bin"));
    let libraries = if is_own { Some(launcher::library_folders(&root(checkout))?) } else { None };
    let unpacked = libraries.iter().flat_map(|folders| folders.split(':')).map(PathBuf::from);
    let installed = INSTALLED.iter().map(PathBuf::from).filter(|_| !is_own);
    let path = unpacked
        .chain(installed)
        .map(|folder| folder.join("libsofthsm2.so"))
        .find(|path| path.is_file())
        .ok_or_else(|| Failure::new("SoftHSM is there without its library libsofthsm2.so"))?;
    Ok(Module { path, libraries })
}

/// Where distributions put the library.
const INSTALLED: [&str; 5] = [
    "/usr/lib/softhsm",
    "/usr/lib64/softhsm",
    "/usr/lib64/pkcs11",
    "/usr/local/lib/softhsm",
    "/opt/homebrew/lib/softhsm",
];

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
        // With the AWS SDKs, both of them, of the same release of Debian.
        Program::Go => Recipe {
            packages: &[
                "golang-1.19-go",
                "golang-github-aws-aws-sdk-go-dev",
                "golang-github-aws-aws-sdk-go-v2-dev",
            ],
            inside: "usr/lib/go-1.19/bin/go",
        },
        Program::H2load => Recipe { packages: &["nghttp2-client"], inside: "usr/bin/h2load" },
        Program::HaProxy => Recipe { packages: &["haproxy"], inside: "usr/sbin/haproxy" },
        Program::Nginx => Recipe { packages: &["nginx"], inside: "usr/sbin/nginx" },
        Program::OpenSsl => Recipe { packages: &["openssl"], inside: "usr/bin/openssl" },
        Program::Php => Recipe { packages: &["php8.2-cli"], inside: "usr/bin/php8.2" },
        Program::Ruby => Recipe { packages: &["ruby3.1"], inside: "usr/bin/ruby3.1" },
        Program::SoftHsm => Recipe { packages: &["softhsm2"], inside: "usr/bin/softhsm2-util" },
        Program::Valgrind => Recipe { packages: &["valgrind"], inside: "usr/bin/valgrind" },
        Program::Varnish => Recipe { packages: &["varnish"], inside: "usr/sbin/varnishd" },
        Program::VarnishLog => Recipe { packages: &["varnish"], inside: "usr/bin/varnishncsa" },
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
        process::quietly(
            Command::new("sh").args(["-c", UNPACK, "sh"]).arg(&archive).arg(root(checkout)),
        )?;
    }
    Ok(())
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

/// Unpacks an archive, but for what nobody here asks for and takes a gigabyte: the AWS SDKs for Go
/// beside what signs for CloudFront, and the tests of Go itself.
const UNPACK: &str = "dpkg-deb --fsys-tarfile \"$1\" | tar -x -C \"$2\" \
    --exclude='*/aws-sdk-go-v2/service/*' --exclude='*/aws-sdk-go/models/*' \
    --exclude='*/aws-sdk-go/service/[abd-z]*' --exclude='*/usr/share/go-1.19/test/*'";

const PIP: &str = "python3-pip-whl";
