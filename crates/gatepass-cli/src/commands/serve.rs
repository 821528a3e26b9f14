//! `gatepass serve`: a folder at once, or a whole configuration.

mod acme;
mod disk;
mod follow;
mod restart;
pub(super) mod systemd;
pub(super) mod watched;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use gatepass_distribution::{
    BehaviorDraft, DistributionDraft, Draft, KeyGroup, Origin, OriginKind, PathPattern,
    PublicKeyRecord, Snapshot,
};
use gatepass_edge::{
    AccessLog, Certificates, Edge, EdgeConfig, FileSink, ListenError, LogFormat, Observed,
    Observing, OpenTelemetry, Running, Status, listen_on, observe,
};

use self::follow::{Followed, Served};
use super::configuration;
use super::own_keys::OwnKey;
use super::welcome;
use crate::config::LogTo;
use crate::words::{Failure, note, say, tell};
use crate::{clock, signals};

/// Serve a folder, or what a configuration describes
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// The folder to serve; needs no configuration
    #[arg(required_unless_present = "config", conflicts_with = "config")]
    folder: Option<PathBuf>,
    /// Paths of the folder that ask for a pass, such as '/members/*'
    #[arg(long, value_name = "PATTERN", conflicts_with = "config")]
    private: Vec<PathPattern>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", conflicts_with = "config")]
    listen: Option<SocketAddr>,
    /// Where the folder's key pair is kept; by default below ~/.local/state/gatepass
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    keys: Option<PathBuf>,
    /// A gatepass.toml with distributions, behaviors and key groups
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Tell every mistake of the configuration, with line and column, and serve nothing
    #[arg(long, requires = "config")]
    check: bool,
}

const EXAMPLES: &str = "\
Examples:
  # Guard one part of a folder; keys are made and the lines to paste are printed
  gatepass serve site --private '/members/*'

  # Serve what gatepass.toml describes, after a look at its mistakes
  gatepass serve --config gatepass.toml --check
  gatepass serve --config gatepass.toml";

impl ServeArgs {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match (&self.config, &self.folder) {
            (Some(file), _) if self.check => check(file),
            (Some(file), _) => serve_config(file),
            (None, Some(folder)) => self.serve_folder(folder),
            (None, None) => Err(Failure::new("neither a folder nor a configuration was given")),
        }
    }

    fn serve_folder(&self, folder: &Path) -> Result<ExitCode, Failure> {
        let folder = folder.canonicalize().map_err(|error| {
            Failure::new(format!("can't serve {}: {error}", folder.display()))
                .hint("give the path of a folder that is there")
        })?;
        if !folder.is_dir() {
            return Err(Failure::new(format!("{} is no folder", folder.display())));
        }
        let key = OwnKey::of_folder(&folder, self.keys.as_deref())?;
        let address = self.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080)));
        let edge = EdgeConfig::listening_on(address);
        let snapshot = Snapshot::check(&self.draft(&folder, &key)).map_err(|mistakes| {
            let problems: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
            Failure::new(problems.join("\n"))
        })?;
        let edge = Arc::new(open(snapshot, edge, log_to(&LogTo::Stdout, LogFormat::Json)?)?);
        let running = start(&edge)?;
        say(&welcome::text(&folder, &self.private, &key, running.address()))?;
        until_told(running, None)
    }

    fn draft(&self, folder: &Path, key: &OwnKey) -> Draft {
        let behavior = |trusted: Option<Vec<Box<str>>>| BehaviorDraft {
            origin: "folder".into(),
            trusted_key_groups: trusted,
            ..BehaviorDraft::default()
        };
        let guarded = self
            .private
            .iter()
            .map(|pattern| (pattern.clone(), behavior(Some(vec!["folder".into()]))));
        let group = KeyGroup { id: "folder".into(), public_keys: vec![key.id.clone()] };
        Draft {
            public_keys: vec![PublicKeyRecord { id: key.id.clone(), key: key.public.clone() }],
            key_groups: vec![group],
            distributions: vec![DistributionDraft {
                id: "folder".into(),
                aliases: vec!["*".into()],
                default_root_object: Some("index.html".into()),
                origins: vec![Origin {
                    id: "folder".into(),
                    kind: OriginKind::Directory(folder.to_owned()),
                }],
                behaviors: guarded.collect(),
                default_behavior: behavior(None),
                error_responses: Vec::new(),
            }],
            ..Draft::default()
        }
    }
}

