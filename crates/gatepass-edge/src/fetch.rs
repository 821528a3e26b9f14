//! What an admitted request gets: a file, what the cache has, or an origin's own answer.

use std::time::{Duration, UNIX_EPOCH};

use gatepass_distribution::Admitted;
use http::{Method, Response};

use crate::access_log::Entry;
use crate::asked::Asked;
use crate::body::Body;
use crate::origin::Wanted;
use crate::origin::remote::Remote;
use crate::origin::request::RequestBody;
use crate::serving::{Serving, Source};
use crate::{forward, refuse, respond};

/// Answers from wherever the behavior's content comes from.
pub(crate) async fn fetch(
    serving: &Serving,
    admitted: Admitted<Asked<'_>>,
    body: RequestBody,
    entry: &mut Entry,
) -> Response<Body> {
    let asked = admitted.request();
    match serving.source(asked.distribution, asked.behavior) {
        Source::Directory(directory) => {
            let now = UNIX_EPOCH + Duration::from_secs(asked.now.seconds());
            let wanted = admitted.derive(|asked| Wanted {
                method: asked.method,
                path: asked.path.clone(),
                headers: asked.headers,
            });
            directory.fetch(&wanted, now).map(Body::File)
        }
        Source::Remote(remote) => direct(remote, admitted, body, entry).await,
    }
}

/// Asks the origin on behalf of this one viewer, and keeps nothing.
async fn direct(
    remote: &Remote,
    admitted: Admitted<Asked<'_>>,
    body: RequestBody,
    entry: &mut Entry,
) -> Response<Body> {
    let request = admitted.derive(|asked| forward::origin_request(asked, body));
    let mut response = match remote.fetch(request).await {
        Ok(response) => response.map(Body::Remote),
        Err(trouble) => return refuse::trouble(&trouble, admitted.request().method, entry),
    };
    respond::from_origin(&mut response, admitted.request().behavior);
    if *admitted.request().method == Method::HEAD {
        *response.body_mut() = Body::Empty;
    }
    response
}
