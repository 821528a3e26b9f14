//! How people log in by OpenID Connect, as an operator sets it.

use std::fmt;
use std::time::Duration;

use http::Uri;
use jsonwebtoken::Algorithm;
use zeroize::Zeroizing;

/// One provider, and what is asked of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OidcConfig {
    /// The provider's name for itself: a URL, byte by byte as its discovery document has it.
    pub issuer: Box<str>,
    /// The name under which the provider knows this issuer.
    pub client_id: Box<str>,
    /// What proves that name; a public client has none, and PKCE alone.
    pub client_secret: Option<ClientSecret>,
    /// How the secret is sent; as the provider says, if nothing is set.
    pub authentication: Option<ClientAuthentication>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<Box<str>>,
    /// Claims that have to be there: userinfo is asked if the ID token lacks one.
    pub claims: Vec<Box<str>>,
    /// Where the groups of a person are: a claim's name, or a JSON pointer such as
    /// `/realm_access/roles`.
    pub groups_claim: Box<str>,
    /// What stands between groups that come as one text; without it one text is one group.
    pub groups_separator: Option<char>,
    /// The algorithms in which an ID token may be signed.
    pub algorithms: Vec<TokenAlgorithm>,
    /// The `prompt` that is sent along, such as `select_account`.
    pub prompt: Option<Box<str>>,
    /// How long ago somebody may have typed their password at the provider.
    pub max_age: Option<Duration>,
    /// How far the provider's clock may be from ours.
    pub skew: Duration,
    /// Whether logging out here also logs out at the provider.
    pub end_session: bool,
    /// What the login page calls the provider.
    pub label: Option<Box<str>>,
}

/// In what a token may be signed (RFC 7518, 3.1). `none` is not among them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TokenAlgorithm(pub(super) Algorithm);

/// How the client's secret is sent to the token endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClientAuthentication {
    /// In an `Authorization` header.
    Basic,
    /// In the body.
    Post,
}

/// What proves a client's name. It shows nowhere.
#[derive(Clone, Eq, PartialEq)]
pub struct ClientSecret(pub Zeroizing<Box<str>>);

/// A setting that can't be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{problem}")]
pub struct OidcConfigError {
    /// The field of the table `[login.oidc]`.
    pub field: &'static str,
    /// What is wrong with it, and what to write.
    pub problem: String,
}

impl TokenAlgorithm {
    /// All there are, by name.
    pub const NAMES: [(&str, Self); 12] = [
        ("RS256", Self(Algorithm::RS256)),
        ("RS384", Self(Algorithm::RS384)),
        ("RS512", Self(Algorithm::RS512)),
        ("PS256", Self(Algorithm::PS256)),
        ("PS384", Self(Algorithm::PS384)),
        ("PS512", Self(Algorithm::PS512)),
        ("ES256", Self(Algorithm::ES256)),
        ("ES384", Self(Algorithm::ES384)),
        ("EdDSA", Self(Algorithm::EdDSA)),
        ("HS256", Self(Algorithm::HS256)),
        ("HS384", Self(Algorithm::HS384)),
        ("HS512", Self(Algorithm::HS512)),
    ];
}

impl OidcConfig {
    /// The algorithms that are taken if nothing is set. A secret that both sides know proves
    /// nothing about who signed, so none of HMAC is among them.
    pub const ALGORITHMS: [TokenAlgorithm; 9] = [
        TokenAlgorithm(Algorithm::RS256),
        TokenAlgorithm(Algorithm::RS384),
        TokenAlgorithm(Algorithm::RS512),
        TokenAlgorithm(Algorithm::PS256),
        TokenAlgorithm(Algorithm::PS384),
        TokenAlgorithm(Algorithm::PS512),
        TokenAlgorithm(Algorithm::ES256),
        TokenAlgorithm(Algorithm::ES384),
        TokenAlgorithm(Algorithm::EdDSA),
    ];

