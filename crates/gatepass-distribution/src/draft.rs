//! What an operator wrote down, before it was checked.

use gatepass::{HashAlgorithm, Reading};

use crate::behavior::Conduct;
use crate::cache_policy::CachePolicy;
use crate::cors::Cors;
use crate::error_response::ErrorResponse;
use crate::key_group::{KeyGroup, PublicKeyRecord};
use crate::login_page::LoginPage;
use crate::origin::Origin;
use crate::origin_request_policy::OriginRequestPolicy;
use crate::path_pattern::PathPattern;
use crate::renewal::Renewal;

/// Everything that may be set. [`Snapshot::check`](crate::Snapshot::check) takes it or
/// leaves it whole.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The keys that groups name.
    pub public_keys: Vec<PublicKeyRecord>,
    /// The groups that behaviors name.
    pub key_groups: Vec<KeyGroup>,
    /// Cache policies that behaviors name, besides AWS's managed ones.
    pub cache_policies: Vec<CachePolicy>,
    /// Origin request policies that behaviors name, besides AWS's managed ones.
    pub origin_request_policies: Vec<OriginRequestPolicy>,
    /// What is served.
    pub distributions: Vec<DistributionDraft>,
}

/// A distribution as written.
#[derive(Clone, Debug)]
pub struct DistributionDraft {
    /// Its name.
    pub id: Box<str>,
    /// Host names without port; `*.example.com` for sub-domains, `*` for any.
    pub aliases: Vec<Box<str>>,
    /// What is served for `/`.
    pub default_root_object: Option<Box<str>>,
    /// Where content comes from.
    pub origins: Vec<Origin>,
    /// Patterns and their behaviors, in order.
    pub behaviors: Vec<(PathPattern, BehaviorDraft)>,
    /// What holds where no pattern does.
    pub default_behavior: BehaviorDraft,
    /// Pages for errors.
    pub error_responses: Vec<ErrorResponse>,
}

/// A behavior as written.
#[derive(Clone, Debug, Default)]
pub struct BehaviorDraft {
    /// The name of its origin.
    pub origin: Box<str>,
    /// The names of the groups it trusts. None stands open; an empty list admits nobody.
    pub trusted_key_groups: Option<Vec<Box<str>>>,
    /// Whose grammar its gate reads.
    pub reading: Reading,
    /// The weakest hash its gate accepts.
    pub minimum_hash: HashAlgorithm,
    /// Where viewers of pages go that were denied.
    pub on_denied: Option<LoginPage>,
    /// Where viewers of pages go whose pass is about to end.
    pub renewal: Option<Renewal>,
    /// Which other sites may read.
    pub cors: Option<Cors>,
    /// Whether the gate only reports what it would refuse.
    pub is_report_only: bool,
    /// The name or UUID of its cache policy. None takes what suits the kind of its origin.
    pub cache_policy: Option<Box<str>>,
    /// The name or UUID of its origin request policy.
    pub origin_request_policy: Option<Box<str>>,
    /// How it deals with viewers.
    pub conduct: Conduct,
}

/// Something in a draft that can't be.
///
/// `at` says where, in the words of the configuration file, such as
/// `distribution[0].behavior[1].origin`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{at}: {problem}")]
pub struct Mistake {
    /// Where it is.
    pub at: String,
    /// What is wrong, naming the culprit and the rule.
    pub problem: String,
}
