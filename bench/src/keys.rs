//! Keys, passes and requests to measure with, made anew for each run.

use gatepass::{
    EpochTime, HashAlgorithm, JsonStyle, KeyType, Policy, PublicKeyId, Resource, Scheme, Signer,
    SigningKey, Trust, TrustedKeys, Unsigned, ViewerRequest, ViewerUrl, Window,
};
use gatepass_distribution::Gate;

use crate::Outcome;

pub(crate) const NOW: u64 = 1_767_290_000;

/// A signer, and the gate that trusts it.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) signer: Signer,
    pub(crate) trust: Trust,
}

impl Pair {
    pub(crate) fn new(key_type: KeyType) -> Outcome<Self> {
        let id: PublicKeyId = "K2JCJMDEHXQW5F".parse()?;
        let key = SigningKey::generate(key_type)?;
        let keys = TrustedKeys::from_iter([(id.clone(), key.public_key().clone())]);
        Ok(Self { signer: Signer::new(id, key), trust: keys.into() })
    }

    pub(crate) fn gate(&self) -> Gate {
        Gate::Guarded(self.trust.clone())
    }

    /// The n-th of many policies that all cover the request.
    pub(crate) fn unsigned(nth: u64, hash: HashAlgorithm) -> Outcome<Unsigned> {
        let window = Window::until(EpochTime::new(NOW + 3_600 + nth)?);
        let policy = Policy::new([Resource::new("https://media.example.com/films/*")], window)
            .from_network(&"192.0.2.0/24".parse()?);
        Ok(Unsigned::custom(&policy, JsonStyle::Botocore, hash)?)
    }

    /// A cookie that covers a resource of the caller's.
    pub(crate) fn cookie_for(&self, resource: &str) -> Outcome<String> {
        self.cookie_until(resource, 4_102_444_800)
    }

    /// The same, until an epoch second of the caller's.
    pub(crate) fn cookie_until(&self, resource: &str, second: u64) -> Outcome<String> {
        let window = Window::until(EpochTime::new(second)?);
        let policy = Policy::new([Resource::new(resource)], window);
        let unsigned = Unsigned::custom(&policy, JsonStyle::Botocore, HashAlgorithm::Sha1)?;
        Ok(self.signer.complete(unsigned)?.cookies().header())
    }

    pub(crate) fn cookie(&self, nth: u64, hash: HashAlgorithm) -> Outcome<String> {
        Ok(self.signer.complete(Self::unsigned(nth, hash)?)?.cookies().header())
    }
}

/// Reads the request anew, as an edge does each time.
pub(crate) fn request(cookie: &str) -> ViewerRequest<'_> {
    let path = "/films/2026/a/segment-00042.m4s";
    let url = ViewerUrl::new(Scheme::Https, "media.example.com", path, None);
    let address = std::net::Ipv4Addr::new(192, 0, 2, 7).into();
    ViewerRequest::new(url, address, [cookie])
}
