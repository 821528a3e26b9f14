//! `Set-Cookie` lines, held against CloudFront's advice on preventing misuse.
//!
//! The documentation asks for: the most precise `Domain`; no `Expires` and no `Max-Age`, so
//! that the cookie goes when the browser closes; `Secure`; a custom policy with the viewer's
//! address, when possible; the shortest reasonable expiry. Beyond that, lines are told that
//! can't work: an incomplete set, a value that nobody can read, a `Path` with a wildcard.
//!
//! Cookies that are not CloudFront's are passed over, and so are lines that take a cookie
//! away. The n-th lines of each name belong together, as when a pass is read.

mod attributes;
mod line;
mod pass;

use crate::cookies::CookieName;
use crate::denial::printable;
use crate::diagnosis::{Diagnosis, misspelled};
use crate::policy::{PolicyError, Reading};
use crate::time::EpochTime;

use self::line::{Line, Set};

/// Something about `Set-Cookie` lines that should be otherwise. Shows a sentence.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Lint {
    /// The parts of one pass differ in an attribute.
    #[error("the cookies of one pass differ in {0}")]
    AttributesDiffer(&'static str),
    /// There are a policy and an expiry.
    #[error(
        "the lines set both CloudFront-Policy and CloudFront-Expires, of which the policy counts"
    )]
    BothTerms,
    /// A canned pass has no address.
    #[error("the pass is canned, and a canned pass is good from every address")]
    CannedWithoutAddress,
    /// The `Domain` does not hold the host that the policy covers.
    #[error("Domain={} does not reach {}, which the policy covers", printable(.domain), printable(.host))]
    DomainElsewhere {
        /// The attribute's value.
        domain: Box<str>,
        /// The resource's host.
        host: Box<str>,
    },
    /// A `Domain` that no browser accepts.
    #[error("Domain={} is none that a browser accepts", printable(.0))]
    DomainRefused(Box<str>),
    /// A `Domain` that all sub-domains of a site share.
    #[error("Domain={} hands the pass to every host beneath", printable(.0))]
    DomainWide(Box<str>),
    /// The pass has ended already.
    #[error("the pass expired at {expiry}, and it is {now}")]
    Expired {
        /// When it ended.
        expiry: EpochTime,
        /// When it was asked.
        now: EpochTime,
    },
    /// One line holds several cookies.
    #[error("one Set-Cookie line sets {0} of CloudFront's cookies, where it can set one")]
    Folded(usize),
    /// The hash is not one.
    #[error("CloudFront-Hash-Algorithm is {:?}, which is neither SHA1 nor SHA256", printable(.0))]
    HashUnknown(Box<str>),
    /// No `HttpOnly`.
    #[error("HttpOnly is missing, so scripts on the page can read the pass")]
    HttpOnlyMissing,
    /// The key's ID is none.
    #[error("CloudFront-Key-Pair-Id holds no key's ID ({0} bytes)")]
    KeyIdMalformed(usize),
    /// The pass is good for more than a day.
    #[error("the pass is good until {expiry}: that is in {}", span(*.seconds))]
    LongExpiry {
        /// When it ends.
        expiry: EpochTime,
        /// In so many seconds.
        seconds: u64,
    },
    /// A mistake that would be diagnosed if the pass came back so.
    #[error(transparent)]
    Mistake(#[from] Diagnosis),
    /// The window closes before it opens.
    #[error("the pass opens after {start}, when it has already expired at {expiry}")]
    NeverOpens {
        /// The last second in which it does not admit.
        start: EpochTime,
        /// The first second in which it no longer admits.
        expiry: EpochTime,
    },
    /// A custom policy for everyone who holds it.
    #[error("the policy names no address, so the pass is good from everywhere")]
    NoAddress,
    /// The line sets no cookie.
    #[error("{:?} is no Set-Cookie line", printable(.0))]
    NotSetCookie(Box<str>),
    /// The browser never sends the cookie where the policy admits it.
    #[error("Path={} does not lead to {}, which the policy covers", printable(.path), printable(.resource))]
    PathElsewhere {
        /// The attribute's value.
        path: Box<str>,
        /// The policy's resource.
        resource: Box<str>,
    },
    /// No `Path`.
    #[error("Path is missing, so browsers take the folder of the URL that sets the cookie")]
    PathMissing,
    /// The browser sends the cookie to only a part of what the policy covers.
    #[error("Path={} reaches only a part of {}, which the policy covers", printable(.path), printable(.resource))]
    PathNarrow {
        /// The attribute's value.
        path: Box<str>,
        /// The policy's resource.
        resource: Box<str>,
    },
    /// A wildcard in `Path`.
    #[error("Path={} holds *, which stands for itself in a cookie's path", printable(.0))]
    PathPattern(Box<str>),
    /// The cookie outlives the browser's session.
    #[error("{0} keeps the pass on disk after the browser was closed")]
    Persistent(&'static str),
    /// Only Gatepass reads the policy.
    #[error("CloudFront would refuse the policy, and only Gatepass reads it: {0}")]
    PolicyBeyondCloudFront(PolicyError),
    /// The policy can't be read.
    #[error("the policy would be refused: {0}")]
    PolicyRefused(PolicyError),
    /// The policy covers every URL of every distribution that trusts the key.
    #[error("the policy covers every URL: its Resource is {}", printable(.0))]
    ResourceEverything(Box<str>),
    /// The policy covers plain HTTP.
    #[error("the policy covers {}, and so lets the pass travel unencrypted", printable(.0))]
    ResourceHttp(Box<str>),
    /// `SameSite=None` without `Secure`.
    #[error("SameSite=None without Secure is refused by browsers")]
    SameSiteInsecure,
    /// No `Secure`.
    #[error("Secure is missing, so the pass also travels over plain HTTP")]
    SecureMissing,
    /// The cookie is too long for a browser.
    #[error("{name} has {bytes} bytes, and browsers keep no cookie of more than 4096")]
    TooLong {
        /// The cookie.
        name: &'static str,
        /// Its name's and value's length.
        bytes: usize,
    },
}

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "the three that compilers know")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// It works, and is unwise.
    Warning,
    /// It will not work.
    Error,
}

