//! Why bytes are not a policy.

use crate::json::JsonError;
use crate::time::EpochTimeError;

/// Why bytes are not a policy.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// It is not base64 in CloudFront's alphabet.
    #[error("the policy is {0}")]
    Encoding(#[from] crate::encoding::EncodingError),
    /// It begins with a byte order mark.
    #[error("the policy begins with a byte order mark")]
    ByteOrderMark,
    /// It is nested too deeply.
    #[error("the policy is nested more than 8 levels deep")]
    Depth,
    /// A time is not a whole number of seconds: a string, a fraction, an exponent, a sign.
    #[error("{0} is not a whole number of seconds: expected digits without quotes")]
    EpochTimeKind(&'static str),
    /// A time is out of range.
    #[error("{0}: {1}")]
    EpochTimeRange(&'static str, EpochTimeError),
    /// The canned pass's `Expires` is not a time.
    #[error("Expires: {0}")]
    Expires(EpochTimeError),
    /// `AWS:SourceIp` is an IPv6 range, which CloudFront refuses.
    #[error("AWS:SourceIp {0:?} is IPv6, which CloudFront does not support in a policy")]
    Ipv6(Box<str>),
    /// A member has a value of the wrong kind.
    #[error("{member} is not {expected}")]
    Kind {
        /// The member's name.
        member: &'static str,
        /// What should have been there.
        expected: &'static str,
    },
    /// A member is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// `AWS:SourceIp` is no address and no range.
    #[error("AWS:SourceIp: {0}")]
    Network(#[from] crate::network::NetworkError),
    /// A member appears twice.
    #[error("the member {0:?} appears twice")]
    RepeatedMember(Box<str>),
    /// There is not exactly one statement.
    #[error("the policy has {0} statements, where CloudFront wants exactly one")]
    StatementCount(usize),
    /// It is not JSON.
    #[error("the policy is not JSON: {0}")]
    Syntax(Box<str>),
    /// It is too long.
    #[error("the policy has {0} bytes, more than 8192")]
    TooLong(usize),
    /// Something stands behind the end.
    #[error("there are bytes after the end of the policy")]
    TrailingBytes,
    /// A statement or condition has a member that CloudFront does not know.
    #[error("{parent} has an unknown member {member:?}")]
    UnknownMember {
        /// Where it stands.
        parent: &'static str,
        /// Its name.
        member: Box<str>,
    },
}

impl From<JsonError> for PolicyError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::ByteOrderMark => Self::ByteOrderMark,
            JsonError::Depth => Self::Depth,
            JsonError::Members => Self::Syntax("an object has more than 32 members".into()),
            JsonError::RepeatedMember(name) => Self::RepeatedMember(name),
            JsonError::Syntax(problem) => Self::Syntax(problem),
            JsonError::TrailingBytes => Self::TrailingBytes,
        }
    }
}
