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
//! 4. No more than eight combinations are tried.
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

use std::borrow::Cow;

use crate::cookies::{CookieName, PREFIX};
use crate::policy::Reading;

/// The query parameters that CloudFront reserves.
pub const RESERVED_PARAMETERS: [&str; 5] =
    ["Expires", "Hash-Algorithm", "Key-Pair-Id", "Policy", "Signature"];

/// So many combinations of cookies are tried for one request.
const MAX_TRIES: usize = 8;

/// So many cookies of one name are looked at.
const MAX_SAME_NAME: usize = 8;

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
    expires: Option<Cow<'a, [u8]>>,
    hash: Option<Cow<'a, [u8]>>,
    key_id: Option<Cow<'a, [u8]>>,
    policy: Option<Cow<'a, [u8]>>,
    signature: Option<Cow<'a, [u8]>>,
    repeated: Option<CookieName>,
}

impl PresentedPass<'_> {
    /// Where it was carried.
    pub const fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// The text of a canned pass's expiry. A custom pass has none.
    pub fn expires(&self) -> Option<&[u8]> {
        if self.policy().is_some() { None } else { present(self.expires.as_ref()) }
    }

    /// The name of the hash.
    pub fn hash(&self) -> Option<&[u8]> {
        present(self.hash.as_ref())
    }

    /// The public key's ID.
    pub fn key_id(&self) -> Option<&[u8]> {
        present(self.key_id.as_ref())
    }

    /// The encoded policy of a custom pass.
    pub fn policy(&self) -> Option<&[u8]> {
        present(self.policy.as_ref())
    }

    /// The encoded signature.
    pub fn signature(&self) -> Option<&[u8]> {
        present(self.signature.as_ref())
    }

    /// A reserved parameter that the URL has twice.
    pub const fn repeated(&self) -> Option<CookieName> {
        self.repeated
    }

    /// The value of a part.
    pub(crate) fn value(&self, name: CookieName) -> Option<&[u8]> {
        match name {
            CookieName::Expires => self.expires(),
            CookieName::HashAlgorithm => self.hash(),
            CookieName::KeyPairId => self.key_id(),
            CookieName::Policy => self.policy(),
            CookieName::Signature => self.signature(),
        }
    }

    pub(crate) const fn empty(carrier: Carrier) -> Self {
        Self {
            carrier,
            expires: None,
            hash: None,
            key_id: None,
            policy: None,
            signature: None,
            repeated: None,
        }
    }
}

impl<'a> PresentedPass<'a> {
    /// The same pass, had it been presented with this value of a part.
    #[must_use]
    pub(crate) fn with(mut self, name: CookieName, value: impl Into<Cow<'a, [u8]>>) -> Self {
        *self.part(name) = Some(value.into());
        self
    }

    /// The parts that were named at all, even without a value.
    pub(crate) fn named(&self) -> Vec<CookieName> {
        let mut pass = self.clone();
        CookieName::ALL.into_iter().filter(|name| pass.part(*name).is_some()).collect()
    }

    fn part(&mut self, name: CookieName) -> &mut Option<Cow<'a, [u8]>> {
        match name {
            CookieName::Expires => &mut self.expires,
            CookieName::HashAlgorithm => &mut self.hash,
            CookieName::KeyPairId => &mut self.key_id,
            CookieName::Policy => &mut self.policy,
            CookieName::Signature => &mut self.signature,
        }
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
            if pass.part(name).replace(value).is_some() {
                pass.repeated = Some(name);
            }
        }
        pass
    }
}

/// Everything that one request presents.
#[derive(Clone, Debug, Default)]
pub struct PresentedPasses<'a> {
    url: Option<PresentedPass<'a>>,
    plain: Jar<'a>,
    per_key: Vec<(&'a [u8], Jar<'a>)>,
}

impl<'a> PresentedPasses<'a> {
    /// Reads a raw query and the values of all `Cookie` headers.
    pub fn read(query: Option<&'a str>, cookies: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut passes = Self { url: query.and_then(PresentedPass::from_query), ..Self::default() };
        if passes.url.is_none() {
            for header in cookies {
                passes.read_cookies(header);
            }
        }
        passes
    }

