//! Who may have what: persons on one side, resources and conditions on the other.
//!
//! A person has an entitlement if everything holds that it says of them. They are handed all
//! that they have, or the reason why that can't be done.
//!
//! # Invariants
//!
//! What can be seen to fail without knowing the person is refused when an issuer starts: a
//! place where cookies don't go, a pass that takes another's place, what CloudFront can't read.

mod wanted;

use std::net::IpAddr;
use std::str::FromStr;

use gatepass::{
    EpochTime, HashAlgorithm, JsonStyle, Level, Lint, Network, Policy, Reading, Unsigned, Window,
    lint,
};
use gatepass_distribution::Mistake;
use ipnet::IpNet;

use crate::laying::{CookieWishes, Place, Site};
use crate::person::Person;
use crate::placeholder::{ResourceTemplate, ValueError};
use crate::plan::{Grant, PlanError, Reader};

/// Who may have some resources, for how long, and from where.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a configuration is written out field by field")]
pub struct Entitlement {
    /// Names it in messages.
    pub id: Box<str>,
    /// Whose it is.
    pub who: Who,
    /// What it is for. Not empty.
    pub resources: Vec<ResourceTemplate>,
    /// For how many seconds a pass is good, counted from when it is asked for.
    pub lifetime_seconds: u64,
    /// From when on it is good.
    pub start: Start,
    /// From where it is good.
    pub address: AddressBinding,
    /// How its cookies are laid.
    pub cookies: CookieWishes,
    /// Who will read the passes.
    pub reader: Reader,
}

/// Whose an entitlement is.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "everybody, or some")]
pub enum Who {
    /// Everybody who logged in.
    Everybody,
    /// Those of whom all of this holds; nobody, if nothing is said.
    Those(Conditions),
}

/// What must hold of a person.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a configuration is written out field by field")]
pub struct Conditions {
    /// They are in one of these groups: the claim `groups`.
    pub groups: Vec<Box<str>>,
    /// Their verified e-mail address is of one of these domains.
    pub email_domains: Vec<Box<str>>,
    /// Each of these claims is, or holds, one of its texts.
    pub claims: Vec<(Box<str>, Vec<Box<str>>)>,
    /// Each of these claims is there.
    pub has: Vec<Box<str>>,
}

/// From when on a pass is good.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "now, before now, or later")]
pub enum Start {
    /// At once: the policy says nothing about it.
    #[default]
    AtOnce,
    /// Since so many seconds before it was asked for: the policy then has a start.
    SecondsAgo(u64),
    /// After this moment. Nobody has the entitlement before a pass could reach that far.
    After(EpochTime),
}

/// From where a pass is good.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "bound or not")]
pub enum AddressBinding {
    /// From everywhere.
    #[default]
    Anywhere,
    /// From the viewer's network, which has prefixes of these lengths.
    Viewer {
        /// Bits of an IPv4 address.
        v4: u8,
        /// Bits of an IPv6 address, if the operator wrote them.
        v6: Option<u8>,
    },
}

/// Text that binds no address.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{0:?} binds no address: expected \"none\", \"viewer\", \"viewer/24\" (8 to 32 bits), or with a prefix for IPv6 \"viewer/24,56\" (32 to 128)"
)]
pub struct AddressBindingError(Box<str>);

/// A pass can't be bound to this address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the viewer came by IPv6, which CloudFront reads in no policy: publish no AAAA record for it and the issuer, say reader = \"gatepass\", or bind no address"
)]
pub struct Ipv6Error;

/// Why somebody can't be handed what they are entitled to.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EntitlementError {
    /// They are entitled to nothing.
    #[error("no entitlement is theirs")]
    None,
    /// A placeholder has no value, or one that is refused.
    #[error("entitlement {of:?}: {error}")]
    Value {
        /// Which one.
        of: Box<str>,
        /// Why.
        error: ValueError,
    },
    /// The address can't be bound.
    #[error("entitlement {of:?}: {error}")]
    Ipv6 {
        /// Which one.
        of: Box<str>,
        /// Why.
        error: Ipv6Error,
    },
}

impl Entitlement {
    /// The shortest and the longest lifetime, in seconds: up to a week.
    pub const LIFETIMES: std::ops::RangeInclusive<u64> = 1..=7 * 86_400;

    /// Ten minutes: long enough not to be renewed all the time, and short enough to lose.
    pub const DEFAULT_LIFETIME: u64 = 600;

