//! The issuer: begin here. Somebody proves who they are, and is handed their passes.
//!
//! ```text
//! a way of login ─► sign_in ─► session, handout ─► back to where they came from
//!                    renew  ─► the same session, fresh passes, while it lasts
//!                    logout ─► every cookie that was ever set is taken away
//! ```
//!
//! # Invariants
//!
//! A session gets a new name at each login. No pass outlives its session. What is handed out is
//! handed out whole: all lines, or none and the reason.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::rand;
use axum::Router;
use axum::response::{IntoResponse, Response};
use gatepass::EpochTime;
use gatepass_distribution::Proxies;
use http::header::{CACHE_CONTROL, LOCATION, RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::arrival::Arrival;
use super::config::IssuerConfig;
use super::journal::{self, Event, Journal};
use super::login::{self, LoginError, Logins, Tell};
use super::page::{Page, Trouble};
use super::return_to::ReturnTo;
use super::session::{PasswordMark, Session, SessionId, Way};
use super::sessions::{COOKIE, LongSession, NoSession, Sessions};
use super::throttle::AddressThrottle;
use super::{application, keys, logout, renewal};
use crate::handout::{Handout, Laid};
use crate::issuance::{HandoutError, Issuance};
use crate::person::Person;

/// Says what time it is. Handed in, so that a test can say so too.
pub type Clock = Arc<dyn Fn() -> EpochTime + Send + Sync>;

/// Decides who may have which pass, and hands it out.
pub struct Issuer {
    config: IssuerConfig,
    /// Swapped whole when keys or entitlements change.
    issuance: ArcSwap<Issuance>,
    sessions: Sessions,
    logins: Logins,
    clock: Clock,
    journal: Journal,
    /// Whose `X-Forwarded-For` is believed: edges, and proxies that log people in. All that can
    /// be had by it is another address.
    speakers: Proxies,
    /// Whether a proxy was told of that is not listed.
    unlisted_was_told: AtomicBool,
    /// Wrong tokens of applications, where there is a right one.
    wrong_tokens: Option<AddressThrottle>,
    /// What is told of those who have shown nothing.
    strangers: AddressThrottle,
}

/// Why an issuer can't begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// What has to outlive a restart can't be read or written.
    #[error("the state folder can't be used: {0}")]
    State(#[source] std::io::Error),
    /// A way of logging in, or a page.
    #[error(transparent)]
    Login(#[from] LoginError),
}

/// Somebody who proved who they are, by one way of login.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) person: Person,
    pub(crate) way: Way,
    /// How long their session lasts, if that was said for it alone.
    pub(crate) lasts: Option<Duration>,
    /// The password that they showed, if they did.
    pub(crate) password: Option<PasswordMark>,
}

impl Proven {
    /// Somebody of whom nothing else is to be said.
    pub(crate) const fn by(way: Way, person: Person) -> Self {
        Self { person, way, lasts: None, password: None }
    }
}

/// Why somebody gets nothing. What they are told is in `Display`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Handout(#[from] HandoutError),
    #[error(transparent)]
    Session(#[from] LongSession),
    /// They logged out while their passes were made.
    #[error("the session was ended meanwhile")]
    Ended,
}

impl Issuer {
    /// Opens an issuer that hands out what `issuance` makes.
    pub fn open(
        config: IssuerConfig,
        issuance: Issuance,
        clock: Clock,
        journal: Journal,
    ) -> Result<Arc<Self>, Vec<IssuerError>> {
        let now = clock();
        let tell: Tell = {
            let (clock, journal) = (Arc::clone(&clock), Arc::clone(&journal));
            Arc::new(move |what: &str| {
                let event = Event::Trouble { what: what.to_owned() };
                journal::write(&journal, clock(), None, event);
            })
        };
        let logging_in = config.login.header.as_ref().map(|header| &*header.from);
        let speakers = config.proxies.and(logging_in.unwrap_or_default());
        let sessions = Sessions::open(&config, now).map_err(IssuerError::State);
        let logins = Logins::open(&config, now, &tell);
        match (sessions, logins) {
            (Ok(sessions), Ok(logins)) => Ok(Arc::new(Self {
                issuance: ArcSwap::from_pointee(issuance),
                wrong_tokens: config.application_token.is_some().then(AddressThrottle::default),
                strangers: AddressThrottle::default(),
                speakers,
                unlisted_was_told: AtomicBool::new(false),
                config,
                sessions,
                logins,
                clock,
                journal,
            })),
            (sessions, logins) => {
                let of_logins = logins.err().into_iter().flatten().map(IssuerError::Login);
                Err(sessions.err().into_iter().chain(of_logins).collect())
            }
        }
    }

    /// Every route, below the path of the public URL.
    pub fn router(self: &Arc<Self>) -> Router {
        let routes = Router::new()
            .merge(login::routes())
            .merge(renewal::routes())
            .merge(logout::routes())
            .merge(application::routes())
            .merge(keys::routes())
            .with_state(Arc::clone(self));
        match self.config.url.path() {
            "" => routes,
            path => Router::new().nest(path, routes),
        }
    }

    /// Where it listens.
    pub const fn listen(&self) -> SocketAddr {
        self.config.listen
    }

    /// Where browsers find it.
    pub fn public_url(&self) -> String {
        self.config.url.url("/")
    }

    pub(crate) const fn config(&self) -> &IssuerConfig {
        &self.config
    }

    /// Hands out by other entitlements or keys from now on; sessions go on.
    pub fn install(&self, issuance: Issuance) {
        self.issuance.store(Arc::new(issuance));
    }

    pub(crate) fn issuance(&self) -> Arc<Issuance> {
        self.issuance.load_full()
    }

    /// Tells operators what happened.
    pub(crate) fn tell(&self, address: Option<IpAddr>, event: Event<'_>) {
        journal::write(&self.journal, self.now(), address, event);
    }

    /// Tells operators what somebody did who has shown nothing, unless it is one of too many from
    /// their address: a journal is no place for strangers to fill.
    pub(crate) fn tell_of_stranger(&self, arrival: &Arrival, event: Event<'_>) {
        if self.strangers.count(arrival.address).is_ok() {
            self.tell(Some(arrival.address), event);
        }
    }

    /// Whose `X-Forwarded-For` is believed.
    pub(crate) const fn speakers(&self) -> &Proxies {
        &self.speakers
    }

    /// Tells once that a peer speaks for others and is not believed: most likely the edge.
    pub(crate) fn tell_of_unlisted(&self, peer: IpAddr) {
        if !self.unlisted_was_told.swap(true, Ordering::Relaxed) {
            let peer = peer.to_canonical();
            let what = format!(
                "{peer} sends X-Forwarded-For and is not believed: if it is your edge or another proxy of yours, list it in trusted-proxies of [issuer]. Until then all its viewers count as {peer}, who wait for each other at the login, and to whom passes are bound (told once)"
            );
            self.tell(None, Event::Trouble { what });
        }
    }

    pub(crate) const fn wrong_tokens(&self) -> Option<&AddressThrottle> {
        self.wrong_tokens.as_ref()
    }

    pub(crate) const fn logins(&self) -> &Logins {
        &self.logins
    }

    pub(crate) const fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    pub(crate) fn now(&self) -> EpochTime {
        (self.clock)()
    }

    /// The session of whoever arrived. Who was taken out of the users file has none, nor has
    /// who has another password since; whoever is in it has the claims that stand there now.
    /// What a proxy says now counts, too, if it says it.
    pub(crate) async fn session(&self, arrival: &Arrival) -> Result<Session, NoSession> {
        self.follow_ended(arrival.now).await;
        let mut session = self.sessions.read(arrival.cookie(COOKIE).as_deref(), arrival.now)?;
        let person = match session.way {
            Way::Users => Some(self.logins.current(&session).await.ok_or(NoSession::SignedOut)?),
            Way::Header => {
                let now = self.logins.vouched_for(&self.config, arrival);
                let now = now.map_err(|_| NoSession::SignedOut)?;
                if now.as_ref().is_some_and(|now| now.subject() != session.person.subject()) {
                    return Err(NoSession::SignedOut);
                }
                now
            }
            Way::Oidc | Way::Invitation => None,
        };
        if let Some(person) = person {
            session.person = self.issuance().only_wanted(person);
        }
        Ok(session)
    }

    /// Takes over which sessions others ended: an operator, or an issuer beside this one.
    async fn follow_ended(&self, now: EpochTime) {
        if !self.sessions.ended().is_due(now) {
            return;
        }
        let ended = Arc::clone(self.sessions.ended());
        let followed = tokio::task::spawn_blocking(move || ended.follow(now)).await;
        if let Err(error) = followed.map_err(io::Error::other).flatten() {
            let what = format!("which sessions were ended elsewhere can't be read: {error}");
            self.tell(None, Event::Trouble { what });
        }
    }

    /// The session of whoever arrived, though it may have ended: what it laid is still there.
    pub(crate) fn remembered(&self, arrival: &Arrival) -> Option<Session> {
        self.sessions.remembered(arrival.cookie(COOKIE).as_deref())
    }

    /// Begins a session, hands out passes, and sends the person where they wanted to go.
    pub(crate) async fn sign_in(
        self: &Arc<Self>,
        arrival: &Arrival,
        proven: Proven,
        return_to: &ReturnTo,
    ) -> Response {
        let Proven { person, way, lasts, password } = proven;
        let person = self.issuance().only_wanted(person);
        let mut random = [0; 16];
        rand::fill(&mut random).expect("the system has randomness");
        let lifetimes = self.sessions.lifetimes();
        // Not when the request arrived: a password takes its time, and so does a provider.
        let now = self.now();
        let id = SessionId::new(random);
        let mut session = Session::begin(id, person, way, now, lifetimes, lasts);
        session.password = password;
        // What an earlier session laid is taken away with it, whoever it was.
        if let Some(earlier) = self.remembered(arrival) {
            self.end(&earlier, arrival.now).await;
            session.laid = earlier.laid;
        }
        let laid = session.laid.clone();
        let subject = session.person.subject().to_owned();
        match self.hand_over(arrival, session).await {
            Ok((_, headers)) => {
                self.tell(Some(arrival.address), Event::SignedIn { subject: &subject, way });
                (headers, see_other(return_to)).into_response()
            }
            Err(refusal) => {
                let taken = laid.iter().flat_map(Laid::clearing_lines);
                let taken = taken.chain([self.sessions.clearing_line()]);
                let headers: HeaderMap = taken.filter_map(|line| set_cookie(&line)).collect();
                (headers, self.refused(arrival, &subject, &refusal)).into_response()
            }
        }
    }

    /// Ends a session for good; copies of its cookie count no more.
    pub(crate) async fn end(self: &Arc<Self>, session: &Session, now: EpochTime) {
        let (issuer, session) = (Arc::clone(self), session.clone());
        // It waits for the disk.
        let ended = tokio::task::spawn_blocking(move || issuer.sessions.end(&session, now)).await;
        if let Err(error) = ended.map_err(io::Error::other).flatten() {
            // Copies of its cookie count again after a restart.
            let what = format!("the end of a session could not be written down: {error}");
            self.tell(None, Event::Trouble { what });
        }
    }

    /// Ends all that somebody began by one way until then.
    pub(crate) async fn end_all(
        self: &Arc<Self>,
        person: Person,
        way: Way,
        until: EpochTime,
    ) -> io::Result<()> {
        let issuer = Arc::clone(self);
        // It waits for the disk.
        let ended = move || issuer.sessions.end_all(&person, way, until);
        tokio::task::spawn_blocking(ended).await.map_err(io::Error::other).flatten()
    }

    /// Hands out what a session is good for: the session as it is now, and the headers that
    /// make a browser keep all of it.
    pub(crate) async fn hand_over(
        &self,
        arrival: &Arrival,
        mut session: Session,
    ) -> Result<(Session, HeaderMap), Refusal> {
        let now = self.now();
        let until = EpochTime::new(self.ends(&session)).unwrap_or(now);
        let (person, address) = (&session.person, arrival.address);
        let issuance = self.issuance();
        let handout = issuance.hand_out(person, address, now, Some(until)).await?;
        // Keys and applications take their time. Who logged out meanwhile, in another tab, is
        // not to be laid again what was just taken away.
        if self.sessions.ended().has(&session) {
            return Err(Refusal::Ended);
        }
        let gone: Vec<_> =
            session.laid.drain(..).filter(|laid| !handout.laid.contains(laid)).collect();
        let Handout { lines, laid, expiry } = handout;
        session.renewed(now, expiry, &laid);
        let taken = gone.iter().flat_map(Laid::clearing_lines);
        let kept = self.sessions.line(&session)?;
        let headers = taken.chain(lines).chain([kept]).filter_map(|line| set_cookie(&line));
        Ok((session, headers.chain([(CACHE_CONTROL, NO_STORE)]).collect()))
    }

    /// When a session ends for good, in epoch seconds.
    pub(crate) fn ends(&self, session: &Session) -> u64 {
        session.latest_end(self.sessions.lifetimes())
    }

    /// The lines that take away all that a session laid, and itself.
    pub(crate) fn clearing_lines(&self, session: &Session) -> Vec<String> {
        let laid = session.laid.iter().flat_map(Laid::clearing_lines);
        laid.chain([self.sessions.clearing_line()]).collect()
    }

    /// Tells somebody that they get nothing, and operators why.
    pub(crate) fn refused(&self, arrival: &Arrival, subject: &str, refusal: &Refusal) -> Response {
        let reason = refusal.to_string();
        self.tell(Some(arrival.address), Event::Refused { subject, reason });
        let pages = &self.logins.pages;
        match refusal {
            Refusal::Handout(error) if error.is_refusal() => {
                pages.answer(StatusCode::FORBIDDEN, &Page::Refused { name: subject })
            }
            _ => {
                let mut answer = pages.trouble(StatusCode::SERVICE_UNAVAILABLE, Trouble::Passes);
                answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
                answer
            }
        }
    }
}

/// What a refusal takes away: somebody who may have nothing keeps no pass.
pub(crate) fn taken(session: &Session, refusal: &Refusal) -> HeaderMap {
    let is_refusal = matches!(refusal, Refusal::Handout(error) if error.is_refusal());
    let laid = session.laid.iter().filter(|_| is_refusal);
    laid.flat_map(Laid::clearing_lines).filter_map(|line| set_cookie(&line)).collect()
}

/// Answers that carry cookies are nobody else's.
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A line as a header; the lines are ours, so there is none that is no header.
pub(crate) fn set_cookie(line: &str) -> Option<(http::HeaderName, HeaderValue)> {
    let mut value = HeaderValue::from_str(line).ok()?;
    value.set_sensitive(true);
    Some((SET_COOKIE, value))
}

/// Sends somebody on, by a GET whatever they came with.
pub(crate) fn see_other(target: &ReturnTo) -> Response {
    let location = HeaderValue::from_str(target.as_str()).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, location), (CACHE_CONTROL, NO_STORE)]).into_response()
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("config", &self.config).finish_non_exhaustive()
    }
}
