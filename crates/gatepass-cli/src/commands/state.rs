//! Where what is added while an edge runs is kept, as the command line names it.

use std::path::PathBuf;

use clap::Args;
use gatepass::EpochTime;
use gatepass_distribution::Snapshot;
use gatepass_store::{Base, State, Store, StoreError};

use super::configuration;
use crate::words::Failure;

#[derive(Args, Debug)]
pub(super) struct StateArgs {
    /// The configuration of the edge that is meant
    #[arg(long, value_name = "FILE", required_unless_present = "state", conflicts_with = "state")]
    config: Option<PathBuf>,
    /// The edge's state folder, for when the configuration can't be read
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Go on from the last state that can be read, if the one in force can't
    #[arg(long)]
    repair: bool,
}

/// A state that can be added to.
pub(super) struct Opened {
    store: Store,
    base: Base,
    /// What the edge serves, if the configuration was named.
    pub(super) snapshot: Option<Snapshot>,
}

impl StateArgs {
    pub(super) fn open(&self) -> Result<Opened, Failure> {
        let (folder, snapshot) = match (&self.config, &self.state) {
            (Some(file), _) => {
                let config = configuration::load(file).map_err(|failure| {
                    failure.hint("in a hurry, name the edge's state folder instead: --state DIR")
                })?;
                (config.state, Some(config.snapshot))
            }
            (None, Some(folder)) if folder.is_dir() => (folder.clone(), None),
            (None, folder) => {
                let folder = folder.clone().unwrap_or_default();
                return Err(Failure::new(format!("there is no folder {}", folder.display()))
                    .hint("name it as [edge] state does; by default it is gatepass-state beside gatepass.toml"));
            }
        };
        let base = if self.repair { Base::LastGood } else { Base::InForce };
        Ok(Opened { store: Store::open(folder), base, snapshot })
    }
}

impl Opened {
    /// Keeps a change; the edges that follow the folder notice it within a second.
    pub(super) fn change(
        &self,
        now: EpochTime,
        change: impl FnOnce(&mut State),
    ) -> Result<(), Failure> {
        self.store.change(None, self.base, now, change).map(drop).map_err(|error| told(&error))
    }
}

fn told(error: &StoreError) -> Failure {
    let failure = Failure::new(error.to_string());
    match error {
        StoreError::Busy(_) => failure.hint("try again; if nothing else runs, see who holds its file lock"),
        StoreError::Unreadable { .. } | StoreError::Gone(_) => failure.hint(
            "nothing was changed, and edges keep what they had; --repair goes on from the last state that can be read",
        ),
        StoreError::Read { .. } | StoreError::Write { .. } => {
            failure.hint("nothing was changed; run this as the user whom the folder belongs to")
        }
        StoreError::Full(_) => {
            failure.hint("take the key away that signed them: that refuses them all at once")
        }
        _ => failure,
    }
}
