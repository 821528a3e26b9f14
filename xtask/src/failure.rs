//! Why a chore stopped: the fact, and the way forward where there is one.

use std::fmt;

/// A chore that could not be carried out.
#[derive(Debug)]
pub(crate) struct Failure {
    fact: String,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(fact: impl Into<String>) -> Self {
        Self { fact: fact.into(), hint: None }
    }

    /// Adds what to try next, after what was said about that already.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        let hint = match self.hint {
            Some(earlier) => format!("{earlier}\n\nhint: {}", hint.into()),
            None => hint.into(),
        };
        Self { hint: Some(hint), ..self }
    }

    /// Says what was being done when it happened.
    pub(crate) fn while_at(self, work: &str) -> Self {
        Self { fact: format!("{work}: {}", self.fact), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.fact)?;
        match &self.hint {
            Some(hint) => write!(f, "\n\nhint: {hint}"),
            None => Ok(()),
        }
    }
}
