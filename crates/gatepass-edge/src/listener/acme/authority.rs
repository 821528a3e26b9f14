//! One order with an authority: account, challenge, certificate.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use super::client::Client;
use super::storage::{Issued, Storage};
use crate::config::AcmeConfig;
use crate::listener::certificate::Unusable;
use crate::listener::certificates::Certificates;
use crate::listener::tls;

/// Why no certificate came.
#[derive(Debug, thiserror::Error)]
pub(super) enum OrderError {
    #[error("{0}")]
    Acme(#[from] instant_acme::Error),
    #[error("can't write to the storage folder: {0}")]
    Storage(#[from] io::Error),
    #[error("can't speak TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("can't make a certificate: {0}")]
    Making(#[from] rcgen::Error),
    #[error("what the authority issued can't be used: {0}")]
    Unusable(#[from] Unusable),
    #[error("the authority doesn't offer the challenge tls-alpn-01")]
    NoChallenge,
    #[error("the authority did not find our answer to its challenge ({0:?})")]
    NotProven(OrderStatus),
}

/// An account with an authority.
pub(super) struct Authority(Account);

impl Authority {
    /// Uses the account that is kept, or opens one and keeps it.
    pub(super) async fn join(config: &AcmeConfig, storage: &Storage) -> Result<Self, OrderError> {
        let builder = Account::builder_with_http(Box::new(Client::new()?));
        if let Some(kept) = storage.account(&config.directory) {
            return Ok(Self(builder.from_credentials(kept).await?));
        }
        let contact: Vec<&str> = config.contact.iter().map(AsRef::as_ref).collect();
        let asked = NewAccount {
            contact: &contact,
            terms_of_service_agreed: config.accepts_terms,
            only_return_existing: false,
        };
        let (account, credentials) =
            builder.create(&asked, config.directory.to_string(), None).await?;
        storage.keep_account(&config.directory, &credentials)?;
        Ok(Self(account))
    }

    /// Proves that `domain` is ours, by a certificate that only the authority is shown.
    pub(super) async fn issue(
        &self,
        domain: &str,
        certificates: &Certificates,
    ) -> Result<Issued, OrderError> {
        let names = [Identifier::Dns(domain.to_owned())];
        let mut order = self.0.new_order(&NewOrder::new(&names)).await?;
        let proven = prove(&mut order, domain, certificates).await;
        certificates.set_challenge(domain, None);
        match proven? {
            OrderStatus::Ready => {}
            status => return Err(OrderError::NotProven(status)),
        }
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![domain.to_owned()])?;
        // An authority refuses names that it didn't see proven, and rcgen puts its own there.
        params.distinguished_name = DistinguishedName::new();
        let request = params.serialize_request(&key)?;
        order.finalize_csr(request.der()).await?;
        let chain = order.poll_certificate(&PATIENCE).await?;
        Ok(Issued { chain, key: key.serialize_pem() })
    }
}

/// How long the authority may take to look, and to issue.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_mins(2));

async fn prove(
    order: &mut Order,
    domain: &str,
    certificates: &Certificates,
) -> Result<OrderStatus, OrderError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let challenge = authorization.challenge(ChallengeType::TlsAlpn01);
        let mut challenge = challenge.ok_or(OrderError::NoChallenge)?;
        let answer = answer(domain, challenge.key_authorization().digest().as_ref())?;
        certificates.set_challenge(domain, Some(&Arc::new(answer)));
        challenge.set_ready().await?;
    }
    Ok(order.poll_ready(&PATIENCE).await?)
}

/// A certificate that nobody vouches for, with the authority's token in it.
fn answer(domain: &str, digest: &[u8]) -> Result<CertifiedKey, OrderError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec![domain.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = tls::provider().key_provider.load_private_key(key)?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}
