//! Passes to revoke that are shown: cookies, or a signed URL.

use std::net::{IpAddr, Ipv4Addr};

use aws_lc_rs::digest::{SHA256, digest};
use clap::Args;
use data_encoding::HEXLOWER;
use gatepass::{
    Denial, EpochTime, PresentedPass, Trust, TrustedKeys, ViewerRequest, ViewerUrl, authenticate,
    decode,
};
use gatepass_distribution::{CacheBehavior, Distribution, Snapshot};

use super::Named;
use crate::cookie_jar;
use crate::input::Source;
use crate::words::Failure;

#[derive(Args, Debug)]
pub(super) struct ShownArgs {
    /// A signed URL; or with canned cookies, the URL that they are for
    url: Option<String>,
    /// A Cookie header: 'a=b; c=d'
    #[arg(long = "cookie", value_name = "COOKIES")]
    cookies: Vec<String>,
    /// Cookies in a file: a header, name=value lines, Set-Cookie lines, JSON, or a cookie jar
    #[arg(long, value_name = "FILE")]
    cookie_file: Option<String>,
}

/// Stands for the URL of a pass that says itself which URLs it covers.
const ANY_URL: &str = "https://any.invalid/";

impl ShownArgs {
    fn is_empty(&self) -> bool {
        self.url.is_none() && self.cookies.is_empty() && self.cookie_file.is_none()
    }

    /// Every pass that is shown, each of them genuine.
    pub(super) fn genuine(
        &self,
        snapshot: Option<&Snapshot>,
        now: EpochTime,
    ) -> Result<Vec<Named>, Failure> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let snapshot = snapshot.ok_or_else(|| {
            Failure::new("without the configuration nobody can tell whether the pass is genuine")
                .hint("give --config instead of --state, or name the pass by its --digest")
        })?;
        let url = self.url.as_deref().unwrap_or(ANY_URL);
        let url = ViewerUrl::parse(url).map_err(|error| Failure::new(error.to_string()))?;
        let cookies = self.cookie_headers(&url, now)?;
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let headers = cookies.iter().map(|header| cookie_jar::without_name(header));
        let request = ViewerRequest::new(url, address, headers);
        let trust = everybody(snapshot);
        let passes = request.passes().tries(&trust);
        if passes.is_empty() {
            return Err(Failure::new("no pass is shown").hint("a pass has three cookies or parameters: Policy or Expires, Signature, Key-Pair-Id, by CloudFront's names"));
        }
        passes.iter().map(|pass| self.one(pass, &request, &trust)).collect()
    }

    fn one(
        &self,
        presented: &PresentedPass<'_>,
        request: &ViewerRequest<'_>,
        trust: &Trust,
    ) -> Result<Named, Failure> {
        let genuine = authenticate(presented, request.url(), trust)
            .map_err(|denial| self.not_genuine(&denial, presented))?;
        let (digest, _) = genuine.digest().split_first_chunk().expect("32 bytes have 16");
        Ok(Named {
            digest: *digest,
            expiry: genuine.policy().expiry(),
            key: Some(genuine.key_id().clone()),
        })
    }

    fn not_genuine(&self, denial: &Denial, presented: &PresentedPass<'_>) -> Failure {
        let failure = Failure::new(format!("no gate would admit this pass: {denial}"));
        let is_canned = presented.policy().is_none() && presented.expires().is_some();
        match denial {
            Denial::SignatureMismatch(_) if is_canned && self.url.is_none() => {
                failure.hint("a canned pass fits one URL: give it, too")
            }
            _ => match presented.signature().and_then(|signature| decode(signature).ok()) {
                Some(signature) => failure.hint(format!(
                    "if another edge admits it, revoke it with that one's --config, or by --digest {} and --until",
                    HEXLOWER.encode(&digest(&SHA256, &signature).as_ref()[..16])
                )),
                None => failure,
            },
        }
    }

    fn cookie_headers(&self, url: &ViewerUrl<'_>, now: EpochTime) -> Result<Vec<String>, Failure> {
        let mut headers = self.cookies.clone();
        if let Some(file) = &self.cookie_file {
            let source = Source::new(file)?;
            let text = source.read_text()?;
            let jar = cookie_jar::read(&text).map_err(|failure| failure.at(source))?;
            headers.push(match self.url {
                Some(_) => jar.sent_to(url, now).header,
                None => jar.all(),
            });
        }
        Ok(headers)
    }
}

/// Every key that any gate of the configuration trusts.
fn everybody(snapshot: &Snapshot) -> Trust {
    let behaviors = snapshot.distributions().iter().flat_map(Distribution::behaviors);
    let trusts = behaviors.map(CacheBehavior::gate).filter_map(|gate| gate.trust());
    let keys = trusts.flat_map(|trust| trust.keys.iter());
    let keys: TrustedKeys = keys.map(|(id, key)| (id.clone(), key.clone())).collect();
    keys.into()
}
