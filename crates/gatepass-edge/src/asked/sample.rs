//! Requests for tests of what is made of them.

use std::net::SocketAddr;

use gatepass::{EpochTime, ViewerRequest, ViewerUrl};
use gatepass_distribution::{
    AllowedMethods, BehaviorDraft, CachePolicy, Conduct, DistributionDraft, Draft, KeyGroup,
    NormalPath, Origin, OriginKind, OriginRequestPolicy, Selection, Snapshot, Ttls,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};

use super::{Asked, RequestId, Trace};
use crate::listener::{Connection, TlsParameters};

pub(crate) const NOW: u64 = 1_767_290_000;

/// A request, and the configuration that it meets.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) method: Method,
    pub(crate) version: Version,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) peer: SocketAddr,
    pub(crate) tls: Option<TlsParameters>,
    pub(crate) is_guarded: bool,
    pub(crate) cache_policy: CachePolicy,
    pub(crate) origin_request_policy: Option<OriginRequestPolicy>,
    pub(crate) conduct: Conduct,
}

/// A GET on an open behavior whose policy chooses nothing.
pub(crate) fn get(url: &str) -> Sample {
    Sample {
        method: Method::GET,
        version: Version::HTTP_11,
        url: url.to_owned(),
        headers: HeaderMap::new(),
        peer: "192.0.2.7:4711".parse().unwrap(),
        tls: None,
        is_guarded: false,
        cache_policy: nothing(),
        origin_request_policy: None,
        conduct: Conduct::default(),
    }
}

pub(crate) fn nothing() -> CachePolicy {
    CachePolicy {
        id: "own".into(),
        ttls: Ttls { minimum: 0, default: 0, maximum: 1 << 31 },
        query_strings: Selection::None,
        headers: Selection::None,
        cookies: Selection::None,
        gzip: false,
        brotli: false,
    }
}

pub(crate) fn nothing_more() -> OriginRequestPolicy {
    OriginRequestPolicy {
        id: "own".into(),
        headers: Selection::None,
        cloudfront_headers: Vec::new(),
        cookies: Selection::None,
        query_strings: Selection::None,
    }
}

pub(crate) fn only<const N: usize>(names: [&str; N]) -> Selection {
    Selection::Only(names.map(Into::into).into())
}

pub(crate) fn all_except<const N: usize>(names: [&str; N]) -> Selection {
    Selection::AllExcept(names.map(Into::into).into())
}

impl Sample {
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    pub(crate) fn by(mut self, change: impl FnOnce(&mut CachePolicy)) -> Self {
        change(&mut self.cache_policy);
        self
    }

    pub(crate) fn sending(mut self, change: impl FnOnce(&mut OriginRequestPolicy)) -> Self {
        change(self.origin_request_policy.get_or_insert_with(nothing_more));
        self
    }

    /// Reads the request as the edge does, and asks something of it.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&Asked<'_>) -> T) -> T {
        let snapshot = Snapshot::check(&self.draft()).unwrap();
        let sent = ViewerUrl::parse(&self.url).unwrap();
        let cookies = self.headers.get_all("cookie").iter().map(HeaderValue::as_bytes);
        let shown = ViewerRequest::new(sent.clone(), self.peer.ip(), cookies);
        let route = snapshot.route(sent.host(), &NormalPath::read(sent.path())).unwrap();
        let connection = Connection { peer: self.peer, scheme: sent.scheme(), tls: self.tls };
        question(&Asked {
            distribution: route.distribution,
            behavior: route.behavior,
            method: &self.method,
            version: self.version,
            url: if self.is_guarded { shown.url() } else { &sent },
            path: sent.path().into(),
            headers: &self.headers,
            connection: &connection,
            address: self.peer.ip(),
            now: EpochTime::new(NOW).unwrap(),
            id: RequestId::next(),
            trace: Trace::default(),
        })
    }

    fn draft(&self) -> Draft {
        let behavior = |origin: &str| BehaviorDraft {
            origin: origin.into(),
            trusted_key_groups: self.is_guarded.then(|| vec!["group".into()]),
            cache_policy: Some("own".into()),
            origin_request_policy: self.origin_request_policy.as_ref().map(|_| "own".into()),
            conduct: Conduct {
                allowed_methods: AllowedMethods::GetHeadOptions,
                ..self.conduct.clone()
            },
            ..BehaviorDraft::default()
        };
        let origin = |id: &str| Origin { id: id.into(), kind: OriginKind::Directory(id.into()) };
        let distribution = |id: &str, alias: &str| DistributionDraft {
            id: id.into(),
            aliases: vec![alias.into()],
            default_root_object: None,
            origins: vec![origin("site"), origin("other")],
            behaviors: vec![("/other/*".parse().unwrap(), behavior("other"))],
            default_behavior: behavior("site"),
            error_responses: Vec::new(),
        };
        Draft {
            key_groups: vec![KeyGroup { id: "group".into(), public_keys: Vec::new() }],
            cache_policies: vec![self.cache_policy.clone()],
            origin_request_policies: self.origin_request_policy.iter().cloned().collect(),
            distributions: vec![distribution("E1", "*"), distribution("E2", "two.test")],
            ..Draft::default()
        }
    }
}
