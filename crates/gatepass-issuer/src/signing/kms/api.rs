//! A call of KMS: a JSON document, signed by AWS's Signature Version 4, and a JSON answer.

use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Request, StatusCode, Uri};
use reqsign_aws_v4::RequestSigner;
use reqsign_core::{Context, SignRequest};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::KmsConfig;
use super::credentials::Credentials;
use super::trouble::KmsTrouble;
use crate::https_client::HttpsClient;

/// KMS in one region, and who asks it.
#[derive(Debug)]
pub(super) struct Api {
    client: HttpsClient,
    endpoint: Uri,
    host: HeaderValue,
    signer: RequestSigner,
    credentials: Credentials,
    patience: Duration,
}

impl Api {
    pub(super) fn new(config: KmsConfig) -> Result<Self, KmsTrouble> {
        let KmsConfig { key: _, region, endpoint, profile, patience, surroundings, client } =
            config;
        let endpoint = match endpoint {
            Some(endpoint) => endpoint,
            None => own_endpoint(&region).ok_or_else(|| KmsTrouble::Region(region.clone()))?,
        };
        let host = endpoint.authority().and_then(|host| host.as_str().parse().ok());
        Ok(Self {
            client: client.clone().allowing(&endpoint).map_err(KmsTrouble::Unasked)?,
            host: host.ok_or_else(|| KmsTrouble::Region(region.clone()))?,
            endpoint,
            signer: RequestSigner::new("kms", &region),
            credentials: Credentials::new(profile.as_deref(), &surroundings, client),
            patience,
        })
    }

    /// Asks, and asks again if KMS is busy, for as long as there is patience.
    pub(super) async fn call<A: DeserializeOwned>(
        &self,
        action: &str,
        question: &Value,
    ) -> Result<A, KmsTrouble> {
        let until = Instant::now() + self.patience;
        let mut pause = FIRST_PAUSE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.attempt(action, question, left).await {
                Err(trouble) if trouble.may_pass() && pause < left => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(trouble) => return Err(trouble),
                Ok(body) => {
                    return serde_json::from_slice(&body).map_err(|_| KmsTrouble::Unreadable);
                }
            }
        }
    }

    async fn attempt(
        &self,
        action: &str,
        question: &Value,
        left: Duration,
    ) -> Result<Bytes, KmsTrouble> {
        let request = tokio::time::timeout(left, self.request(action, question));
        let request = request.await.map_err(|_| KmsTrouble::NoCredentials)??;
        let answer = self.client.send(request, left, LONGEST_ANSWER).await;
        let (head, body) = answer.map_err(KmsTrouble::Unasked)?.into_parts();
        match head.status {
            StatusCode::OK => Ok(body),
            status => Err(KmsTrouble::refused(status, &body)),
        }
    }

    async fn request(&self, action: &str, question: &Value) -> Result<Request<Bytes>, KmsTrouble> {
        let body = question.to_string();
        let sum = HEXLOWER.encode(digest(&SHA256, body.as_bytes()).as_ref());
        let request = Request::post(self.endpoint.clone())
            .header(HOST, self.host.clone())
            .header(CONTENT_TYPE, "application/x-amz-json-1.1")
            .header(TARGET, format!("TrentService.{action}"))
            .header(CONTENT_SHA256, sum)
            .body(Bytes::from(body))
            .expect("its headers are plain text");
        let (mut head, body) = request.into_parts();
        let credential = self.credentials.get().await?;
        // It has no need to look anywhere.
        let nowhere = Context::new();
        let signed = self.signer.sign_request(&nowhere, &mut head, Some(&credential), None).await;
        signed.map_err(|_| KmsTrouble::NoCredentials)?;
        Ok(Request::from_parts(head, body))
    }
}

/// As Amazon names them, in China too.
fn own_endpoint(region: &str) -> Option<Uri> {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://kms.{region}.{domain}/").parse().ok()
}

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// How long to wait before the second attempt; before each further one it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest answer that is read, in bytes. A public key takes less than a thousand.
const LONGEST_ANSWER: usize = 16 << 10;
