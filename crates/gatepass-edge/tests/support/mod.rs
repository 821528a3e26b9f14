//! A small language for whole-system tests: a folder, an edge before it, a viewer.

#![allow(
    clippy::format_push_string,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    dead_code,
    missing_debug_implementations,
    unreachable_pub,
    reason = "each test file uses its own part of this language, and it is only for tests"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use gatepass::{
    EpochTime, HashAlgorithm, KeyType, Network, Policy, Resource, Signer, SigningKey, Unsigned,
    Window,
};
use gatepass_distribution::{
    BehaviorDraft, DistributionDraft, Draft, KeyGroup, Origin, OriginKind, PublicKeyRecord,
    Snapshot,
};
use gatepass_edge::{AccessLog, Edge, EdgeConfig, OpenTelemetry, Running, listen};
use tempfile::TempDir;

pub const NOW: u64 = 1_767_290_000;

/// An edge before a folder of its own, and the key that its gate trusts.
pub struct Site {
    pub folder: TempDir,
    pub signer: Signer,
    pub address: SocketAddr,
    pub plain_address: Option<SocketAddr>,
    now: Arc<AtomicU64>,
    log: Arc<Mutex<Vec<u8>>>,
    edge: Option<Arc<Edge>>,
    running: Option<Running>,
}

/// A site that is still being described.
pub struct SiteDraft {
    folder: TempDir,
    signer: Signer,
    draft: Draft,
    config: EdgeConfig,
    traced: Option<OpenTelemetry>,
}

pub fn guarded(mut behavior: BehaviorDraft) -> BehaviorDraft {
    behavior.trusted_key_groups = Some(vec!["group".into()]);
    behavior
}

pub fn open() -> BehaviorDraft {
    BehaviorDraft { origin: "site".into(), ..BehaviorDraft::default() }
}

/// A folder with public and private files; `/private/*` asks for a pass.
pub fn site() -> SiteDraft {
    let folder = TempDir::new().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("index.html", "welcome");
    write("public/a.txt", "for all");
    write("private/a.txt", "for some");
    write("private/film.bin", &"0123456789".repeat(50_000));
    write("errors/403.html", "not for you");
    write("login.html", "who are you?");
    let key = SigningKey::generate(KeyType::P256).unwrap();
    let id: gatepass::PublicKeyId = "KTEST".parse().unwrap();
    let record = PublicKeyRecord { id: id.clone(), key: key.public_key().clone() };
    let site = DistributionDraft {
        id: "E1".into(),
        aliases: vec!["media.test".into(), "localhost".into()],
        default_root_object: Some("index.html".into()),
        origins: vec![Origin {
            id: "site".into(),
            kind: OriginKind::Directory(folder.path().to_owned()),
        }],
        behaviors: vec![("/private/*".parse().unwrap(), guarded(open()))],
        default_behavior: open(),
        error_responses: Vec::new(),
    };
    SiteDraft {
        folder,
        signer: Signer::new(id.clone(), key),
        draft: Draft {
            public_keys: vec![record],
            key_groups: vec![KeyGroup { id: "group".into(), public_keys: vec![id] }],
            distributions: vec![site],
            ..Draft::default()
        },
        config: EdgeConfig { threads: 1, ..EdgeConfig::listening_on(([127, 0, 0, 1], 0).into()) },
        traced: None,
    }
}

impl SiteDraft {
    pub fn with(mut self, change: impl FnOnce(&mut DistributionDraft)) -> Self {
        change(&mut self.draft.distributions[0]);
        self
    }

