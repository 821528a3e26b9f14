//! Passes as a viewer presents them: read, but not yet believed.
//!
//! A request whose query holds any reserved parameter is in **URL mode**: what the URL says
//! counts, and cookies are not looked at. Otherwise the cookies count:
//!
//! 1. Cookies of the same name are several passes: browsers send those with the longest
//!    `Path` first. The n-th of each name belong together.
//! 2. If their numbers differ, something is left over from another pass, and the other
//!    combinations are tried too, the likeliest first.
//! 3. Cookies whose names end in a key's ID form sets of their own, tried after the plain.
//! 4. What lacks a part, or names a key that nobody trusts, is tried only if all do.
//! 5. No more than eight sets are tried, each with the hashes that it may have been made with.
//!
//! A policy goes before an expiry that is left over; an empty value is none. Read as
//! CloudFront does, only the first plain cookie of each name counts.
//!
//! # Invariants
//!
//! - A [`PresentedPass`] proves nothing. Only [`authenticate`](crate::authenticate) turns it
//!   into a [`GenuinePass`](crate::GenuinePass).
//! - Values are the bytes that were sent. Nothing is decoded but `%7E`, `%5F` and `%2D` in a
//!   URL's policy and signature, which some tools write for `~`, `_` and `-`.

mod jar;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::cookies::CookieName;
use crate::policy::Reading;
use crate::trusted_keys::Trust;
use jar::Jar;

/// The query parameters that CloudFront reserves.
pub const RESERVED_PARAMETERS: [&str; 5] =
    ["Expires", "Hash-Algorithm", "Key-Pair-Id", "Policy", "Signature"];

/// So many sets of cookies are tried for one request.
const MAX_SETS: usize = 8;

/// Every set with either hash.
const MAX_TRIES: usize = 2 * MAX_SETS;

/// Cookies named after so many different keys are looked at.
const MAX_KEYS: usize = 32;

/// Where a pass was carried.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "CloudFront knows these two")]
pub enum Carrier {
    /// In cookies.
    Cookies,
    /// In the URL's query.
    Url,
}

/// One pass as presented: its five parts, each there or not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PresentedPass<'a> {
    carrier: Carrier,
    /// In the order of the names.
    parts: [Option<Cow<'a, [u8]>>; CookieName::ALL.len()],
    repeated: Option<CookieName>,
}

impl PresentedPass<'_> {
    /// Where it was carried.
    pub const fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// The text of a canned pass's expiry. A custom pass has none.
    pub fn expires(&self) -> Option<&[u8]> {
        if self.policy().is_some() { None } else { self.sent(CookieName::Expires) }
    }

    /// The name of the hash.
    pub fn hash(&self) -> Option<&[u8]> {
        self.sent(CookieName::HashAlgorithm)
    }

    /// The public key's ID.
    pub fn key_id(&self) -> Option<&[u8]> {
        self.sent(CookieName::KeyPairId)
    }

    /// The encoded policy of a custom pass.
    pub fn policy(&self) -> Option<&[u8]> {
        self.sent(CookieName::Policy)
    }

    /// The encoded signature.
    pub fn signature(&self) -> Option<&[u8]> {
        self.sent(CookieName::Signature)
    }

    /// A reserved parameter that the URL has twice.
    pub const fn repeated(&self) -> Option<CookieName> {
        self.repeated
    }

    /// The value of a part.
    pub(crate) fn value(&self, name: CookieName) -> Option<&[u8]> {
        match name {
            CookieName::Expires => self.expires(),
            other => self.sent(other),
        }
    }

    /// Says whether it has all that a pass needs.
    fn is_complete(&self) -> bool {
        let terms = self.policy().or_else(|| self.expires());
        terms.is_some() && self.signature().is_some() && self.key_id().is_some()
    }

    /// Says whether two differ in their hash alone.
    fn is_of_one_set_with(&self, other: &Self) -> bool {
        let others = CookieName::ALL.into_iter().filter(|name| *name != CookieName::HashAlgorithm);
        others.into_iter().all(|name| self.parts[name as usize] == other.parts[name as usize])
    }

    /// The parts that were named at all, even without a value.
    pub(crate) fn named(&self) -> Vec<CookieName> {
        CookieName::ALL.into_iter().filter(|name| self.names(*name)).collect()
    }

    pub(crate) const fn empty(carrier: Carrier) -> Self {
        Self { carrier, parts: [const { None }; CookieName::ALL.len()], repeated: None }
    }

    const fn names(&self, name: CookieName) -> bool {
        self.parts[name as usize].is_some()
    }

    fn sent(&self, name: CookieName) -> Option<&[u8]> {
        self.parts[name as usize].as_deref().filter(|value| !value.is_empty())
    }
}

impl<'a> PresentedPass<'a> {
    /// The same pass, had it been presented with this value of a part.
    #[must_use]
    pub(crate) fn with(mut self, name: CookieName, value: impl Into<Cow<'a, [u8]>>) -> Self {
        self.parts[name as usize] = Some(value.into());
        self
    }

    /// Reads the reserved parameters of a query, if it has any.
    fn from_query(query: &'a str) -> Option<Self> {
        let mut pass = None;
        for segment in query.split('&') {
            let (name, value) = segment.split_once('=').unwrap_or((segment, ""));
            let Some(name) = reserved(name) else { continue };
            let pass = pass.get_or_insert(Self::empty(Carrier::Url));
            let value = match name {
                CookieName::Policy | CookieName::Signature => unescape(value.as_bytes()),
                _ => Cow::Borrowed(value.as_bytes()),
            };
            if pass.parts[name as usize].replace(value).is_some() {
                pass.repeated = Some(name);
            }
        }
        pass
    }
}