    /// The passes to try, in order.
    pub fn tries(&self, reading: Reading) -> Vec<PresentedPass<'a>> {
        if let Some(pass) = &self.url {
            return vec![pass.clone()];
        }
        let mut tries = match reading {
            Reading::CloudFront => return self.plain.first_of_each().into_iter().collect(),
            Reading::Gatepass => self.plain.combinations(),
        };
        tries.extend(self.per_key.iter().flat_map(|(_, jar)| jar.combinations()));
        tries.truncate(MAX_TRIES);
        tries
    }

    /// The pass that most requests present: one, complete in its first cookies or its URL.
    /// Trying it is the beginning of trying all.
    pub fn only(&self) -> Option<PresentedPass<'a>> {
        match &self.url {
            Some(pass) => Some(pass.clone()),
            None if self.per_key.is_empty() && self.plain.is_single() => self.plain.first_of_each(),
            None => None,
        }
    }

    /// Says whether nothing at all was presented.
    pub fn is_empty(&self) -> bool {
        self.url.is_none() && self.plain.is_empty() && self.per_key.is_empty()
    }

    fn read_cookies(&mut self, header: &'a [u8]) {
        let mut rest = header;
        while !rest.is_empty() {
            let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
            let cookie = rest[..end].trim_ascii_start();
            if cookie.starts_with(PREFIX.as_bytes()) {
                self.read_cookie(cookie);
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }

    fn read_cookie(&mut self, cookie: &'a [u8]) {
        let Some(equals) = memchr::memchr(b'=', cookie) else { return };
        let (name, value) = (&cookie[..equals], cookie[equals + 1..].trim_ascii());
        match CookieName::recognize(name) {
            Some((name, None)) => self.plain.put(name, value),
            Some((name, Some(id))) => self.jar_of(id).put(name, value),
            None => {}
        }
    }

    fn jar_of(&mut self, id: &'a [u8]) -> &mut Jar<'a> {
        let known = self.per_key.iter().position(|(known, _)| *known == id);
        // A ninth key's cookies share the eighth's jar, and are refused with it.
        let at = known.unwrap_or_else(|| {
            if self.per_key.len() < MAX_TRIES {
                self.per_key.push((id, Jar::default()));
            }
            self.per_key.len() - 1
        });
        &mut self.per_key[at].1
    }
}

/// Cookies of one naming, each name's in the order in which they were sent.
#[derive(Clone, Debug, Default)]
struct Jar<'a> {
    /// Policies and expiries in the order in which they came.
    terms: Values<(CookieName, &'a [u8])>,
    hashes: Values<&'a [u8]>,
    key_ids: Values<&'a [u8]>,
    signatures: Values<&'a [u8]>,
}

impl<'a> Jar<'a> {
    fn put(&mut self, name: CookieName, value: &'a [u8]) {
        match name {
            CookieName::Policy | CookieName::Expires if value.is_empty() => {}
            CookieName::Policy | CookieName::Expires => self.terms.push((name, value)),
            CookieName::HashAlgorithm => self.hashes.push(value),
            CookieName::KeyPairId => self.key_ids.push(value),
            CookieName::Signature => self.signatures.push(value),
        }
    }

    const fn is_empty(&self) -> bool {
        self.terms.len() == 0
            && self.hashes.len() == 0
            && self.key_ids.len() == 0
            && self.signatures.len() == 0
    }

    const fn is_single(&self) -> bool {
        self.terms.len() == 1
            && self.hashes.len() <= 1
            && self.key_ids.len() == 1
            && self.signatures.len() == 1
    }

    fn pass(
        terms: Option<(CookieName, &'a [u8])>,
        signature: Option<&'a [u8]>,
        key_id: Option<&'a [u8]>,
        hash: Option<&'a [u8]>,
    ) -> PresentedPass<'a> {
        let mut pass = PresentedPass::empty(Carrier::Cookies);
        if let Some((name, value)) = terms {
            *pass.part(name) = Some(Cow::Borrowed(value));
        }
        pass.signature = signature.map(Cow::Borrowed);
        pass.key_id = key_id.map(Cow::Borrowed);
        pass.hash = hash.map(Cow::Borrowed);
        pass
    }

    /// The first of each name, a policy before an expiry.
    fn first_of_each(&self) -> Option<PresentedPass<'a>> {
        if self.is_empty() {
            return None;
        }
        let policy = self.terms.iter().find(|(name, _)| *name == CookieName::Policy);
        let terms = policy.or(self.terms.get(0));
        Some(Self::pass(
            terms.copied(),
            self.signatures.get(0).copied(),
            self.key_ids.get(0).copied(),
            self.hashes.get(0).copied(),
        ))
    }

    fn combinations(&self) -> Vec<PresentedPass<'a>> {
        if self.is_empty() {
            return Vec::new();
        }
        let terms = self.ordered_terms();
        let is_even = terms.len() == self.signatures.len() && terms.len() == self.key_ids.len();
        let mut places = if is_even {
            (0..terms.len()).map(|n| [n, n, n]).collect()
        } else {
            uneven_places([terms.len(), self.signatures.len(), self.key_ids.len()])
        };
        places.truncate(MAX_TRIES);
        let with_hash = |[term, signature, key_id]: [usize; 3]| {
            self.hashes_for(signature).into_iter().map(move |hash| [term, signature, key_id, hash])
        };
        places
            .into_iter()
            .flat_map(with_hash)
            .map(|[term, signature, key_id, hash]| {
                Self::pass(
                    terms.get(term).copied(),
                    self.signatures.get(signature).copied(),
                    self.key_ids.get(key_id).copied(),
                    self.hashes.get(hash).copied(),
                )
            })
            .take(MAX_TRIES)
            .collect()
    }

    /// As they came, if there is one for each signature. Otherwise one of them is left over
    /// from another pass, more likely an expiry than a policy.
    fn ordered_terms(&self) -> Vec<(CookieName, &'a [u8])> {
        let mut terms: Vec<_> = self.terms.iter().copied().collect();
        if terms.len() != self.signatures.len() {
            terms.sort_by_key(|(name, _)| *name != CookieName::Policy);
        }
        terms
    }

    /// The places of the hash names that may belong to the n-th signature; one past the
    /// end stands for none.
    fn hashes_for(&self, signature: usize) -> Vec<usize> {
        match self.hashes.len() {
            0 => vec![0],
            count if count == self.signatures.len() => vec![signature],
            count => (0..=count).rev().collect(),
        }
    }
}