impl Lint {
    /// How bad it is.
    pub const fn level(&self) -> Level {
        self.entry().0
    }

    /// A stable name for programs.
    pub const fn name(&self) -> &'static str {
        self.entry().1
    }

    /// What to do about it.
    pub const fn advice(&self) -> &'static str {
        self.entry().2
    }

    /// Level, name and advice, in one table.
    #[rustfmt::skip]
    const fn entry(&self) -> (Level, &'static str, &'static str) {
        use Level::{Error, Note, Warning};
        match self {
            Self::AttributesDiffer(_) => (Warning, "attributes_differ", "give all cookies of one pass the same attributes, so that they come and go together"),
            Self::BothTerms => (Note, "both_terms", "set one of the two, and take the other away with Max-Age=0"),
            Self::CannedWithoutAddress => (Note, "canned_without_address", "use a custom policy if you know the viewer's address"),
            Self::DomainElsewhere { .. } => (Error, "domain_elsewhere", "set the cookies from the host that serves the content, or from a parent of both"),
            Self::DomainRefused(_) => (Error, "domain_refused", "name a host of your own, such as media.example.com, or leave Domain out"),
            Self::DomainWide(_) => (Warning, "domain_wide", "name the most precise host, such as media.example.com, or leave Domain out"),
            Self::Expired { .. } => (Error, "expired", "sign a new pass"),
            Self::Folded(_) => (Error, "folded", "send a Set-Cookie header for each cookie: they can't be joined"),
            Self::HashUnknown(_) => (Error, "hash_unknown", "leave the cookie out for SHA-1, or set SHA256"),
            Self::HttpOnlyMissing => (Warning, "http_only_missing", "add HttpOnly"),
            Self::KeyIdMalformed(_) => (Error, "key_id_malformed", "set the public key's ID, such as K2JCJMDEHXQW5F, not the key"),
            Self::LongExpiry { .. } => (Warning, "long_expiry", "let it end within hours, and set the cookies again while the viewer stays"),
            Self::Mistake(mistake) => (Error, mistake.name(), mistake.fix()),
            Self::NeverOpens { .. } => (Error, "never_opens", "swap DateGreaterThan and DateLessThan, or move one"),
            Self::NoAddress => (Note, "no_address", "when possible, add IpAddress with the viewer's address"),
            Self::NotSetCookie(_) => (Error, "not_set_cookie", "expected Set-Cookie: CloudFront-Policy=…; Path=/; Secure; HttpOnly"),
            Self::PathElsewhere { .. } => (Error, "path_elsewhere", "set Path to the folder that the Resource covers, or to /"),
            Self::PathMissing => (Warning, "path_missing", "add Path=/, or the folder that the Resource covers"),
            Self::PathNarrow { .. } => (Warning, "path_narrow", "widen Path to the folder that the Resource covers, or narrow the Resource"),
            Self::PathPattern(_) => (Error, "path_pattern", "leave the * out: a Path holds for everything beneath"),
            Self::Persistent(_) => (Warning, "persistent", "leave out Expires and Max-Age: the policy ends the pass"),
            Self::PolicyBeyondCloudFront(_) => (Warning, "policy_beyond_cloudfront", "use one statement, one Resource and IPv4 if CloudFront has to read it"),
            Self::PolicyRefused(_) => (Error, "policy_refused", r#"a policy looks like {"Statement":[{"Resource":"https://…/*","Condition":{"DateLessThan":{"AWS:EpochTime":1767290400}}}]}"#),
            Self::ResourceEverything(_) => (Warning, "resource_everything", "name the scheme, the host and the folder: https://media.example.com/films/*"),
            Self::ResourceHttp(_) => (Warning, "resource_http", "begin the Resource with https://; a Secure cookie is not sent over http"),
            Self::SameSiteInsecure => (Error, "same_site_insecure", "add Secure"),
            Self::SecureMissing => (Warning, "secure_missing", "add Secure"),
            Self::TooLong { .. } => (Error, "too_long", "shorten the policy: fewer resources, or shorter ones"),
        }
    }
}

