//! Two origins, the second for when the first fails.

use http::{Method, Response};

use crate::origin::remote::{Remote, RemoteBody};
use crate::origin::request::{OriginRequest, RequestBody};
use crate::origin::trouble::Trouble;

/// Asks the primary, and the secondary if the primary is in trouble or answers with one of
/// the statuses. Only what changes nothing is asked of both.
#[derive(Debug)]
pub(crate) struct Group {
    primary: Remote,
    secondary: Remote,
    statuses: Box<[u16]>,
}

impl Group {
    pub(crate) fn new(primary: Remote, secondary: Remote, statuses: &[u16]) -> Self {
        Self { primary, secondary, statuses: statuses.into() }
    }

    pub(crate) async fn fetch(
        &self,
        request: OriginRequest,
    ) -> Result<Response<RemoteBody>, Trouble> {
        let again = may_turn(&request).then(|| request.again());
        // A group is no member of a group, but its future must have a size all the same.
        let first = Box::pin(self.primary.ask(request)).await;
        match (first, again) {
            (Ok(answer), Some(again)) if self.statuses.contains(&answer.status().as_u16()) => {
                answer.into_body().discard();
                Box::pin(self.secondary.ask(again)).await
            }
            (Err(trouble), Some(again)) if !matches!(trouble, Trouble::Viewer(_)) => {
                Box::pin(self.secondary.ask(again)).await
            }
            (first, _) => first,
        }
    }
}

fn may_turn(request: &OriginRequest) -> bool {
    matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS)
        && matches!(request.body, RequestBody::Empty)
}