/// Every choice of one of each, those of equal place first; a missing part counts as one.
fn uneven_places(counts: [usize; 3]) -> Vec<[usize; 3]> {
    let [terms, signatures, key_ids] = counts.map(|count| count.max(1));
    let mut places: Vec<[usize; 3]> = (0..terms)
        .flat_map(|term| (0..signatures).map(move |signature| [term, signature, 0]))
        .flat_map(|[term, signature, _]| (0..key_ids).map(move |id| [term, signature, id]))
        .collect();
    let spread =
        |place: &[usize; 3]| place.iter().max().unwrap_or(&0) - place.iter().min().unwrap_or(&0);
    places.sort_by_key(spread);
    places
}

/// A few values of one name: the first without an allocation.
#[derive(Clone, Debug)]
struct Values<T> {
    first: Option<T>,
    more: Vec<T>,
}

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self { first: None, more: Vec::new() }
    }
}

impl<T> Values<T> {
    fn push(&mut self, value: T) {
        if self.first.is_none() {
            self.first = Some(value);
        } else if self.len() < MAX_SAME_NAME {
            self.more.push(value);
        }
    }

    const fn len(&self) -> usize {
        self.first.is_some() as usize + self.more.len()
    }

    fn get(&self, at: usize) -> Option<&T> {
        match at.checked_sub(1) {
            None => self.first.as_ref(),
            Some(at) => self.more.get(at),
        }
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.more)
    }
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

