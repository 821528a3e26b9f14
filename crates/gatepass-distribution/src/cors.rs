//! Which other sites may read a behavior's answers, refusals included.
//!
//! A player on another site can only tell *why* nothing plays if the refusal carries the
//! same headers as the film would.

/// The rules of cross-origin reading for one behavior.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cors {
    /// The origins that may read, such as `https://app.example.com`; `*` for any.
    pub allow_origins: Vec<Box<str>>,
    /// Whether their requests may carry cookies. Not together with `*`.
    pub allow_credentials: bool,
    /// For how many seconds a browser may remember a preflight's answer.
    pub max_age_seconds: u32,
}

impl Cors {
    /// What `Access-Control-Allow-Origin` says to a request from `origin`; none if it may not.
    pub fn allowed<'o>(&self, origin: &'o str) -> Option<&'o str> {
        if self.allow_origins.iter().any(|allowed| **allowed == *origin) {
            Some(origin)
        } else if self.is_for_everyone() {
            Some("*")
        } else {
            None
        }
    }

    /// Says whether any origin may read.
    pub fn is_for_everyone(&self) -> bool {
        self.allow_origins.iter().any(|allowed| &**allowed == "*")
    }
}
