//! Custom error responses: another page, perhaps another status, for an error.
//!
//! They hold for a whole distribution, for the gate's own 403 as for the origin's.

/// What is answered instead of an error.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ErrorResponse {
    status: u16,
    page: Option<Box<str>>,
    response_status: u16,
    cache_seconds: Option<u64>,
}

/// Why an error response can't be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ErrorResponseError {
    /// The page is no path.
    #[error("{0:?} is no path to a page: expected something like /errors/403.html")]
    Page(Box<str>),
    /// CloudFront has no custom response for this status.
    #[error(
        "{0} can't have a custom response: expected 400, 403, 404, 405, 414, 416 or 500 to 504"
    )]
    Status(u16),
    /// CloudFront does not answer with this status.
    #[error(
        "{0} can't be answered instead: expected 200, 400, 403, 404, 405, 414, 416 or 500 to 504"
    )]
    ResponseStatus(u16),
}

impl ErrorResponse {
    /// For `status`, answers the page with `response_status`.
    pub fn new(status: u16, page: &str, response_status: u16) -> Result<Self, ErrorResponseError> {
        let error = Self::kept(status)?;
        if response_status != 200 && !STATUSES.contains(&response_status) {
            return Err(ErrorResponseError::ResponseStatus(response_status));
        }
        let is_path = page.starts_with('/')
            && page.bytes().all(|byte| byte.is_ascii_graphic())
            && !page.contains(['?', '#']);
        if !is_path {
            return Err(ErrorResponseError::Page(page.into()));
        }
        Ok(Self { page: Some(page.into()), response_status, ..error })
    }

    /// For `status`, answers what the origin said. What is said about it is how long it is kept.
    pub fn kept(status: u16) -> Result<Self, ErrorResponseError> {
        if !STATUSES.contains(&status) {
            return Err(ErrorResponseError::Status(status));
        }
        Ok(Self { status, page: None, response_status: status, cache_seconds: None })
    }

    /// The same, but with the error kept for so many seconds.
    #[must_use]
    pub fn cached_for(self, seconds: u64) -> Self {
        Self { cache_seconds: Some(seconds), ..self }
    }

    /// The error it is for.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The raw path of the page, if there is one.
    pub fn page(&self) -> Option<&str> {
        self.page.as_deref()
    }

    /// The status that the viewer gets.
    pub const fn response_status(&self) -> u16 {
        self.response_status
    }

    /// For how many seconds the origin's error is kept; CloudFront's default is 10.
    pub fn cache_seconds(&self) -> u64 {
        self.cache_seconds.unwrap_or(Self::DEFAULT_CACHE_SECONDS)
    }

    /// For how many seconds an error is kept that nothing is said about: the minimum of
    /// CloudFront's `ErrorCachingMinTTL`.
    pub const DEFAULT_CACHE_SECONDS: u64 = 10;
}

/// The errors that CloudFront lets one say something about.
const STATUSES: [u16; 11] = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];