    /// A provider with the defaults of all that can be left out.
    pub fn new(issuer: &str, client_id: &str) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            client_secret: None,
            authentication: None,
            scopes: ["email", "profile"].map(Box::from).to_vec(),
            claims: Vec::new(),
            groups_claim: "groups".into(),
            groups_separator: None,
            algorithms: Self::ALGORITHMS.to_vec(),
            prompt: None,
            max_age: None,
            skew: Duration::from_mins(1),
            end_session: false,
            label: None,
        }
    }

    /// Tells everything that can't be.
    pub fn check(&self) -> Vec<OidcConfigError> {
        let mut errors = Vec::new();
        let mut refuse = |is_wrong: bool, field, problem: String| {
            if is_wrong {
                errors.push(OidcConfigError { field, problem });
            }
        };
        refuse(
            !is_issuer(&self.issuer),
            "issuer",
            format!(
                "{:?} is no issuer: write the URL that the provider's discovery document has, \
                 with https (http is for this machine alone), no query and no fragment",
                self.issuer
            ),
        );
        refuse(
            !(1..=255).contains(&self.client_id.len()),
            "client-id",
            "the provider has to know us under a name of 1 to 255 bytes".to_owned(),
        );
        for scope in self.scopes.iter().filter(|scope| !is_scope(scope)) {
            refuse(true, "scopes", format!("{scope:?} is no scope: write one word each"));
        }
        refuse(
            self.algorithms.is_empty(),
            "algorithms",
            "no ID token could be believed: leave it out, or write such as [\"RS256\"]".to_owned(),
        );
        refuse(
            self.algorithms.iter().any(|one| is_hmac(one.0)) && self.client_secret.is_none(),
            "algorithms",
            "HMAC takes the client's secret for a key: set client-secret, too".to_owned(),
        );
        let is_empty = |secret: &ClientSecret| secret.0.trim().is_empty();
        refuse(
            self.client_secret.as_ref().is_some_and(is_empty),
            "client-secret",
            "the secret is empty: a public client leaves it out".to_owned(),
        );
        refuse(
            self.skew > MOST_SKEW,
            "clock-skew-seconds",
            format!("clocks may differ by at most {} seconds", MOST_SKEW.as_secs()),
        );
        errors
    }
}

/// A longer one would keep tokens good that are long gone.
const MOST_SKEW: Duration = Duration::from_mins(5);

fn is_issuer(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"?#@".contains(&byte);
    text.len() <= 512 && text.bytes().all(is_plain) && is_safe_url(text)
}

/// Says whether a URL may be asked: https, or http on this machine alone.
pub(super) fn is_safe_url(text: &str) -> bool {
    // A byte that fits in a URL and in no header would be found out when somebody is sent there.
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"#@\\".contains(&byte);
    if text.len() > LONGEST_URL || !text.bytes().all(is_plain) {
        return false;
    }
    let Ok(url) = text.parse::<Uri>() else { return false };
    match (url.scheme_str(), url.host()) {
        (Some("https"), Some(host)) => !host.is_empty(),
        (Some("http"), Some(host)) => is_loopback(host),
        _ => false,
    }
}

const LONGEST_URL: usize = 2_048;

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_scope(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"\\".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain)
}

/// Says whether an algorithm's key is the client's secret.
pub(super) const fn is_hmac(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512)
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(config: &OidcConfig) -> Vec<&'static str> {
        config.check().iter().map(|error| error.field).collect()
    }

    #[test]
    fn the_defaults_of_a_provider_are_good() {
        for issuer in ["https://id.example.com", "https://e.com/realms/a/", "http://127.0.0.1:9"] {
            assert!(OidcConfig::new(issuer, "gatepass").check().is_empty(), "{issuer}");
        }
        assert!(!OidcConfig::ALGORITHMS.into_iter().any(|one| is_hmac(one.0)));
    }

    #[test]
    fn a_provider_is_asked_by_https_or_not_at_all() {
        for issuer in [
            "",
            "id.example.com",
            "http://id.example.com",
            "https://",
            "https://e.com/?a=b",
            "https://e.com/#a",
            "https://u@e.com/",
            "ftp://e.com",
            "http://127.0.0.1.example.com",
        ] {
            assert_eq!(fields(&OidcConfig::new(issuer, "gatepass")), ["issuer"], "{issuer}");
        }
    }

    #[test]
    fn what_cannot_be_is_told_with_its_field() {
        let mut config = OidcConfig::new("https://e.com", "");
        config.scopes = vec!["two words".into()];
        config.algorithms = vec![TokenAlgorithm(Algorithm::HS256)];
        config.skew = Duration::from_secs(301);
        assert_eq!(fields(&config), ["client-id", "scopes", "algorithms", "clock-skew-seconds"]);
        config.client_secret = Some(ClientSecret(Zeroizing::new("  ".into())));
        assert!(fields(&config).contains(&"client-secret"));
        config.algorithms.clear();
        assert!(fields(&config).contains(&"algorithms"));
        assert!(!format!("{config:?}").contains("  \""));
    }
}
