//! A cache behavior: the paths it is for, where they come from, and who may see them.

use crate::cache_policy::CachePolicy;
use crate::cors::Cors;
use crate::gate::Gate;
use crate::login_page::LoginPage;
use crate::origin::Origin;
use crate::origin_request_policy::OriginRequestPolicy;
use crate::path_pattern::PathPattern;
use crate::renewal::Renewal;

/// What holds for the paths of one pattern.
#[derive(Clone, Debug)]
pub struct CacheBehavior {
    pub(crate) path_pattern: PathPattern,
    pub(crate) origin: usize,
    pub(crate) origin_identity: Box<str>,
    pub(crate) gate: Gate,
    pub(crate) on_denied: Option<LoginPage>,
    pub(crate) renewal: Option<Renewal>,
    pub(crate) cors: Option<Cors>,
    pub(crate) cache_policy: CachePolicy,
    pub(crate) origin_request_policy: Option<OriginRequestPolicy>,
    pub(crate) conduct: Conduct,
}

/// How a behavior deals with viewers, besides asking for a pass.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "configurations write it out")]
pub struct Conduct {
    /// Whether plain HTTP is served.
    pub viewer_protocol: ViewerProtocol,
    /// What viewers may ask to be done.
    pub allowed_methods: AllowedMethods,
    /// What answers are kept of.
    pub cached_methods: CachedMethods,
    /// Whether what is worth it is compressed.
    pub compress: bool,
    /// Whether the viewer's copy is private and lives no longer than the pass.
    pub cap_viewer_cache: bool,
    /// Whether a viewer's `Cache-Control` and `Pragma` count. CloudFront ignores them.
    pub honour_viewer_cache_control: bool,
    /// Headers that every answer carries, replacing the origin's.
    pub response_headers: Vec<(Box<str>, Box<str>)>,
}

/// What becomes of a request over plain HTTP.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ViewerProtocol {
    /// It is served.
    #[default]
    AllowAll,
    /// 301 for GET and HEAD, 307 for the rest.
    RedirectToHttps,
    /// 403.
    HttpsOnly,
}

/// The methods that a behavior lets through. CloudFront has these three sets.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AllowedMethods {
    /// GET and HEAD.
    #[default]
    GetHead,
    /// GET, HEAD and OPTIONS.
    GetHeadOptions,
    /// Those, and PUT, POST, PATCH, DELETE.
    All,
}

/// The methods whose answers may be kept. CloudFront has these two sets.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CachedMethods {
    /// GET and HEAD.
    #[default]
    GetHead,
    /// GET, HEAD and OPTIONS.
    GetHeadOptions,
}

impl CachedMethods {
    /// Says whether answers to a method, in capitals, may be kept.
    pub fn covers(self, method: &str) -> bool {
        match method {
            "GET" | "HEAD" => true,
            "OPTIONS" => self == Self::GetHeadOptions,
            _ => false,
        }
    }
}

impl AllowedMethods {
    /// Says whether a method, in capitals, is let through.
    pub fn covers(self, method: &str) -> bool {
        match method {
            "GET" | "HEAD" => true,
            "OPTIONS" => self != Self::GetHead,
            "PUT" | "POST" | "PATCH" | "DELETE" => self == Self::All,
            _ => false,
        }
    }
}

impl CacheBehavior {
    /// The paths it is for.
    pub const fn path_pattern(&self) -> &PathPattern {
        &self.path_pattern
    }

    /// Its origin, among those of its distribution.
    pub fn origin<'o>(&self, origins: &'o [Origin]) -> &'o Origin {
        &origins[self.origin]
    }

    /// The place of its origin among those of its distribution.
    pub const fn origin_position(&self) -> usize {
        self.origin
    }

    /// What tells its origin from every other, whatever its ID: see [`Origin::identity`].
    pub fn origin_identity(&self) -> &str {
        &self.origin_identity
    }

    /// What a request has to pass.
    pub const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Where viewers of pages go that were denied.
    pub const fn on_denied(&self) -> Option<&LoginPage> {
        self.on_denied.as_ref()
    }

    /// Where viewers of pages go whose pass is about to end.
    pub const fn renewal(&self) -> Option<&Renewal> {
        self.renewal.as_ref()
    }

    /// Which other sites may read.
    pub const fn cors(&self) -> Option<&Cors> {
        self.cors.as_ref()
    }

    /// What its cache key holds, and how long answers are kept.
    pub const fn cache_policy(&self) -> &CachePolicy {
        &self.cache_policy
    }

    /// What its origin is sent besides.
    pub const fn origin_request_policy(&self) -> Option<&OriginRequestPolicy> {
        self.origin_request_policy.as_ref()
    }

    /// How it deals with viewers.
    pub const fn conduct(&self) -> &Conduct {
        &self.conduct
    }
}
