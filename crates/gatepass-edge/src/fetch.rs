//! What an admitted request gets: a file, what the cache has, or an origin's own answer.

use std::time::{Duration, UNIX_EPOCH};

use gatepass_distribution::{Admitted, Invalidations};
use http::{Method, Response, StatusCode};
use hyper::upgrade::OnUpgrade;

use crate::access_log::Entry;
use crate::asked::Asked;
use crate::body::Body;
use crate::cache::{Cache, Served, outdated};
use crate::compress::Generation;
use crate::config::Limits;
use crate::incoming::{Sent, bounded};
use crate::origin::Wanted;
use crate::origin::directory::Directory;
use crate::origin::remote::Remote;
use crate::origin::request::RequestBody;
use crate::serving::{Serving, Source};
use crate::{chosen, forward, refuse, respond, tunnel};

/// Where answers come from, for as long as one request takes.
#[derive(Clone, Copy)]
pub(crate) struct Fetch<'e> {
    pub(crate) serving: &'e Serving,
    pub(crate) cache: Option<&'e Cache>,
    pub(crate) limits: &'e Limits,
}

impl Fetch<'_> {
    /// Answers with what needs no waiting: a file of a folder, or what lies fresh in memory.
    pub(crate) fn at_once(
        &self,
        admitted: &Admitted<Asked<'_>>,
        sent: &Sent,
        entry: &mut Entry,
    ) -> Option<Response<Body>> {
        let asked = admitted.request();
        match self.serving.source(asked.distribution, asked.behavior) {
            Source::Directory(directory) => Some(from_folder(directory, admitted)),
            Source::Remote(_) => {
                let cache = self.cache_for(asked, sent)?;
                let served = cache.at_once(admitted, self.invalidations())?;
                Some(told(served, admitted, entry))
            }
        }
    }

    /// Answers from wherever the behavior's content comes from.
    pub(crate) async fn answer(
        &self,
        admitted: Admitted<Asked<'_>>,
        sent: Sent,
        entry: &mut Entry,
    ) -> Response<Body> {
        let asked = admitted.request();
        match self.serving.source(asked.distribution, asked.behavior) {
            Source::Directory(directory) => from_folder(directory, &admitted),
            Source::Remote(remote) => match self.cache_for(asked, &sent) {
                Some(cache) => {
                    let served = cache.serve(&admitted, remote, self.invalidations()).await;
                    told(served, &admitted, entry)
                }
                None => self.direct(remote, admitted, sent, entry).await,
            },
        }
    }

    /// The cache, if the request is one that it can answer.
    fn cache_for(&self, asked: &Asked<'_>, sent: &Sent) -> Option<&Cache> {
        let may_be_kept = asked.behavior.cache_policy().keeps_anything()
            && chosen::is_for_the_cache(asked)
            && match sent {
                Sent::Nothing => true,
                Sent::Body(_) => false,
                // A word about any other protocol goes no further than to us.
                Sent::Upgrade(_) => !chosen::is_websocket(asked),
            };
        self.cache.filter(|_| may_be_kept)
    }

    fn invalidations(&self) -> &Invalidations {
        &self.serving.snapshot().facts().invalidations
    }

    /// Asks the origin on behalf of this one viewer, and keeps nothing.
    async fn direct(
        &self,
        remote: &Remote,
        admitted: Admitted<Asked<'_>>,
        sent: Sent,
        entry: &mut Entry,
    ) -> Response<Body> {
        let (body, upgrade) = match sent {
            Sent::Nothing => (RequestBody::Empty, None),
            Sent::Body(unread) => {
                let body = unread.take().map_or(RequestBody::Empty, |body| {
                    bounded(body, self.limits, entry.body_received())
                });
                (body, None)
            }
            Sent::Upgrade(upgrade) => {
                let is_websocket = chosen::is_websocket(admitted.request());
                (RequestBody::Empty, Some(upgrade).filter(|_| is_websocket))
            }
        };
        let request = admitted.derive(|asked| {
            let mut request = forward::origin_request(asked, body);
            if chosen::is_for_the_cache(asked) {
                forward::add_conditions(&mut request, asked);
            }
            request
        });
        let method = admitted.request().method;
        let changes = self.cache.filter(|_| !method.is_safe());
        let mut response = match remote.fetch(request).await {
            Ok(response) => response.map(|body| Body::Remote(Box::new(body))),
            Err(trouble) => return refuse::trouble(&trouble, method, entry),
        };
        forward::keep_back(admitted.request(), response.headers_mut());
        respond::from_origin(&mut response);
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let origin = response.extensions_mut().remove::<OnUpgrade>();
            let Some((viewer, origin)) = upgrade.zip(origin) else {
                return refuse::unasked_switch(method, entry);
            };
            tunnel::switch(response.headers_mut());
            tunnel::join(viewer, origin);
        }
        let has_changed = response.status().is_success() || response.status().is_redirection();
        if let Some(cache) = changes.filter(|_| has_changed) {
            // What others had is no longer what they would get.
            for key in outdated::keys(admitted.request(), response.headers()) {
                cache.forget(&key);
            }
        }
        if *method == Method::HEAD || response.status() == StatusCode::SWITCHING_PROTOCOLS {
            *response.body_mut() = Body::Empty;
        }
        response
    }
}

fn from_folder(directory: &Directory, admitted: &Admitted<Asked<'_>>) -> Response<Body> {
    let now = UNIX_EPOCH + Duration::from_secs(admitted.request().now.seconds());
    let wanted = admitted.derive(|asked| Wanted {
        method: asked.method,
        path: asked.path.clone(),
        headers: asked.headers,
    });
    let response = directory.fetch(&wanted, now);
    let compresses = admitted.request().behavior.conduct().compress;
    let generation = response.body().generation().filter(|_| compresses);
    let mut response = response.map(Body::from);
    if let Some(generation) = generation {
        response.extensions_mut().insert(Generation(generation));
    }
    response
}

/// What the cache served, and its part of the log line.
fn told(served: Served, admitted: &Admitted<Asked<'_>>, entry: &mut Entry) -> Response<Body> {
    let mut response = served.response;
    if let Some((reason, sentence)) = served.trouble {
        entry.shared_trouble(reason, sentence);
        let method = admitted.request().method;
        response = refuse::origin_failed(response.status(), method, entry.id());
    }
    entry.outcome(respond::outcome(&mut response, served.outcome));
    response
}
