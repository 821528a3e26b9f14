//! Cookies of one naming, and the passes that they may make up.

use std::borrow::Cow;

use super::{Carrier, PresentedPass};
use crate::cookies::CookieName;

/// So many cookies of one name are looked at; of policies and expiries, together.
const MAX_SAME_NAME: usize = 8;

/// So many choices of one of each are looked at.
const MAX_PLACES: usize = 64;

type Part<'a> = (CookieName, Cow<'a, [u8]>);

/// Cookies of one naming, each name's in the order in which they were sent.
#[derive(Clone, Debug)]
pub(super) struct Jar<'a> {
    /// The first cookie of each name. Of policies and expiries, the first of both.
    first: PresentedPass<'a>,
    /// Those after the first of their name.
    more: Vec<Part<'a>>,
}

impl<'a> Jar<'a> {
    pub(super) const EMPTY: Self = Self::of(PresentedPass::empty(Carrier::Cookies));

    pub(super) const fn of(first: PresentedPass<'a>) -> Self {
        Self { first, more: Vec::new() }
    }

    #[inline]
    pub(super) fn put(&mut self, name: CookieName, value: &'a [u8]) {
        let is_first = match name {
            CookieName::Policy | CookieName::Expires if value.is_empty() => return,
            CookieName::Policy | CookieName::Expires => !self.has_terms(),
            _ => !self.first.names(name),
        };
        if is_first {
            self.first.parts[name as usize] = Some(Cow::Borrowed(value));
        } else {
            self.put_more(name, value);
        }
    }

    #[cold]
    fn put_more(&mut self, name: CookieName, value: &'a [u8]) {
        if self.all(kind(name)).count() < MAX_SAME_NAME {
            self.more.push((name, Cow::Borrowed(value)));
        }
    }

    pub(super) const fn first(&self) -> &PresentedPass<'a> {
        &self.first
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.parts.iter().all(Option::is_none)
    }

    /// Says whether this is one complete pass and nothing else.
    pub(super) const fn is_single(&self) -> bool {
        self.more.is_empty()
            && self.has_terms()
            && self.first.names(CookieName::KeyPairId)
            && self.first.names(CookieName::Signature)
    }

    const fn has_terms(&self) -> bool {
        self.first.names(CookieName::Policy) || self.first.names(CookieName::Expires)
    }

    /// The first of each name, a policy before an expiry.
    pub(super) fn first_of_each(&self) -> Option<PresentedPass<'a>> {
        if self.is_empty() {
            return None;
        }
        let mut pass = self.first.clone();
        if !pass.names(CookieName::Policy)
            && let Some((_, policy)) = self.all(&[CookieName::Policy]).next()
        {
            pass.parts[CookieName::Expires as usize] = None;
            pass = pass.with(CookieName::Policy, policy.clone());
        }
        Some(pass)
    }

    pub(super) fn combinations(&self) -> Vec<PresentedPass<'a>> {
        if self.is_empty() {
            return Vec::new();
        }
        let list = |name| self.all(kind(name)).collect::<Vec<_>>();
        let (hashes, mut key_ids) = (list(CookieName::HashAlgorithm), list(CookieName::KeyPairId));
        let (signatures, mut terms) = (list(CookieName::Signature), list(CookieName::Policy));
        // As they came, if there is one for each signature. Otherwise one of them is left over
        // from another pass, more likely an expiry than a policy.
        if terms.len() != signatures.len() {
            terms.sort_by_key(|(name, _)| *name != CookieName::Policy);
        }
        if key_ids.len() != signatures.len() || terms.len() != signatures.len() {
            // The same ID twice makes no other pass.
            let mut seen = Vec::new();
            key_ids.retain(|(_, id)| {
                !seen.contains(id) && {
                    seen.push(*id);
                    true
                }
            });
        }
        let mut places = places([terms.len(), signatures.len(), key_ids.len()]);
        places.truncate(MAX_PLACES);
        places
            .into_iter()
            .flat_map(|[term, signature, key_id]| {
                let hashes = hashes_for(signature, hashes.len(), signatures.len());
                hashes.into_iter().map(move |hash| [term, signature, key_id, hash])
            })
            .map(|[term, signature, key_id, hash]| {
                [terms.get(term), signatures.get(signature), key_ids.get(key_id), hashes.get(hash)]
            })
            .map(|parts| {
                parts
                    .into_iter()
                    .flatten()
                    .fold(PresentedPass::empty(Carrier::Cookies), |pass, (name, value)| {
                        pass.with(*name, (*value).clone())
                    })
            })
            .collect()
    }

    /// Every cookie of these names, in the order in which they were sent.
    fn all(
        &self,
        names: &'static [CookieName],
    ) -> impl Iterator<Item = (CookieName, &Cow<'a, [u8]>)> {
        let first = |name: &CookieName| Some((*name, self.first.parts[*name as usize].as_ref()?));
        let more = self.more.iter().filter(|(name, _)| names.contains(name));
        names.iter().filter_map(first).chain(more.map(|(name, value)| (*name, value)))
    }
}

/// The names that stand in for each other.
const fn kind(name: CookieName) -> &'static [CookieName] {
    match name {
        CookieName::Expires | CookieName::Policy => &[CookieName::Expires, CookieName::Policy],
        CookieName::HashAlgorithm => &[CookieName::HashAlgorithm],
        CookieName::KeyPairId => &[CookieName::KeyPairId],
        CookieName::Signature => &[CookieName::Signature],
    }
}

/// The n-th of each, if there are as many of each. Otherwise every choice of one of each,
/// those of equal place first; a missing part counts as one.
fn places(counts: [usize; 3]) -> Vec<[usize; 3]> {
    if counts == [counts[0]; 3] {
        return (0..counts[0]).map(|n| [n; 3]).collect();
    }
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

/// The places of the hash names that may belong to the n-th signature; one past the end
/// stands for none.
fn hashes_for(signature: usize, hashes: usize, signatures: usize) -> Vec<usize> {
    match hashes {
        0 => vec![0],
        count if count == signatures => vec![signature],
        count => (0..=count).rev().collect(),
    }
}
