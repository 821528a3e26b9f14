//! Asks issuers which key they sign with: a file that was changed is no proof that they read it.
//!
//! An issuer that can't take over its configuration goes on with the old key, and says why in
//! its own log. Were the old key dropped then, all that it signs would be refused.

use std::time::Duration;

use bytes::Bytes;
use gatepass::PublicKeyId;
use gatepass_issuer::HttpsClient;
use http::{Request, StatusCode, Uri};
use serde::Deserialize;

use super::RotateArgs;
use super::issuer_file::IssuerFile;
use crate::words::{Failure, note, tell};

/// How often an issuer is asked that has to read its configuration first.
pub(super) const PATIENTLY: u32 = 10;

/// How often if it has had its time.
pub(super) const ONCE: u32 = 1;

/// What an issuer answers at `/keys`. It may say more one day.
#[derive(Deserialize)]
struct Keys {
    signing: Vec<Box<str>>,
}

/// Sees that every issuer signs with `new`, and none with `old`: those that are named, else the
/// one whose configuration this is. By `--force` what they say is told, and nothing more.
pub(super) fn see(
    args: &RotateArgs,
    issuer: Option<&IssuerFile>,
    old: &PublicKeyId,
    new: &PublicKeyId,
    tries: u32,
) -> Result<(), Failure> {
    let urls = match issuer {
        _ if args.no_probe => {
            note(&format!(
                "no issuer is asked (--no-probe): if one still signs with {old}, what it signs will be refused once {old} is gone"
            ));
            return Ok(());
        }
        Some(issuer) if args.probe_issuer.is_empty() => {
            let file = issuer.file().name();
            vec![issuer.url().map(str::to_owned).ok_or_else(|| {
                Failure::new(format!(
                    "{file} doesn't say where its issuer is: url is missing in [issuer]"
                ))
                .hint(WAY_FORWARD)
            })?]
        }
        _ => args.probe_issuer.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("can't ask anybody: {error}")))?;
    urls.iter().try_for_each(|url| match runtime.block_on(ask(url, old, new, tries)) {
        Err(failure) if args.force => {
            note(&format!("{} (--force)", failure.sentence()));
            Ok(())
        }
        asked => asked,
    })
}

async fn ask(url: &str, old: &PublicKeyId, new: &PublicKeyId, tries: u32) -> Result<(), Failure> {
    let mut keys = signing(url).await?;
    for _ in 1..tries {
        if is_new(&keys, old, new) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        keys = signing(url).await?;
    }
    if is_new(&keys, old, new) {
        tell(&format!("{url} signs with {new}"));
        return Ok(());
    }
    let named = keys.join(", ");
    let still = if keys.iter().any(|key| **key == *old.as_str()) { "still " } else { "" };
    Err(Failure::new(format!("{url} {still}signs with {named}, and not with {new}")).hint(
        "its log says why it did not take over its configuration: mend that, or restart it, and run this again",
    ))
}

fn is_new(keys: &[Box<str>], old: &PublicKeyId, new: &PublicKeyId) -> bool {
    let is = |key: &PublicKeyId| keys.iter().any(|one| **one == *key.as_str());
    is(new) && !is(old)
}

/// The keys that the issuer at this URL signs with now.
async fn signing(url: &str) -> Result<Vec<Box<str>>, Failure> {
    let unasked = |problem: &dyn std::fmt::Display| {
        Failure::new(format!("{url} can't be asked which key it signs with: {problem}"))
            .hint(WAY_FORWARD)
    };
    let place = format!("{}/keys", url.trim_end_matches('/'));
    let place: Uri = place.parse().map_err(|error: http::uri::InvalidUri| unasked(&error))?;
    let client = HttpsClient::new().allowing(&place).map_err(|error| unasked(&error))?;
    let request = Request::get(place).body(Bytes::new()).map_err(|error| unasked(&error))?;
    let answer = client.send(request, PATIENCE, LONGEST_ANSWER).await;
    let answer = answer.map_err(|error| unasked(&error))?;
    if answer.status() != StatusCode::OK {
        return Err(unasked(&format!("/keys answers {}", answer.status())));
    }
    let keys = serde_json::from_slice::<Keys>(answer.body());
    keys.map(|keys| keys.signing).map_err(|_| unasked(&"what it says of its keys can't be read"))
}

const WAY_FORWARD: &str = "name each issuer by its url with --probe-issuer; or see to it yourself that all of them sign with the new key, and give --no-probe";

/// An issuer looks at its files four times a second.
const PAUSE: Duration = Duration::from_millis(500);

const PATIENCE: Duration = Duration::from_secs(10);

const LONGEST_ANSWER: usize = 64 << 10;
