//! A provider without a socket: it answers as a test says, and counts what it is asked.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use aws_lc_rs::{digest, hmac, rand::SystemRandom};
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use gatepass::EpochTime;
use http::{HeaderMap, Request, Response, header};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::super::*;

pub(super) const ISSUER: &str = "https://id.example.com";
pub(super) const URL: &str = "https://media.example.com/_gatepass";
pub(super) const CLIENT: &str = "gatepass";
pub(super) const SECRET: &str = "a secret of the client";
pub(super) const NOW: u64 = 1_800_000_000;

static RSA: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());
static EC: LazyLock<[EcdsaKeyPair; 2]> = LazyLock::new(|| {
    [(); 2].map(|()| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
});

/// One of the keys with which tokens are signed here.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signs {
    Rsa,
    Ec(usize),
    Hmac(&'static str),
    /// `alg` is `none`, and there is no signature.
    Nothing,
}

/// What the provider has, and will answer. Tests change it.
pub(super) struct Script {
    pub(super) discovery: Value,
    pub(super) keys: Vec<Value>,
    pub(super) signs: Signs,
    /// Members of the token's header, over those that belong there.
    pub(super) header: Value,
    /// Claims, over those that belong into an ID token; null takes one away.
    pub(super) claims: Value,
    pub(super) userinfo: Value,
    /// Members of the token endpoint's answer, over those that belong there.
    pub(super) tokens: Value,
    /// Places that don't answer as they should: with a status, or not at all.
    pub(super) broken: BTreeMap<&'static str, Option<u16>>,
    /// What was asked, place by place.
    pub(super) asked: Vec<(String, HeaderMap, String)>,
    /// The request that the browser brought.
    pub(super) request: BTreeMap<String, String>,
}

pub(super) struct Provider(pub(super) Arc<Mutex<Script>>);

/// One browser, with its cookies.
#[derive(Clone, Default)]
pub(super) struct Browser(BTreeMap<String, String>);

pub(super) fn at(seconds: u64) -> EpochTime {
    EpochTime::new(NOW + seconds).unwrap()
}

pub(super) fn config() -> OidcConfig {
    let secret = ClientSecret(Zeroizing::new(SECRET.into()));
    OidcConfig { client_secret: Some(secret), ..OidcConfig::new(ISSUER, CLIENT) }
}

pub(super) fn jwk(signs: Signs, id: &str) -> Value {
    let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    match signs {
        Signs::Rsa => {
            let PublicKeyComponents::<Vec<u8>> { n, e } = RSA.public_key().into();
            json!({"kty": "RSA", "use": "sig", "kid": id, "n": text(&n), "e": text(&e)})
        }
        Signs::Ec(which) => {
            let (x, y) = EC[which].public_key().as_ref()[1..].split_at(32);
            json!({"kty": "EC", "crv": "P-256", "kid": id, "x": text(x), "y": text(y)})
        }
        _ => json!({"kty": "oct", "kid": id, "k": text(b"published")}),
    }
}

/// A signed token.
pub(super) fn token(signs: Signs, header: &Value, claims: &Value) -> String {
    let algorithm = match signs {
        Signs::Rsa => "RS256",
        Signs::Ec(_) => "ES256",
        Signs::Hmac(_) => "HS256",
        Signs::Nothing => "none",
    };
    let mut whole = json!({"alg": algorithm, "kid": "k"});
    put(&mut whole, header);
    let text = |value: &Value| BASE64URL_NOPAD.encode(&serde_json::to_vec(value).unwrap());
    let message = format!("{}.{}", text(&whole), text(claims));
    let signature = match signs {
        Signs::Rsa => {
            let mut signature = vec![0; RSA.public_modulus_len()];
            let random = SystemRandom::new();
            RSA.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
            signature
        }
        Signs::Ec(which) => {
            EC[which].sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec()
        }
        Signs::Hmac(secret) => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
        }
        Signs::Nothing => Vec::new(),
    };
    format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// The public RSA key in DER, which somebody might take for an HMAC secret.
pub(super) fn rsa_der() -> Vec<u8> {
    RSA.public_key().as_der().unwrap().as_ref().to_vec()
}

/// Puts members over those of an object; null takes one away.
pub(super) fn put(object: &mut Value, members: &Value) {
    for (name, value) in members.as_object().unwrap() {
        let object = object.as_object_mut().unwrap();
        match value {
            Value::Null => drop(object.remove(name)),
            _ => drop(object.insert(name.clone(), value.clone())),
        }
    }
}

impl Provider {
    pub(super) fn new() -> Self {
        let script = Script {
            discovery: json!({
                "issuer": ISSUER,
                "authorization_endpoint": format!("{ISSUER}/auth"),
                "token_endpoint": format!("{ISSUER}/token"),
                "jwks_uri": format!("{ISSUER}/keys"),
                "userinfo_endpoint": format!("{ISSUER}/me"),
                "end_session_endpoint": format!("{ISSUER}/bye"),
                "authorization_response_iss_parameter_supported": true,
            }),
            keys: vec![jwk(Signs::Ec(0), "k")],
            signs: Signs::Ec(0),
            header: json!({}),
            claims: json!({}),
            userinfo: json!({"sub": "ada"}),
            tokens: json!({}),
            broken: BTreeMap::new(),
            asked: Vec::new(),
            request: BTreeMap::new(),
        };
        Self(Arc::new(Mutex::new(script)))
    }

    pub(super) fn with(change: impl FnOnce(&mut Script)) -> Self {
        let provider = Self::new();
        provider.change(change);
        provider
    }

    pub(super) fn change<R>(&self, change: impl FnOnce(&mut Script) -> R) -> R {
        change(&mut self.0.lock().unwrap())
    }

    /// From now on a place answers with a status, or not at all.
    pub(super) fn breaks(&self, place: &'static str, status: Option<u16>) {
        self.change(|script| script.broken.insert(place, status));
    }

    /// How often a place was asked.
    pub(super) fn count(&self, place: &str) -> usize {
        self.change(|script| script.asked.iter().filter(|(path, ..)| path == place).count())
    }

    pub(super) fn open(&self, config: OidcConfig) -> Oidc {
        let script = self.0.clone();
        let ask: Ask = Arc::new(move |request| {
            let answer = script.lock().unwrap().answer(&request);
            Box::pin(std::future::ready(answer))
        });
        Oidc::open(config, &URL.parse().unwrap(), &Secret::new(&[7; 32]).unwrap(), ask).unwrap()
    }

    /// The provider's part while a person logs in there: the query of the callback.
    pub(super) fn log_in(&self, begun: &Begun) -> String {
        let (place, query) = begun.location.split_once('?').unwrap();
        assert_eq!(place, format!("{ISSUER}/auth"));
        let request: BTreeMap<_, _> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let state = request["state"].clone();
        self.change(|script| script.request = request);
        format!("code=the-code&state={state}&iss=https%3A%2F%2Fid.example.com")
    }
}

impl Script {
    fn answer(&mut self, request: &Request<Bytes>) -> Result<Response<Bytes>, Box<str>> {
        let url = request.uri().to_string();
        let place = url.strip_prefix(ISSUER).expect("nobody else is asked").to_owned();
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        self.asked.push((place.clone(), request.headers().clone(), body.clone()));
        if let Some(broken) = self.broken.get(&*place) {
            let status = broken.ok_or("connection refused")?;
            return Ok(Response::builder().status(status).body(Bytes::from("{}")).unwrap());
        }
        let (status, value) = match &*place {
            "/.well-known/openid-configuration" => (200, self.discovery.clone()),
            "/keys" => (200, json!({"keys": self.keys})),
            "/me" => (200, self.userinfo.clone()),
            "/token" => self.tokens(&body),
            _ => (404, json!({})),
        };
        Ok(Response::builder().status(status).body(Bytes::from(value.to_string())).unwrap())
    }

    /// What a provider checks that keeps to RFC 6749 and RFC 7636.
    fn tokens(&self, body: &str) -> (u16, Value) {
        let form: BTreeMap<_, _> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let verifier = form.get("code_verifier").map_or("", |verifier| verifier);
        let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
        let is_good = form["grant_type"] == "authorization_code"
            && form["code"] == "the-code"
            && form["redirect_uri"] == self.request["redirect_uri"]
            && self.request["code_challenge_method"] == "S256"
            && self.request["code_challenge"] == BASE64URL_NOPAD.encode(hash.as_ref());
        if !is_good {
            return (400, json!({"error": "invalid_grant"}));
        }
        let mut claims = json!({
            "iss": ISSUER, "sub": "ada", "aud": CLIENT, "nonce": self.request["nonce"],
            "iat": NOW, "exp": NOW + 300, "email": "ada@example.com", "email_verified": true,
        });
        put(&mut claims, &self.claims);
        let id_token = token(self.signs, &self.header, &claims);
        let mut tokens =
            json!({"id_token": id_token, "access_token": "access", "token_type": "Bearer"});
        put(&mut tokens, &self.tokens);
        (200, tokens)
    }
}

impl Browser {
    pub(super) fn headers(&self) -> HeaderMap {
        let all: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        HeaderMap::from_iter([(header::COOKIE, all.join("; ").parse().unwrap())])
    }

    pub(super) fn take<'l>(&mut self, lines: impl IntoIterator<Item = &'l String>) {
        for line in lines {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.ends_with("Max-Age=0") {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(super) async fn begin(&mut self, oidc: &Oidc, return_to: &str) -> Begun {
        let begun = oidc.begin(return_to, &self.headers(), at(0)).await.unwrap();
        self.take(&begun.lines);
        begun
    }

    pub(super) async fn finish(&mut self, oidc: &Oidc, query: &str) -> Result<Person, OidcError> {
        let finished = oidc.finish(query, &self.headers(), at(1)).await;
        self.take(&finished.line);
        finished.outcome
    }
}

/// A whole login at a provider, by somebody who only wants in.
pub(super) async fn log_in(provider: &Provider, config: OidcConfig) -> Result<Person, OidcError> {
    let (oidc, mut browser) = (provider.open(config), Browser::default());
    let begun = browser.begin(&oidc, "/films").await;
    let query = provider.log_in(&begun);
    browser.finish(&oidc, &query).await
}

/// Why an ID token with these claims is refused, if it is.
pub(super) async fn refusal(provider: &Provider) -> Option<TokenError> {
    match log_in(provider, config()).await {
        Ok(_) => None,
        Err(OidcError::Token(error)) => Some(error),
        Err(error) => panic!("{error}"),
    }
}
