//! Passes whose signatures were checked, so that each is checked once.
//!
//! Only what a signature says is remembered, under every byte that it depends on: the key
//! itself, the policy or expiry, the signature, the hash, how the gate reads, and for a
//! canned pass the URL. Time, resource and address are judged on every request.
//!
//! # Invariants
//!
//! - Only genuine passes are remembered, so forgeries can't push good ones out.
//! - A key that is replaced under its ID brings nothing of the old one along.
//! - The memory is bounded, in bytes.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gatepass::{
    GenuinePass, HashAlgorithm, PresentedPass, PublicKey, Reading, Scheme, Trust, ViewerUrl,
};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, Weighter};

/// A bounded memory of genuine passes, to be shared by every thread of a door.
pub struct VerifiedPasses {
    cache: Cache<Remembered, Arc<GenuinePass>, Weight, foldhash::fast::RandomState>,
    checks: AtomicU64,
}

impl VerifiedPasses {
    /// A memory of about so many bytes.
    pub fn with_capacity(bytes: u64) -> Self {
        const TYPICAL_WEIGHT: u64 = 1_300;
        let passes = usize::try_from(bytes / TYPICAL_WEIGHT).unwrap_or(usize::MAX).max(16);
        let hasher = foldhash::fast::RandomState::default();
        let cache = Cache::with(passes, bytes, Weight, hasher, DefaultLifecycle::default());
        Self { cache, checks: AtomicU64::new(0) }
    }

    /// How many passes are remembered.
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Says whether none is.
    pub fn is_empty(&self) -> bool {
        self.cache.is_empty()
    }

    /// How often a pass that was not remembered had to prove that it is genuine.
    pub fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    /// Counts a pass that has to prove it.
    pub(crate) fn checked(&self) {
        self.checks.fetch_add(1, Ordering::Relaxed);
    }

    /// The pass, if its signature was checked before under this key.
    pub(crate) fn recall(&self, asked: &Asked<'_>) -> Option<Arc<GenuinePass>> {
        self.cache.get(asked)
    }

    /// Remembers a pass.
    pub(crate) fn keep(&self, asked: &Asked<'_>, pass: Arc<GenuinePass>) {
        self.cache.insert(asked.map(|part| Box::from(*part)), pass);
    }
}

impl fmt::Debug for VerifiedPasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedPasses").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Every byte that a signature's verdict depends on: where it lies, or kept.
///
/// What may be missing is an `Option`, never an empty text: comparing two of nothing costs
/// more than comparing two signatures.
#[derive(Eq, PartialEq)]
pub(crate) struct Facts<B> {
    key: [u8; 32],
    reading: Reading,
    minimum_hash: HashAlgorithm,
    hash: Option<B>,
    signature: B,
    terms: Terms<B>,
}

#[derive(Eq, PartialEq)]
enum Terms<B> {
    Canned { expires: B, scheme: Scheme, host: B, path: B, query: Option<B> },
    Custom { policy: B },
}

/// What a request asks the memory for.
pub(crate) type Asked<'a> = Facts<&'a [u8]>;

type Remembered = Facts<Box<[u8]>>;

impl<'a> Asked<'a> {
    /// None if a part is missing, for then there is nothing that a signature could say; and
    /// for a canned pass at a host in capitals, of which there are too many spellings.
    pub(crate) fn new(
        presented: &'a PresentedPass<'_>,
        url: &'a ViewerUrl<'_>,
        key: &'a PublicKey,
        trust: &Trust,
    ) -> Option<Self> {
        if presented.repeated().is_some() {
            return None;
        }
        let terms = match presented.policy() {
            Some(policy) => Terms::Custom { policy },
            None if url.host().bytes().any(|byte| byte.is_ascii_uppercase()) => return None,
            None => Terms::Canned {
                expires: presented.expires()?,
                scheme: url.scheme(),
                host: url.host().as_bytes(),
                path: url.path().as_bytes(),
                query: url.query().map(str::as_bytes),
            },
        };
        Some(Self {
            key: *key.fingerprint(),
            reading: trust.reading,
            minimum_hash: trust.minimum_hash,
            hash: presented.hash(),
            signature: presented.signature()?,
            terms,
        })
    }
}