fn check(file: &Path) -> Result<ExitCode, Failure> {
    let mut config = configuration::load(file)?;
    // The folder of the cache belongs to the process that serves.
    config.edge.cache.disk = None;
    let edge = open(config.snapshot, config.edge, AccessLog::off())?;
    traced(edge, config.opentelemetry.as_ref())?;
    say(&format!("{} is well-formed\n", file.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn serve_config(file: &Path) -> Result<ExitCode, Failure> {
    let (followed, config) = Followed::open(file)?;
    let log = log_to(&config.log, config.edge.log_format)?;
    let domains = acme::domains(&config.edge, &config.snapshot);
    let edge = open(config.snapshot, config.edge, log.clone())?;
    let edge = Arc::new(traced(edge, config.opentelemetry.as_ref())?);
    let running = start(&edge)?;
    let _acme = acme::keep(edge.config(), domains, &running);
    let _observing = observed(&edge, &running)?;
    let certificates = running.certificates().cloned();
    if let Some(certificates) = &certificates {
        warn_of(certificates);
    }
    let closing = Arc::clone(&edge);
    let following = followed.begin(Served { edge, certificates, log });
    tell(&format!("serving {} on {}", file.display(), addresses(&running)));
    let reload = || {
        systemd::reloading();
        following.reload();
        systemd::ready();
    };
    let ended = until_told(running, Some(&reload));
    closing.close();
    ended
}

/// Where viewers come to.
fn addresses(running: &Running) -> String {
    let scheme = if running.certificates().is_some() { "https" } else { "http" };
    let first = format!("{scheme}://{}/", running.address());
    match running.plain_address() {
        Some(plain) => format!("{first} and http://{plain}/"),
        None => first,
    }
}

/// Tells what viewers will not like about certificates.
fn warn_of(certificates: &Certificates) {
    for warning in certificates.warnings(clock::now()) {
        note(&warning.to_string());
    }
}

/// Tells metrics and health, if the configuration says where.
fn observed(edge: &Arc<Edge>, running: &Running) -> Result<Option<Observing>, Failure> {
    let Some(address) = edge.config().metrics_listen else { return Ok(None) };
    let (edge, vitals) = (Arc::clone(edge), running.vitals());
    let metrics = Arc::clone(edge.metrics());
    let status = move || {
        let status = edge.status();
        let is_ready = status.is_ready && vitals.is_taking();
        Status { is_ready, connections: vitals.connections() as u64, ..status }
    };
    let observing = observe(address, metrics, Arc::new(status));
    observing.map(Some).map_err(|error| {
        Failure::new(error.to_string()).hint("choose another address for metrics-listen")
    })
}

fn log_to(log: &LogTo, format: LogFormat) -> Result<AccessLog, Failure> {
    match log {
        LogTo::Stdout => Ok(AccessLog::to(io::stdout(), format)),
        LogTo::File(path) => {
            let file = FileSink::open(path).map_err(|error| {
                Failure::new(format!("can't write the access log {}: {error}", path.display()))
            })?;
            Ok(AccessLog::to_file(file, format))
        }
    }
}

fn open(snapshot: Snapshot, config: EdgeConfig, log: AccessLog) -> Result<Edge, Failure> {
    let edge = Edge::open(snapshot, config, Arc::new(clock::now), log);
    edge.map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        Failure::new(errors.join("\n")).hint("give each origin a folder that is there and readable")
    })
}

/// Tells spans, if the configuration says to whom.
fn traced(edge: Edge, config: Option<&OpenTelemetry>) -> Result<Edge, Failure> {
    let Some(config) = config else { return Ok(edge) };
    let edge = edge.traced(config, Arc::new(clock::precise));
    edge.map_err(|error| {
        Failure::new(error.to_string()).hint("see opentelemetry in [edge] of the configuration")
    })
}

fn start(edge: &Arc<Edge>) -> Result<Running, Failure> {
    listen_on(edge.config(), edge, systemd::sockets()?).map_err(|error| cannot_listen(&error))
}

pub(super) fn cannot_listen(error: &ListenError) -> Failure {
    let failure = Failure::new(error.to_string());
    if error.is_taken() {
        failure.hint("something else listens there: stop it, or choose another port with --listen (or listen = … in the configuration)")
    } else {
        failure
    }
}

/// Serves until SIGTERM or SIGINT, then lets what runs come to its end. Whoever can reload is
/// asked to on SIGHUP.
pub(super) fn until_told(running: Running, reload: Option<&dyn Fn()>) -> Result<ExitCode, Failure> {
    signals::wait(systemd::ready, reload)?;
    systemd::stopping();
    tell("finishing what runs");
    running.drain();
    Ok(ExitCode::SUCCESS)
}
