//! All invalidations at once, asked for one path after the other.
//!
//! # Invariants
//!
//! - A look costs the same for three paths and for three thousand.
//! - There are never more than [`Invalidations::MAX`]. Room is made by widening, never by
//!   forgetting: the oldest become one for the whole distribution.

use std::collections::{BTreeMap, HashMap};

use gatepass::EpochTime;

use crate::invalidation::{Invalidation, InvalidationPath};
use crate::path_pattern::NormalPath;

/// Everything that counts as absent.
#[derive(Clone, Debug, Default)]
pub struct Invalidations {
    of_all: Paths,
    of_one: HashMap<Box<str>, Paths, foldhash::fast::RandomState>,
    count: usize,
}

#[derive(Clone, Debug, Default)]
struct Paths {
    exact: HashMap<Box<[u8]>, EpochTime, foldhash::fast::RandomState>,
    /// In the order of their bytes.
    prefixes: Vec<Prefix>,
}

#[derive(Clone, Debug)]
struct Prefix {
    text: Box<[u8]>,
    /// Its own moment, or that of a shorter prefix if that is later.
    at: EpochTime,
    /// Where the longest shorter prefix of it lies.
    shorter: Option<usize>,
}

impl Invalidations {
    /// No more than this are kept apart.
    pub const MAX: usize = 20_000;

    /// Nor more than so many bytes of paths.
    const MAX_BYTES: usize = 4 * 1024 * 1024;

    /// An object is stored no longer than this: a year, CloudFront's default maximum.
    const LONGEST_LIFE: u64 = 365 * 24 * 60 * 60;

    /// When what is stored under this path was last invalidated: whatever was asked of the
    /// origin in that second or before counts as absent.
    ///
    /// The path is raw, and with the query string behind a `?` if that tells objects apart.
    pub fn as_of(&self, distribution: &str, path: &str) -> Option<EpochTime> {
        if self.count == 0 {
            return None;
        }
        let decoded = decoded(path);
        let find = |paths: &Paths| match &decoded {
            Some(decoded) => paths.find(path.as_bytes()).max(paths.find(decoded)),
            None => paths.find(path.as_bytes()),
        };
        find(&self.of_all).max(self.of_one.get(distribution).and_then(find))
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Says whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The same facts in fewer words: each path once, the latest first, and what is too old
    /// or too much widened to whole distributions.
    pub fn settle(
        facts: impl IntoIterator<Item = Invalidation>,
        now: EpochTime,
    ) -> Vec<Invalidation> {
        let mut latest: BTreeMap<(Option<Box<str>>, InvalidationPath), EpochTime> = BTreeMap::new();
        for Invalidation { distribution, path, at } in facts {
            let kept = latest.entry((distribution, path)).or_insert(at);
            *kept = at.max(*kept);
        }
        let mut settled: Vec<_> = latest
            .into_iter()
            .map(|((distribution, path), at)| Invalidation { distribution, path, at })
            .collect();
        // Stable, so that equal facts are written in the same order each time.
        settled.sort_by_key(|fact| std::cmp::Reverse(fact.at));
        let is_young = |fact: &Invalidation| now.seconds_since(fact.at) < Self::LONGEST_LIFE;
        let young = settled.iter().take_while(|fact| is_young(fact)).count();
        let fitting = settled
            .iter()
            .scan(0, |bytes, fact| {
                *bytes +=
                    fact.path.as_str().len() + fact.distribution.as_deref().map_or(0, str::len);
                (*bytes <= Self::MAX_BYTES).then_some(())
            })
            .count();
        // Half of the room is made at once, so that not every change has to make some.
        let room = fitting.min(Self::MAX - 1);
        let kept = if young <= room { young } else { room / 2 };
        let widened = widened(settled.split_off(kept), Self::MAX - kept);
        settled.extend(widened);
        settled
    }
}

/// One for each distribution; if that is still too much, one for all.
fn widened(facts: Vec<Invalidation>, room: usize) -> Vec<Invalidation> {
    let mut whole: BTreeMap<Option<Box<str>>, EpochTime> = BTreeMap::new();
    for Invalidation { distribution, at, .. } in facts {
        let kept = whole.entry(distribution).or_insert(at);
        *kept = at.max(*kept);
    }
    if whole.len() > room {
        whole = whole.into_values().max().map(|at| (None, at)).into_iter().collect();
    }
    let path = InvalidationPath::everything();
    let mut whole: Vec<_> = whole
        .into_iter()
        .map(|(distribution, at)| Invalidation { distribution, path: path.clone(), at })
        .collect();
    whole.sort_by_key(|fact| std::cmp::Reverse(fact.at));
    whole
}

impl FromIterator<Invalidation> for Invalidations {
    fn from_iter<I: IntoIterator<Item = Invalidation>>(facts: I) -> Self {
        let mut all = Self::default();
        for fact in facts {
            let paths = match fact.distribution {
                Some(distribution) => all.of_one.entry(distribution).or_default(),
                None => &mut all.of_all,
            };
            paths.add(&fact.path, fact.at);
            all.count += 1;
        }
        all.of_one.values_mut().chain([&mut all.of_all]).for_each(Paths::put_in_order);
        all
    }
}

impl Paths {
    fn add(&mut self, path: &InvalidationPath, at: EpochTime) {
        let (text, is_prefix) = match path.prefix() {
            Some(prefix) => (prefix, true),
            None => (path.as_str(), false),
        };
        // `/.*` is for names that begin with a dot; read as a path, it would be everything.
        let is_open = is_prefix && (text.ends_with("/.") || text.ends_with("/.."));
        let decoded = decoded(text).filter(|_| !is_open);
        for text in [Some(text.as_bytes()), decoded.as_deref()].into_iter().flatten() {
            let text = Box::from(text);
            if is_prefix {
                self.prefixes.push(Prefix { text, at, shorter: None });
            } else {
                let kept = self.exact.entry(text).or_insert(at);
                *kept = at.max(*kept);
            }
        }
    }

