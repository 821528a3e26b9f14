//! One request that was read and routed, at the gate and behind it.

use std::borrow::Cow;
use std::time::Instant;

use gatepass::{Denial, EpochTime, Pass, ViewerUrl};
use gatepass_distribution::{
    Admitted, Distribution, ErrorResponse, NormalPath, Route, VerifiedPasses,
};
use http::{HeaderMap, Method, Request, Response, StatusCode};

use crate::access_log::Entry;
use crate::asked::Asked;
use crate::body::Body;
use crate::cap::cap;
use crate::compress::{Copies, negotiate, revalidate};
use crate::fetch::Fetch;
use crate::incoming::Sent;
use crate::listener::Connection;
use crate::request_id::RequestId;
use crate::telemetry::Trace;
use crate::viewer::Viewer;
use crate::{refuse, renew, respond};

/// A request, as far as it was read before the gate.
pub(crate) struct Asking<'r> {
    pub(crate) request: &'r Request<()>,
    pub(crate) connection: &'r Connection,
    pub(crate) viewer: &'r Viewer<'r>,
    pub(crate) route: Route<'r>,
    pub(crate) fetch: Fetch<'r>,
    pub(crate) copies: &'r Copies,
    pub(crate) now: EpochTime,
    pub(crate) id: RequestId,
    pub(crate) trace: Trace,
}

/// When the pass ends that opened the gate; none if it stood open.
pub(crate) type Expiry = Option<EpochTime>;

pub(crate) fn expiry<R>(admitted: &Admitted<R>) -> Expiry {
    admitted.pass().map(Pass::expiry)
}

impl<'r> Asking<'r> {
    /// What is admitted, or what a viewer hears who was denied. Who asks by a method that the
    /// behavior doesn't allow never comes to the gate, and who was `denied` already stays so:
    /// a forged pass is not remembered, and to check it again would cost as much.
    pub(crate) fn gate(
        &self,
        sent: &Sent,
        verified: &VerifiedPasses,
        denied: &mut Option<Denial>,
        entry: &mut Entry,
    ) -> Result<Result<Admitted<Asked<'r>>, Response<Body>>, Response<Body>> {
        let Self { request, viewer, route, .. } = self;
        let allowed = route.behavior.conduct().allowed_methods;
        let has_body = matches!(sent, Sent::Body(_));
        if let Some(mut refusal) = refuse::method(request, has_body, allowed, entry) {
            self.leave(&mut refusal);
            return Err(refusal);
        }
        if let Some(denial) = denied {
            return Ok(Err(self.denied(denial)));
        }
        let path = origin_path(route.distribution, viewer.url().path());
        let asked = self.asked(path, request.headers());
        let revocations = &self.fetch.serving.snapshot().facts().revocations;
        let gate = route.behavior.gate();
        let began = Instant::now();
        let judged = gate.admit(asked, viewer.request(), verified, revocations, self.now);
        entry.judged(began.elapsed());
        match judged {
            Ok(admitted) => {
                entry.admitted(admitted.pass());
                if let Some(denial) = admitted.reported() {
                    entry.reported(denial);
                }
                if let Some((renewal, pass)) = route.behavior.renewal().zip(admitted.pass())
                    && let Some(mut redirect) = renew::due(renewal, request, viewer, pass, self.now)
                {
                    self.leave(&mut redirect);
                    return Err(redirect);
                }
                Ok(Ok(admitted))
            }
            Err(denial) => {
                entry.denied(&denial);
                Ok(Err(self.denied(denied.insert(denial))))
            }
        }
    }

    fn denied(&self, denial: &Denial) -> Response<Body> {
        let Self { request, viewer, route, .. } = self;
        match route.behavior.on_denied() {
            Some(page) if refuse::asks_for_a_page(request) => refuse::to_login(page, viewer.url()),
            _ => refuse::forbidden(denial, route.behavior.gate(), request.method()),
        }
    }

    /// Compresses an answer where the behavior wants it and it is worth it.
    pub(crate) fn compress(&self, response: &mut Response<Body>) {
        if !self.route.behavior.conduct().compress {
            return;
        }
        let (mut head, body) = std::mem::take(response).into_parts();
        let asked = self.asked(Cow::Borrowed(""), self.request.headers());
        if head.status == StatusCode::NOT_MODIFIED {
            revalidate(&asked, head.extensions.get(), &mut head.headers);
            *response = Response::from_parts(head, body);
            return;
        }
        let coding = negotiate(&asked, head.status, &mut head.headers);
        let body = match coding.filter(|_| *self.request.method() != Method::HEAD) {
            Some(coding) => {
                let generation = head.extensions.get();
                self.copies.compressed(body, coding, generation.copied(), &mut head.headers)
            }
            None => body,
        };
        *response = Response::from_parts(head, body);
    }

    /// Lets the viewer's copy end with its pass, where the behavior wants that.
    pub(crate) fn cap(&self, response: &mut Response<Body>, expiry: Expiry) {
        let is_wanted = self.route.behavior.conduct().cap_viewer_cache;
        if let Some(expiry) = expiry.filter(|_| is_wanted) {
            cap(response.headers_mut(), self.now, expiry);
        }
    }

    /// Says what a behavior says of everything that leaves it.
    pub(crate) fn leave(&self, response: &mut Response<Body>) {
        if let Some(cors) = self.route.behavior.cors() {
            respond::cors(response, cors, self.request.headers());
        }
        respond::own_headers(response, self.route.behavior.conduct());
    }

    /// Answers an error with the distribution's own page, if it has one and it can be read;
    /// none if that takes waiting.
    pub(crate) fn page_at_once(
        &self,
        response: &mut Response<Body>,
        entry: &mut Entry,
    ) -> Option<()> {
        let Some(page) = ErrorPage::of(self, response) else { return Some(()) };
        let fetched = match page.admitted(self) {
            Some(admitted) => {
                Some(self.fetch.at_once(&admitted, &Sent::Nothing, &mut entry.aside())?)
            }
            None => None,
        };
        page.replace(response, fetched);
        Some(())
    }

    /// The same, with all the time that it takes.
    pub(crate) async fn page(&self, response: &mut Response<Body>, entry: &mut Entry) {
        let Some(page) = ErrorPage::of(self, response) else { return };
        let fetched = match page.admitted(self) {
            Some(admitted) => {
                Some(self.fetch.answer(admitted, Sent::Nothing, &mut entry.aside()).await)
            }
            None => None,
        };
        page.replace(response, fetched);
    }

    fn asked<'a>(&self, path: Cow<'a, str>, headers: &'a HeaderMap) -> Asked<'a>
    where
        'r: 'a,
    {
        Asked {
            distribution: self.route.distribution,
            behavior: self.route.behavior,
            method: self.request.method(),
            version: self.request.version(),
            url: match self.route.behavior.gate().trust() {
                Some(_) => self.viewer.url(),
                None => self.viewer.sent(),
            },
            path,
            headers,
            connection: self.connection,
            address: self.viewer.request().address(),
            now: self.now,
            id: self.id,
            trace: self.trace.clone(),
        }
    }
}