    /// The window of a pass that is asked for now, if it can open before it ends.
    ///
    /// Its ends lie on a grid, so that requests of one moment ask for the same pass. The later
    /// end is put off to it, by a twentieth of the lifetime and a minute at most.
    fn window(&self, now: EpochTime) -> Option<Window> {
        window(now, self.lifetime_seconds, self.start)
    }
}

/// See [`Entitlement::window`].
pub(crate) fn window(now: EpochTime, lifetime: u64, start: Start) -> Option<Window> {
    let grid = (lifetime / 20).clamp(1, 60);
    let end = now.plus(lifetime).seconds();
    let expiry = EpochTime::new(end.next_multiple_of(grid)).ok()?;
    let window = Window::until(expiry);
    match start {
        Start::AtOnce => Some(window),
        Start::SecondsAgo(seconds) => {
            let since = now.seconds().saturating_sub(seconds.max(1));
            Some(window.after(EpochTime::new((since - since % grid).max(1)).ok()?))
        }
        Start::After(start) => (start < expiry).then(|| window.after(start)),
    }
}

impl Who {
    /// Says whether it is this person.
    pub fn is(&self, person: &Person) -> bool {
        match self {
            Self::Everybody => true,
            Self::Those(conditions) => conditions.hold(person),
        }
    }
}

impl Conditions {
    fn hold(&self, person: &Person) -> bool {
        let holds = |claim: &str, wanted: &[Box<str>]| {
            person.texts(claim).any(|text| wanted.iter().any(|one| **one == *text))
        };
        let is_of = |domain: &str| {
            let theirs = person.verified_email().and_then(|email| email.rsplit_once('@'));
            theirs.is_some_and(|(name, theirs)| {
                !name.is_empty() && theirs.eq_ignore_ascii_case(domain)
            })
        };
        *self != Self::default()
            && (self.groups.is_empty() || holds("groups", &self.groups))
            && (self.email_domains.is_empty() || self.email_domains.iter().any(|one| is_of(one)))
            && self.claims.iter().all(|(claim, wanted)| holds(claim, wanted))
            && self.has.iter().all(|claim| person.texts(claim).next().is_some())
    }
}

impl AddressBinding {
    /// Bound as closely as either asks for.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Anywhere, bound) | (bound, Self::Anywhere) => bound,
            (one @ Self::Viewer { v4, .. }, other @ Self::Viewer { v4: other_v4, .. }) => {
                let v6 = one.v6().zip(other.v6()).map(|(one, other)| one.max(other));
                Self::Viewer { v4: v4.max(other_v4), v6 }
            }
        }
    }

    /// The bits of an IPv6 address: without a word about it, one host, or what one household
    /// has.
    const fn v6(self) -> Option<u8> {
        match self {
            Self::Anywhere => None,
            Self::Viewer { v6: Some(v6), .. } => Some(v6),
            Self::Viewer { v4: 32, v6: None } => Some(128),
            Self::Viewer { v6: None, .. } => Some(56),
        }
    }

    /// The network of a viewer, if passes are bound.
    pub(crate) fn network(
        self,
        address: IpAddr,
        reader: Reader,
    ) -> Result<Option<Network>, Ipv6Error> {
        let (Self::Viewer { v4, .. }, Some(v6)) = (self, self.v6()) else { return Ok(None) };
        let address = address.to_canonical();
        let prefix = match address {
            IpAddr::V4(_) => v4,
            IpAddr::V6(_) if reader == Reader::CloudFront => return Err(Ipv6Error),
            IpAddr::V6(_) => v6,
        };
        let network = IpNet::new(address, prefix).ok().map(|network| network.trunc().to_string());
        Ok(network.and_then(|network| network.parse().ok()))
    }
}

impl FromStr for AddressBinding {
    type Err = AddressBindingError;

    fn from_str(text: &str) -> Result<Self, AddressBindingError> {
        let bits = |text: &str, bounds: std::ops::RangeInclusive<u8>| {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
            text.parse().ok().filter(|bits| plain && bounds.contains(bits))
        };
        let read = || match text.strip_prefix("viewer")? {
            "" => Some(Self::Viewer { v4: 32, v6: None }),
            prefixes => match prefixes.strip_prefix('/')?.split_once(',') {
                None => Some(Self::Viewer { v4: bits(&prefixes[1..], 8..=32)?, v6: None }),
                Some((v4, v6)) => {
                    Some(Self::Viewer { v4: bits(v4, 8..=32)?, v6: Some(bits(v6, 32..=128)?) })
                }
            },
        };
        match text {
            "none" => Ok(Self::Anywhere),
            _ => read().ok_or_else(|| AddressBindingError(text.chars().take(40).collect())),
        }
    }
}

