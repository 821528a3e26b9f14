//! The Node packages of `conformance/node/package.json`: signers, players, Express, Playwright, the
//! tests for HTTP caches, and a certified OpenID provider.

use std::{fs, path::PathBuf};

use crate::{
    checkout::{self, Checkout},
    failure::Failure,
    process, say,
    tools::stamp::Stamp,
};

/// Fetches the packages if they aren't there as asked, and says in which folder they are.
pub(crate) fn ready(checkout: &Checkout) -> Result<PathBuf, Failure> {
    let home = checkout.tools("node");
    let wanted = checkout.join("conformance/node");
    let texts: Vec<String> =
        PAPERS.iter().map(|name| checkout::read(&wanted.join(name))).collect::<Result<_, _>>()?;
    let stamp = Stamp::new(checkout, "node/packages", &texts.concat());
    if !stamp.is_current() {
        say::step(
            "fetching the AWS SDKs for Node, players, Playwright, http-cache-tests and oidc-provider \
             (usually seconds)",
        );
        for (name, text) in PAPERS.iter().zip(&texts) {
            checkout::write(&home.join(name), text)?;
        }
        // What a package would run at its installation is of no use here, and may download.
        process::quietly(checkout.command("npm").current_dir(&home).args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]))?;
        stamp.set()?;
    }
    say::step("Node's packages are ready");
    fs::canonicalize(&home)
        .map_err(|error| Failure::new(format!("cannot find {}: {error}", home.display())))
}

const PAPERS: [&str; 2] = ["package.json", "package-lock.json"];
