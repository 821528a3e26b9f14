//! A layer for applications that log their people in themselves: it lays, renews and clears.
//!
//! A handler says so in its response's extensions, and the cookies are set:
//!
//! - [`Granted::to`] a person who logged in lays the cookies of all that they may have.
//! - [`Cleared`] takes away all that was laid, at every path and domain.
//! - Whatever else is asked renews what is about to end, if [`PassLayer::renewing`] says that
//!   the person is still signed in.
//!
//! Cookies whose `Path` is a resource's don't come along to the application's own pages. So
//! what was laid, and until when it is good, is remembered in a cookie of its own (see
//! `remembered.rs`), which proves nothing and is not believed.
//!
//! # Invariants
//!
//! - A response gets all lines, or none: an error stands in its extensions, then.
//! - A response with cookies is nobody else's: it is `no-store` unless it was private already.

mod remembered;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use gatepass::EpochTime;
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use self::remembered::Remembered;
use crate::handout::{Handout, Laid};
use crate::issuance::{HandoutError, Issuance};
use crate::person::Person;

/// Lays, renews and clears the cookies of an application's people.
#[derive(Clone)]
pub struct PassLayer(Arc<Shared>);

struct Shared {
    issuance: Issuance,
    clock: Box<dyn Fn() -> EpochTime + Send + Sync>,
    renewing: Asked<Granted>,
    address_of: Asked<IpAddr>,
}

/// A question about a request.
type Asked<T> = Box<dyn Fn(&Parts) -> Option<T> + Send + Sync>;

/// What a [`PassLayer`] makes of a service.
#[derive(Clone)]
pub struct PassService<S> {
    inner: S,
    shared: Arc<Shared>,
}

/// In a response's extensions: this person is handed all that they may have.
#[derive(Clone, Debug)]
pub struct Granted {
    person: Person,
    until: Option<EpochTime>,
}

/// In a response's extensions: all that was laid is taken away.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to say about it")]
pub struct Cleared;

impl Granted {
    /// Hands out to this person, who proved who they are.
    pub const fn to(person: Person) -> Self {
        Self { person, until: None }
    }

    /// The same, but no pass outlives the application's session.
    #[must_use]
    pub fn until(self, end: EpochTime) -> Self {
        Self { until: Some(end), ..self }
    }
}

impl PassLayer {
    /// Hands out by `issuance`, and takes the time from `clock`. Nothing is renewed.
    pub fn new(issuance: Issuance, clock: impl Fn() -> EpochTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            issuance,
            clock: Box::new(clock),
            renewing: Box::new(|_| None),
            address_of: Box::new(|_| None),
        }))
    }

    /// Renews for whom the application's own check finds signed in. It is asked when passes
    /// are about to end, in the last third of their life, and afterwards.
    #[must_use]
    pub fn renewing(
        self,
        signed_in: impl Fn(&Parts) -> Option<Granted> + Send + Sync + 'static,
    ) -> Self {
        self.with(|shared| shared.renewing = Box::new(signed_in))
    }

    /// Finds the viewer's address, as the edge will see it. Needed if passes are bound to it.
    #[must_use]
    pub fn address_of(
        self,
        address: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.with(|shared| shared.address_of = Box::new(address))
    }

    /// Before the layer is cloned, nobody shares what it holds; a clone is changed no more.
    fn with(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.0) {
            change(shared);
        }
        self
    }
}

impl<S> Layer<S> for PassLayer {
    type Service = PassService<S>;

    fn layer(&self, inner: S) -> PassService<S> {
        PassService { inner, shared: Arc::clone(&self.0) }
    }
}

impl<S, B, R> Service<Request<B>> for PassService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    R: Default + Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let shared = Arc::clone(&self.shared);
        let seen = Seen::of(&parts, &shared);
        let answered = self.inner.call(Request::from_parts(parts, body));
        Box::pin(async move {
            let mut response = answered.await?;
            shared.attend(seen, &mut response).await;
            Ok(response)
        })
    }
}