/// A page of the distribution's own that is to be answered instead of an error.
struct ErrorPage<'r> {
    custom: &'r ErrorResponse,
    url: ViewerUrl<'r>,
    method: Method,
    nothing_sent: HeaderMap,
}

impl<'r> ErrorPage<'r> {
    fn of(asking: &Asking<'r>, error: &Response<Body>) -> Option<Self> {
        let custom = asking.route.distribution.error_response(error.status().as_u16())?;
        let viewers = asking.viewer.url();
        let url = ViewerUrl::new(viewers.scheme(), viewers.host(), custom.page()?, None);
        // A page is fetched as one, whatever failed.
        let is_head = *asking.request.method() == Method::HEAD;
        let method = if is_head { Method::HEAD } else { Method::GET };
        Some(Self { custom, url, method, nothing_sent: HeaderMap::new() })
    }

    fn admitted<'a>(&'a self, asking: &Asking<'a>) -> Option<Admitted<Asked<'a>>> {
        Admitted::error_page(self.custom, |path| Asked {
            behavior: asking.route.distribution.behavior(&NormalPath::read(path)),
            method: &self.method,
            url: &self.url,
            ..asking.asked(Cow::Owned(path.to_owned()), &self.nothing_sent)
        })
    }

    /// Puts the page in the place of the error, if it could be read.
    fn replace(&self, error: &mut Response<Body>, fetched: Option<Response<Body>>) {
        if let Some(page) = fetched.filter(|page| page.status() == StatusCode::OK) {
            *error = respond::as_error_page(page, self.custom.response_status(), error);
        }
    }
}

/// `/` is fetched as the default root object; every other path as it came.
fn origin_path<'p>(distribution: &Distribution, path: &'p str) -> Cow<'p, str> {
    match distribution.default_root_object() {
        Some(object) if path == "/" => Cow::Owned(format!("/{object}")),
        _ => Cow::Borrowed(path),
    }
}
