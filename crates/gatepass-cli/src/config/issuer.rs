//! `issuer.toml`: the tables of an issuer, read whole; every mistake told with its place.

mod entitlement;
mod header;
mod oidc;
mod partitioned;
mod server;
mod signing_key;
mod source;
mod users;

use std::path::{Path, PathBuf};
use std::time::Duration;

use gatepass::HashAlgorithm;
use gatepass_distribution::Mistake;
use gatepass_issuer::{
    Entitlement, Entitlements, HttpsClient, InvitationConfig, Issuance, IssuerConfig, Lifetimes,
    LoginConfig, Mint, PublicUrl, ReturnHosts, SigningKeyConfig, Site, Webhook, WebhookConfig,
};

use self::source::Secrets;
use super::table::{Reader, Table};
use super::{Mistakes, ReadFile};
use crate::input;

/// A configuration in which everything fits together.
#[derive(Debug)]
pub(crate) struct IssuerFile {
    pub(crate) config: IssuerConfig,
    pub(crate) keys: IssuerKeys,
    pub(crate) rights: Rights,
    /// What is not wrong, and unwise.
    pub(crate) warnings: Vec<String>,
}

/// Who says what people may have.
#[derive(Debug)]
pub(crate) enum Rights {
    /// The configuration.
    Entitlements(Entitlements),
    /// An application.
    Webhook(Box<Webhook>),
}

/// The keys of an issuer, and the hash that they sign over.
#[derive(Debug)]
pub(crate) struct IssuerKeys {
    /// The key in force, and the next one.
    pub(crate) keys: Vec<SigningKeyConfig>,
    pub(crate) hash: HashAlgorithm,
}

impl Rights {
    /// What is handed out, signed by this mint.
    pub(crate) fn issuance(self, mint: Mint) -> Issuance {
        match self {
            Self::Entitlements(entitlements) => Issuance::new(entitlements, mint),
            Self::Webhook(webhook) => Issuance::asking(*webhook, mint),
        }
    }
}

/// What a link is made of that logs somebody in.
#[derive(Debug)]
pub(crate) struct Inviting {
    pub(crate) url: PublicUrl,
    pub(crate) return_to: ReturnHosts,
    /// The key in force.
    pub(crate) key: SigningKeyConfig,
    /// Whether the issuer takes invitations.
    pub(crate) is_open: bool,
    /// How long a login may last of which a link says how long.
    pub(crate) longest_session: Duration,
}

