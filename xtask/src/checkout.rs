//! Where things are: the checkout, what is built from it, and what was fetched for it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{failure::Failure, process};

/// What tests are built with: all that is optional, everywhere the same, so that nothing is
/// compiled twice. What users get, without it, is linted besides, and measured by `bench`.
pub(crate) const FEATURES: &str = "--features=gatepass-cli/opentelemetry";

/// The checkout that this `xtask` was built from.
#[derive(Debug)]
pub(crate) struct Checkout {
    root: PathBuf,
}

impl Checkout {
    pub(crate) fn here() -> Self {
        let own = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        Self { root: own.parent().map_or_else(|| own.clone(), Path::to_path_buf) }
    }

    pub(crate) fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// A path below `.tools/`, where everything fetched from outside is kept.
    pub(crate) fn tools(&self, path: impl AsRef<Path>) -> PathBuf {
        self.join(".tools").join(path)
    }

    /// A path below cargo's target directory.
    pub(crate) fn target(&self, path: impl AsRef<Path>) -> PathBuf {
        // Joining an absolute path, as a developer's variable may hold, replaces the root.
        self.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into())).join(path)
    }

    /// A command to be run at the checkout's root.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    pub(crate) fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// Builds the command `gatepass`, and says where it is.
    ///
    /// It is the one that the tests were built with: its arithmetic is checked and it asserts what
    /// it believes, and nothing has to be compiled a second time.
    pub(crate) fn gatepass(&self) -> Result<PathBuf, Failure> {
        // `cargo build` would choose other features for what it is built from.
        let build = ["test", "--workspace", FEATURES, "--test", "floor_plan", "--no-run"];
        process::aloud(self.cargo().args(build))?;
        Ok(self.target("debug/gatepass"))
    }
}

/// Reads a file of ours, which is there unless the checkout is damaged.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
}

pub(crate) fn write(path: &Path, content: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    fs::write(path, content)
        .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))
}

pub(crate) fn make_folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|error| {
        Failure::new(format!("cannot make the folder {}: {error}", path.display()))
    })
}

/// Removes a folder of ours with all it holds; one that isn't there is no matter.
pub(crate) fn remove_folder(path: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::new(format!("cannot remove {}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}