/// What is taken from a request, before its handler has it.
struct Seen {
    address: Option<IpAddr>,
    remembered: Remembered,
    renewing: Option<Granted>,
}

impl Seen {
    fn of(parts: &Parts, shared: &Shared) -> Self {
        let remembered = Remembered::read(&parts.headers);
        let is_due = remembered.is_due((shared.clock)());
        Self {
            address: (shared.address_of)(parts),
            renewing: is_due.then(|| (shared.renewing)(parts)).flatten(),
            remembered,
        }
    }
}

impl Shared {
    async fn attend<R: Default>(&self, seen: Seen, response: &mut Response<R>) {
        let Seen { address, remembered, renewing } = seen;
        let granted = response.extensions_mut().remove::<Granted>();
        if response.extensions_mut().remove::<Cleared>().is_some() {
            let laid = remembered.laid.into_iter().chain(self.issuance.known_places());
            let lines = laid.flat_map(|laid| laid.clearing_lines());
            add(response.headers_mut(), lines.chain([Remembered::clearing_line()]));
        } else if let Some(granted) = granted {
            if let Err(error) = self.lay(&granted, address, &remembered, response).await {
                let status = if error.is_refusal() {
                    StatusCode::FORBIDDEN
                } else {
                    StatusCode::INTERNAL_SERVER_ERROR
                };
                *response.status_mut() = status;
                *response.body_mut() = R::default();
                response.headers_mut().clear();
                response.extensions_mut().insert(error);
            }
        } else if let Some(granted) = renewing.filter(|_| !is_for_everybody(response.headers()))
            && let Err(error) = self.lay(&granted, address, &remembered, response).await
        {
            // The answer is good without them; the passes end when they end.
            response.extensions_mut().insert(error);
        }
    }

    async fn lay<R>(
        &self,
        granted: &Granted,
        address: Option<IpAddr>,
        remembered: &Remembered,
        response: &mut Response<R>,
    ) -> Result<(), HandoutError> {
        let unbound = || (!self.issuance.may_bind()).then_some(Ipv4Addr::UNSPECIFIED.into());
        let address = address.or_else(unbound).ok_or(HandoutError::NoAddress)?;
        let (now, Granted { person, until }) = ((self.clock)(), granted);
        let handout = self.issuance.hand_out(person, address, now, *until).await?;
        let Handout { lines, laid, expiry } = handout;
        let gone: Vec<_> = remembered.laid.iter().filter(|one| !laid.contains(one)).collect();
        let taken = gone.into_iter().flat_map(Laid::clearing_lines);
        let kept = Remembered::new(now, expiry, laid).line();
        add(response.headers_mut(), taken.chain(lines).chain([kept]));
        Ok(())
    }
}

/// Adds lines, after which the response is nobody else's.
fn add(headers: &mut HeaderMap, lines: impl Iterator<Item = String>) {
    for line in lines {
        let value = HeaderValue::from_str(&line).map(|mut value| {
            value.set_sensitive(true);
            value
        });
        // Our lines are headers; what a browser made up to be cleared may be none.
        let _: Option<bool> = value.ok().map(|value| headers.append(SET_COOKIE, value));
    }
    if !says(headers, &["private", "no-store"]) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Whether a cache may hand the response to others, as the application wants it to.
fn is_for_everybody(headers: &HeaderMap) -> bool {
    says(headers, &["public", "s-maxage", "immutable"])
}

fn says(headers: &HeaderMap, directives: &[&str]) -> bool {
    let values = headers.get_all(CACHE_CONTROL).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|directive| {
        let name = directive.split('=').next().unwrap_or_default().trim();
        directives.iter().any(|one| name.eq_ignore_ascii_case(one))
    })
}

impl fmt::Debug for PassLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PassLayer").field(&self.0.issuance).finish()
    }
}

impl<S: fmt::Debug> fmt::Debug for PassService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