    fn put_in_order(&mut self) {
        self.prefixes.sort_by(|one, other| one.text.cmp(&other.text).then(other.at.cmp(&one.at)));
        self.prefixes.dedup_by(|one, kept| one.text == kept.text);
        for at in 1..self.prefixes.len() {
            let (before, [this, ..]) = self.prefixes.split_at_mut(at) else { continue };
            this.shorter = chain(before, Some(at - 1))
                .find(|(_, shorter)| this.text.starts_with(&shorter.text))
                .map(|(place, shorter)| {
                    this.at = this.at.max(shorter.at);
                    place
                });
        }
    }

    fn find(&self, path: &[u8]) -> Option<EpochTime> {
        // Whatever lies between a prefix of the path and the path begins with that prefix:
        // so it is the last one up to the path, or one that is shorter than that.
        let last = self.prefixes.partition_point(|prefix| *prefix.text <= *path).checked_sub(1);
        let longest =
            chain(&self.prefixes, last).find(|(_, prefix)| path.starts_with(&prefix.text));
        self.exact.get(path).copied().max(longest.map(|(_, prefix)| prefix.at))
    }
}

/// A prefix, and ever shorter ones of it.
fn chain(prefixes: &[Prefix], first: Option<usize>) -> impl Iterator<Item = (usize, &Prefix)> {
    let step = |place: usize| Some((place, prefixes.get(place)?));
    std::iter::successors(first.and_then(step), move |(_, prefix)| step(prefix.shorter?))
}

/// The path as every careful reader understands it, if that differs; the query stays as sent.
fn decoded(path: &str) -> Option<Vec<u8>> {
    let end = path.find('?').unwrap_or(path.len());
    let (path, query) = path.split_at(end);
    let normal = NormalPath::read(path);
    (normal.as_bytes() != path.as_bytes()).then(|| [normal.as_bytes(), query.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> EpochTime {
        EpochTime::new(seconds).unwrap()
    }

    fn fact(distribution: Option<&str>, path: &str, seconds: u64) -> Invalidation {
        let distribution = distribution.map(Box::from);
        Invalidation { distribution, path: path.parse().unwrap(), at: at(seconds) }
    }

    #[track_caller]
    fn check(written: &str, asked: &str, is_absent: bool) {
        let all = Invalidations::from_iter([fact(None, written, 7)]);
        assert_eq!(all.as_of("E1", asked), is_absent.then(|| at(7)), "{written} {asked}");
    }

    #[test]
    fn covers_as_cloudfront_says() {
        check("/a.jpg", "/a.jpg", true);
        check("/a.jpg", "/A.jpg", false);
        check("/a.jpg", "/a.jpg?w=1", false);
        check("/a.jpg*", "/a.jpg?w=1", true);
        check("/a.jpg?w=1", "/a.jpg?w=1", true);
        check("/a.jpg?w=*", "/a.jpg?w=2&h=1", true);
        check("/a/*", "/a/b/c", true);
        check("/a/*", "/a", false);
        check("/*", "/", true);
    }

    #[test]
    fn every_spelling_of_a_path_is_covered() {
        for asked in ["/a/b~c", "/a/b%7Ec", "/a/b%7ec", "//a/b~c", "/x/../a/./b~c"] {
            for written in ["/a/b~c", "/a/b%7Ec", "/a/b*", "/%61/*", "//a/b*", "/a/b%7e*"] {
                check(written, asked, true);
            }
            check("/a/b", asked, false);
        }
        check("/über*", "/%C3%BCber.mp4?q", true);
        check("/a/b~c?q", "/a/b%7ec?q", true);
        check("/a%2*", "/a%2Fb", true);
        check("/.*", "/a", false);
        check("/.*", "/.well-known/x", true);
    }

    #[test]
    fn a_fact_for_one_distribution_says_nothing_of_another() {
        let all = Invalidations::from_iter([
            fact(Some("E1"), "/a", 5),
            fact(Some("E2"), "/*", 9),
            fact(None, "/a", 3),
        ]);
        assert_eq!(all.as_of("E1", "/a"), Some(at(5)));
        assert_eq!(all.as_of("E2", "/a"), Some(at(9)));
        assert_eq!(all.as_of("E3", "/a"), Some(at(3)));
        assert_eq!(all.as_of("E1", "/b"), None);
        assert_eq!(all.len(), 3);
    }

    #[test]
    fn what_is_too_old_is_widened_and_not_forgotten() {
        let year = Invalidations::LONGEST_LIFE;
        let facts = [
            fact(Some("E1"), "/a", 10),
            fact(Some("E1"), "/b", 20),
            fact(Some("E1"), "/b", 15),
            fact(Some("E2"), "/c", 30),
            fact(Some("E1"), "/d", 40),
        ];
        let settled = Invalidations::settle(facts, at(30 + year));
        let expected =
            [fact(Some("E1"), "/d", 40), fact(Some("E2"), "/*", 30), fact(Some("E1"), "/*", 20)];
        assert_eq!(settled, expected);
    }

    #[test]
    fn what_is_too_much_is_widened_and_not_forgotten() {
        let most = Invalidations::MAX as u64;
        let facts: Vec<_> =
            (1..=most + 1).map(|nth| fact(Some("E1"), &format!("/{nth}"), nth)).collect();
        let settled = Invalidations::settle(facts.clone(), at(most + 1));
        assert_eq!(settled.len() as u64, most / 2);
        let all = Invalidations::from_iter(settled);
        for fact in facts {
            assert!(all.as_of("E1", fact.path.as_str()) >= Some(fact.at), "{}", fact.path);
        }
        assert_eq!(all.as_of("E2", "/1"), None);
        let many = (1..=most + 1).map(|nth| fact(Some(&format!("E{nth}")), "/a", nth));
        let settled = Invalidations::settle(many, at(most + 1));
        assert_eq!(settled.len() as u64, most / 2);
        assert_eq!(settled.last(), Some(&fact(None, "/*", most / 2 + 2)));
    }

    #[test]
    fn long_paths_are_widened_sooner() {
        let long = "a".repeat(3_990);
        let facts: Vec<_> =
            (1..=1_200).map(|nth| fact(None, &format!("/{nth}{long}"), nth)).collect();
        let settled = Invalidations::settle(facts.clone(), at(1_200));
        assert!((500..600).contains(&settled.len()), "{}", settled.len());
        let all = Invalidations::from_iter(settled);
        assert!(facts.iter().all(|fact| all.as_of("E1", fact.path.as_str()) >= Some(fact.at)));
    }

    proptest! {
        #[test]
        fn the_latest_of_all_that_cover_a_path_counts(
            facts in prop::collection::vec(("/[ab/]{0,4}\\*?", 1..100_u64), 0..20),
            asked in "/[ab/]{0,6}",
        ) {
            let written = facts.iter().map(|(path, seconds)| fact(None, path, *seconds));
            let all: Invalidations = written.collect();
            let normal = |path: &str| NormalPath::read(path).as_bytes().to_vec();
            let covers = |path: &str| match path.strip_suffix('*') {
                Some(prefix) => {
                    asked.starts_with(prefix) || normal(&asked).starts_with(&normal(prefix))
                }
                None => normal(&asked) == normal(path),
            };
            let latest = facts.iter().filter(|(path, _)| covers(path)).map(|(_, at)| *at).max();
            prop_assert_eq!(all.as_of("E1", &asked).map(EpochTime::seconds), latest);
        }
    }
}