    pub fn with_config(mut self, change: impl FnOnce(&mut EdgeConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Tells spans, if the edge was built to.
    pub fn traced(mut self, config: OpenTelemetry) -> Self {
        self.traced = Some(config);
        self
    }

    pub fn start(self) -> Site {
        let now = Arc::new(AtomicU64::new(NOW));
        let clock = Arc::clone(&now);
        let log = Arc::new(Mutex::new(Vec::new()));
        let edge = Edge::open(
            Snapshot::check(&self.draft).unwrap(),
            self.config.clone(),
            Arc::new(move || EpochTime::new(clock.load(Ordering::SeqCst)).unwrap()),
            AccessLog::to(Shared(Arc::clone(&log)), self.config.log_format),
        );
        let precise = || UNIX_EPOCH + Duration::from_secs(NOW);
        let edge = match &self.traced {
            Some(config) => edge.unwrap().traced(config, Arc::new(precise)).unwrap(),
            None => edge.unwrap(),
        };
        let edge = Arc::new(edge);
        let running = listen(&self.config, &edge).unwrap();
        Site {
            folder: self.folder,
            signer: self.signer,
            address: running.address(),
            plain_address: running.plain_address(),
            now,
            log,
            edge: Some(edge),
            running: Some(running),
        }
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot::check(&self.draft).unwrap()
    }
}

struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Site {
    pub fn at(&self, seconds: u64) {
        self.now.store(seconds, Ordering::SeqCst);
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A `Cookie` header's value, good for a resource until an hour from [`NOW`].
    pub fn pass_for(&self, resource: &str) -> String {
        self.pass(resource, None)
    }

    pub fn pass_from(&self, resource: &str, network: &str) -> String {
        self.pass(resource, Some(network.parse().unwrap()))
    }

    fn pass(&self, resource: &str, network: Option<Network>) -> String {
        let window = Window::until(EpochTime::new(NOW + 3_600).unwrap());
        let mut policy = Policy::new([Resource::new(resource)], window);
        if let Some(network) = network {
            policy = policy.from_network(&network);
        }
        let unsigned =
            Unsigned::custom(&policy, gatepass::JsonStyle::Botocore, HashAlgorithm::Sha1).unwrap();
        self.signer.complete(unsigned).unwrap().cookies().header()
    }

    pub fn signed_url(&self, url: &str) -> String {
        let window = Window::until(EpochTime::new(NOW + 3_600).unwrap());
        let policy = Policy::new([Resource::new(url)], window);
        self.signer.sign(&policy, HashAlgorithm::Sha1).unwrap().url(url).unwrap()
    }

    pub fn get(&self, target: &str) -> Ask<'_> {
        self.ask("GET", target)
    }

    pub fn ask(&self, method: &str, target: &str) -> Ask<'_> {
        let head =
            format!("{method} {target} HTTP/1.1\r\nHost: media.test\r\nConnection: close\r\n");
        Ask { site: self, head }
    }

    /// Sends bytes as they are and reads until the edge closes.
    pub fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        // The edge may have closed already, having seen enough.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    /// The same, but says that nothing more is to come.
    pub fn raw_then_end(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    pub fn vitals(&self) -> gatepass_edge::Vitals {
        self.running.as_ref().unwrap().vitals()
    }

    pub fn edge(&self) -> &Arc<Edge> {
        self.edge.as_ref().unwrap()
    }

    /// The log, after the edge has come to its end.
    pub fn log(mut self) -> String {
        self.running.take().unwrap().drain();
        // The last lines are written when the log ends, with the edge.
        self.edge = None;
        String::from_utf8(self.log.lock().unwrap().clone()).unwrap()
    }

    pub fn drain(&mut self) {
        self.running.take().unwrap().drain();
    }
}

/// A request that is still being written.
pub struct Ask<'s> {
    site: &'s Site,
    head: String,
}

impl Ask<'_> {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub fn cookie(self, value: &str) -> Self {
        self.with("Cookie", value)
    }

    pub fn host(mut self, host: &str) -> Self {
        self.head = self.head.replace("Host: media.test", &format!("Host: {host}"));
        self
    }

    #[track_caller]
    pub fn answer(self) -> Answer {
        Answer::read(&self.site.raw(format!("{}\r\n", self.head).as_bytes()))
    }

    #[track_caller]
    pub fn status(self) -> u16 {
        self.answer().status
    }

    #[track_caller]
    pub fn text(self) -> String {
        let answer = self.answer();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    #[track_caller]
    pub fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) =
            text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}
