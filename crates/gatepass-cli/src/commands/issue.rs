//! `gatepass issue`: people log in, and are handed their passes.

mod follow;
mod journal;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use gatepass_issuer::{Issuance, Issuer, IssuerConfig, Journal, Mint, Signing, SigningKeys};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use self::follow::Followed;
use super::serve::systemd;
use crate::config::issuer::{IssuerKeys, Rights};
use crate::words::{Failure, note, say, tell};
use crate::{clock, signals};

/// Log people in, and hand them their passes
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct IssueArgs {
    /// An issuer.toml with signing keys, entitlements and ways to log in
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Tell every mistake of the configuration, with line and column, and open nothing
    #[arg(long)]
    check: bool,
}

const EXAMPLES: &str = "\
Examples:
  # After a look at its mistakes, log people in as issuer.toml describes
  gatepass issue --config issuer.toml --check
  gatepass issue --config issuer.toml

  # An application that logs its people in itself asks for their Set-Cookie lines
  curl -H \"Authorization: Bearer $TOKEN\" -d '{\"subject\":\"ada\",\"claims\":{\"groups\":[\"members\"]}}' \\
    http://127.0.0.1:8090/_gatepass/issue";

impl IssueArgs {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        if self.check {
            return check(&self.config);
        }
        let (followed, file) = Followed::open(&self.config)?;
        let runtime = runtime()?;
        let issuance = runtime.block_on(issuance(file.keys, file.rights))?;
        for warning in &file.warnings {
            note(warning);
        }
        let (journal, ending) = journal::begin();
        let issuer = open(file.config, issuance, journal)?;
        let listener = listener(&issuer)?;
        let address = listener.local_addr()?;
        let following = followed.begin(Arc::clone(&issuer), runtime.handle().clone());
        let (end, ended) = oneshot::channel::<()>();
        let server = {
            let issuer = Arc::clone(&issuer);
            let _entered = runtime.enter();
            let listener = tokio::net::TcpListener::from_std(listener)?;
            runtime.spawn(gatepass_issuer::serve(issuer, listener, async {
                // Whoever would tell is gone: that is an end, too.
                let _ = ended.await;
            }))
        };
        tell(&format!("issuing on http://{address}/, found at {}", issuer.public_url()));
        let reload = || {
            systemd::reloading();
            following.reload();
            systemd::ready();
        };
        signals::wait(systemd::ready, Some(&reload))?;
        systemd::stopping();
        tell("finishing what runs");
        let _ = end.send(());
        runtime.block_on(server).map_err(|error| Failure::new(error.to_string()))??;
        ending.wait();
        Ok(ExitCode::SUCCESS)
    }
}

fn check(path: &Path) -> Result<ExitCode, Failure> {
    let file = follow::load(path)?;
    for warning in &file.warnings {
        note(warning);
    }
    let issuance = runtime()?.block_on(issuance(file.keys, file.rights))?;
    let mut config = file.config;
    // The folders of state belong to the process that serves.
    config.state = None;
    config.login.invitation = None;
    open(config, issuance, Arc::new(|_: &str| {}))?;
    say(&format!("{} is well-formed\n", path.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn open(
    config: IssuerConfig,
    issuance: Issuance,
    journal: Journal,
) -> Result<Arc<Issuer>, Failure> {
    Issuer::open(config, issuance, Arc::new(clock::now), journal).map_err(|errors| {
        Failure::new(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("can't start: {error}")))
}

/// Finds the keys where they are, and puts them to what they are to sign.
async fn issuance(keys: IssuerKeys, rights: Rights) -> Result<Issuance, Failure> {
    let IssuerKeys { keys, hash } = keys;
    let mut opened = Vec::new();
    for key in keys {
        opened.push(Signing::open(key, hash).await?);
    }
    let mut opened = opened.into_iter();
    let in_force = opened.next().ok_or_else(|| Failure::new("there is no [[signing-key]]"))?;
    let keys = SigningKeys { in_force, next: opened.next() };
    Ok(rights.issuance(Mint::new(keys, hash)))
}

/// The socket that systemd hands over, or one of our own.
fn listener(issuer: &Issuer) -> Result<TcpListener, Failure> {
    let listener = match systemd::sockets()?.into_iter().next() {
        Some(listener) => listener,
        None => TcpListener::bind(issuer.listen()).map_err(|error| {
            Failure::new(format!("can't listen on {}: {error}", issuer.listen()))
                .hint("stop what listens there, or choose another address with listen = …")
        })?,
    };
    listener.set_nonblocking(true)?;
    Ok(listener)
}
