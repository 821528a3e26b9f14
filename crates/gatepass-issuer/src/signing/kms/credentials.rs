//! Whose name KMS is asked in.
//!
//! Found as Amazon's own tools find it: in the environment, in a profile of the shared files,
//! by web identity, from the container's or the machine's metadata. Kept until shortly before
//! it expires. A program that prints credentials is not run.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqsign_aws_v4::{Credential, DefaultCredentialProvider, EnvCredentialProvider};
use reqsign_core::time::Timestamp;
use reqsign_core::{
    Context, Error, FileRead, HttpSend, ProvideCredential, Result as Found, SigningCredential,
    StaticEnv,
};
use tokio::sync::Mutex;

use super::trouble::KmsTrouble;
use crate::https_client::HttpsClient;

/// Where credentials are looked for: variables of the environment, and a home for `~/.aws`.
#[derive(Clone, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nowhere else to look")]
pub struct AwsSurroundings {
    /// The variables that begin with `AWS_`. They may be credentials.
    pub variables: HashMap<String, String>,
    /// The home of whoever runs the issuer.
    pub home: Option<PathBuf>,
}

impl std::fmt::Debug for AwsSurroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsSurroundings").field("home", &self.home).finish_non_exhaustive()
    }
}

/// Credentials, and where to look for them.
pub(super) struct Credentials {
    provider: DefaultCredentialProvider,
    context: Context,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    credential: Credential,
    look_again: Instant,
}

/// Shows nothing: the context holds variables, and those may be credentials.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Credentials {
    /// With a profile, no other place is looked at: credentials of another account would be
    /// worse than none.
    pub(super) fn new(
        profile: Option<&str>,
        surroundings: &AwsSurroundings,
        client: HttpsClient,
    ) -> Self {
        let places = DefaultCredentialProvider::builder().no_process();
        let places = match profile {
            None => places.env(EnvCredentialProvider::new()),
            Some(profile) => {
                places.no_env().no_web_identity().no_ecs().no_imds().with_profile(profile)
            }
        };
        let AwsSurroundings { variables, home } = surroundings.clone();
        let context = Context::new()
            .with_file_read(Files)
            .with_http_send(Metadata(client.allowing_metadata_services()))
            .with_env(StaticEnv { home_dir: home, envs: variables });
        Self { provider: places.build(), context, kept: Mutex::default() }
    }

    /// Those to sign with now. Whoever comes while they are looked for waits.
    pub(super) async fn get(&self) -> Result<Credential, KmsTrouble> {
        let mut kept = self.kept.lock().await;
        let known = kept.as_ref().filter(|kept| kept.credential.is_valid_at(Timestamp::now()));
        if let Some(known) = known.filter(|known| Instant::now() < known.look_again) {
            return Ok(known.credential.clone());
        }
        match self.provider.provide_credential(&self.context).await.ok().flatten() {
            Some(credential) => {
                let look_again = Instant::now() + lifetime(&credential);
                *kept = Some(Kept { credential: credential.clone(), look_again });
                Ok(credential)
            }
            // What was found before may still be good.
            None => known.map(|known| known.credential.clone()).ok_or(KmsTrouble::NoCredentials),
        }
    }
}

/// How long credentials can be kept before others are looked for.
fn lifetime(credential: &Credential) -> Duration {
    let Some(expires) = credential.expires_in else { return KEPT };
    let seconds = expires.as_second() - Timestamp::now().as_second();
    let left = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    left.saturating_sub(MARGIN)
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
struct Metadata(HttpsClient);

impl HttpSend for Metadata {
    async fn http_send(&self, request: http::Request<Bytes>) -> Found<http::Response<Bytes>> {
        let sent = self.0.send(request, PATIENCE, MAX_LENGTH).await;
        sent.map_err(|error| Error::unexpected(error.to_string()))
    }
}

/// How long a metadata service may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long credentials are kept that don't expire: files may be edited.
const KEPT: Duration = Duration::from_mins(10);

/// How long before they expire credentials are renewed.
const MARGIN: Duration = Duration::from_mins(5);

/// The longest answer of a metadata service, and the longest file, in bytes.
const MAX_LENGTH: usize = 1 << 20;