/// All entitlements of an issuer, checked.
#[derive(Clone, Debug)]
pub struct Entitlements {
    all: Box<[Entitlement]>,
    site: Site,
    warnings: Box<[Mistake]>,
}

impl Entitlements {
    /// Checks entitlements for an issuer that browsers find at `site`. A mistake's place is
    /// told as `entitlement[0].resources[1]`.
    pub fn new(all: Vec<Entitlement>, site: Site) -> Result<Self, Vec<Mistake>> {
        let mut found = Found::default();
        for (at, one) in all.iter().enumerate() {
            let earlier = &all[..at];
            if earlier.iter().any(|other| other.id == one.id) {
                found.mistake(at, ".id", format!("there are two entitlements {:?}", one.id));
            }
            check_alone(at, one, &mut found);
            for (nth, resource) in one.resources.iter().enumerate() {
                check_resource((at, nth), one, resource, &site, &mut found);
            }
        }
        check_together(&mut found);
        let Found { mistakes, warnings, .. } = found;
        if mistakes.is_empty() {
            Ok(Self { all: all.into(), site, warnings: warnings.into() })
        } else {
            Err(mistakes)
        }
    }

    /// What is not wrong, and unwise.
    pub const fn warnings(&self) -> &[Mistake] {
        &self.warnings
    }

    /// The host that sets the cookies.
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// Where cookies of those entitlements are laid that are alike for everybody.
    pub(crate) fn known_places(&self) -> impl Iterator<Item = Place> {
        self.all.iter().flat_map(|one| {
            let alike = one.resources.iter().filter(|resource| resource.fields().next().is_none());
            alike.filter_map(|one_of| self.site.place(&one_of.sample(), &one.cookies).ok())
        })
    }

    /// Whether any of them binds passes to the viewer's address.
    pub fn may_bind(&self) -> bool {
        self.all.iter().any(|one| one.address != AddressBinding::Anywhere)
    }

    /// All that a person may have now. No pass outlives `until`.
    pub(crate) fn grants(
        &self,
        person: &Person,
        address: IpAddr,
        now: EpochTime,
        until: Option<EpochTime>,
    ) -> Result<Vec<Grant<'_>>, EntitlementError> {
        let mut grants = Vec::new();
        for one in self.all.iter().filter(|one| one.who.is(person)) {
            let Some(window) = one.window(now).and_then(|window| cut(window, until)) else {
                continue;
            };
            let network = one.address.network(address, one.reader);
            let network =
                network.map_err(|error| EntitlementError::Ipv6 { of: one.id.clone(), error })?;
            for template in &one.resources {
                let resource = template.fill(person);
                let resource = resource
                    .map_err(|error| EntitlementError::Value { of: one.id.clone(), error })?;
                grants.push(Grant {
                    of: &one.id,
                    resource,
                    window,
                    network: network.clone(),
                    cookies: &one.cookies,
                    reader: one.reader,
                });
            }
        }
        if grants.is_empty() { Err(EntitlementError::None) } else { Ok(grants) }
    }
}

/// The window without what lies behind `until`; none if nothing is left of it.
pub(crate) fn cut(window: Window, until: Option<EpochTime>) -> Option<Window> {
    let Some(until) = until.filter(|until| *until < window.expiry()) else { return Some(window) };
    match window.start() {
        Some(start) => (start < until).then(|| Window::until(until).after(start)),
        None => Some(Window::until(until)),
    }
}

/// What was found while entitlements were checked.
#[derive(Default)]
struct Found<'e> {
    mistakes: Vec<Mistake>,
    warnings: Vec<Mistake>,
    places: Vec<(&'e Entitlement, Place, (usize, usize))>,
}

impl Found<'_> {
    fn mistake(&mut self, at: usize, field: &str, problem: impl Into<String>) {
        let at = format!("entitlement[{at}]{field}");
        self.mistakes.push(Mistake { at, problem: problem.into() });
    }

    fn warning(&mut self, at: usize, field: &str, problem: impl Into<String>) {
        let at = format!("entitlement[{at}]{field}");
        self.warnings.push(Mistake { at, problem: problem.into() });
    }
}