impl<B> Facts<B> {
    fn map<'s, C>(&'s self, part: impl Fn(&'s B) -> C) -> Facts<C> {
        let terms = match &self.terms {
            Terms::Custom { policy } => Terms::Custom { policy: part(policy) },
            Terms::Canned { expires, scheme, host, path, query } => Terms::Canned {
                expires: part(expires),
                scheme: *scheme,
                host: part(host),
                path: part(path),
                query: query.as_ref().map(&part),
            },
        };
        Facts {
            key: self.key,
            reading: self.reading,
            minimum_hash: self.minimum_hash,
            hash: self.hash.as_ref().map(&part),
            signature: part(&self.signature),
            terms,
        }
    }
}

impl Remembered {
    /// What all parts take, each on its own.
    fn bytes(&self) -> u64 {
        const EACH: usize = 16;
        let length = |part: &[u8]| part.len() + EACH;
        let terms = match &self.terms {
            Terms::Custom { policy } => length(policy),
            Terms::Canned { expires, host, path, query, .. } => {
                let query = query.as_deref().map_or(0, length);
                length(expires) + length(host) + length(path) + query
            }
        };
        (length(&self.signature) + self.hash.as_deref().map_or(0, length) + terms) as u64
    }
}

impl<B: AsRef<[u8]>> Hash for Facts<B> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Genuine passes differ in their signatures, anywhere; what is equal is for `eq` to
        // say. Nobody can plant entries that collide: each needs a trusted key's signature.
        let signature = self.signature.as_ref();
        state.write(signature.last_chunk::<16>().map_or(signature, |end| end));
    }
}

impl Equivalent<Remembered> for Asked<'_> {
    fn equivalent(&self, kept: &Remembered) -> bool {
        *self == kept.map(|part| &**part)
    }
}

/// What an entry takes: its bytes, the policy read from them, and the cache's own.
#[derive(Clone)]
struct Weight;

