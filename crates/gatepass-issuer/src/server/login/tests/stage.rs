//! An issuer, and a browser that keeps its cookies.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use gatepass::{EpochTime, HashAlgorithm, KeyType, Signer, SigningKey};
use gatepass_distribution::Proxies;
use http::header::{COOKIE, ORIGIN, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use tower_service::Service as _;

use crate::entitlement::{AddressBinding, Entitlement, Entitlements, Start, Who};
use crate::laying::{CookieWishes, Site};
use crate::seal::Secret;
use crate::server::arrival::Peer;
use crate::server::login::LoginConfig;
use crate::server::login::header::HeaderConfig;
use crate::server::login::invitation::{Invitation, InvitationConfig};
use crate::server::login::oidc::OidcConfig;
use crate::server::login::users::UsersConfig;
use crate::server::password::PasswordHash;
use crate::server::{Clock, Issuer, IssuerConfig, Journal, ReturnHosts};
use crate::{Conditions, Issuance, Mint, Reader, ResourceTemplate, Signing, SigningKeys};

pub(super) const URL: &str = "https://media.example.com/_gatepass";
const OWN: &str = "https://media.example.com";

/// An issuer at which `ada` (of the group `members`) and `eve` (of none) have passwords, and a
/// proxy at 192.0.2.80 vouches for people. The edge is at 192.0.2.90.
pub(super) struct Stage {
    router: Router,
    now: Arc<AtomicU64>,
    key: SigningKey,
    pub(super) journal: Arc<Mutex<Vec<String>>>,
    pub(super) folder: tempfile::TempDir,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

/// Keeps cookies, and sends them.
pub(super) struct Browser<'s> {
    stage: &'s Stage,
    pub(super) peer: IpAddr,
    pub(super) cookies: BTreeMap<String, String>,
    pub(super) headers: HeaderMap,
}

impl Stage {
    pub(super) fn open() -> Self {
        Self::with(|_| ())
    }

    /// Where invitations may say that a session lasts so many seconds at most.
    pub(super) fn with_longest_session(seconds: Option<u64>) -> Self {
        Self::with(|login| {
            let invitation = login.invitation.as_mut().unwrap();
            invitation.longest_session = seconds.map(Duration::from_secs);
        })
    }

    /// With other ways to log in.
    pub(super) fn with(change: impl Fn(&mut LoginConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::generate(KeyType::P256).unwrap();
        let now = Arc::new(AtomicU64::new(1_767_290_400));
        let journal = Arc::new(Mutex::new(Vec::new()));
        let users = folder.path().join("users.toml");
        std::fs::write(&users, users_file(&["ada", "eve"])).unwrap();
        let router = Self::router(&key, &now, &journal, folder.path(), change);
        Self { router, now, key, journal, folder }
    }

    fn router(
        key: &SigningKey,
        now: &Arc<AtomicU64>,
        journal: &Arc<Mutex<Vec<String>>>,
        folder: &Path,
        change: impl Fn(&mut LoginConfig),
    ) -> Router {
        let secret = Secret::new(&[7; 32]).unwrap();
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut config = IssuerConfig::new(listen, URL.parse().unwrap(), secret);
        config.proxies = Proxies::new(vec!["192.0.2.90/32".parse().unwrap()]);
        config.return_to = ReturnHosts::new([OWN, "https://app.example.org"]).unwrap();
        let users = folder.join("users.toml");
        config.login.users = Some(UsersConfig { file: users, at_once: Some(2), may_be_open: true });
        // Nobody asks the provider who it is before somebody goes there.
        config.login.oidc = Some(OidcConfig::new("https://id.example.com/films", "gatepass"));
        config.login.header = Some(HeaderConfig {
            name: http::HeaderName::from_static("x-auth-request-user"),
            claims: vec![("groups".into(), http::HeaderName::from_static("x-groups"))],
            separator: Some(','),
            from: vec!["192.0.2.80/32".parse().unwrap()],
        });
        config.login.invitation = Some(InvitationConfig::new(folder.join("used")));
        change(&mut config.login);
        let in_force = Signing::Local(signer(key));
        let mint = Mint::new(SigningKeys { in_force, next: None }, HashAlgorithm::Sha1);
        let films = Entitlement {
            id: "films".into(),
            who: Who::Those(Conditions { groups: vec!["members".into()], ..Conditions::default() }),
            resources: vec![ResourceTemplate::parse("https://media.example.com/films/*").unwrap()],
            lifetime_seconds: 600,
            start: Start::AtOnce,
            address: AddressBinding::Anywhere,
            cookies: CookieWishes::default(),
            reader: Reader::default(),
        };
        let entitlements = Entitlements::new(vec![films], Site::of(URL).unwrap()).unwrap();
        let (time, lines) = (Arc::clone(now), Arc::clone(journal));
        let clock: Clock = Arc::new(move || EpochTime::new(time.load(Ordering::Relaxed)).unwrap());
        let journal: Journal = Arc::new(move |line| lines.lock().unwrap().push(line.to_owned()));
        let issuance = Issuance::new(entitlements, mint);
        Issuer::open(config, issuance, clock, journal).unwrap().router()
    }

    /// The same, after a restart.
    pub(super) fn restarted(self) -> Self {
        let router = Self::router(&self.key, &self.now, &self.journal, self.folder.path(), |_| ());
        Self { router, ..self }
    }

    pub(super) fn browser(&self) -> Browser<'_> {
        let (cookies, headers) = (BTreeMap::new(), HeaderMap::new());
        Browser { stage: self, peer: [198, 51, 100, 7].into(), cookies, headers }
    }

    pub(super) fn pass(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// The query of a signed link that lasts an hour.
    pub(super) fn link(&self, invitation: &Invitation) -> String {
        let url = invitation.url(URL);
        let expiry = EpochTime::new(self.now.load(Ordering::Relaxed) + 3_600).unwrap();
        let unsigned = Invitation::unsigned(&url, expiry).unwrap();
        let signed = signer(&self.key).complete(unsigned).unwrap().url(&url).unwrap();
        signed.split_once('?').unwrap().1.to_owned()
    }

    pub(super) fn told(&self) -> String {
        self.journal.lock().unwrap().join("\n")
    }
}

/// A users file: everybody's password is "correct horse", and `ada` is a member.
pub(super) fn users_file(names: &[&str]) -> String {
    let hash = PasswordHash::cheap("correct horse");
    let user = |name: &&str| {
        let claims = if *name == "ada" { "claims = { groups = [\"members\"] }\n" } else { "" };
        format!("[[user]]\nname = \"{name}\"\npassword = \"{hash}\"\n{claims}")
    };
    names.iter().map(user).collect()
}

fn signer(key: &SigningKey) -> Signer {
    let pem = key.to_pem().unwrap();
    Signer::new("K1".parse().unwrap(), SigningKey::parse(pem.as_bytes(), None).unwrap())
}

impl Browser<'_> {
    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    /// Sends a form, from a page of the issuer's unless `headers` say otherwise.
    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let had = self.headers.clone();
        if !had.contains_key(ORIGIN) {
            self.headers.insert(ORIGIN, OWN.parse().unwrap());
        }
        let answer = self.send(Method::POST, path, &form.finish()).await;
        self.headers = had;
        answer
    }

    /// Sees the login page and fills in its form.
    pub(super) async fn log_in(&mut self, name: &str, password: &str) -> Answer {
        let page = self.get("/login?return-to=%2Ffilms%2F").await;
        let (token, return_to) = (page.field("token"), page.field("return-to"));
        let fields = [
            ("token", &*token),
            ("return-to", &*return_to),
            ("name", name),
            ("password", password),
        ];
        self.post("/login", &fields).await
    }

    pub(super) async fn send(&mut self, method: Method, path: &str, body: &str) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/_gatepass{path}"))
            .extension(Peer(SocketAddr::new(self.peer, 40_000)))
            .body(Body::from(body.to_owned()))
            .unwrap();
        *request.headers_mut() = self.headers.clone();
        for (name, value) in &self.cookies {
            request.headers_mut().append(COOKIE, format!("{name}={value}").parse().unwrap());
        }
        let answer = self.stage.router.clone().call(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        for line in parts.headers.get_all(SET_COOKIE) {
            self.keep(line.to_str().unwrap());
        }
        let text = to_bytes(body, 1 << 20).await.unwrap();
        let text = String::from_utf8(text.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    fn keep(&mut self, line: &str) {
        let (name, rest) = line.split_once('=').unwrap();
        if line.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            let value = rest.split(';').next().unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    pub(super) fn is_signed_in(&self) -> bool {
        self.cookies.contains_key("__Host-gatepass-session")
    }

    pub(super) fn has_pass(&self) -> bool {
        self.cookies.keys().any(|name| name.starts_with("CloudFront-Signature"))
    }
}

impl Answer {
    /// The value of a hidden field.
    pub(super) fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let value = self.text.split(&start).nth(1).unwrap_or_default();
        let value = value.split('"').next().unwrap_or_default();
        value.replace("&#x2f;", "/").replace("&amp;", "&")
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
