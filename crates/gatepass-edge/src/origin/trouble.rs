//! What goes wrong between the edge and an origin.

use http::StatusCode;

/// Why an origin gave no answer, or not all of it. The viewer learns the status alone.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// No connection: the name is not known, nothing listens, TLS fails.
    #[error("can't reach the origin: {0}")]
    Unreachable(Box<str>),
    /// Its address is private or loopback, and the operator did not name it.
    #[error("the origin's name leads to {0}, which is not a public address")]
    PrivateAddress(std::net::IpAddr),
    /// Nothing came for too long.
    #[error("the origin took longer than {0:?} to answer")]
    Late(std::time::Duration),
    /// Too many requests are under way already.
    #[error("{0} requests are already under way to the origin")]
    Busy(usize),
    /// What came is no HTTP, or contradicts itself.
    #[error("the origin's answer can't be read: {0}")]
    Unreadable(Box<str>),
    /// The answer ended early.
    #[error("the origin's answer broke off: {0}")]
    BrokeOff(Box<str>),
    /// There are no credentials to sign with.
    #[error("there are no credentials to sign the origin request with: {0}")]
    NoCredentials(Box<str>),
    /// What was asked for is the bucket itself, which is nobody's to list.
    #[error("a bucket is not asked for itself: a default root object would answer for /")]
    NoObject,
    /// The viewer stopped sending its body, or sent what can't be passed on.
    #[error("the viewer's request can't be passed on: {0}")]
    Viewer(Box<str>),
}

impl Trouble {
    /// The status that the viewer gets if nothing has been sent yet.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Late(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoObject => StatusCode::NOT_FOUND,
            Self::Viewer(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::BAD_GATEWAY,
        }
    }

    /// A stable word for logs and metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "origin_unreachable",
            Self::PrivateAddress(_) => "origin_private_address",
            Self::Late(_) => "origin_late",
            Self::Busy(_) => "origin_busy",
            Self::Unreadable(_) => "origin_unreadable",
            Self::BrokeOff(_) => "origin_broke_off",
            Self::NoCredentials(_) => "origin_no_credentials",
            Self::NoObject => "no_object",
            Self::Viewer(_) => "viewer_broke_off",
        }
    }
}