/// Everything that one request presents.
#[derive(Clone, Debug)]
pub struct PresentedPasses<'a> {
    /// The plain cookies; in URL mode, the URL's pass alone.
    plain: Jar<'a>,
    per_key: Vec<(&'a [u8], Jar<'a>)>,
}

impl<'a> PresentedPasses<'a> {
    /// Reads a raw query and the values of all `Cookie` headers.
    pub fn read(query: Option<&'a str>, cookies: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut passes = Self { plain: Jar::EMPTY, per_key: Vec::new() };
        match query.and_then(PresentedPass::from_query) {
            Some(pass) => passes.plain = Jar::of(pass),
            None => cookies.into_iter().for_each(|header| passes.read_cookies(header)),
        }
        passes
    }

    /// The passes to try, in order.
    pub fn tries(&self, trust: &Trust) -> Vec<PresentedPass<'a>> {
        if self.in_url() {
            return vec![self.plain.first().clone()];
        }
        if trust.reading == Reading::CloudFront {
            return self.plain.first_of_each().into_iter().collect();
        }
        let jars = self.per_key.iter().map(|(_, jar)| jar);
        let all: Vec<_> =
            [&self.plain].into_iter().chain(jars).flat_map(Jar::combinations).collect();
        let is_promising = |pass: &&PresentedPass<'_>| {
            pass.is_complete() && pass.key_id().is_some_and(|id| trust.keys.find(id).is_some())
        };
        let promising: Vec<_> = all.iter().filter(is_promising).cloned().collect();
        first_sets(if promising.is_empty() { all } else { promising })
    }

    /// The pass that most requests present: one, complete in its first cookies or its URL.
    /// Trying it is the beginning of trying all.
    pub fn only(&self) -> Option<&PresentedPass<'a>> {
        let is_only = self.in_url() || (self.per_key.is_empty() && self.plain.is_single());
        is_only.then_some(self.plain.first())
    }

    /// Says whether the request is in URL mode.
    pub fn in_url(&self) -> bool {
        self.plain.first().carrier == Carrier::Url
    }

    /// Says whether nothing at all was presented.
    pub fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.per_key.is_empty()
    }

    fn read_cookies(&mut self, header: &'a [u8]) {
        let mut rest = header;
        while !rest.is_empty() {
            let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
            match CookieName::read(rest[..end].trim_ascii_start()) {
                Some((name, None, value)) => self.plain.put(name, value.trim_ascii()),
                Some((name, Some(id), value)) => {
                    if let Some(jar) = self.jar_of(id) {
                        jar.put(name, value.trim_ascii());
                    }
                }
                None => {}
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }

    fn jar_of(&mut self, id: &'a [u8]) -> Option<&mut Jar<'a>> {
        let at = match self.per_key.iter().position(|(known, _)| *known == id) {
            Some(at) => at,
            None if self.per_key.len() < MAX_KEYS => {
                self.per_key.push((id, Jar::EMPTY));
                self.per_key.len() - 1
            }
            None => return None,
        };
        self.per_key.get_mut(at).map(|(_, jar)| jar)
    }
}

fn first_sets(mut passes: Vec<PresentedPass<'_>>) -> Vec<PresentedPass<'_>> {
    passes.dedup();
    let starts_a_set = |at: usize| at == 0 || !passes[at].is_of_one_set_with(&passes[at - 1]);
    let ninth = (0..passes.len()).filter(|at| starts_a_set(*at)).nth(MAX_SETS);
    passes.truncate(ninth.unwrap_or(passes.len()).min(MAX_TRIES));
    passes
}

/// Says whether a raw parameter name is one that CloudFront reserves.
pub fn is_reserved(name: &str) -> bool {
    RESERVED_PARAMETERS.contains(&name)
}

fn reserved(name: &str) -> Option<CookieName> {
    CookieName::ALL.into_iter().find(|ours| ours.parameter() == name)
}

/// The query without its reserved parameters: what the viewer's own URL says.
///
/// None if nothing is left. The rest keeps its order and its bytes.
pub(crate) fn own_query(query: &str) -> Option<Cow<'_, str>> {
    let is_own = |segment: &&str| !is_reserved(segment.split('=').next().unwrap_or_default());
    if query.split('&').all(|segment| is_own(&segment)) {
        return Some(Cow::Borrowed(query));
    }
    let mut own = query.split('&').filter(is_own);
    let first = own.next()?;
    Some(Cow::Owned(own.fold(first.to_owned(), |mut query, segment| {
        query.push('&');
        query.push_str(segment);
        query
    })))
}

fn unescape(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [byte, after @ ..] = rest {
        let (symbol, length) = match rest {
            [b'%', b'7', b'E' | b'e', ..] => (b'~', 3),
            [b'%', b'5', b'F' | b'f', ..] => (b'_', 3),
            [b'%', b'2', b'D' | b'd', ..] => (b'-', 3),
            _ => (*byte, 1),
        };
        plain.push(symbol);
        rest = if length == 1 { after } else { &rest[length..] };
    }
    Cow::Owned(plain)
}