/// Reads the text of an issuer's configuration that lies in `folder`.
pub(crate) fn read(
    text: &str,
    folder: &Path,
    read_file: ReadFile<'_>,
) -> Result<IssuerFile, Mistakes> {
    let (document, syntax) = toml::de::DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        return Err(Mistakes::of_syntax(text, &syntax));
    }
    let reader = Reader::default();
    let mut root = Table::root(&reader, &document);
    let secrets = Secrets {
        folder,
        read_file,
        variable: &input::environment,
        mode: &source::mode,
        has_all: true,
    };
    let mut table = root.table("issuer");
    if !table.is_there() {
        root.mistake("issuer", "[issuer] is missing: it says where browsers find it");
    }
    let hash = table.value("hash-algorithm").and_then(|hash| hash.parsed()).unwrap_or_default();
    let config = server::read(&mut table, folder, &secrets);
    table.finish();
    let aws = input::aws_surroundings();
    let keys = signing_key::read(root.tables("signing-key"), hash, &secrets, &aws);
    if keys.is_empty() && reader.is_clean() {
        root.mistake("signing-key", "nothing signs: add a [[signing-key]]");
    }
    let state = config.as_ref().and_then(|config| config.state.as_deref()).unwrap_or(folder);
    let login = login(root.table("login"), folder, state, &secrets);
    let site = config.as_ref().and_then(|config| Site::of(&config.url.url("/")).ok());
    let entitlements = entitlement::entitlements(root.tables("entitlement"));
    let mut webhook = root.table("webhook");
    let is_asked = webhook.is_there();
    let is_told_all = is_asked && webhook.value("claims").is_none();
    let webhook = entitlement::webhook(webhook, |value| server::secret(&value, &secrets));
    if is_told_all && login.oidc.is_some() {
        let problem = "claims is missing: a provider may say more of a person than a session's cookie holds. Name what the application is told, such as claims = [\"groups\"]";
        root.mistake("webhook", problem);
    }
    let torn = config
        .as_ref()
        .map(|config| partitioned::mistakes(config, &login, &entitlements, webhook.as_ref()));
    let said = Said { entitlements, webhook, is_asked };
    let (rights, mut mistakes) = rights(&mut root, site, said);
    mistakes.extend(torn.into_iter().flatten());
    let meets = |config: &IssuerConfig| {
        let mut from = login.header.iter().flat_map(|header| &header.from);
        from.any(|network| config.proxies.meet(network) || network.prefix_len() == 0)
    };
    if config.as_ref().is_some_and(meets) {
        // An edge passes on what viewers send: whoever it is believed of could be anybody.
        mistakes.push(Mistake {
            at: "login.header.from".into(),
            problem: "among these are trusted-proxies, too, which pass on what viewers send: let the proxy that logs people in come from another address, and name it here alone".into(),
        });
    }
    root.finish();
    let known = config.zip(rights).filter(|_| mistakes.is_empty() && reader.is_clean());
    let Some((mut config, rights)) = known else {
        mistakes.sort_by(|one, other| one.at.cmp(&other.at));
        return Err(Mistakes::found(text, reader, &mistakes));
    };
    config.login = login;
    let warnings = match &rights {
        Rights::Entitlements(all) => all.warnings().iter().map(ToString::to_string).collect(),
        Rights::Webhook(_) => Vec::new(),
    };
    Ok(IssuerFile { config, keys: IssuerKeys { keys, hash }, rights, warnings })
}

fn login(mut table: Table<'_>, folder: &Path, state: &Path, secrets: &Secrets<'_>) -> LoginConfig {
    let mut login = LoginConfig::default();
    login.oidc = oidc::oidc(table.table("oidc"), &|value| secrets.bytes(value));
    login.users = users::users(table.table("users"), folder);
    login.header = header::header(table.table("header"));
    let invitation = table.table("invitation");
    if invitation.is_there() {
        login.invitation = Some(invitations(invitation, folder, state));
    }
    let templates = table.value("templates").and_then(|value| value.text());
    login.templates = templates.map(|templates| folder.join(templates));
    table.finish();
    login
}

fn invitations(mut table: Table<'_>, folder: &Path, state: &Path) -> InvitationConfig {
    let used = table.value("used").and_then(|value| value.text());
    let used = used.map_or_else(|| state.join("invitations"), |used| folder.join(used));
    let mut config = InvitationConfig::new(used);
    config.longest_session = server::session_seconds(&mut table, LONGEST_SESSION);
    table.finish();
    config
}

const LONGEST_SESSION: &str = "longest-session-seconds";

/// How long a session may be of which an invitation says how long.
fn longest_session(session: &mut Table<'_>, invitation: &mut Table<'_>) -> Duration {
    let absolute = server::session_seconds(session, "absolute-seconds");
    let longest = server::session_seconds(invitation, LONGEST_SESSION).or(absolute);
    longest.unwrap_or(Lifetimes::default().absolute)
}

/// Who may have what, as it was said.
struct Said {
    entitlements: Vec<Entitlement>,
    webhook: Option<WebhookConfig>,
    /// Whether there is a `[webhook]`, however wrong.
    is_asked: bool,
}

