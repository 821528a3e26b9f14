//! `gatepass demo`: private content being guarded, to watch in a browser.
//!
//! Before the edge stands one more door, for the demo alone: it hands out passes to whoever
//! presses a button. The private key is here and not in the edge, as it would be with a real
//! application. Nothing outside this machine can reach it.

mod door;
mod site;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use gatepass::{KeyType, Signer, SigningKey, TrustedKeys};
use gatepass_distribution::{
    BehaviorDraft, DistributionDraft, Draft, KeyGroup, Origin, OriginKind, PublicKeyRecord,
    Snapshot,
};
use gatepass_edge::{AccessLog, Edge, EdgeConfig, listen};

use self::door::DemoDoor;
use super::keys;
use super::serve::{cannot_listen, until_told};
use crate::clock;
use crate::words::{Failure, say};

/// Watch private content being guarded, in a browser
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DemoArgs {
    /// Where to listen; only this machine can reach it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8088")]
    listen: SocketAddr,
    /// How long a pass of the demo lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pass_seconds: u64,
}

const EXAMPLES: &str = "\
Examples:
  # Open the printed address in a browser, and press \"Get a 60-second pass\"
  gatepass demo

  # On another port, with shorter passes
  gatepass demo --listen 127.0.0.1:9000 --pass-seconds 20";

impl DemoArgs {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        if !self.listen.ip().is_loopback() {
            return Err(Failure::new(format!(
                "the demo hands a pass to whoever asks, so it does not listen on {}",
                self.listen.ip()
            ))
            .hint("listen on 127.0.0.1 or [::1]; for real viewers there is: gatepass serve"));
        }
        let failed = |error| Failure::new(format!("can't lay out the demo's site: {error}"));
        let folder = tempfile::Builder::new().prefix("gatepass-demo-").tempdir().map_err(failed)?;
        site::lay_out(folder.path()).map_err(failed)?;

        let id = keys::new_id()?;
        let key = SigningKey::generate(KeyType::Rsa2048)
            .map_err(|error| Failure::new(error.to_string()).hint(error.hint()))?;
        let record = PublicKeyRecord { id: id.clone(), key: key.public_key().clone() };
        let trusted = TrustedKeys::from_iter([(id.clone(), key.public_key().clone())]);
        let config = EdgeConfig { threads: 1, ..EdgeConfig::listening_on(self.listen) };
        let edge = open(folder.path(), record, config.clone())?;
        let signer = Signer::new(id, key);
        let door = Arc::new(DemoDoor::new(edge, signer, trusted, self.pass_seconds));

        let running = listen(&config, &door).map_err(|error| cannot_listen(&error))?;
        self.introduce(running.address(), &door)?;
        until_told(running, None)
    }

    fn introduce(&self, address: SocketAddr, door: &DemoDoor) -> Result<(), Failure> {
        let host = match address {
            SocketAddr::V4(_) => format!("localhost:{}", address.port()),
            SocketAddr::V6(_) => address.to_string(),
        };
        let lines = door.curl_lines(&host).join("\n  ");
        say(&format!(
            "demo: http://{host}/\n\nOpen it in a browser, or walk the same steps by hand:\n\n  {lines}\n\nPasses last {} seconds. Ctrl-C ends the demo.\n",
            self.pass_seconds
        ))
    }
}

fn open(folder: &Path, key: PublicKeyRecord, config: EdgeConfig) -> Result<Edge, Failure> {
    let bug =
        |problem: String| Failure::new(format!("the demo's own configuration is wrong: {problem}"));
    let site = |trusted: Option<Vec<Box<str>>>| BehaviorDraft {
        origin: "site".into(),
        on_denied: trusted.as_ref().and_then(|_| "/login.html".parse().ok()),
        trusted_key_groups: trusted,
        ..BehaviorDraft::default()
    };
    let pattern = "/private/*".parse().map_err(|error| bug(format!("{error}")))?;
    let draft = Draft {
        key_groups: vec![KeyGroup { id: "demo".into(), public_keys: vec![key.id.clone()] }],
        public_keys: vec![key],
        distributions: vec![DistributionDraft {
            id: "demo".into(),
            aliases: ["localhost", "127.0.0.1", "[::1]"].map(Box::from).to_vec(),
            default_root_object: Some("index.html".into()),
            origins: vec![Origin {
                id: "site".into(),
                kind: OriginKind::Directory(folder.to_owned()),
            }],
            behaviors: vec![(pattern, site(Some(vec!["demo".into()])))],
            default_behavior: site(None),
            error_responses: Vec::new(),
        }],
        ..Draft::default()
    };
    let snapshot = Snapshot::check(&draft).map_err(|mistakes| bug(format!("{mistakes:?}")))?;
    Edge::open(snapshot, config, Arc::new(clock::now), AccessLog::off())
        .map_err(|errors| bug(format!("{errors:?}")))
}