fn check_alone(at: usize, one: &Entitlement, found: &mut Found<'_>) {
    if one.id.is_empty() {
        found.mistake(at, ".id", "the id is empty: name the entitlement, for messages");
    }
    if one.resources.is_empty() {
        found.mistake(at, ".resources", "the list is empty: name what the entitlement is for");
    }
    if one.who == Who::Those(Conditions::default()) {
        found.mistake(
            at,
            ".for",
            "nothing is said, so nobody is meant: say for = \"everybody\" for all who logged in",
        );
    }
    let (first, last) = Entitlement::LIFETIMES.into_inner();
    if !(first..=last).contains(&one.lifetime_seconds) {
        let seconds = one.lifetime_seconds;
        let problem = format!("a pass lives for {first} to {last} seconds, not {seconds}");
        found.mistake(at, ".lifetime-seconds", problem);
    }
    if one.reader == Reader::CloudFront {
        if one.cookies.naming == gatepass::CookieNaming::PerKey {
            found.mistake(at, ".cookies", "CloudFront reads plain names only: say reader = \"gatepass\", or names = \"plain\"");
        }
        if matches!(one.address, AddressBinding::Viewer { v6: Some(_), .. }) {
            found.mistake(at, ".address", "CloudFront reads no IPv6 in a policy: say reader = \"gatepass\", or leave the second prefix out");
        }
    }
    if one.cookies.same_site == Some(gatepass::SameSite::None) {
        found.warning(at, ".cookies", "same-site = \"none\" lets pages of every site send these cookies. They still need three things: the edge's cors with allow-origins and allow-credentials = true, a player that asks with credentials, and a browser that keeps cookies of other sites; where it does not, sign URLs");
    }
}

fn check_resource<'e>(
    (at, nth): (usize, usize),
    one: &'e Entitlement,
    resource: &ResourceTemplate,
    site: &Site,
    found: &mut Found<'e>,
) {
    let field = format!(".resources[{nth}]");
    let sample = resource.sample();
    let place = match site.place(&sample, &one.cookies) {
        Ok(place) => place,
        Err(error) => return found.mistake(at, &field, error.to_string()),
    };
    let now = EpochTime::new(SAMPLE_TIME).expect("a time");
    let Some(window) = window(now, one.lifetime_seconds, Start::AtOnce) else { return };
    let policy = Policy::new([sample], window);
    let unsigned = Unsigned::custom(&policy, JsonStyle::Botocore, HashAlgorithm::Sha256);
    let pass = match (unsigned, "K".parse()) {
        (Ok(unsigned), Ok(id)) => unsigned.signed(id, &[0; 256]),
        (Err(error), _) => {
            let hint = error.hint().unwrap_or("write it otherwise");
            return found.mistake(at, &field, format!("{error}; {hint}"));
        }
        (_, Err(error)) => return found.mistake(at, &field, error.to_string()),
    };
    if one.reader == Reader::CloudFront
        && let Err(error) = Policy::parse(pass.message(), Reading::CloudFront)
    {
        return found.mistake(at, &field, error.to_string());
    }
    let lines = place.attributes().lines(&pass.cookies_named(place.naming()));
    for told in lint(lines.iter().map(String::as_str), now) {
        let problem = format!("{told}; {}", told.advice());
        match told.level() {
            Level::Error => found.mistake(at, &field, problem),
            // The lifetime is the operator's word, and bounded.
            Level::Warning if !matches!(told, Lint::PolicyBeyondCloudFront(_)) => {
                found.warning(at, &field, problem);
            }
            Level::Warning | Level::Note => {}
        }
    }
    found.places.push((one, place, (at, nth)));
}

/// Holds places against each other, as if one person had all entitlements.
fn check_together(found: &mut Found<'_>) {
    let places = std::mem::take(&mut found.places);
    for (index, (other, place, (at, nth))) in places.iter().enumerate() {
        let field = format!(".resources[{nth}]");
        for (one, taken, _) in &places[..index] {
            let is_shared = one.reader == Reader::Gatepass && other.reader == Reader::Gatepass;
            let (first, second, spot) =
                (one.id.clone(), other.id.clone(), place.to_string().into());
            if place.is_same(taken) && !is_shared {
                let error = PlanError::Overwrites { one: first, other: second, place: spot };
                found.mistake(*at, &field, error.to_string());
                break;
            } else if place.is_same(taken) && !place.is_alike(taken) {
                let error = PlanError::Differ { one: first, other: second, place: spot };
                found.mistake(*at, &field, error.to_string());
                break;
            } else if place.meets(taken) && !place.is_same(taken) && !is_shared {
                found.warning(*at, &field, format!("requests below {place} carry the pass of {:?} at {taken}, too; Gatepass tries both, and CloudFront is not documented to try more than the first, which is that of the longer path", one.id));
            }
        }
    }
}

/// Any day will do: a sample of a pass is looked at, and thrown away.
const SAMPLE_TIME: u64 = 1_767_225_600;
