//! `gatepass invalidate`: what was stored until now counts as absent.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use gatepass::EpochTime;
use gatepass_distribution::{
    Distribution, Invalidation, InvalidationPath, InvalidationPathError, Snapshot,
};

use super::state::StateArgs;
use crate::clock;
use crate::words::{Failure, say};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  # One object, and everything below a folder; quote what the shell would expand
  gatepass invalidate --config gatepass.toml /index.html '/films/2026/*'

  # One distribution of several
  gatepass invalidate --config gatepass.toml --distribution EDFDVBD6EXAMPLE '/*'

A path is as CloudFront takes it: case-sensitive, * only at its end. A query string is part
of it: /a.jpg says nothing of /a.jpg?w=640, and '/a.jpg*' means both. Running edges notice
it within a second. What comes from the origin afterwards is stored as before.")]
pub(crate) struct InvalidateArgs {
    /// Paths such as /index.html or '/films/*'
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
    /// Only in the distribution with this ID; may be given several times
    #[arg(long = "distribution", value_name = "ID")]
    distributions: Vec<String>,
    #[command(flatten)]
    state: StateArgs,
}

impl InvalidateArgs {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let paths = self.paths.iter().map(|text| read(text)).collect::<Result<Vec<_>, _>>()?;
        let opened = self.state.open()?;
        if let Some(snapshot) = &opened.snapshot {
            self.distributions.iter().try_for_each(|id| known(id, snapshot))?;
        }
        let facts = self.facts(&paths, opened.snapshot.as_ref(), clock::now());
        let added = facts.clone();
        opened.change(clock::now(), |state| {
            for fact in added {
                state.invalidate(fact);
            }
        })?;
        say(&told(&facts))?;
        Ok(ExitCode::SUCCESS)
    }

    fn facts(
        &self,
        paths: &[InvalidationPath],
        snapshot: Option<&Snapshot>,
        at: EpochTime,
    ) -> Vec<Invalidation> {
        let mut facts = Vec::new();
        let mut add = |distribution: Option<&str>, path: &InvalidationPath| {
            let (distribution, path) = (distribution.map(Box::from), path.clone());
            facts.push(Invalidation { distribution, path, at });
        };
        for path in paths {
            if self.distributions.is_empty() {
                add(None, path);
            }
            self.distributions.iter().for_each(|id| add(Some(id), path));
            // `/` is stored as what is served for it.
            let is_meant = |one: &&Distribution| {
                self.distributions.is_empty() || self.distributions.iter().any(|id| id == one.id())
            };
            let served = snapshot.filter(|_| path.as_str() == "/").map(Snapshot::distributions);
            for distribution in served.into_iter().flatten().filter(is_meant) {
                let object = distribution.default_root_object();
                if let Some(Ok(object)) = object.map(|object| format!("/{object}").parse()) {
                    add(Some(distribution.id()), &object);
                }
            }
        }
        facts
    }
}

fn read(text: &str) -> Result<InvalidationPath, Failure> {
    text.parse().map_err(|error: InvalidationPathError| {
        let failure = Failure::new(error.to_string());
        match error {
            InvalidationPathError::Start(_) if text.contains("://") => {
                failure.hint("give the path alone, and the distribution with --distribution ID")
            }
            InvalidationPathError::Start(_) => failure.hint(format!("write /{text}")),
            InvalidationPathError::Wildcard(_) => {
                failure.hint("cut it off behind the first *: that means all the same, and more")
            }
            InvalidationPathError::Character(' ') => failure.hint("write %20 for a space"),
            _ => failure,
        }
    })
}

fn known(id: &str, snapshot: &Snapshot) -> Result<(), Failure> {
    let ids: Vec<_> = snapshot.distributions().iter().map(Distribution::id).collect();
    if ids.contains(&id) {
        return Ok(());
    }
    Err(Failure::new(format!("no distribution has the ID {id:?}; there is {}", ids.join(", ")))
        .hint("leave --distribution out to mean every one"))
}

fn told(facts: &[Invalidation]) -> String {
    let mut text = String::new();
    for Invalidation { distribution, path, at } in facts {
        let place = match distribution {
            Some(id) => format!("in {id}"),
            None => "in every distribution".to_owned(),
        };
        let _ = writeln!(text, "invalidated {place}: {path} as it was stored until {at}");
    }
    text
}