fn rights(root: &mut Table<'_>, site: Option<Site>, said: Said) -> (Option<Rights>, Vec<Mistake>) {
    let Said { entitlements, webhook, is_asked } = said;
    if is_asked && !entitlements.is_empty() {
        root.mistake("webhook", "either [[entitlement]] says who may have what, or [webhook]");
    }
    let Some(site) = site else { return (None, Vec::new()) };
    match webhook {
        Some(webhook) => match Webhook::new(webhook, site, HttpsClient::new()) {
            Ok(webhook) => (Some(Rights::Webhook(Box::new(webhook))), Vec::new()),
            Err(mistakes) => (None, mistakes),
        },
        None if is_asked => (None, Vec::new()),
        None if entitlements.is_empty() => {
            root.mistake("entitlement", "nobody may have anything: add an [[entitlement]]");
            (None, Vec::new())
        }
        None => match Entitlements::new(entitlements, site) {
            Ok(entitlements) => (Some(Rights::Entitlements(entitlements)), Vec::new()),
            Err(mistakes) => (None, mistakes),
        },
    }
}

/// Reads what links are made of, of a configuration that lies in `folder`, and nothing else: who
/// invites need not be able to read the issuer's other secrets.
pub(crate) fn read_inviting(text: &str, folder: &Path) -> Result<Inviting, Mistakes> {
    let IssuerKeys { keys, .. } = read_keys(text, folder, true)?;
    let (document, syntax) = toml::de::DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        return Err(Mistakes::of_syntax(text, &syntax));
    }
    let reader = Reader::default();
    let mut root = Table::root(&reader, &document);
    let mut table = root.table("issuer");
    let (url, return_to) = server::found_at(&mut table);
    let mut invitation = root.table("login").table("invitation");
    let longest_session = longest_session(&mut table.table("session"), &mut invitation);
    let is_open = invitation.is_there();
    let key = keys.into_iter().next();
    if key.is_none() {
        root.mistake("signing-key", "nothing signs: add a [[signing-key]]");
    }
    match url.zip(key).filter(|_| reader.is_clean()) {
        Some((url, key)) => Ok(Inviting { url, return_to, key, is_open, longest_session }),
        None => Err(Mistakes::found(text, reader, &[])),
    }
}

/// Reads where an issuer's state is, of a configuration that lies in `folder`, and nothing else.
pub(crate) fn read_state(text: &str, folder: &Path) -> Result<PathBuf, Mistakes> {
    let (document, syntax) = toml::de::DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        return Err(Mistakes::of_syntax(text, &syntax));
    }
    let reader = Reader::default();
    let mut root = Table::root(&reader, &document);
    let mut table = root.table("issuer");
    if !table.is_there() {
        root.mistake("issuer", "[issuer] is missing: it says where browsers find it");
    }
    let state = server::state(&mut table, folder);
    if reader.is_clean() { Ok(state) } else { Err(Mistakes::found(text, reader, &[])) }
}

/// Reads the keys of a configuration that lies in `folder`, and nothing else of it.
///
/// If `has_all_secrets` is not given, this is not the issuer itself: a variable or a credential
/// that isn't there is none of our business, and its key is left out.
pub(crate) fn read_keys(
    text: &str,
    folder: &Path,
    has_all_secrets: bool,
) -> Result<IssuerKeys, Mistakes> {
    let (document, syntax) = toml::de::DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        return Err(Mistakes::of_syntax(text, &syntax));
    }
    let reader = Reader::default();
    let mut root = Table::root(&reader, &document);
    let hash = root.table("issuer").value("hash-algorithm").and_then(|hash| hash.parsed());
    let hash = hash.unwrap_or_default();
    let secrets = Secrets {
        folder,
        read_file: &|path| std::fs::read(path),
        variable: &input::environment,
        mode: &source::mode,
        has_all: has_all_secrets,
    };
    let aws = input::aws_surroundings();
    let keys = signing_key::read(root.tables("signing-key"), hash, &secrets, &aws);
    if reader.is_clean() {
        return Ok(IssuerKeys { keys, hash });
    }
    Err(Mistakes::found(text, reader, &[]))
}

#[cfg(test)]
mod tests;