impl Weighter<Remembered, Arc<GenuinePass>> for Weight {
    fn weight(&self, kept: &Remembered, pass: &Arc<GenuinePass>) -> u64 {
        const OVERHEAD: u64 = 420;
        let resources = pass.policy().statements().iter().map(|statement| {
            statement.scope().texts().iter().map(|text| text.len() as u64 + 128).sum::<u64>() + 160
        });
        OVERHEAD + kept.bytes() + resources.sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use gatepass::{
        EpochTime, KeyType, Policy, Resource, Signer, SigningKey, TrustedKeys, ViewerRequest,
        Window, authenticate,
    };

    use super::*;

    const CANNED: &str = "CloudFront-Expires=1; CloudFront-Signature=2345; \
                          CloudFront-Hash-Algorithm=SHA1; CloudFront-Key-Pair-Id=K";

    /// A request, and the key and the gate that it asks about.
    #[derive(Clone)]
    struct Case {
        url: String,
        cookie: String,
        key: PublicKey,
        trust: Trust,
    }

    impl Case {
        fn new(cookie: &str) -> Self {
            let url = "https://e.com/film?part=1".to_owned();
            Self { url, cookie: cookie.into(), key: new_key(), trust: Trust::default() }
        }

        fn at(&self, url: &str) -> Self {
            Self { url: url.into(), ..self.clone() }
        }

        fn with(&self, from: &str, to: &str) -> Self {
            assert!(self.cookie.contains(from));
            Self { cookie: self.cookie.replace(from, to), ..self.clone() }
        }

        fn ask<R>(&self, ask: impl FnOnce(Option<&Asked<'_>>) -> R) -> R {
            let url = ViewerUrl::parse(&self.url).unwrap();
            let request = ViewerRequest::new(url, [192, 0, 2, 7].into(), [&self.cookie]);
            let pass = request.passes().only().unwrap();
            ask(Asked::new(pass, request.url(), &self.key, &self.trust).as_ref())
        }

        fn keep(&self, verified: &VerifiedPasses, pass: &Arc<GenuinePass>) {
            self.ask(|asked| verified.keep(asked.unwrap(), Arc::clone(pass)));
        }

        fn is_known(&self, verified: &VerifiedPasses) -> bool {
            self.ask(|asked| verified.recall(asked.unwrap()).is_some())
        }
    }

    fn new_key() -> PublicKey {
        SigningKey::generate(KeyType::P256).unwrap().public_key().clone()
    }

    /// Any pass will do: the memory asks only under what it was kept.
    fn some_pass() -> Arc<GenuinePass> {
        let key = SigningKey::generate(KeyType::P256).unwrap();
        let trust = TrustedKeys::from_iter([("K".parse().unwrap(), key.public_key().clone())]);
        let window = Window::until(EpochTime::new(2_000_000_000).unwrap());
        let policy = Policy::new([Resource::new("https://e.com/*")], window);
        let signer = Signer::new("K".parse().unwrap(), key);
        let cookie = signer.sign(&policy, HashAlgorithm::Sha1).unwrap().cookies().header();
        let url = ViewerUrl::parse("https://e.com/").unwrap();
        let request = ViewerRequest::new(url, [192, 0, 2, 7].into(), [&cookie]);
        authenticate(request.passes().only().unwrap(), request.url(), &trust.into()).unwrap()
    }

    #[test]
    fn whatever_the_verdict_depends_on_must_be_the_same() {
        let verified = VerifiedPasses::with_capacity(1 << 20);
        let canned = Case::new(CANNED);
        let custom = canned.with("Expires=1", "Policy=1");
        for (case, name) in [(&canned, "Expires=1"), (&custom, "Policy=1")] {
            assert!(!case.is_known(&verified), "{name}");
            case.keep(&verified, &some_pass());
            assert!(case.is_known(&verified), "{name}");
            for changed in [
                Case { key: new_key(), ..case.clone() },
                Case { trust: with_reading(Reading::CloudFront), ..case.clone() },
                Case { trust: with_minimum(HashAlgorithm::Sha256), ..case.clone() },
                case.with("=1;", "=2;"),
                case.with("=1;", "=12;").with("=2345", "=345"),
                case.with("=2345", "=2344"),
                case.with("=2345", "=1345"),
                case.with("=2345", "=23451"),
                case.with("=2345; CloudFront-Hash-Algorithm=SHA1", "=2345SHA1"),
                case.with("SHA1", "SHA256"),
                case.with("SHA1", ""),
            ] {
                assert!(!changed.is_known(&verified), "{name} {} {}", changed.cookie, changed.url);
            }
        }
    }

    #[test]
    fn a_canned_pass_is_one_for_its_url_alone() {
        let verified = VerifiedPasses::with_capacity(1 << 20);
        let canned = Case::new(CANNED);
        let custom = canned.with("Expires=1", "Policy=1");
        canned.keep(&verified, &some_pass());
        custom.keep(&verified, &some_pass());
        for url in [
            "http://e.com/film?part=1",
            "https://f.com/film?part=1",
            "https://e.com:8443/film?part=1",
            "https://e.com/Film?part=1",
            "https://e.com/film?part=2",
            "https://e.com/film?part=",
            "https://e.com/film?",
            "https://e.com/film",
            "https://e.com/filmpart=1",
        ] {
            assert!(!canned.at(url).is_known(&verified), "{url}");
            assert!(custom.at(url).is_known(&verified), "{url}");
        }
        for (one, other) in [("", "?"), ("?", "")] {
            let verified = VerifiedPasses::with_capacity(1 << 20);
            canned.at(&format!("https://e.com/film{one}")).keep(&verified, &some_pass());
            let other = canned.at(&format!("https://e.com/film{other}"));
            assert!(!other.is_known(&verified));
        }
    }

    #[test]
    fn spellings_of_one_host_do_not_fill_the_memory() {
        let url = "https://E.com/film";
        Case::new(CANNED).at(url).ask(|asked| assert!(asked.is_none()));
        let custom = Case::new(CANNED).with("Expires", "Policy").at(url);
        custom.ask(|asked| assert!(asked.is_some()));
    }

    #[test]
    fn stays_within_its_bytes() {
        const CAPACITY: u64 = 256 * 1024;
        let (verified, pass) = (VerifiedPasses::with_capacity(CAPACITY), some_pass());
        for n in 10_000..12_000 {
            let policy = format!("Policy={}", "x".repeat(n % 1_000 + 1));
            let case = Case::new(CANNED).with("Expires=1", &policy);
            case.with("=2345", &format!("={n}")).keep(&verified, &pass);
        }
        assert!(verified.cache.weight() <= CAPACITY);
        assert!((50..1_000).contains(&verified.len()), "{}", verified.len());
    }

    fn with_reading(reading: Reading) -> Trust {
        Trust { reading, ..Trust::default() }
    }

    fn with_minimum(minimum_hash: HashAlgorithm) -> Trust {
        Trust { minimum_hash, ..Trust::default() }
    }
}