fn present<'p>(part: Option<&'p Cow<'_, [u8]>>) -> Option<&'p [u8]> {
    part.map(|value| &**value).filter(|value| !value.is_empty())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(cookie: &str, reading: Reading) -> Vec<String> {
        let text = |part: Option<&[u8]>| {
            part.map_or("-".to_owned(), |part| String::from_utf8_lossy(part).into_owned())
        };
        PresentedPasses::read(None, [cookie.as_bytes()])
            .tries(reading)
            .iter()
            .map(|pass| {
                [pass.policy().or(pass.expires()), pass.signature(), pass.key_id(), pass.hash()]
                    .map(text)
                    .join(" ")
            })
            .collect()
    }

    #[track_caller]
    fn check(cookie: &str, expected: &[&str]) {
        let cookie = cookie
            .replace("P=", "CloudFront-Policy=")
            .replace("S=", "CloudFront-Signature=")
            .replace("K=", "CloudFront-Key-Pair-Id=")
            .replace("E=", "CloudFront-Expires=")
            .replace("H=", "CloudFront-Hash-Algorithm=");
        assert_eq!(shown(&cookie, Reading::Gatepass), expected, "{cookie}");
    }

    #[test]
    fn pairs_the_nth_with_the_nth() {
        check("P=p1; S=s1; K=k1", &["p1 s1 k1 -"]);
        check("P=p1; P=p2; S=s1; S=s2; K=k1; K=k2", &["p1 s1 k1 -", "p2 s2 k2 -"]);
        check("E=1; S=s1; K=k1; P=p2; S=s2; K=k2", &["1 s1 k1 -", "p2 s2 k2 -"]);
        check("E=1; P=p1; S=s1; K=k1", &["p1 s1 k1 -", "1 s1 k1 -"]);
        check("P=p1; S=s1; K=k1; H=SHA256", &["p1 s1 k1 SHA256"]);
    }

    #[test]
    fn a_half_set_in_front_does_no_harm() {
        check("P=old; P=p; S=s; K=k", &["old s k -", "p s k -"]);
        check("S=old; P=p; S=s; K=k", &["p old k -", "p s k -"]);
        check("S=s; K=k", &["- s k -"]);
    }

    #[test]
    fn a_marker_that_might_be_of_either_set_is_tried_with_both() {
        check(
            "P=p1; P=p2; S=s1; S=s2; K=k1; K=k2; H=SHA256",
            &["p1 s1 k1 -", "p1 s1 k1 SHA256", "p2 s2 k2 -", "p2 s2 k2 SHA256"],
        );
    }

    #[test]
    fn strict_reading_takes_the_first_of_each_and_no_other_names() {
        let two = "CloudFront-Expires=1; CloudFront-Policy=p1; CloudFront-Policy=p2; CloudFront-Signature=s1; CloudFront-Key-Pair-Id=k1; CloudFront-Policy-K=x";
        assert_eq!(shown(two, Reading::CloudFront), ["p1 s1 k1 -"]);
        assert_eq!(shown("CloudFront-Policy-K=x", Reading::CloudFront), [""; 0]);
        assert_eq!(
            shown("CloudFront-Policy-K=x; CloudFront-Signature-K=y", Reading::Gatepass),
            ["x y - -"]
        );
    }

    #[test]
    fn never_more_than_eight_tries() {
        let many = "P=p; S=s; ".repeat(20) + "K=k";
        let many = many.replace("P=", "CloudFront-Policy=").replace("S=", "CloudFront-Signature=");
        assert_eq!(shown(&many, Reading::Gatepass).len(), 8);
        let keys: Vec<_> = (0..30).map(|n| format!("CloudFront-Policy-K{n}=x")).collect();
        let keys = keys.join("; ");
        assert_eq!(shown(&keys, Reading::Gatepass).len(), 8);
    }

    #[test]
    fn tells_own_parameters_from_reserved_ones() {
        for (query, own) in [
            ("a=b&&c", Some("a=b&&c")),
            ("a=b&Expires=1&c=%7e&Signature&d", Some("a=b&c=%7e&d")),
            ("Expires=1", None),
            ("&Expires=1", Some("")),
            ("", Some("")),
            ("expires=1&Expires2=3&Policy%20=", Some("expires=1&Expires2=3&Policy%20=")),
        ] {
            assert_eq!(own_query(query).as_deref(), own, "{query}");
        }
        let pass = PresentedPasses::read(Some("Policy"), [&b"CloudFront-Policy=p"[..]]);
        assert_eq!(pass.tries(Reading::Gatepass)[0].carrier(), Carrier::Url);
    }

    #[test]
    fn undoes_three_escapes_once() {
        let passes = PresentedPasses::read(Some("Signature=a%7Eb%5fc%2Dd%2Be%257E%7"), []);
        assert_eq!(passes.only().unwrap().signature().unwrap(), b"a~b_c-d%2Be%257E%7");
        assert_eq!(
            PresentedPasses::read(Some("Policy=a&x&Policy=a"), []).only().unwrap().repeated(),
            Some(CookieName::Policy)
        );
    }
}