/// Holds `Set-Cookie` lines, with or without the header's name, against the advice.
pub fn lint<'l>(lines: impl IntoIterator<Item = &'l str>, now: EpochTime) -> Vec<Lint> {
    let mut found = Vec::new();
    let mut sets: Vec<Set<'l>> = Vec::new();
    for line in lines.into_iter().filter(|line| !line.trim().is_empty()) {
        let pieces = line::unfold(line);
        if pieces.len() > 1 {
            found.push(Lint::Folded(pieces.len()));
        }
        for piece in pieces {
            match Line::read(piece) {
                Some(line) => sort_in(line, &mut sets, &mut found),
                None => found.push(Lint::NotSetCookie(line.trim().chars().take(60).collect())),
            }
        }
    }
    for set in &sets {
        found.extend(attributes::lint_set(set));
        found.extend(pass::lint_set(set, now));
    }
    distinct(found)
}

/// Adds a line to the first set of its naming that lacks its part; a new one if there is none.
fn sort_in<'l>(line: Line<'l>, sets: &mut Vec<Set<'l>>, found: &mut Vec<Lint>) {
    let meant = misspelled(line.name().as_bytes(), Reading::Gatepass);
    if let Some(part) = meant {
        let (sent, expected) = (line.name().into(), part.as_str());
        found.push(Diagnosis::NameMisspelled { sent, expected }.into());
    }
    let recognized = CookieName::recognize(line.name().as_bytes());
    let Some((part, key_id)) = recognized.or(meant.map(|part| (part, None))) else { return };
    if line.takes_away() {
        return;
    }
    let key_id = key_id.and_then(|id| std::str::from_utf8(id).ok()).map(Box::from);
    let fitting = sets.iter().position(|set| set.lacks(part, key_id.as_deref()));
    let at = fitting.unwrap_or_else(|| {
        sets.push(Set::new(key_id));
        sets.len() - 1
    });
    sets[at].put(part, line);
}

fn distinct(lints: Vec<Lint>) -> Vec<Lint> {
    let mut kept: Vec<Lint> = Vec::new();
    for lint in lints {
        if !kept.contains(&lint) {
            kept.push(lint);
        }
    }
    kept
}

fn span(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600) {
        (0 | 1, hours) => format!("{hours} hours"),
        (days, _) => format!("{days} days"),
    }
}
