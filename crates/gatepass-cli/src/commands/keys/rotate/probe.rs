//! Asks an edge whether it trusts a key: once without a pass, which must be refused, and once
//! with a pass of the key.

use std::time::Duration;

use bytes::Bytes;
use gatepass::{HashAlgorithm, Unsigned};
use gatepass_issuer::{HttpsClient, Signing};
use http::{Request, StatusCode, Uri};

use crate::clock::Clock;
use crate::words::{Failure, tell};

/// Asks every edge. One that doesn't trust the key yet is a failure.
pub(super) fn ask_all(urls: &[String], signer: &Signing, clock: Clock) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("can't ask anybody: {error}")))?;
    urls.iter().try_for_each(|url| runtime.block_on(ask(url, signer, clock)))
}

async fn ask(url: &str, signer: &Signing, clock: Clock) -> Result<(), Failure> {
    // Both kinds of gate take SHA-256, and KMS gives nothing else.
    let pass = Unsigned::canned(url, clock.now().plus(LIFETIME), HashAlgorithm::Sha256)?;
    let with_pass = signer.complete(pass).await?.url(url)?;
    let stranger = status(url).await?;
    if !is_refusal(stranger) {
        return Err(Failure::new(format!("{url} answers {stranger} to who has no pass"))
            .hint("name a URL that needs a pass"));
    }
    let guest = status(&with_pass).await?;
    if is_refusal(guest) {
        return Err(Failure::new(format!(
            "{url} answers {guest} to a pass of {}: it is not trusted there yet",
            signer.id()
        ))
        .hint("see whether that edge has read its configuration, and ask again; gatepass explain says what a gate thinks of a pass"));
    }
    tell(&format!("{url} admits a pass of {} ({guest})", signer.id()));
    Ok(())
}

/// A login page is where those are sent that were denied.
fn is_refusal(status: StatusCode) -> bool {
    status.is_redirection() || matches!(status.as_u16(), 401 | 403)
}

async fn status(url: &str) -> Result<StatusCode, Failure> {
    let place = url.split('?').next().unwrap_or_default();
    let unasked = |error: &dyn std::fmt::Display| {
        Failure::new(format!("{place} can't be asked: {error}"))
            .hint("if you have seen to it yourself that every edge trusts the key, give --trusted")
    };
    let uri: Uri = url.parse().map_err(|error: http::uri::InvalidUri| unasked(&error))?;
    let client = HttpsClient::new().allowing(&uri).map_err(|error| unasked(&error))?;
    let request = Request::head(uri).body(Bytes::new()).map_err(|error| unasked(&error))?;
    let answer = client.send(request, PATIENCE, LONGEST_ANSWER).await;
    answer.map(|answer| answer.status()).map_err(|error| unasked(&error))
}

/// How long the pass lives that is asked with, in seconds.
const LIFETIME: u64 = 60;

const PATIENCE: Duration = Duration::from_secs(10);

const LONGEST_ANSWER: usize = 64 << 10;
