//! Whose name requests to a bucket are signed with.
//!
//! Found as Amazon's own tools find them: in the environment, in a profile of the shared
//! files, by web identity, from the container's or the machine's metadata. Kept until shortly
//! before they expire. What can't be had now is not asked for again at once, so that a bucket
//! without credentials fails fast instead of slowly.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gatepass_distribution::{Endpoint, Patience};
use http::Uri;
use http::header::{AUTHORIZATION, HOST};
use http::uri::{PathAndQuery, Scheme};
use http_body_util::{BodyExt, Full, Limited};
use reqsign_aws_v4::{Credential, DefaultCredentialProvider, EnvCredentialProvider};
use reqsign_core::time::Timestamp;
use reqsign_core::{
    Context, Env, Error, FileRead, HttpSend, ProvideCredential, Result as Found, SigningCredential,
};

use crate::origin::http::host;
use crate::origin::peer::{Outgoing, Peer};
use crate::origin::request::RequestBody;
use crate::origin::surroundings::Surroundings;
use crate::origin::trouble::Trouble;

/// How long all places together may take to look at.
const SEARCH: Duration = Duration::from_secs(10);

/// How long credentials are kept that don't expire: files may be edited.
const KEPT: Duration = Duration::from_mins(10);

/// How long before they expire credentials are renewed.
const MARGIN: Duration = Duration::from_mins(5);

/// How long after a search in vain the next one is made.
const PAUSE: Duration = Duration::from_secs(5);

/// The longest answer of a metadata service, and the longest file, in bytes.
const MAX_LENGTH: usize = 1 << 20;

/// Credentials, and where to look for them.
#[derive(Debug)]
pub(crate) struct Credentials {
    provider: DefaultCredentialProvider,
    context: Context,
    kept: Mutex<Kept>,
    search: tokio::sync::Mutex<()>,
}

/// What was found last, and when to look again.
#[derive(Debug, Default)]
struct Kept {
    credential: Option<Credential>,
    look_again: Option<Instant>,
}

impl Credentials {
    /// With a profile, no other place is looked at: those of another account would be worse
    /// than none.
    pub(crate) fn new(profile: Option<&str>, surroundings: &Surroundings) -> Self {
        // A program that prints credentials would be run by the edge, with all its rights.
        let places = DefaultCredentialProvider::builder().no_process();
        let places = match profile {
            None => places.env(EnvCredentialProvider::new()),
            Some(profile) => {
                places.no_env().no_web_identity().no_ecs().no_imds().with_profile(profile)
            }
        };
        let context = Context::new()
            .with_file_read(Files)
            .with_http_send(Metadata(surroundings.clone()))
            .with_env(surroundings.variables());
        Self {
            provider: places.build(),
            context,
            kept: Mutex::default(),
            search: tokio::sync::Mutex::default(),
        }
    }

    /// Those to sign with now.
    pub(crate) async fn get(&self) -> Result<Credential, Trouble> {
        let nothing = || {
            let places = "looked at the environment, profiles, web identity and metadata services";
            Trouble::NoCredentials(places.into())
        };
        let _searching = match (self.current(), self.search.try_lock()) {
            (Standing::Settled(credential), _) => return credential.ok_or_else(nothing),
            // Someone is at it already, and there is still something to sign with.
            (Standing::Due(Some(credential)), Err(_)) => return Ok(credential),
            (Standing::Due(_), Ok(searching)) => searching,
            (Standing::Due(None), Err(_)) => self.search.lock().await,
        };
        if let Standing::Settled(credential) = self.current() {
            return credential.ok_or_else(nothing);
        }
        let found = tokio::time::timeout(SEARCH, self.provider.provide_credential(&self.context));
        self.keep(found.await.ok().and_then(Result::ok).flatten());
        match self.current() {
            Standing::Settled(credential) | Standing::Due(credential) => {
                credential.ok_or_else(nothing)
            }
        }
    }

    fn current(&self) -> Standing {
        let kept = self.lock();
        let usable = kept.credential.clone().filter(|one| one.is_valid_at(Timestamp::now()));
        if kept.look_again.is_some_and(|then| Instant::now() < then) {
            Standing::Settled(usable)
        } else {
            Standing::Due(usable)
        }
    }

