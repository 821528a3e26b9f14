//! The chore `test`: every test there is, in stages that can be run alone.
//!
//! A stage fetches what it needs, so that it runs alone as it does among the others. A stage that
//! fails does not keep the next from running; the summary at the end names them all.

mod acme;
mod browser;
pub(crate) mod cache;
mod film;
pub(crate) mod fuzz;
mod issuer;
mod keys;
mod load;
mod logs;
mod oidc;
mod origins;
mod python;
mod recipes;
mod rust;
mod signers;
mod smuggling;

use std::time::Instant;

use crate::{checkout::Checkout, failure::Failure, say, tally::Tally, tools};

/// Runs the stages named, or all, and closes with one plain line of counts.
pub(crate) fn test(checkout: &Checkout, words: &[&str]) -> Result<(), Failure> {
    if let Some(word) = words.iter().find(|word| !STAGES.iter().any(|stage| stage.name == **word)) {
        return Err(Failure::new(format!("the tests have no stage {word:?}"))
            .hint(format!("the stages are:\n\n{}", list())));
    }
    let finished: Vec<Finished> = STAGES
        .iter()
        .filter(|stage| words.is_empty() || words.contains(&stage.name))
        .map(|stage| stage.run(checkout))
        .collect();
    summarize(&finished)
}

/// The stages, one line each.
pub(crate) fn list() -> String {
    let stage = |Stage { name, about, .. }: &Stage| format!("  {name:<10} {about}");
    STAGES.iter().map(stage).collect::<Vec<_>>().join("\n")
}

/// A number of seconds from the environment, for stages that run as long as one likes.
fn seconds(variable: &str, otherwise: u32) -> Result<u32, Failure> {
    let Some(text) = std::env::var_os(variable) else { return Ok(otherwise) };
    let text = text.to_string_lossy();
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Failure::new(format!("{variable} is {text:?}, and no number of seconds")))
}

struct Stage {
    name: &'static str,
    about: &'static str,
    run: fn(&Checkout) -> Result<Tally, Failure>,
}

/// A stage that came to its end, good or bad.
struct Finished {
    name: &'static str,
    tally: Tally,
    seconds: u64,
}

impl Stage {
    fn run(&self, checkout: &Checkout) -> Finished {
        say::heading(self.name, self.about);
        let start = Instant::now();
        let tally = (self.run)(checkout).unwrap_or_else(|failure| {
            say::failure(&failure);
            Tally::ONE_FAILED
        });
        Finished { name: self.name, tally, seconds: start.elapsed().as_secs() }
    }
}

fn summarize(finished: &[Finished]) -> Result<(), Failure> {
    say::heading("summary", "what each stage found");
    let mut total = Tally::default();
    for Finished { name, tally, seconds } in finished {
        let ignored = match tally.ignored {
            0 => String::new(),
            count => format!(", {count} marked as ignored did not run"),
        };
        // Of the stages only `tools` has nothing to count: the others fail if they ran nothing.
        let found = if tally.ran_nothing() { "ready".to_owned() } else { tally.to_string() };
        say::plain(&format!("  {name:<10} {found}{ignored} ({seconds} s)"));
        total += *tally;
    }
    say::plain(&format!("\n{total}"));
    match total.failed {
        0 => Ok(()),
        _ => Err(Failure::new(format!("failed: {}", failed(finished).join(", ")))),
    }
}

fn failed(finished: &[Finished]) -> Vec<&'static str> {
    finished.iter().filter(|stage| stage.tally.failed > 0).map(|stage| stage.name).collect()
}

/// Fetches what the other stages need, so that a machine that can't have it says so first.
fn tools(checkout: &Checkout) -> Result<Tally, Failure> {
    tools::setup(checkout, &[])?;
    Ok(Tally::default())
}

const STAGES: &[Stage] = &[
    Stage { name: "tools", about: "what the tests need from outside is there", run: tools },
    Stage { name: "rust", about: "the workspace's own tests", run: rust::run },
    Stage {
        name: "signers",
        about: "the AWS SDKs, the AWS CLI, openssl and Gatepass agree, live",
        run: signers::run,
    },
    Stage {
        name: "python",
        about: "the package for Python: botocore's bytes, real frameworks, types, the edge",
        run: python::run,
    },
    Stage {
        name: "keys",
        about: "keys on a token of SoftHSM and in a KMS sign passes",
        run: keys::run,
    },
    Stage {
        name: "cache",
        about: "http-cache-tests: what the cache has passed before, it passes",
        run: cache::run,
    },
    Stage {
        name: "origins",
        about: "real S3 servers behind Gatepass: every byte, and none to strangers",
        run: origins::run,
    },
    Stage {
        name: "smuggling",
        about: "requests that can be read in two ways, beside nginx and Caddy and before them",
        run: smuggling::run,
    },
    Stage {
        name: "acme",
        about: "a certificate comes by itself from the authority that Caddy is",
        run: acme::run,
    },
    Stage {
        name: "logs",
        about: "others' readers of CloudFront logs and of metrics understand ours",
        run: logs::run,
    },
    Stage {
        name: "oidc",
        about: "people log in at the certified OpenID provider, and impostors don't",
        run: oidc::run,
    },
    Stage {
        name: "load",
        about: "a thousand viewers, reloads, a dying origin; what is left behind; power cuts",
        run: load::run,
    },
    Stage { name: "browser", about: "the demo's story, in a real browser", run: browser::run },
    Stage {
        name: "film",
        about: "a film from a private bucket, over TLS and HTTP/2, in a real browser",
        run: film::run,
    },
    Stage {
        name: "issuer",
        about: "logins, renewal while a film plays, and logout, in a real browser",
        run: issuer::run,
    },
    Stage {
        name: "recipes",
        about: "the examples and the how-to pages, run as they are written",
        run: recipes::run,
    },
    Stage { name: "fuzz", about: "each fuzz target, for a while", run: fuzz::run },
];