    fn keep(&self, found: Option<Credential>) {
        let now = Instant::now();
        let mut kept = self.lock();
        kept.look_again = Some(now + found.as_ref().map_or(PAUSE, lifetime));
        // What was found before may still be good.
        kept.credential = found.or_else(|| kept.credential.take());
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the search stands.
enum Standing {
    /// No need to look: these, or none.
    Settled(Option<Credential>),
    /// It is time to look again; until then these would do.
    Due(Option<Credential>),
}

/// How long credentials can be kept before others are looked for.
fn lifetime(credential: &Credential) -> Duration {
    let Some(expires) = credential.expires_in else { return KEPT };
    let seconds = expires.as_second() - Timestamp::now().as_second();
    let left = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    left.saturating_sub(MARGIN).max(PAUSE)
}

/// The shared files of profiles, tokens of web identities.
#[derive(Debug)]
struct Files;

impl FileRead for Files {
    async fn file_read(&self, path: &str) -> Found<Vec<u8>> {
        let path = path.to_owned();
        let read = tokio::task::spawn_blocking(move || read(&path)).await;
        let read = read.map_err(|error| Error::unexpected(error.to_string()))?;
        read.map_err(|error| Error::unexpected(error.to_string()).with_source(error))
    }
}

fn read(path: &str) -> std::io::Result<Vec<u8>> {
    use std::io::Read;

    let mut content = Vec::new();
    std::fs::File::open(path)?.take(MAX_LENGTH as u64).read_to_end(&mut content)?;
    Ok(content)
}

/// Metadata services, and those that take a web identity for credentials.
#[derive(Debug)]
struct Metadata(Surroundings);

impl HttpSend for Metadata {
    async fn http_send(&self, request: http::Request<Bytes>) -> Found<http::Response<Bytes>> {
        let sent = ask(&self.0, self.directed(request)?).await;
        sent.map_err(|trouble| Error::unexpected(trouble.to_string()))
    }
}

impl Metadata {
    /// The same request, to where the operator says that Amazon's token service is. What is
    /// signed is signed for the host that it names, and goes there.
    fn directed(&self, mut request: http::Request<Bytes>) -> Found<http::Request<Bytes>> {
        const ENDPOINT: &str = "AWS_ENDPOINT_URL_STS";

        let host = request.uri().host().unwrap_or_default();
        let is_token_service = host.starts_with("sts.");
        let is_signed = request.headers().contains_key(AUTHORIZATION);
        let endpoint = self.0.variables().var(ENDPOINT).filter(|endpoint| !endpoint.is_empty());
        if let Some(endpoint) = endpoint.filter(|_| is_token_service && !is_signed) {
            let uri = endpoint.parse::<Uri>().ok().filter(|uri| uri.scheme().is_some());
            *request.uri_mut() = uri.ok_or_else(|| {
                Error::config_invalid(format!("{ENDPOINT} is no URL of a server: {endpoint:?}"))
            })?;
        }
        Ok(request)
    }
}

async fn ask(
    surroundings: &Surroundings,
    request: http::Request<Bytes>,
) -> Result<http::Response<Bytes>, Trouble> {
    let (head, body) = request.into_parts();
    let is_https = head.uri.scheme() == Some(&Scheme::HTTPS);
    let endpoint = Endpoint {
        is_https,
        host: head.uri.host().unwrap_or_default().into(),
        port: head.uri.port_u16().unwrap_or(if is_https { 443 } else { 80 }),
    };
    let patience = Patience {
        connect: Duration::from_secs(2),
        response: Duration::from_secs(5),
        keep_alive: Duration::ZERO,
        attempts: 1,
        connections: 1,
    };
    let mut headers = head.headers;
    headers.insert(HOST, host(&endpoint)?);
    let body = if body.is_empty() {
        RequestBody::Empty
    } else {
        RequestBody::Streaming(Full::new(body).map_err(|never| match never {}).boxed_unsync())
    };
    let root = || PathAndQuery::from_static("/");
    let target = head.uri.path_and_query().cloned().unwrap_or_else(root);
    let outgoing = Outgoing { method: head.method, target, headers, body };
    // The operator, or Amazon, says where these are: at private addresses, most often.
    let peer = Peer::new(&endpoint, patience, true, surroundings)?;
    let (head, body) = peer.exchange(outgoing).await?.into_parts();
    let body = Limited::new(body, MAX_LENGTH).collect().await;
    let body = body.map_err(|error| Trouble::BrokeOff(error.to_string().into()))?;
    Ok(http::Response::from_parts(head, body.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_service_is_where_the_operator_says_and_nothing_else_is() {
        const AMAZONS: &str = "https://sts.eu-central-1.amazonaws.com/";
        const OWN: &str = "http://127.0.0.1:4566/";
        const METADATA: &str = "http://169.254.169.254/latest/api/token";

        let directed = |variables: &[(&str, &str)], uri: &str, authorization: Option<&str>| {
            let around = Surroundings::new(tokio::runtime::Handle::current());
            let around = around.with_variables(variables.iter().copied(), None);
            let mut request = http::Request::post(uri).body(Bytes::new()).unwrap();
            if let Some(authorization) = authorization {
                request.headers_mut().insert(AUTHORIZATION, authorization.parse().unwrap());
            }
            Metadata(around).directed(request).map(|request| request.uri().to_string()).ok()
        };
        let own = [("AWS_ENDPOINT_URL_STS", OWN)];
        assert_eq!(directed(&[], AMAZONS, None).unwrap(), AMAZONS);
        assert_eq!(directed(&own, AMAZONS, None).unwrap(), OWN);
        assert_eq!(directed(&own, AMAZONS, Some("AWS4-HMAC-SHA256")).unwrap(), AMAZONS);
        assert_eq!(directed(&own, METADATA, None).unwrap(), METADATA);
        for nowhere in ["127.0.0.1", "/sts", "http://"] {
            assert_eq!(directed(&[("AWS_ENDPOINT_URL_STS", nowhere)], AMAZONS, None), None);
        }
    }
}
